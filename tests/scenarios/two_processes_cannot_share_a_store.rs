//! A second gateway on the same data directory does not start, says why, and leaves the first alone.

use anyhow::{Result, ensure};
use causeway_tests::cast::scene::Scene;
use causeway_tests::servers::xmpp::Kind;

#[test]
fn story() -> Result<()> {
    let scene = Scene::open(Kind::Prosody)?;
    let mut romeo = scene.client("romeo")?;
    ensure!(!scene.gateway.start_twin()?, "the twin ended well");
    let words = scene.gateway.twin_log()?;
    ensure!(
        words.contains("data") && words.to_lowercase().contains("another"),
        "it says why: {words}"
    );

    romeo.say(&scene.contact(&scene.address("juliet")), "Call me but love.")?;
    scene.mailbox("juliet")?.wait_for_words("Call me but love.")?;
    Ok(())
}
