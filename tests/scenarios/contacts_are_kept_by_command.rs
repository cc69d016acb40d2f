//! Contacts are added, listed and removed by command. A client that takes suggestions is told; with any other, the contact
//! asks to be let in, and is there as soon as the user says yes.

use anyhow::{Result, ensure};
use causeway_tests::cast::scene::Scene;
use causeway_tests::cast::xml::Element;
use causeway_tests::cast::xmpp::XmppClient;
use causeway_tests::servers::xmpp::Kind;

const INFO: &str = "http://jabber.org/protocol/disco#info";
const EXCHANGE: &str = "http://jabber.org/protocol/rosterx";

/// Hands in a command with its form at once; gives the id of the request.
fn begin(client: &mut XmppClient, to: &str, name: &str, fields: &[(&str, &str)]) -> Result<String> {
    let id = client.id();
    let field = |(name, value): &(&str, &str)| format!("<field var='{name}'><value>{value}</value></field>");
    let fields: String = fields.iter().map(field).collect();
    let form = match fields.is_empty() {
        true => String::new(),
        false => format!("<x xmlns='jabber:x:data' type='submit'>{fields}</x>"),
    };
    client.send(&format!(
        "<iq type='set' id='{id}' to='{to}'><command xmlns='http://jabber.org/protocol/commands' node='{name}' \
         action='execute'>{form}</command></iq>"
    ))?;
    Ok(id)
}

/// What a command came to.
fn outcome(client: &mut XmppClient, id: &str) -> Result<String> {
    let answer = client.expect("the end of a command", |it| {
        it.attr("id") == id && matches!(it.attr("type"), "result" | "error")
    })?;
    let done = answer
        .child("command")
        .is_some_and(|it| it.attr("status") == "completed");
    ensure!(done, "{}", answer.written());
    Ok(answer.written().to_owned())
}

fn command(client: &mut XmppClient, to: &str, name: &str, fields: &[(&str, &str)]) -> Result<String> {
    let id = begin(client, to, name, fields)?;
    outcome(client, &id)
}

/// Answers the gateway's question what this client can do.
fn answer_disco(client: &mut XmppClient, domain: &str, features: &str) -> Result<()> {
    let asked = client.expect("the gateway's question", |it| {
        it.attr("type") == "get" && it.child_in("query", INFO).is_some()
    })?;
    client.send(&format!(
        "<iq type='result' id='{}' to='{domain}'><query xmlns='{INFO}'>{features}</query></iq>",
        asked.attr("id")
    ))
}

fn is_presence(it: &Element, from: &str, kind: &str) -> bool {
    it.name == "presence" && it.attr("type") == kind && it.attr("from").split('/').next() == Some(from)
}

/// Registers, and lets the gateway see that the user is online.
fn register(client: &mut XmppClient, domain: &str) -> Result<()> {
    client.ask("set", domain, "<query xmlns='jabber:iq:register'/>")?;
    client.expect("the gateway's wish", |it| is_presence(it, domain, "subscribe"))?;
    client.send(&format!("<presence type='subscribed' to='{domain}'/>"))?;
    client.send(&format!("<presence type='subscribe' to='{domain}'/>"))?;
    client.expect("the gateway", |it| is_presence(it, domain, ""))?;
    client.ask("get", domain, "<ping xmlns='urn:xmpp:ping'/>")?;
    Ok(())
}

fn story(kind: Kind) -> Result<()> {
    let scene = Scene::open(kind)?;
    let domain = scene.domain.clone();
    let address = scene.address("juliet");
    let contact = scene.contact(&address);

    // A client that takes suggestions.
    let mut romeo = scene.client("romeo")?;
    register(&mut romeo, &domain)?;
    let id = begin(
        &mut romeo,
        &domain,
        "add-contact",
        &[("address", &address), ("name", "Juliet")],
    )?;
    answer_disco(&mut romeo, &domain, &format!("<feature var='{EXCHANGE}'/>"))?;
    let told = romeo.expect("the suggestion", |it| it.child_in("x", EXCHANGE).is_some())?;
    let item = told.child("x").and_then(|x| x.child("item"));
    ensure!(
        item.is_some_and(
            |it| (it.attr("action"), it.attr("jid"), it.attr("name")) == ("add", &contact, "Juliet")
                && it.text_of("group") == "Email"
        ),
        "{}",
        told.written()
    );
    romeo.send(&format!("<iq type='result' id='{}' to='{domain}'/>", told.attr("id")))?;
    let said = outcome(&mut romeo, &id)?;
    ensure!(said.contains("Your client was told to add"), "{said}");

    // The client does as it is told, and she is listed.
    romeo.send(&format!("<presence type='subscribe' to='{contact}'/>"))?;
    romeo.expect("Juliet", |it| is_presence(it, &contact, ""))?;
    let list = command(&mut romeo, &domain, "contacts", &[])?;
    ensure!(list.contains(&address) && list.contains("jid"), "{list}");

    // Any other client: she asks, he says yes, and both see each other.
    let mut paris = scene.client("paris")?;
    register(&mut paris, &domain)?;
    let id = begin(
        &mut paris,
        &domain,
        "add-contact",
        &[("address", &address), ("name", "Juliet")],
    )?;
    answer_disco(&mut paris, &domain, "")?;
    let asks = paris.expect("her request", |it| is_presence(it, &contact, "subscribe"))?;
    ensure!(asks.text_of("nick") == "Juliet", "{}", asks.written());
    let said = outcome(&mut paris, &id)?;
    ensure!(said.contains("say yes"), "{said}");
    paris.send(&format!("<presence type='subscribed' to='{contact}'/>"))?;
    paris.send(&format!("<presence type='subscribe' to='{contact}'/>"))?;
    paris.expect("Juliet", |it| is_presence(it, &contact, ""))?;

    // He removes her at her own address, and she leaves him; the other one keeps her.
    let said = command(&mut paris, &contact, "remove-contact", &[])?;
    ensure!(said.contains("has left you"), "{said}");
    paris.expect("her absence", |it| is_presence(it, &contact, "unavailable"))?;
    let list = command(&mut paris, &domain, "contacts", &[])?;
    ensure!(!list.contains(&address), "{list}");
    let list = command(&mut romeo, &domain, "contacts", &[])?;
    ensure!(list.contains(&address), "{list}");
    Ok(())
}

on_both_servers!();
