//! Chat states, markers and receipts about nothing go to nobody and are not kept.

use anyhow::{Context, Result, ensure};
use causeway_tests::cast::scene::Scene;
use causeway_tests::servers::xmpp::Kind;

/// How many messages the ledger has with somebody.
fn kept(scene: &Scene, whom: &str) -> Result<usize> {
    let answer = scene.gateway.ask_json(&["trace", "-n", "1000", whom])?;
    let timelines = answer.get("timelines").and_then(|it| it.as_array());
    Ok(timelines.with_context(|| answer.to_string())?.len())
}

fn story(kind: Kind) -> Result<()> {
    let scene = Scene::open(kind)?;
    let (address, contact) = (scene.address("juliet"), scene.contact(&scene.address("juliet")));
    let mut juliet = scene.mailbox("juliet")?;
    let mut romeo = scene.client("romeo")?;
    romeo.say(&contact, "The first line.")?;
    juliet.wait_for_words("The first line.")?;
    let before = (kept(&scene, &address)?, kept(&scene, romeo.bare())?);
    ensure!(before.0 == 1, "{before:?}");

    let states = ["active", "composing", "paused", "inactive", "gone"];
    let states = states
        .iter()
        .map(|it| format!("<{it} xmlns='http://jabber.org/protocol/chatstates'/>"));
    let markers = ["received", "displayed", "acknowledged"];
    let markers = markers
        .iter()
        .map(|it| format!("<{it} xmlns='urn:xmpp:chat-markers:0' id='nothing'/>"));
    let receipt = "<received xmlns='urn:xmpp:receipts' id='nothing'/>".to_owned();
    let all: Vec<String> = states.chain(markers).chain([receipt]).collect();
    for sign in &all {
        for kind in ["chat", "normal"] {
            let id = romeo.id();
            romeo.send(&format!(
                "<message type='{kind}' id='{id}' to='{contact}'>{sign}</message>"
            ))?;
        }
    }
    romeo.expect_none(&scene.domain, "an answer to a sign", |it| it.name == "message")?;
    let after = (kept(&scene, &address)?, kept(&scene, romeo.bare())?);
    ensure!(after == before, "{before:?} became {after:?}");

    // A line that is written with a chat state in it is a line.
    romeo.say_with(&contact, "The second line.", all.first().map_or("", String::as_str))?;
    juliet.wait_for_words("The second line.")?;
    ensure!(kept(&scene, &address)? == 2);
    ensure!(juliet.mails()?.len() == 2, "{:#?}", juliet.mails()?);
    Ok(())
}

on_both_servers!();
