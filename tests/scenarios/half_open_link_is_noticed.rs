//! The link to the XMPP server stays connected and falls silent: the gateway finds out by asking, connects again, and
//! what was sent into the silence arrives.

use anyhow::{Context, Result, ensure};
use causeway_tests::cast::mail::Letter;
use causeway_tests::cast::scene::{Scene, Wishes};
use causeway_tests::patience::{SOON, until};
use causeway_tests::servers::xmpp::Kind;

fn story(kind: Kind) -> Result<()> {
    let wishes = Wishes {
        ferry: true,
        xmpp: "ping_after = 1\nping_timeout = 1\n",
        ..Wishes::default()
    };
    let scene = Scene::with(kind, wishes)?;
    let mut romeo = scene.client("romeo")?;
    let mut juliet = scene.mailbox("juliet")?;
    let contact = scene.contact(&scene.address("juliet"));
    let ferry = scene.ferry.as_ref().context("no ferry")?;

    ferry.sink();
    let message_id = format!("<lark.{}@orchard.test>", scene.domain);
    let letter = Letter::to(&scene.puppet("romeo")).field("Message-ID", &message_id);
    scene.mail("juliet", &letter.text("It was the nightingale, and not the lark."))?;
    until("the gateway's word that the link broke", SOON, || {
        Ok(scene
            .gateway
            .said()?
            .contains("the link to the XMPP server broke")
            .then_some(()))
    })?;
    ensure!(
        scene.gateway.stage(&message_id)? != "handed",
        "nobody can know that the server has it"
    );

    // The server gives the old connection up a while after the gateway did.
    std::thread::sleep(std::time::Duration::from_secs(2));
    ferry.bury();
    romeo.expect_words(&contact, "and not the lark")?;
    scene.gateway.wait_for_stage(&message_id, "handed")?;
    romeo.say(&contact, "It was the lark, the herald of the morn.")?;
    juliet.wait_for_words("herald of the morn")?;
    Ok(())
}

on_both_servers!();
