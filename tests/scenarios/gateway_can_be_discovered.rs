//! A client finds out what the gateway and its contacts are and can do: what is announced is answered, what is not
//! announced is refused in words, and a user's contacts are his own.

use anyhow::{Context, Result, ensure};
use causeway_tests::cast::scene::{Scene, Wishes};
use causeway_tests::cast::xml::Element;
use causeway_tests::cast::xmpp::XmppClient;
use causeway_tests::servers::xmpp::Kind;

const INFO: &str = "http://jabber.org/protocol/disco#info";
const ITEMS: &str = "http://jabber.org/protocol/disco#items";
const RSM: &str = "http://jabber.org/protocol/rsm";
const PUBSUB: &str = "http://jabber.org/protocol/pubsub";

/// The request that shows whether a feature is there; `None` for those that are no request.
fn request_for(feature: &str, node: &str) -> Option<String> {
    let name = match feature {
        "urn:xmpp:receipts"
        | "urn:xmpp:chat-markers:0"
        | "urn:xmpp:pep-vcard-conversion:0"
        | "urn:xmpp:message-correct:0"
        | "urn:xmpp:message-retract:1"
        | "urn:xmpp:reactions:0"
        | "urn:xmpp:reply:0" => return None,
        "http://jabber.org/protocol/caps" => return Some(format!("<query xmlns='{INFO}' node='{node}'/>")),
        "http://jabber.org/protocol/commands" => return Some(format!("<query xmlns='{ITEMS}' node='{feature}'/>")),
        RSM => {
            return Some(format!(
                "<query xmlns='{ITEMS}'><set xmlns='{RSM}'><max>1</max></set></query>"
            ));
        }
        "http://jabber.org/protocol/pubsub#retrieve-items" => {
            return Some(format!(
                "<pubsub xmlns='{PUBSUB}'><items node='urn:xmpp:vcard4'/></pubsub>"
            ));
        }
        "urn:xmpp:ping" => "ping",
        "urn:xmpp:time" => "time",
        "vcard-temp" => "vCard",
        "urn:ietf:params:xml:ns:vcard-4.0" => "vcard",
        _ => "query",
    };
    Some(format!("<{name} xmlns='{feature}'/>"))
}

/// What the answer to a request holds, which must be a result.
fn asked(client: &mut XmppClient, kind: &str, jid: &str, payload: &str) -> Result<Element> {
    let answer = client.ask(kind, jid, payload)?;
    ensure!(answer.attr("type") == "result", "{payload}: {}", answer.written());
    answer.children().first().cloned().context("an empty result")
}

fn all(parent: &Element, name: &str, attribute: &str) -> Vec<String> {
    let children = parent.children().iter().filter(|child| child.name == name);
    children.map(|child| child.attr(attribute).to_owned()).collect()
}

/// Adds a contact and gives the node of the capabilities in her presence.
fn add(client: &mut XmppClient, contact: &str) -> Result<String> {
    client.send(&format!("<presence type='subscribe' to='{contact}'/>"))?;
    node_in_presence(client, contact)
}

fn node_in_presence(client: &mut XmppClient, contact: &str) -> Result<String> {
    let presence = client.expect("her presence", |it| {
        it.name == "presence" && it.attr("type").is_empty() && it.attr("from").split('/').next() == Some(contact)
    })?;
    let caps = presence.child("c").with_context(|| presence.written().to_owned())?;
    Ok(format!("{}#{}", caps.attr("node"), caps.attr("ver")))
}

fn story(kind: Kind) -> Result<()> {
    let mut scene = Scene::with(
        kind,
        Wishes {
            xmpp: "contact.abuse = [\"mailto:abuse@verona.test\"]\n",
            ..Wishes::default()
        },
    )?;
    let mut romeo = scene.client("romeo")?;
    let contacts: Vec<String> = ["abram", "juliet", "nurse"]
        .iter()
        .map(|name| scene.contact(&scene.address(name)))
        .collect();
    let gateway = scene.domain.clone();

    // Equal contacts have equal capabilities; those of the gateway are its own.
    let nodes: Vec<String> = contacts
        .iter()
        .map(|contact| add(&mut romeo, contact))
        .collect::<Result<_>>()?;
    let node = nodes.first().context("no contact")?;
    ensure!(nodes.iter().all(|other| other == node), "{nodes:?}");
    let own = add(&mut romeo, &gateway)?;
    ensure!(own != *node, "{own}");

    // What is announced is answered, and what is not is refused in words.
    let juliet = contacts.get(1).context("no Juliet")?;
    for (jid, node) in [(&gateway, &own), (juliet, node)] {
        let info = asked(&mut romeo, "get", jid, &format!("<query xmlns='{INFO}'/>"))?;
        let announced = all(&info, "feature", "var");
        ensure!(!announced.iter().any(|it| it.contains("upload")), "{announced:?}");
        for request in announced.iter().filter_map(|feature| request_for(feature, node)) {
            let answer = romeo.ask("get", jid, &request)?;
            ensure!(answer.attr("type") == "result", "{jid} {request}: {}", answer.written());
        }
        let answer = romeo.ask("get", jid, "<query xmlns='urn:verona:feud'/>")?;
        ensure!(answer.condition() == "service-unavailable", "{}", answer.written());
    }
    let info = asked(&mut romeo, "get", juliet, &format!("<query xmlns='{INFO}'/>"))?;
    ensure!(all(&info, "identity", "category") == ["account"], "{}", info.written());

    // The gateway has a name in every language, and somebody to complain to.
    let info = asked(
        &mut romeo,
        "get",
        &gateway,
        &format!("<query xmlns='{INFO}' node='{own}'/>"),
    )?;
    ensure!(all(&info, "identity", "category") == ["gateway", "gateway"]);
    ensure!(all(&info, "identity", "type") == ["smtp", "smtp"]);
    ensure!(
        all(&info, "identity", "name").contains(&"E-Mail".to_owned()),
        "{}",
        info.written()
    );
    ensure!(
        info.written().contains("mailto:abuse@verona.test"),
        "{}",
        info.written()
    );
    for feature in ["jabber:iq:gateway", "jabber:iq:register", "jabber:iq:search"] {
        ensure!(all(&info, "feature", "var").contains(&feature.to_owned()), "{feature}");
    }
    romeo.send(&format!(
        "<iq type='get' id='de' to='{gateway}' xml:lang='de'><query xmlns='{INFO}'/></iq>"
    ))?;
    let german = romeo.expect("the answer", |it| it.attr("id") == "de")?;
    let german = german.child("query").context("no query")?;
    ensure!(all(german, "identity", "name") == ["E-Mail"], "{}", german.written());

    // His contacts are listed page by page, and to nobody else.
    let list = |more: &str| format!("<query xmlns='{ITEMS}'><set xmlns='{RSM}'><max>2</max>{more}</set></query>");
    let first = asked(&mut romeo, "get", &gateway, &list(""))?;
    ensure!(
        all(&first, "item", "jid") == contacts.get(..2).unwrap_or_default(),
        "{}",
        first.written()
    );
    let set = first.child("set").context("no set")?;
    ensure!(set.text_of("count") == "3", "{}", first.written());
    let rest = asked(
        &mut romeo,
        "get",
        &gateway,
        &list(&format!("<after>{}</after>", set.text_of("last"))),
    )?;
    ensure!(
        all(&rest, "item", "jid") == contacts.get(2..).unwrap_or_default(),
        "{}",
        rest.written()
    );
    let mut paris = scene.client("paris")?;
    let nobody = asked(&mut paris, "get", &gateway, &format!("<query xmlns='{ITEMS}'/>"))?;
    ensure!(nobody.children().is_empty(), "{}", nobody.written());

    // They are found by a part of their address, and anybody by a whole one.
    let search = |what: &str| format!("<query xmlns='jabber:iq:search'><nick>{what}</nick></query>");
    let found = asked(&mut romeo, "set", &gateway, &search("JUL"))?;
    ensure!(all(&found, "item", "jid") == [juliet.clone()], "{}", found.written());
    let nobody = asked(&mut paris, "set", &gateway, &search("JUL"))?;
    ensure!(nobody.children().is_empty(), "{}", nobody.written());
    let found = asked(&mut paris, "set", &gateway, &search("tybalt@verona.test"))?;
    ensure!(
        all(&found, "item", "jid") == [scene.contact("tybalt@verona.test")],
        "{}",
        found.written()
    );
    let form = "<query xmlns='jabber:iq:search'><x xmlns='jabber:x:data' type='submit'>\
                <field var='email'><value>tybalt@verona.test</value></field></x></query>";
    let found = asked(&mut paris, "set", &gateway, form)?;
    ensure!(found.child_in("x", "jabber:x:data").is_some(), "{}", found.written());

    // What people type becomes a JID, or an error that says why not.
    let typed = |what: &str| format!("<query xmlns='jabber:iq:gateway'><prompt>{what}</prompt></query>");
    for right in ["tybalt@verona.test", " Tybalt@Verona.TEST ", "tybalt%verona.test"] {
        let jid = asked(&mut romeo, "set", &gateway, &typed(right))?;
        ensure!(
            jid.text_of("jid") == scene.contact("tybalt@verona.test"),
            "{}",
            jid.written()
        );
    }
    for odd in [
        "",
        "tybalt",
        "a@b@c",
        "&lt;tybalt@verona.test&gt;",
        "tybalt@verona.test, mercutio@verona.test",
    ] {
        let answer = romeo.ask("set", &gateway, &typed(odd))?;
        ensure!(answer.condition() == "jid-malformed", "{odd}: {}", answer.written());
    }

    // All that is the same after a restart.
    drop(romeo);
    scene.gateway.terminate()?;
    scene.start()?;
    let mut romeo = scene.client_again("romeo")?;
    let again = node_in_presence(&mut romeo, juliet)?;
    ensure!(again == *node, "{again} is not {node}");
    Ok(())
}

on_both_servers!();
