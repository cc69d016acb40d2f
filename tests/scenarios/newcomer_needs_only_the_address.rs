//! From “I know the gateway's address” to a first answered mail, in a client that was written by others.

use anyhow::{Context, Result, ensure};
use causeway_tests::cast::scene::{PASSWORD, Scene};
use causeway_tests::servers::xmpp::Kind;
use std::process::{Command, Stdio};

/// What the client does. It runs on the system's own Python, which has slixmpp from a package.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/witnesses/newcomer.py");
const PYTHON: &str = "/usr/bin/python3";

fn story(kind: Kind) -> Result<()> {
    let scene = Scene::open(kind)?;
    let user = scene.name("romeo");
    scene.xmpp.user(&user, scene.xmpp.domain(), PASSWORD)?;
    let mut juliet = scene.mailbox("juliet")?;

    // Romeo discovers the gateway, registers, turns an address into a contact, adds it, and writes.
    let client = Command::new(PYTHON)
        .arg(SCRIPT)
        .arg(format!("{user}@{}", scene.xmpp.domain()))
        .args([PASSWORD, "127.0.0.1", &scene.xmpp.client_port().to_string()])
        .args([scene.domain.clone(), scene.address("juliet")])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("python3 with slixmpp")?;

    // Juliet answers.
    let answered = juliet
        .wait_for_words("By a name I know not")
        .and_then(|mail| scene.mail("juliet", &mail.reply("Art thou not Romeo and a Montague?")));

    // He reads her answer, has the receipt, and asks the gateway what became of his words.
    let output = client.wait_with_output()?;
    let (said, complaint) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    ensure!(output.status.success(), "slixmpp: {complaint}\n{said}");
    answered?;
    let steps: Vec<&str> = said.lines().filter_map(|line| line.split(' ').next()).collect();
    ensure!(
        steps == ["discovered", "registered", "added", "answered", "receipt", "commanded"],
        "{said}"
    );
    ensure!(said.contains("Art thou not Romeo"), "the answer: {said}");
    Ok(())
}

on_both_servers!();
