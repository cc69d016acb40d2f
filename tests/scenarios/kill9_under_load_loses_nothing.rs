//! The gateway is killed again and again in the middle of traffic both ways: nothing that it had acknowledged is lost,
//! and a copy bears the same id.
//!
//! `CAUSEWAY_KILLS` says how often; 5 where it is not set.

use anyhow::{Context, Result, ensure};
use causeway_tests::cast::mail::{Letter, Mail};
use causeway_tests::cast::scene::Scene;
use causeway_tests::cast::xml::Element;
use causeway_tests::cast::xmpp::{XmppClient, is_words};
use causeway_tests::patience::{LATER, until};
use causeway_tests::servers::xmpp::Kind;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Lines and mails between two kills.
const BURST: usize = 25;

/// A stanza that lay in the socket of a killed process is lost without anybody's knowledge: XEP-0114 has no
/// acknowledgements. The gateway reads eagerly, so there are hardly ever any.
const LOST_IN_A_SOCKET: usize = 2;

/// A number below `bound` that nobody can foresee.
fn random(bound: u64) -> Result<u64> {
    let word = std::fs::read_to_string("/proc/sys/kernel/random/uuid")?;
    let digits = word.get(..8).context("no word")?;
    Ok(u64::from_str_radix(digits, 16)? % bound)
}

struct Load {
    /// Words of each line with its stanza id.
    lines: BTreeMap<String, String>,
    /// Words of each mail that Postfix has taken.
    mails: BTreeSet<String>,
}

impl Load {
    fn round(&mut self, round: usize, scene: &mut Scene, romeo: &mut XmppClient) -> Result<()> {
        let contact = scene.contact(&scene.address("juliet"));
        let kill_at = usize::try_from(random(BURST as u64)?)?;
        for number in 0..BURST {
            let words = format!("chat {round} {number}.");
            self.lines.insert(words.clone(), romeo.say(&contact, &words)?);
            let words = format!("mail {round} {number}.");
            scene.mail("juliet", &Letter::to(&scene.puppet("romeo")).text(&words))?;
            self.mails.insert(words);
            if number == kill_at {
                std::thread::sleep(Duration::from_millis(random(30)?));
                scene.gateway.kill9();
                scene.gateway.start()?;
            }
        }
        scene.wait_for_link()
    }
}

fn story(kind: Kind) -> Result<()> {
    let kills = std::env::var("CAUSEWAY_KILLS").map_or(Ok(5), |count| count.parse())?;
    let mut scene = Scene::open(kind)?;
    let mut romeo = scene.client("romeo")?;
    let mut load = Load {
        lines: BTreeMap::new(),
        mails: BTreeSet::new(),
    };
    for round in 0..kills {
        load.round(round, &mut scene, &mut romeo)?;
    }

    // Juliet's mails to Romeo: Postfix had them, so all must arrive, and copies bear the same id.
    let mut heard: Vec<Element> = Vec::new();
    let contact = scene.contact(&scene.address("juliet"));
    let arrived = until("every mail in Romeo's chat", LATER, || {
        heard.extend(romeo.drain(Duration::from_millis(300))?);
        let words: BTreeSet<String> = heard.iter().filter(|it| is_words(it, &contact)).map(body_of).collect();
        Ok(load.mails.is_subset(&words).then_some(()))
    });
    let missing = |words: &BTreeSet<String>| load.mails.difference(words).cloned().collect::<Vec<_>>();
    arrived.with_context(|| format!("missing: {:?}", missing(&heard.iter().map(body_of).collect())))?;
    let ids = heard
        .iter()
        .filter(|it| is_words(it, &contact))
        .map(|it| (body_of(it), it.attr("id").to_owned()));
    copies_bear_one_id(ids)?;

    // Romeo's lines: in the mailbox, or back as an error, or in the ledger; or, very few, lost in a socket.
    let refused: BTreeSet<&str> = heard
        .iter()
        .filter(|it| it.attr("type") == "error")
        .map(|it| it.attr("id"))
        .collect();
    let known: BTreeSet<&String> = load
        .lines
        .iter()
        .filter(|(_, id)| !refused.contains(id.as_str()) && scene.gateway.ask(&["trace", id]).is_ok_and(|it| it.good))
        .map(|(words, _)| words)
        .collect();
    let mut juliet = scene.mailbox("juliet")?;
    let mut mails: Vec<Mail> = Vec::new();
    until("every line of the ledger in Juliet's mailbox", LATER, || {
        mails = juliet.mails()?;
        let words: BTreeSet<String> = mails.iter().map(|mail| mail.text().trim().to_owned()).collect();
        Ok(known.iter().all(|line| words.contains(*line)).then_some(()))
    })?;
    copies_bear_one_id(
        mails
            .iter()
            .map(|mail| (mail.text().trim().to_owned(), mail.field("Message-ID"))),
    )?;
    let lost = load.lines.len() - known.len() - load.lines.values().filter(|id| refused.contains(id.as_str())).count();
    ensure!(
        lost <= kills * LOST_IN_A_SOCKET,
        "{lost} lines of {} are unknown after {kills} kills",
        load.lines.len()
    );
    Ok(())
}

/// The first line of what was said.
fn body_of(it: &Element) -> String {
    it.text_of("body").lines().next().unwrap_or_default().to_owned()
}

fn copies_bear_one_id(said: impl Iterator<Item = (String, String)>) -> Result<()> {
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    for (words, id) in said {
        let first = ids.entry(words.clone()).or_insert_with(|| id.clone());
        ensure!(*first == id, "{words} came as {first} and as {id}");
    }
    Ok(())
}

on_both_servers!();
