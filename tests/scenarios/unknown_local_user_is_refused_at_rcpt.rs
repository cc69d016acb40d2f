//! Mail to nobody: what the gateway knows not to be a user is refused at RCPT; an account that only the XMPP server
//! knows not to exist comes back to Juliet as a bounce.

use anyhow::{Result, ensure};
use causeway_tests::cast::mail::Letter;
use causeway_tests::cast::scene::Scene;
use causeway_tests::servers::xmpp::Kind;

fn story(kind: Kind) -> Result<()> {
    let scene = Scene::open(kind)?;
    let mut door = scene.lmtp()?;
    let sender = scene.address("juliet");
    ensure!(door.say(&format!("MAIL FROM:<{sender}>"))?.is_good());
    let domain = &scene.domain;
    let forged_return_path = format!("b.{}@{domain}", "a".repeat(42));
    let of_a_stranger = format!("romeo=strangers.test@{domain}");
    for address in ["romeo@elsewhere.test", &of_a_stranger, &forged_return_path] {
        let reply = door.say(&format!("RCPT TO:<{address}>"))?;
        ensure!(
            (500..600).contains(&reply.code),
            "{address} was answered with {reply:?}"
        );
    }
    // One refusal does not spoil the others.
    let reply = door.say(&format!("RCPT TO:<{}>", scene.puppet("romeo")))?;
    ensure!(reply.is_good(), "Romeo: {reply:?}");
    door.say("QUIT")?;

    let letter = Letter::to(&scene.puppet("ghost"))
        .subject("Where art thou")
        .text("Thy drugs are quick.");
    scene.mail("juliet", &letter)?;
    let bounce = scene.mailbox("juliet")?.wait_for("a bounce", |mail| {
        mail.part("message/delivery-status").contains("Action: failed")
    })?;
    let status = bounce.part("message/delivery-status");
    ensure!(
        status.to_lowercase().contains(&scene.puppet("ghost")),
        "for whom: {status}"
    );
    Ok(())
}

on_both_servers!();
