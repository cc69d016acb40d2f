//! A normal client finds the gateway, adds a contact and asks it what clients ask; every request is answered, and nothing
//! is announced that is not.

use anyhow::{Context, Result, ensure};
use causeway_tests::cast::scene::Scene;
use causeway_tests::cast::xml::Element;
use causeway_tests::cast::xmpp::XmppClient;
use causeway_tests::servers::xmpp::Kind;

const DISCO_INFO: &str = "http://jabber.org/protocol/disco#info";

/// The request that shows whether a feature is there; `None` for those that are no request.
fn request_for(feature: &str) -> Option<String> {
    let name = match feature {
        "urn:xmpp:ping" => "ping",
        "urn:xmpp:time" => "time",
        "vcard-temp" => "vCard",
        "urn:xmpp:receipts" | "urn:xmpp:chat-markers:0" => return None,
        _ => "query",
    };
    Some(format!("<{name} xmlns='{feature}'/>"))
}

fn features(client: &mut XmppClient, jid: &str) -> Result<Vec<String>> {
    let info = client.ask("get", jid, &format!("<query xmlns='{DISCO_INFO}'/>"))?;
    let query = info
        .child("query")
        .with_context(|| format!("no disco#info: {}", info.written()))?;
    let features = query.children().iter().filter(|it| it.name == "feature");
    Ok(features.map(|it| it.attr("var").to_owned()).collect())
}

fn identity(client: &mut XmppClient, jid: &str) -> Result<(String, String)> {
    let info = client.ask("get", jid, &format!("<query xmlns='{DISCO_INFO}'/>"))?;
    let identity = info.child("query").and_then(|query| query.child("identity"));
    let identity = identity.with_context(|| format!("no identity: {}", info.written()))?;
    Ok((identity.attr("category").to_owned(), identity.attr("type").to_owned()))
}

fn is_presence(it: &Element, from: &str, kind: &str) -> bool {
    it.name == "presence" && it.attr("type") == kind && it.attr("from").split('/').next() == Some(from)
}

fn story(kind: Kind) -> Result<()> {
    let scene = Scene::open(kind)?;
    let mut romeo = scene.client("romeo")?;
    let contact = scene.contact(&scene.address("juliet"));

    // What is announced is answered, by the gateway and by the contact.
    ensure!(identity(&mut romeo, &scene.domain)? == ("gateway".into(), "smtp".into()));
    ensure!(identity(&mut romeo, &contact)? == ("account".into(), "registered".into()));
    for jid in [scene.domain.as_str(), &contact] {
        let announced = features(&mut romeo, jid)?;
        ensure!(announced.iter().any(|it| it == "urn:xmpp:ping"), "{jid}: {announced:?}");
        for request in announced.iter().filter_map(|feature| request_for(feature)) {
            let answer = romeo.ask("get", jid, &request)?;
            ensure!(
                answer.attr("type") == "result",
                "{jid} announces what it refuses: {}",
                answer.written()
            );
        }
        // What is not announced is refused in words.
        let answer = romeo.ask("get", jid, "<query xmlns='urn:verona:feud'/>")?;
        ensure!(answer.condition() == "service-unavailable", "{}", answer.written());
    }
    for (question, name) in [("jabber:iq:version", "version"), ("jabber:iq:last", "")] {
        let answer = romeo.ask("get", &scene.domain, &format!("<query xmlns='{question}'/>"))?;
        let query = answer.child("query").with_context(|| answer.written().to_owned())?;
        ensure!(
            !query.text_of(name).is_empty() || !query.attr("seconds").is_empty(),
            "{}",
            answer.written()
        );
    }

    // What people type becomes the JID.
    let typed = format!(
        "<query xmlns='jabber:iq:gateway'><prompt>{}</prompt></query>",
        scene.address("juliet")
    );
    let answer = romeo.ask("set", &scene.domain, &typed)?;
    ensure!(
        answer.child("query").map(|query| query.text_of("jid")) == Some(&contact),
        "{}",
        answer.written()
    );

    // The subscription is approved, which the server tells by a push of the roster, and the contact is there.
    romeo.ask("get", "", "<query xmlns='jabber:iq:roster'/>")?;
    romeo.send(&format!("<presence type='subscribe' to='{contact}'/>"))?;
    romeo.expect("the approval", |it| {
        let pushed = it
            .child_in("query", "jabber:iq:roster")
            .and_then(|query| query.child("item"));
        pushed.is_some_and(|item| item.attr("jid") == contact && item.attr("subscription") == "to")
    })?;
    romeo.expect("her presence", |it| is_presence(it, &contact, ""))?;
    let items = romeo.ask(
        "get",
        &scene.domain,
        "<query xmlns='http://jabber.org/protocol/disco#items'/>",
    )?;
    ensure!(items.written().contains(&contact), "she is listed: {}", items.written());

    // She is still there at the next login, and gone when she is removed.
    drop(romeo);
    let mut romeo = scene.client_again("romeo")?;
    romeo.expect("her presence at the next login", |it| is_presence(it, &contact, ""))?;
    romeo.send(&format!("<presence type='unsubscribe' to='{contact}'/>"))?;
    romeo.expect("her absence", |it| is_presence(it, &contact, "unavailable"))?;
    Ok(())
}

on_both_servers!();
