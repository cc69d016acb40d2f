//! The gateway is stopped in order (SIGTERM) and started again, many times in the middle of traffic both ways. Every
//! mail arrives once; every chat line arrives once or comes back with an error, and never both.
//!
//! ejabberd itself loses a stanza that it routes to a component in the moment in which that component's stream ends; a
//! bare component that closes its stream met it in 3 of 40 stops. So there the lines of that moment may be missing.
//!
//! `CAUSEWAY_RESTARTS` says how often; 20 times where it is not set.

use anyhow::{Result, ensure};
use causeway_tests::cast::scene::Scene;
use causeway_tests::cast::traffic::{Traffic, all_in_the_mailbox, doubled};
use causeway_tests::servers::xmpp::Kind;
use std::collections::BTreeSet;
use std::time::Duration;

fn story(kind: Kind) -> Result<()> {
    let restarts: usize = std::env::var("CAUSEWAY_RESTARTS").map_or(Ok(20), |count| count.parse())?;
    let mut scene = Scene::open(kind)?;
    let mut romeo = scene.client("romeo")?;
    let mut traffic = Traffic::default();
    for _ in 0..restarts {
        traffic.play(&mut scene, &mut romeo, |scene| {
            scene.gateway.terminate()?;
            scene.gateway.start()
        })?;
    }

    traffic.hear_all(&scene, &mut romeo)?;
    traffic.heard.extend(romeo.drain(Duration::from_millis(500))?);
    let contact = scene.contact(&scene.address("juliet"));
    let twice = doubled(traffic.copies_heard(&contact));
    ensure!(twice.is_empty(), "Romeo heard twice: {twice:?}");

    let known = traffic.in_the_ledger(&scene)?;
    let mails = all_in_the_mailbox(&scene, &known)?;
    let twice = doubled(mails.iter().cloned());
    ensure!(twice.is_empty(), "Juliet got twice: {twice:?}");
    let arrived: BTreeSet<&String> = mails.iter().map(|(words, _)| words).collect();
    let lines = traffic.lines();
    for round in &traffic.rounds {
        let is_lost = |(words, id): &&(String, String)| !arrived.contains(words) && !traffic.came_back(id);
        let lost: Vec<_> = round.lines.iter().filter(is_lost).collect();
        ensure!(lost.len() <= lost_by_the_server(kind), "lost in one round: {lost:?}");
    }
    let both: Vec<_> = lines
        .iter()
        .filter(|(words, id)| arrived.contains(words) && traffic.came_back(id))
        .collect();
    ensure!(both.is_empty(), "arrived and came back all the same: {both:?}");
    Ok(())
}

/// How many lines the server may lose in one stop of a component.
fn lost_by_the_server(kind: Kind) -> usize {
    match kind {
        Kind::Prosody => 0,
        Kind::Ejabberd => 2,
    }
}

on_both_servers!();
