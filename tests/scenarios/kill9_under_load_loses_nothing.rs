//! The gateway is killed again and again in the middle of traffic both ways. Every mail that the mail server handed over
//! and every chat line that the ledger knows arrives, and a copy bears the id of the first.
//!
//! XEP-0114 has no acknowledgements: the stanzas that lay in a socket or were not yet on the disk at the moment of the
//! kill are unknown to everybody, also to the server, which had passed them on. That is the one loss allowed here, and it
//! has a shape: once a line of the new process is known, none is lost until the next kill.
//!
//! `CAUSEWAY_KILLS` says how often the gateway is killed; 5 times where it is not set.

use anyhow::{Context, Result, ensure};
use causeway_tests::cast::mail::{Letter, Mail};
use causeway_tests::cast::scene::Scene;
use causeway_tests::cast::xml::Element;
use causeway_tests::cast::xmpp::{XmppClient, is_words};
use causeway_tests::patience::{LATER, until};
use causeway_tests::servers::xmpp::Kind;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Lines and mails in each round, in the middle of which the gateway is killed.
const BURST: usize = 25;

/// What was said in one round.
struct Round {
    /// The chat lines with their stanza ids.
    lines: Vec<(String, String)>,
    /// The mails that Postfix took.
    mails: Vec<String>,
    /// The gateway was killed after this line.
    killed_after: usize,
}

fn story(kind: Kind) -> Result<()> {
    let kills: usize = std::env::var("CAUSEWAY_KILLS").map_or(Ok(5), |count| count.parse())?;
    let mut scene = Scene::open(kind)?;
    let mut romeo = scene.client("romeo")?;
    let play = |number| round(number, &mut scene, &mut romeo);
    let rounds = (0..kills).map(play).collect::<Result<Vec<Round>>>()?;

    let heard = all_mails_heard(&scene, &mut romeo, &rounds)?;
    let came_back = |id: &str| heard.iter().any(|it| it.attr("type") == "error" && it.attr("id") == id);
    let known = in_the_ledger(&scene, kills)?;
    all_in_the_mailbox(&scene, &known)?;
    let lines: Vec<&(String, String)> = rounds.iter().flat_map(|round| &round.lines).collect();
    let known_at = |at: &usize| lines.get(*at).is_some_and(|(words, _)| known.contains(words));
    for (at, (words, id)) in lines.iter().enumerate() {
        if known.contains(words) || came_back(id) {
            continue;
        }
        let before = (0..at).rev().find(known_at).unwrap_or(0);
        let after = (at..lines.len()).find(known_at).unwrap_or(lines.len());
        // The server may be some lines of the round behind Romeo when the gateway is killed, but never a whole round.
        let killed = (0..kills).zip(&rounds).any(|(number, round)| {
            let (first, last) = (number * BURST, number * BURST + round.killed_after);
            before <= last && after > first
        });
        ensure!(
            killed,
            "“{words}” is lost between lines {before} and {after}, and there was no kill"
        );
    }
    Ok(())
}

fn round(round: usize, scene: &mut Scene, romeo: &mut XmppClient) -> Result<Round> {
    let contact = scene.contact(&scene.address("juliet"));
    let killed_after = usize::try_from(random(BURST as u64)?)?;
    let (mut lines, mut mails) = (Vec::new(), Vec::new());
    for number in 0..BURST {
        let words = format!("chat {round} {number}.");
        let id = romeo.say(&contact, &words)?;
        lines.push((words, id));
        let words = format!("mail {round} {number}.");
        scene.mail("juliet", &Letter::to(&scene.puppet("romeo")).text(&words))?;
        mails.push(words);
        if number == killed_after {
            std::thread::sleep(Duration::from_millis(random(30)?));
            scene.gateway.kill9();
            scene.gateway.start()?;
        }
    }
    scene.wait_for_link()?;
    // Through Romeo's own stream, so that the server has passed on all his lines.
    romeo.ask("get", &scene.domain, "<ping xmlns='urn:xmpp:ping'/>")?;
    Ok(Round {
        lines,
        mails,
        killed_after,
    })
}

/// Everything that Romeo heard, once every mail of Juliet's is among it. Copies bear one id.
fn all_mails_heard(scene: &Scene, romeo: &mut XmppClient, rounds: &[Round]) -> Result<Vec<Element>> {
    let contact = scene.contact(&scene.address("juliet"));
    let mut missing: BTreeSet<&String> = rounds.iter().flat_map(|round| &round.mails).collect();
    let mut heard: Vec<Element> = Vec::new();
    let arrived = until("every mail in Romeo's chat", LATER, || {
        let news = romeo.drain(Duration::from_millis(300))?;
        for words in news.iter().filter(|it| is_words(it, &contact)).map(first_line) {
            missing.remove(&words);
        }
        heard.extend(news);
        Ok(missing.is_empty().then_some(()))
    });
    arrived.with_context(|| format!("missing: {missing:?}"))?;
    let said = heard.iter().filter(|it| is_words(it, &contact));
    copies_bear_one_id(said.map(|it| (first_line(it), it.attr("id").to_owned())))?;
    Ok(heard)
}

/// The words of Romeo's lines that the ledger knows.
fn in_the_ledger(scene: &Scene, kills: usize) -> Result<BTreeSet<String>> {
    let limit = (4 * kills * BURST).to_string();
    let answer = scene
        .gateway
        .ask_json(&["trace", "--words", "-n", &limit, &scene.address("juliet")])?;
    let timelines = answer
        .get("timelines")
        .and_then(|it| it.as_array())
        .context("no timelines")?;
    let words = timelines.iter().filter_map(|it| it.get("words")?.as_str());
    Ok(words
        .filter(|words| words.starts_with("chat "))
        .map(str::to_owned)
        .collect())
}

/// Waits until all these lines are in Juliet's mailbox. Copies bear one id.
fn all_in_the_mailbox(scene: &Scene, known: &BTreeSet<String>) -> Result<()> {
    let mut juliet = scene.mailbox("juliet")?;
    let mut mails: Vec<Mail> = Vec::new();
    let words = |mail: &Mail| mail.text().trim().to_owned();
    until("every line of the ledger in Juliet's mailbox", LATER, || {
        mails = juliet.mails()?;
        mails.retain(|mail| mail.from().1 == scene.puppet("romeo"));
        let there: BTreeSet<String> = mails.iter().map(words).collect();
        Ok(known.is_subset(&there).then_some(()))
    })?;
    copies_bear_one_id(mails.iter().map(|mail| (words(mail), mail.field("Message-ID"))))
}

fn copies_bear_one_id(said: impl Iterator<Item = (String, String)>) -> Result<()> {
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    for (words, id) in said {
        let first = ids.entry(words.clone()).or_insert_with(|| id.clone());
        ensure!(*first == id, "{words} came as {first} and as {id}");
    }
    Ok(())
}

fn first_line(it: &Element) -> String {
    it.text_of("body").lines().next().unwrap_or_default().to_owned()
}

/// A number below `bound` that nobody can foresee.
fn random(bound: u64) -> Result<u64> {
    let word = std::fs::read_to_string("/proc/sys/kernel/random/uuid")?;
    let digits = word.get(..8).context("no word")?;
    Ok(u64::from_str_radix(digits, 16)? % bound)
}

on_both_servers!();
