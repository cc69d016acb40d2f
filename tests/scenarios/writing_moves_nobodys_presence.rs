//! Presence says that somebody is there, and not that he wrote: words, receipts and answers bring none.

use anyhow::{Result, ensure};
use causeway_tests::cast::mail::Letter;
use causeway_tests::cast::scene::{Scene, Wishes};
use causeway_tests::cast::xml::Element;
use causeway_tests::servers::xmpp::Kind;
use std::time::Duration;

/// How long to wait for what should not come.
const QUIET: Duration = Duration::from_millis(700);

fn played(kind: Kind, privileged: bool) -> Result<()> {
    let scene = Scene::with(
        kind,
        Wishes {
            privileged,
            ..Wishes::default()
        },
    )?;
    let (gateway, contact) = (scene.domain.clone(), scene.contact(&scene.address("juliet")));
    let mut juliet = scene.mailbox("juliet")?;
    let mut romeo = scene.client("romeo")?;
    let is_presence = |it: &Element, of: &str| it.name == "presence" && it.attr("from") == format!("{of}/gateway");
    romeo.ask("set", &gateway, "<query xmlns='jabber:iq:register'/>")?;
    for jid in [&gateway, &contact] {
        romeo.send(&format!("<presence type='subscribe' to='{jid}'/>"))?;
        romeo.expect("its presence", |it| is_presence(it, jid))?;
    }
    romeo.drain(QUIET)?;

    let mut heard = Vec::new();
    for number in 0..3 {
        romeo.say(&contact, &format!("Line {number}."))?;
        let mail = juliet.wait_for_words(&format!("Line {number}."))?;
        scene.mail("juliet", &mail.reply(&format!("Answer {number}.")))?;
        let answer = romeo.expect_words(&contact, &format!("Answer {number}."))?;
        romeo.send(&format!(
            "<message to='{contact}'><received xmlns='urn:xmpp:receipts' id='{}'/></message>",
            answer.attr("id")
        ))?;
        scene.mail(
            "juliet",
            &Letter::to(&scene.puppet("romeo")).text(&format!("Single {number}.")),
        )?;
        romeo.expect_words(&contact, &format!("Single {number}."))?;
        heard.extend(romeo.drain(QUIET)?);
    }
    let moved: Vec<&Element> = heard.iter().filter(|it| it.name == "presence").collect();
    ensure!(moved.is_empty(), "{moved:?}");
    Ok(())
}

#[test]
fn with_leave_on_prosody() -> Result<()> {
    played(Kind::Prosody, true)
}

#[test]
fn with_leave_on_ejabberd() -> Result<()> {
    played(Kind::Ejabberd, true)
}

fn story(kind: Kind) -> Result<()> {
    played(kind, false)
}

on_both_servers!();
