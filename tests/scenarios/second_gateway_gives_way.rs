//! A second gateway for the same component, with a store of its own, ends within two seconds with its own exit code; the
//! first one does not notice. So it is on Prosody; ejabberd lets both in and shares the stanzas out among them.

use anyhow::{Result, ensure};
use causeway_tests::cast::mail::Letter;
use causeway_tests::cast::scene::Scene;
use causeway_tests::servers::xmpp::Kind;
use std::time::Duration;

#[test]
fn story() -> Result<()> {
    let scene = Scene::open(Kind::Prosody)?;
    let mut romeo = scene.client("romeo")?;
    let rival = scene.rival()?;
    let (code, lived) = rival.start_as_second()?;
    ensure!(code == Some(3), "the exit code: {code:?}");
    ensure!(lived < Duration::from_secs(2), "it lived {lived:?}");
    let words = std::fs::read_to_string(rival.log())?;
    ensure!(
        words.contains(&format!("as {}, most likely a second gateway", scene.domain)),
        "it says why: {words}"
    );

    let contact = scene.contact(&scene.address("juliet"));
    romeo.say(&contact, "One fairer than my love?")?;
    scene.mailbox("juliet")?.wait_for_words("One fairer than my love?")?;
    scene.mail(
        "juliet",
        &Letter::to(&scene.puppet("romeo")).text("The all-seeing sun."),
    )?;
    romeo.expect_words(&contact, "The all-seeing sun.")?;
    let said = scene.gateway.said()?;
    ensure!(
        said.matches("connected to the XMPP server").count() == 1,
        "it was disturbed: {said}"
    );
    Ok(())
}
