//! The gateway is killed again and again in the middle of traffic both ways. Every mail that the mail server handed over
//! and every chat line that the ledger knows arrives, and a copy bears the id of the first.
//!
//! XEP-0114 has no acknowledgements: the stanzas that lay in a socket or were not yet on the disk at the moment of the
//! kill are unknown to everybody, also to the server, which had passed them on. That is the one loss allowed here, and it
//! has a shape: once a line of the new process is known, none is lost until the next kill.
//!
//! `CAUSEWAY_KILLS` says how often the gateway is killed; 5 times where it is not set.

use anyhow::{Result, ensure};
use causeway_tests::cast::scene::Scene;
use causeway_tests::cast::traffic::{BURST, Traffic, all_in_the_mailbox};
use causeway_tests::servers::xmpp::Kind;

fn story(kind: Kind) -> Result<()> {
    let kills: usize = std::env::var("CAUSEWAY_KILLS").map_or(Ok(5), |count| count.parse())?;
    let mut scene = Scene::open(kind)?;
    let mut romeo = scene.client("romeo")?;
    let mut traffic = Traffic::default();
    for _ in 0..kills {
        traffic.play(&mut scene, &mut romeo, |scene| {
            scene.gateway.kill9();
            scene.gateway.start()
        })?;
    }

    traffic.hear_all(&scene, &mut romeo)?;
    let known = traffic.in_the_ledger(&scene)?;
    all_in_the_mailbox(&scene, &known)?;
    let lines = traffic.lines();
    let known_at = |at: &usize| lines.get(*at).is_some_and(|(words, _)| known.contains(words));
    for (at, (words, id)) in lines.iter().enumerate() {
        if known.contains(words) || traffic.came_back(id) {
            continue;
        }
        let before = (0..at).rev().find(known_at).unwrap_or(0);
        let after = (at..lines.len()).find(known_at).unwrap_or(lines.len());
        // The server may be some lines of the round behind Romeo when the gateway is killed, but never a whole round.
        let killed = (0..kills).zip(&traffic.rounds).any(|(number, round)| {
            let (first, last) = (number * BURST, number * BURST + round.cut_after);
            before <= last && after > first
        });
        ensure!(
            killed,
            "“{words}” is lost between lines {before} and {after}, and there was no kill"
        );
    }
    Ok(())
}

on_both_servers!();
