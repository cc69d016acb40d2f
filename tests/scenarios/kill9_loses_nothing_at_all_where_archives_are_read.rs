//! Where the gateway may read what users sent it from their archives, a kill loses nothing at all: what lay in its socket is
//! found there. What was said while it was dead went back to its sender, and is not delivered as well.
//!
//! `CAUSEWAY_KILLS` says how often the gateway is killed; 5 times where it is not set.

use anyhow::{Context, Result, ensure};
use causeway_tests::cast::scene::{Scene, Wishes};
use causeway_tests::cast::xmpp::XmppClient;
use causeway_tests::patience::{LATER, until};
use causeway_tests::servers::xmpp::Kind;
use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

/// Lines before each kill; half as many follow while nobody is there.
const BURST: usize = 60;

/// Romeo's lines with their stanza ids.
type Lines = Vec<(String, String)>;

/// Romeo says some lines as fast as he can; the server has all of them when this returns.
fn say(scene: &Scene, romeo: &mut XmppClient, what: &str, count: usize) -> Result<Lines> {
    let contact = scene.contact(&scene.address("juliet"));
    let mut lines = Lines::new();
    for number in 0..count {
        let words = format!("{what} {number}.");
        let id = romeo.say(&contact, &words)?;
        lines.push((words, id));
    }
    romeo.ask("get", scene.xmpp.domain(), "<ping xmlns='urn:xmpp:ping'/>")?;
    Ok(lines)
}

fn stop_the_clock_of(scene: &Scene) -> Result<()> {
    let pid = scene.gateway.pid().context("it does not run")?.to_string();
    ensure!(Command::new("kill").args(["-STOP", &pid]).status()?.success(), "kill");
    Ok(())
}

/// The words of Romeo's lines that the ledger knows, as often as it knows them.
fn in_the_ledger(scene: &Scene) -> Result<Vec<String>> {
    let answer = scene
        .gateway
        .ask_json(&["trace", "--words", "-n", "10000", &scene.address("juliet")])?;
    let timelines = answer.get("timelines").and_then(|it| it.as_array());
    let words = timelines.context("no timelines")?.iter();
    let words = words.filter_map(|it| it.get("words")?.as_str());
    Ok(words.filter(|words| words.ends_with('.')).map(str::to_owned).collect())
}

fn story(kind: Kind) -> Result<()> {
    let kills: usize = std::env::var("CAUSEWAY_KILLS").map_or(Ok(5), |count| count.parse())?;
    let wishes = Wishes {
        archives: true,
        ..Wishes::default()
    };
    let mut scene = Scene::with(kind, wishes)?;
    let mut romeo = scene.client("romeo")?;
    // So that the gateway knows him.
    let mut lines = say(&scene, &mut romeo, "first", 1)?;
    scene.mailbox("juliet")?.wait_for_words("first 0.")?;
    for round in 0..kills {
        // Every other time the gateway does not get as far as reading anything.
        if round % 2 == 0 {
            stop_the_clock_of(&scene)?;
        }
        lines.extend(say(&scene, &mut romeo, &format!("alive {round}"), BURST)?);
        scene.gateway.kill9();
        std::thread::sleep(Duration::from_millis(50));
        lines.extend(say(&scene, &mut romeo, &format!("dead {round}"), BURST / 2)?);
        scene.start()?;
    }

    let mut came_back = BTreeSet::new();
    let fate = until("the fate of every line", LATER, || {
        for it in romeo.drain(Duration::from_millis(300))? {
            if it.attr("type") == "error" {
                came_back.insert(it.attr("id").to_owned());
            }
        }
        let known: BTreeSet<String> = in_the_ledger(&scene)?.into_iter().collect();
        let lost = lines
            .iter()
            .filter(|(words, id)| !known.contains(words) && !came_back.contains(id));
        Ok(lost.count().eq(&0).then_some(()))
    });
    let known = in_the_ledger(&scene)?;
    let lost: Vec<_> = lines
        .iter()
        .filter(|(words, id)| !known.contains(words) && !came_back.contains(id))
        .collect();
    fate.with_context(|| format!("lost: {lost:?}"))?;
    let both: Vec<_> = lines
        .iter()
        .filter(|(words, id)| known.contains(words) && came_back.contains(id))
        .collect();
    ensure!(both.is_empty(), "delivered and sent back: {both:?}");
    let once: BTreeSet<&String> = known.iter().collect();
    ensure!(once.len() == known.len(), "some lines were taken twice");

    let trace = scene
        .gateway
        .ask(&["trace", "-n", "10000", &scene.address("juliet")])?
        .text;
    let found = trace.matches("found in the archive of the sender's server").count();
    ensure!(found >= BURST, "the timelines tell of it: {found}");
    Ok(())
}

on_both_servers!();
