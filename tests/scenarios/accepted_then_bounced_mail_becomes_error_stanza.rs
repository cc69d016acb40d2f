//! A mail that is accepted and bounced later comes back as an error for that very message.

use anyhow::{Result, ensure};
use causeway_tests::cast::scene::Scene;
use causeway_tests::servers::xmpp::Kind;

fn story(kind: Kind) -> Result<()> {
    let scene = Scene::open(kind)?;
    let mut romeo = scene.client("romeo")?;
    let contact = scene.contact(&format!("{}@bounce.test", scene.name("peter")));
    let id = romeo.say(&contact, "Find them out whose names are written here.")?;
    let error = romeo.expect_error(&id)?;
    ensure!(error.attr("from") == contact, "from the contact: {}", error.written());
    ensure!(
        error.condition() == "item-not-found",
        "the condition: {}",
        error.written()
    );
    let text = error.child("error").map_or("", |error| error.text_of("text"));
    ensure!(text.contains("Find them out"), "which message it was: {text}");

    // It was the report that said so, not the handing over; and the report is nothing that Romeo reads as a message.
    let steps = scene.gateway.steps(&id)?;
    ensure!(steps.iter().any(|step| step == "handed"), "the steps: {steps:?}");
    ensure!(
        steps.last().is_some_and(|step| step == "failed"),
        "the steps: {steps:?}"
    );
    romeo.expect_none(&scene.domain, "a bounce as a message", |it| {
        it.child("body").is_some() && it.attr("type") != "error"
    })
}

on_both_servers!();
