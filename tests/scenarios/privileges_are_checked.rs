//! What the XMPP server lets the gateway do for its users stands in the log, and in `causeway check` whether the gateway
//! runs or not, with what it costs where it is missing.

use anyhow::{Context, Result, ensure};
use causeway_tests::cast::scene::{Scene, Wishes};
use causeway_tests::patience::{SOON, until};
use causeway_tests::servers::xmpp::Kind;

/// What the check says about privileges: its verdict and the sentence.
fn checked(scene: &Scene) -> Result<(String, String)> {
    let findings = scene.gateway.ask_json(&["check"])?;
    let what = format!("XMPP privileges of {}", scene.domain);
    let all = findings.as_array().context("no findings")?;
    let found = all.iter().find(|it| it.get("what").is_some_and(|it| *it == *what));
    let found = found.with_context(|| format!("no finding about {what}: {findings}"))?;
    let word = |key| found.get(key).and_then(|it| it.as_str()).unwrap_or_default().to_owned();
    Ok((word("verdict"), word("seen")))
}

fn the_log_says(scene: &Scene, words: &str) -> Result<()> {
    until(&format!("“{words}” in the log"), SOON, || {
        Ok(scene.gateway.said()?.contains(words).then_some(()))
    })
}

fn story(kind: Kind) -> Result<()> {
    let wishes = Wishes {
        privileged: true,
        ..Wishes::default()
    };
    let mut scene = Scene::with(kind, wishes)?;
    let all = format!("{} grants roster, message", kind.domain());
    the_log_says(&scene, &all)?;
    for runs in [true, false] {
        let (verdict, seen) = checked(&scene)?;
        ensure!(verdict == "good" && seen == all, "it runs: {runs}; {verdict}: {seen}");
        if runs {
            scene.gateway.terminate()?;
        }
    }

    let mut scene = Scene::open(kind)?;
    let cost = "none is granted; without “roster”, contacts cannot be put into rosters";
    the_log_says(&scene, cost)?;
    for runs in [true, false] {
        let (verdict, seen) = checked(&scene)?;
        ensure!(
            verdict == "warning" && seen.starts_with(cost),
            "it runs: {runs}; {verdict}: {seen}"
        );
        if runs {
            scene.gateway.terminate()?;
        }
    }
    Ok(())
}

on_both_servers!();
