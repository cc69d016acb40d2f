//! The XMPP server dies and comes back: the gateway lives on, what came meanwhile waits, and all goes on by itself.

use anyhow::{Result, ensure};
use causeway_tests::cast::mail::Letter;
use causeway_tests::cast::scene::{Scene, Wishes};
use causeway_tests::servers::xmpp::Kind;

fn story(kind: Kind) -> Result<()> {
    let wishes = Wishes {
        own_server: true,
        ..Wishes::default()
    };
    let mut scene = Scene::with(kind, wishes)?;
    let mut juliet = scene.mailbox("juliet")?;
    let contact = scene.contact(&scene.address("juliet"));
    scene.client("romeo")?;

    scene.xmpp.kill9();
    let message_id = format!("<meet.{}@orchard.test>", scene.domain);
    let letter = Letter::to(&scene.puppet("romeo")).field("Message-ID", &message_id);
    scene.mail("juliet", &letter.text("O, think'st thou we shall ever meet again?"))?;
    scene.xmpp.start()?;

    // The gateway is back by itself; the server keeps the message until Romeo is back too.
    scene.gateway.wait_for_stage(&message_id, "handed")?;
    let mut romeo = scene.client_again("romeo")?;
    romeo.expect_words(&contact, "ever meet again")?;
    romeo.say(&contact, "I doubt it not.")?;
    juliet.wait_for_words("I doubt it not.")?;
    ensure!(scene.gateway.is_alive(), "the gateway has ended");
    scene.gateway.terminate()
}

on_both_servers!();
