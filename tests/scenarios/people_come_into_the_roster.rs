//! Where the server lets it, the gateway keeps the roster of who is registered: people who write come into it once, under
//! their own names, and stay there as the user wants them. Where it does not, nothing is forced upon anybody. ejabberd
//! 23.01 grants the right and stumbles over its use: it looks for its roster module at the component's domain.

use anyhow::{Context, Result, ensure};
use causeway_tests::cast::mail::Letter;
use causeway_tests::cast::scene::{Scene, Wishes};
use causeway_tests::cast::smtp::SmtpClient;
use causeway_tests::cast::xml::Element;
use causeway_tests::cast::xmpp::XmppClient;
use causeway_tests::servers::xmpp::Kind;
use std::time::Duration;

/// How long to wait for what should not come.
const QUIET: Duration = Duration::from_millis(700);

/// Somebody of this scene writes to Romeo under a name.
fn writes(scene: &Scene, who: &str, name: &str, words: &str) -> Result<()> {
    let address = scene.address(who);
    let letter = Letter::to(&scene.puppet("romeo")).subject("A word").text(words);
    let text = letter.from(&format!("{name} <{address}>"))?;
    let reply = SmtpClient::connect(scene.mail.postfix.smtp_port)?.send(&address, letter.recipient(), &text)?;
    ensure!(reply.is_good(), "{reply:?}");
    Ok(())
}

/// What the roster has about somebody: name, subscription, group.
fn entry(romeo: &mut XmppClient, jid: &str) -> Result<Option<(String, String, String)>> {
    let roster = romeo.ask("get", "", "<query xmlns='jabber:iq:roster'/>")?;
    let items = roster.child("query").map(Element::children).unwrap_or_default();
    let item = items.iter().find(|it| it.attr("jid") == jid);
    Ok(item.map(|it| {
        (
            it.attr("name").to_owned(),
            it.attr("subscription").to_owned(),
            it.text_of("group").to_owned(),
        )
    }))
}

fn is_presence(it: &Element, from: &str, kind: &str) -> bool {
    it.name == "presence" && it.attr("type") == kind && it.attr("from").split('/').next() == Some(from)
}

fn is_push(it: &Element, jid: &str) -> bool {
    let item = it
        .child_in("query", "jabber:iq:roster")
        .and_then(|query| query.child("item"));
    it.attr("type") == "set" && item.is_some_and(|item| item.attr("jid") == jid)
}

fn register(romeo: &mut XmppClient, domain: &str, payload: &str) -> Result<()> {
    let answer = romeo.ask(
        "set",
        domain,
        &format!("<query xmlns='jabber:iq:register'>{payload}</query>"),
    )?;
    ensure!(answer.attr("type") == "result", "{}", answer.written());
    Ok(())
}

fn with_the_servers_leave() -> Result<()> {
    let wishes = Wishes {
        privileged: true,
        ..Wishes::default()
    };
    let mut scene = Scene::with(Kind::Prosody, wishes)?;
    let domain = scene.domain.clone();
    let (juliet, nurse) = (
        scene.contact(&scene.address("juliet")),
        scene.contact(&scene.address("nurse")),
    );
    let mut romeo = scene.client("romeo")?;
    ensure!(entry(&mut romeo, &domain)?.is_none());

    // Who is not registered keeps his roster to himself.
    writes(&scene, "nurse", "The Nurse", "My lady sends me.")?;
    romeo.expect_words(&nurse, "My lady sends me.")?;
    ensure!(entry(&mut romeo, &nurse)?.is_none());

    // The result first, then the gateway is in the roster and there.
    romeo.drain(QUIET)?;
    romeo.send(&format!(
        "<iq type='set' id='reg' to='{domain}'><query xmlns='jabber:iq:register'/></iq>"
    ))?;
    let mut order = Vec::new();
    romeo.expect("the gateway's presence", |it| is_presence(it, &domain, ""))?;
    order.extend(romeo.drain(QUIET)?);
    let at = |wanted: &dyn Fn(&Element) -> bool| order.iter().position(wanted);
    let result = at(&|it| it.attr("id") == "reg").context("no result")?;
    let push = at(&|it| is_push(it, &domain)).context("no push of the roster")?;
    ensure!(result < push, "the result comes first: {order:?}");
    let asked = order.iter().any(|it| is_presence(it, &domain, "subscribe"));
    ensure!(!asked, "nobody has to be asked: {order:?}");
    ensure!(entry(&mut romeo, &domain)? == Some(("Email".into(), "both".into(), String::new())));

    // Juliet writes and is there, under her own name, before her first words.
    writes(&scene, "juliet", "Juliet Capulet", "Art thou not Romeo?")?;
    let first = romeo.expect("something of Juliet's", |it| {
        it.attr("from").starts_with(&juliet) || is_push(it, &juliet)
    })?;
    ensure!(is_push(&first, &juliet), "{}", first.written());
    romeo.expect("Juliet's presence", |it| is_presence(it, &juliet, ""))?;
    let words = romeo.expect_words(&juliet, "Art thou not Romeo?")?;
    ensure!(words.text_of("nick") == "Juliet Capulet", "{}", words.written());
    ensure!(entry(&mut romeo, &juliet)? == Some(("Juliet Capulet".into(), "to".into(), "Email".into())));

    // A name that he gives stays, whatever she calls herself.
    romeo.ask(
        "set",
        "",
        &format!(
            "<query xmlns='jabber:iq:roster'><item jid='{juliet}' name='My love'><group>Verona</group></item></query>"
        ),
    )?;
    writes(&scene, "juliet", "Juliet Montague", "Call me but love.")?;
    romeo.expect_words(&juliet, "Call me but love.")?;
    ensure!(entry(&mut romeo, &juliet)? == Some(("My love".into(), "to".into(), "Verona".into())));

    // Whom he removes is gone, and does not come back by itself.
    romeo.ask(
        "set",
        "",
        &format!("<query xmlns='jabber:iq:roster'><item jid='{juliet}' subscription='remove'/></query>"),
    )?;
    writes(&scene, "juliet", "Juliet", "Adieu.")?;
    romeo.expect_words(&juliet, "Adieu.")?;
    ensure!(entry(&mut romeo, &juliet)?.is_none());

    // A machine does not come in; the Nurse does, and is there after a restart.
    writes(&scene, "nurse", "The Nurse", "I come again.")?;
    romeo.expect("the Nurse's presence", |it| is_presence(it, &nurse, ""))?;
    scene.gateway.terminate()?;
    romeo.expect("the Nurse's absence", |it| is_presence(it, &nurse, "unavailable"))?;
    scene.start()?;
    romeo.expect("the Nurse's presence", |it| is_presence(it, &nurse, ""))?;

    // Who leaves is rid of all of it.
    romeo.drain(QUIET)?;
    register(&mut romeo, &domain, "<remove/>")?;
    romeo.expect("the gateway's absence", |it| is_presence(it, &domain, "unavailable"))?;
    for jid in [&domain, &nurse] {
        ensure!(entry(&mut romeo, jid)?.is_none(), "{jid} is still there");
    }
    Ok(())
}

fn without(kind: Kind, privileged: bool) -> Result<()> {
    let wishes = Wishes {
        privileged,
        ..Wishes::default()
    };
    let scene = Scene::with(kind, wishes)?;
    let juliet = scene.contact(&scene.address("juliet"));
    let mut romeo = scene.client("romeo")?;
    register(&mut romeo, &scene.domain, "")?;
    romeo.expect("the gateway's wish", |it| is_presence(it, &scene.domain, "subscribe"))?;
    writes(&scene, "juliet", "Juliet Capulet", "Art thou not Romeo?")?;
    let words = romeo.expect_words(&juliet, "Art thou not Romeo?")?;
    ensure!(words.text_of("nick") == "Juliet Capulet", "{}", words.written());
    let more = romeo.drain(QUIET)?;
    let forced = more
        .iter()
        .find(|it| it.name == "presence" && it.attr("from").starts_with(&juliet));
    ensure!(forced.is_none(), "words and no presence: {more:?}");
    ensure!(entry(&mut romeo, &juliet)?.is_none());
    Ok(())
}

#[test]
fn with_leave_on_prosody() -> Result<()> {
    with_the_servers_leave()
}

#[test]
fn with_leave_on_ejabberd() -> Result<()> {
    without(Kind::Ejabberd, true)
}

fn story(kind: Kind) -> Result<()> {
    without(kind, false)
}

on_both_servers!();
