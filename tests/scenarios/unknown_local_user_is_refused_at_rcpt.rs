//! Mail to what the gateway knows not to be one of its users is refused at RCPT, before the content comes.

use anyhow::{Result, ensure};
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
    Ok(())
}

on_both_servers!();
