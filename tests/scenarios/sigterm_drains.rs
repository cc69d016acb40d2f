//! SIGTERM in the middle of a burst: the gateway ends in order, and after the next start everything has arrived once.

use anyhow::{Result, ensure};
use causeway_tests::cast::scene::Scene;
use causeway_tests::patience::{LATER, until};
use causeway_tests::servers::xmpp::Kind;
use std::collections::BTreeMap;

const LINES: usize = 60;

#[test]
fn story() -> Result<()> {
    let mut scene = Scene::open(Kind::Prosody)?;
    let mut romeo = scene.client("romeo")?;
    let mut juliet = scene.mailbox("juliet")?;
    let contact = scene.contact(&scene.address("juliet"));
    for line in 0..LINES {
        romeo.say(&contact, &format!("Line {line} of the balcony scene."))?;
    }
    // The answer to a ping shows that the gateway has read all of them.
    romeo.ask("get", &scene.domain, "<ping xmlns='urn:xmpp:ping'/>")?;
    scene.gateway.terminate()?;
    scene.start()?;

    let mut counts = BTreeMap::new();
    until("every line in Juliet's mailbox", LATER, || {
        counts.clear();
        for mail in juliet.mails()? {
            *counts.entry(mail.text().trim().to_owned()).or_insert(0) += 1;
        }
        Ok((counts.len() >= LINES).then_some(()))
    })?;
    let doubled: Vec<_> = counts.iter().filter(|(_, count)| **count != 1).collect();
    ensure!(doubled.is_empty(), "an orderly stop doubles nothing: {doubled:?}");
    Ok(())
}
