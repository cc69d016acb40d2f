//! One mail server says one byte each second, and many mails wait for it: mails to others do not wait with them.

use anyhow::{Result, ensure};
use causeway_tests::cast::scene::{Scene, Wishes};
use causeway_tests::cast::sink::{Manner, Sink};
use causeway_tests::patience::{Deadline, SOON, until};
use causeway_tests::servers::dnsmasq::TARPIT;
use causeway_tests::servers::xmpp::Kind;
use std::time::Duration;

/// Mails into the tarpit, to one recipient each: more than may be under way to one destination.
const STUCK: usize = 40;

/// Mails beside it.
const FREE: usize = 20;

#[test]
fn story() -> Result<()> {
    let wishes = Wishes {
        direct: true,
        ..Wishes::default()
    };
    let scene = Scene::with(Kind::Prosody, wishes)?;
    let sink = Sink::open(TARPIT, scene.mail.postfix.smtp_port, Manner::Tarpit)?;
    let mut romeo = scene.client("romeo")?;
    let mut juliet = scene.mailbox("juliet")?;
    for number in 0..STUCK {
        let friar = scene.contact(&format!("friar{number}@tarpit.test"));
        romeo.say(&friar, &format!("Letter {number} for the friar."))?;
    }
    until("mails in the tarpit", SOON, || Ok((sink.tries() > 0).then_some(())))?;

    let contact = scene.contact(&scene.address("juliet"));
    let mut late = Vec::new();
    for number in 0..FREE {
        let words = format!("Letter {number} for Juliet.");
        let deadline = Deadline::within(Duration::from_secs(2));
        romeo.say(&contact, &words)?;
        juliet.wait_for_words(&words)?;
        late.extend(deadline.left().is_none().then_some(number));
    }
    ensure!(late.len() <= 1, "p95 below 2 s; late were {late:?} of {FREE}");
    ensure!(sink.mails().is_empty(), "the tarpit has taken mails meanwhile");
    Ok(())
}
