//! An address that the next server refuses comes back as an error in the chat, with the server's own sentence.

use anyhow::{Result, ensure};
use causeway_tests::cast::scene::Scene;
use causeway_tests::servers::xmpp::Kind;

fn story(kind: Kind) -> Result<()> {
    let scene = Scene::open(kind)?;
    let mut romeo = scene.client("romeo")?;
    let id = romeo.say(&scene.contact("nobody@mail.test"), "Is she a Capulet?")?;
    let error = romeo.expect_error(&id)?;
    ensure!(
        error.condition() == "item-not-found",
        "the condition: {}",
        error.written()
    );
    let text = error.child("error").map_or("", |error| error.text_of("text"));
    ensure!(text.contains("5.1.1"), "the server's sentence: {text}");
    ensure!(text.contains("Is she a Capulet?"), "which message it was: {text}");

    // An address that is none is refused at once.
    let id = romeo.say(&format!("no-address@{}", scene.domain), "Who's there?")?;
    let error = romeo.expect_error(&id)?;
    ensure!(
        error.condition() == "jid-malformed",
        "the condition: {}",
        error.written()
    );
    Ok(())
}

on_both_servers!();
