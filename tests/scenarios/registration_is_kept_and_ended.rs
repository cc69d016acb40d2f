//! A normal client registers, with plain fields and with a form, changes its mind, and leaves: in the order of XEP-0100,
//! each user for himself, over restarts.

use anyhow::{Context, Result, ensure};
use causeway_tests::cast::scene::Scene;
use causeway_tests::cast::xml::Element;
use causeway_tests::cast::xmpp::XmppClient;
use causeway_tests::patience::SOON;
use causeway_tests::servers::xmpp::Kind;
use std::time::Duration;

/// How long to wait for what should not come.
const QUIET: Duration = Duration::from_millis(700);

/// A registration request; gives the id of it.
fn register(client: &mut XmppClient, domain: &str, kind: &str, payload: &str) -> Result<Element> {
    client.ask(
        kind,
        domain,
        &format!("<query xmlns='jabber:iq:register'>{payload}</query>"),
    )
}

/// What a client is shown of its registration: whether there is one, and the value of a field of the form.
fn on_record(client: &mut XmppClient, domain: &str, field: &str) -> Result<(bool, String)> {
    let answer = register(client, domain, "get", "")?;
    let query = answer.child("query").with_context(|| answer.written().to_owned())?;
    let form = query
        .child_in("x", "jabber:x:data")
        .with_context(|| answer.written().to_owned())?;
    let found = form.children().iter().find(|it| it.attr("var") == field);
    let value = found.with_context(|| answer.written().to_owned())?.text_of("value");
    Ok((query.child("registered").is_some(), value.to_owned()))
}

fn filled(fields: &[(&str, &str)]) -> String {
    let field = |(name, value): &(&str, &str)| format!("<field var='{name}'><value>{value}</value></field>");
    let fields: String = fields.iter().map(field).collect();
    format!(
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>jabber:iq:register</value>\
         </field>{fields}</x>"
    )
}

fn is_presence(it: &Element, from: &str, kind: &str) -> bool {
    it.name == "presence" && it.attr("type") == kind && it.attr("from").split('/').next() == Some(from)
}

/// The subscription that the roster shows for somebody; empty where he is not in it.
fn subscription(client: &mut XmppClient, jid: &str) -> Result<String> {
    let roster = client.ask("get", "", "<query xmlns='jabber:iq:roster'/>")?;
    let items = roster.child("query").map(Element::children).unwrap_or_default();
    let item = items.iter().find(|it| it.attr("jid") == jid);
    Ok(item.map(|it| it.attr("subscription")).unwrap_or_default().to_owned())
}

fn story(kind: Kind) -> Result<()> {
    let mut scene = Scene::open(kind)?;
    let domain = scene.domain.clone();
    let contact = scene.contact(&scene.address("juliet"));
    let mut romeo = scene.client("romeo")?;
    let mut paris = scene.client("paris")?;
    ensure!(subscription(&mut romeo, &domain)?.is_empty());

    // XEP-0100 section 4.1.1: what can be filled in, the result, the wish of the gateway, and both are subscribed.
    ensure!(on_record(&mut romeo, &domain, "strangers")? == (false, "deliver".into()));
    romeo.send(&format!(
        "<iq type='set' id='reg' to='{domain}'><query xmlns='jabber:iq:register'><name>Romeo Montague</name></query></iq>"
    ))?;
    let first = romeo.expect("the result, or anything before it", |it| it.attr("from") == domain)?;
    ensure!(
        first.name == "iq" && first.attr("type") == "result",
        "{}",
        first.written()
    );
    let wish = romeo.expect("the gateway's wish", |it| is_presence(it, &domain, "subscribe"))?;
    ensure!(wish.text_of("nick") == "Email", "{}", wish.written());
    romeo.send(&format!("<presence type='subscribed' to='{domain}'/>"))?;
    romeo.send(&format!("<presence type='subscribe' to='{domain}'/>"))?;
    let there = romeo.expect("the gateway's presence", |it| is_presence(it, &domain, ""))?;
    ensure!(
        there.text_of("status") == "Ready" && there.child("show").is_none(),
        "{}",
        there.written()
    );
    ensure!(subscription(&mut romeo, &domain)? == "both");

    // The name that he chose is on his mails.
    let mut juliet = scene.mailbox("juliet")?;
    romeo.say(&contact, "By whose direction found'st thou out this place?")?;
    let (name, _) = juliet.wait_for_words("found'st thou")?.from();
    ensure!(name == "Romeo Montague", "{name}");

    // A second user has a registration of his own; the first one's does not move when he changes it.
    register(
        &mut paris,
        &domain,
        "set",
        &filled(&[("strangers", "ask"), ("language", "de")]),
    )?;
    paris.expect("the gateway's wish", |it| is_presence(it, &domain, "subscribe"))?;
    register(&mut paris, &domain, "set", &filled(&[("strangers", "refuse")]))?;
    ensure!(on_record(&mut paris, &domain, "strangers")? == (true, "refuse".into()));
    ensure!(on_record(&mut paris, &domain, "language")? == (true, "de".into()));
    ensure!(on_record(&mut romeo, &domain, "strangers")? == (true, "deliver".into()));
    ensure!(on_record(&mut romeo, &domain, "name")? == (true, "Romeo Montague".into()));
    let again = paris.drain(QUIET)?;
    ensure!(
        !again.iter().any(|it| is_presence(it, &domain, "subscribe")),
        "a change of settings asks nothing: {again:?}"
    );
    let wrong = register(&mut paris, &domain, "set", &filled(&[("strangers", "hug")]))?;
    ensure!(wrong.condition() == "not-acceptable", "{}", wrong.written());

    // He adds Juliet, and the gateway stops and comes back: all of it is gone, and there again.
    romeo.send(&format!("<presence type='subscribe' to='{contact}'/>"))?;
    romeo.expect("Juliet's presence", |it| is_presence(it, &contact, ""))?;
    scene.gateway.terminate()?;
    for jid in [&domain, &contact] {
        romeo.expect(&format!("{jid} leaves"), |it| is_presence(it, jid, "unavailable"))?;
    }
    scene.start()?;
    for jid in [&domain, &contact] {
        romeo.expect(&format!("{jid} is back"), |it| is_presence(it, jid, ""))?;
    }
    ensure!(on_record(&mut romeo, &domain, "name")? == (true, "Romeo Montague".into()));

    // After an unclean stop nobody was told anything; the next start puts it right.
    scene.gateway.kill9();
    scene.start()?;
    for jid in [&domain, &contact] {
        romeo.expect(&format!("{jid} is back"), |it| is_presence(it, jid, ""))?;
    }

    // XEP-0100 section 4.3.1: the result, then all subscriptions end, the gateway's as the last.
    romeo.drain(QUIET)?;
    romeo.send(&format!(
        "<iq type='set' id='unreg' to='{domain}'><query xmlns='jabber:iq:register'><remove/></query></iq>"
    ))?;
    let first = romeo.expect("the result, or anything before it", |it| {
        it.attr("from").ends_with(&domain) || it.attr("from").starts_with(&contact)
    })?;
    ensure!(
        first.attr("id") == "unreg" && first.attr("type") == "result",
        "{}",
        first.written()
    );
    romeo.expect_within(SOON, "the gateway's absence", |it| {
        is_presence(it, &domain, "unavailable")
    })?;
    for jid in [&domain, &contact] {
        let left = subscription(&mut romeo, jid)?;
        ensure!(["", "none"].contains(&left.as_str()), "{jid}: {left}");
    }
    ensure!(on_record(&mut romeo, &domain, "name")? == (false, String::new()));
    ensure!(on_record(&mut paris, &domain, "strangers")? == (true, "refuse".into()));
    let twice = register(&mut romeo, &domain, "set", "<remove/>")?;
    ensure!(twice.condition() == "registration-required", "{}", twice.written());

    // Who may not use the gateway cannot register; who may can write without.
    let mut stranger = scene.stranger("benvolio")?;
    let refused = register(&mut stranger, &domain, "set", "<name>Benvolio</name>")?;
    ensure!(refused.condition() == "forbidden", "{}", refused.written());
    romeo.say(&contact, "Without any registration.")?;
    juliet.wait_for_words("Without any registration.")?;
    Ok(())
}

on_both_servers!();
