//! A mail that another server cannot pass on for now: its sender is told that it waits, and nothing else.

use anyhow::{Result, ensure};
use causeway_tests::cast::scene::Scene;
use causeway_tests::servers::xmpp::Kind;

#[test]
fn story() -> Result<()> {
    let scene = Scene::open(Kind::Prosody)?;
    let mut romeo = scene.client("romeo")?;
    let contact = scene.contact(&format!("{}@slow.test", scene.name("friar")));
    let id = romeo.say(&contact, "Wisely and slow; they stumble that run fast.")?;
    let note = romeo.expect_words(&contact, "Wisely and slow")?;
    ensure!(
        note.text_of("body").contains("Not delivered yet"),
        "a note: {}",
        note.written()
    );
    ensure!(
        scene.gateway.stage(&id)? == "handed",
        "it may still arrive: {}",
        scene.gateway.stage(&id)?
    );
    Ok(())
}
