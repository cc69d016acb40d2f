//! The gateway works for the domains that its admin named, and for nobody else.

use anyhow::{Result, ensure};
use causeway_tests::cast::scene::Scene;
use causeway_tests::servers::xmpp::Kind;

fn story(kind: Kind) -> Result<()> {
    let scene = Scene::open(kind)?;
    let contact = scene.contact(&scene.address("juliet"));
    let mut tybalt = scene.stranger("tybalt")?;
    let id = tybalt.say(&contact, "What, drawn, and talk of peace?")?;
    let error = tybalt.expect_error(&id)?;
    ensure!(error.condition() == "forbidden", "the condition: {}", error.written());

    // Nothing of it went out: Romeo's line, sent after it, is the only mail.
    let mut romeo = scene.client("romeo")?;
    romeo.say(&contact, "I do protest, I never injured thee.")?;
    let mut juliet = scene.mailbox("juliet")?;
    juliet.wait_for_words("I never injured thee")?;
    ensure!(juliet.mails()?.len() == 1, "one mail: {:#?}", juliet.mails()?);
    Ok(())
}

on_both_servers!();
