//! Mail to an account that only the XMPP server knows not to exist: it comes back as a bounce, but only to a sender for
//! whom the mail server vouches. Whoever may be somebody else gets nothing.

use anyhow::{Result, ensure};
use causeway_tests::cast::mail::Letter;
use causeway_tests::cast::scene::Scene;
use causeway_tests::servers::xmpp::Kind;

/// What the mail server in front of the gateway puts on top of a mail whose sender it has checked.
const CHECKED: &str = "Authentication-Results: mail.test; dmarc=pass header.from=mail.test\r\n\
    Received: from orchard.test (orchard.test [192.0.2.7]) by mail.test with ESMTPS; Sun, 22 Nov 2026 10:00:00 +0000\r\n";

fn story(kind: Kind) -> Result<()> {
    let scene = Scene::open(kind)?;
    let (sender, ghost) = (scene.address("juliet"), scene.puppet("ghost"));
    let mut juliet = scene.mailbox("juliet")?;
    let mut door = scene.lmtp()?;
    let mut hand_in = |checked: &str, name: &str| -> Result<String> {
        let id = format!("<{name}.{}@orchard.test>", scene.domain);
        let letter = Letter::to(&ghost).field("Message-ID", &id).text("Thy drugs are quick.");
        let reply = door.send(&sender, &ghost, &format!("{checked}{}", letter.from(&sender)?))?;
        ensure!(reply.is_good(), "{reply:?}");
        scene.gateway.wait_for_stage(&id, "failed")?;
        Ok(id)
    };

    hand_in("", "anybody")?;
    let proven = hand_in(CHECKED, "juliet")?;
    let bounce = juliet.wait_for("a bounce", |mail| {
        mail.part("message/delivery-status").contains("Action: failed")
    })?;
    let status = bounce.part("message/delivery-status").to_lowercase();
    ensure!(status.contains(&ghost), "for whom: {status}");
    ensure!(bounce.raw().contains(&proven), "about which mail: {}", bounce.raw());
    ensure!(
        juliet.mails()?.len() == 1,
        "and nothing for the other: {:#?}",
        juliet.mails()?
    );
    Ok(())
}

on_both_servers!();
