//! The smarthost is away, and Romeo thinks better of it: nothing waits any more, and nobody has to be told.

use anyhow::{Context, Result};
use causeway_tests::cast::gateway::Gateway;
use causeway_tests::cast::scene::{Scene, Wishes};
use causeway_tests::patience::{SOON, until};
use causeway_tests::servers::ports;
use causeway_tests::servers::xmpp::Kind;

/// Waits until so many messages wait.
fn wait_for_queue(gateway: &Gateway, length: usize) -> Result<()> {
    until(&format!("{length} in the queue"), SOON, || {
        let answer = gateway.ask_json(&["queue"])?;
        let waiting = answer.get("waiting").and_then(|it| it.as_array()).context("no list")?;
        Ok((waiting.len() == length).then_some(()))
    })
}

fn story(kind: Kind) -> Result<()> {
    let wishes = Wishes {
        smarthost: Some(ports::free()?),
        retry: Some(r#""1h""#),
        ..Wishes::default()
    };
    let scene = Scene::with(kind, wishes)?;
    let mut romeo = scene.client("romeo")?;
    let contact = scene.contact(&scene.address("juliet"));
    let id = romeo.say(&contact, "I hate thee")?;
    romeo.expect_words(&contact, "Not delivered yet: “I hate thee”")?;

    // The correction waits in its place.
    let replace = format!("<replace xmlns='urn:xmpp:message-correct:0' id='{id}'/>");
    let correction = romeo.say_with(&contact, "I loathe thee", &replace)?;
    romeo.expect_words(&contact, "Not delivered yet: “I loathe thee”")?;
    wait_for_queue(&scene.gateway, 1)?;

    let retraction = romeo.id();
    romeo.send(&format!(
        "<message type='chat' id='{retraction}' to='{contact}'><retract xmlns='urn:xmpp:message-retract:1' id='{id}'/></message>"
    ))?;
    wait_for_queue(&scene.gateway, 0)?;
    romeo.expect_none(&scene.domain, "an error", |it| {
        [&id, &correction, &retraction].contains(&&it.attr("id").to_owned())
    })
}

on_both_servers!();
