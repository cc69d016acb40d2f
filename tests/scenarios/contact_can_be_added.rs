//! A normal client types an address, adds the contact, finds it there at the next login, and removes it.

use anyhow::{Result, ensure};
use causeway_tests::cast::scene::Scene;
use causeway_tests::cast::xml::Element;
use causeway_tests::servers::xmpp::Kind;

fn is_presence(it: &Element, from: &str, kind: &str) -> bool {
    it.name == "presence" && it.attr("type") == kind && it.attr("from").split('/').next() == Some(from)
}

fn story(kind: Kind) -> Result<()> {
    let scene = Scene::open(kind)?;
    let mut romeo = scene.client("romeo")?;
    let contact = scene.contact(&scene.address("juliet"));

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
