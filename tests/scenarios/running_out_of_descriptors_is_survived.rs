//! Strangers hold so many connections open that the gateway has no file descriptor left: it waits quietly, and goes on
//! as soon as there are some again. Nothing is lost.

use anyhow::{Result, ensure};
use causeway_tests::cast::mail::Letter;
use causeway_tests::cast::scene::Scene;
use causeway_tests::patience::{LATER, SOON, until};
use causeway_tests::servers::ports;
use causeway_tests::servers::xmpp::Kind;
use std::net::TcpStream;
use std::time::Duration;

/// How many descriptors it may have.
const DESCRIPTORS: usize = 64;

#[test]
fn story() -> Result<()> {
    let mut scene = Scene::open(Kind::Prosody)?;
    let mut romeo = scene.client("romeo")?;
    let mut juliet = scene.mailbox("juliet")?;
    let contact = scene.contact(&scene.address("juliet"));
    scene.gateway.terminate()?;
    let few = format!("--nofile={DESCRIPTORS}");
    scene
        .gateway
        .run_behind(&["prlimit".to_owned(), few, "--".to_owned()], &[]);
    scene.start()?;
    let pid = scene.gateway.pid();

    let door = ports::at(scene.lmtp_port.unwrap_or_default());
    let crowd: Vec<TcpStream> = (0..2 * DESCRIPTORS)
        .filter_map(|_| TcpStream::connect_timeout(&door, Duration::from_millis(200)).ok())
        .collect();
    until("the gateway's word that it cannot accept", SOON, || {
        Ok(scene.gateway.said()?.contains("Too many open files").then_some(()))
    })?;
    romeo.say(&contact, "O, I am fortune's fool!")?;
    scene.mail(
        "juliet",
        &Letter::to(&scene.puppet("romeo")).text("Hood my unmann'd blood."),
    )?;
    let busy = scene.gateway.busy(Duration::from_secs(2))?;
    ensure!(busy < 0.5, "without descriptors it uses {busy} of a core");

    drop(crowd);
    juliet.wait_within(LATER, "Romeo's line", |mail| mail.text().contains("fortune's fool"))?;
    romeo.expect_within(LATER, "Juliet's mail", |it| {
        it.text_of("body").contains("unmann'd blood")
    })?;
    ensure!(scene.gateway.is_alive() && scene.gateway.pid() == pid, "no restart");
    Ok(())
}
