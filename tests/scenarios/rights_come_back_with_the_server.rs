//! The XMPP server dies and comes back: what it lets the gateway do for its users is heard anew.

use anyhow::{Context, Result, ensure};
use causeway_tests::cast::scene::{Scene, Wishes};
use causeway_tests::patience::{SOON, until};
use causeway_tests::servers::xmpp::Kind;

/// What the running gateway says of its privileges; empty while there is no server to grant any, which is a bad finding.
fn granted(scene: &Scene) -> Result<String> {
    let findings: serde_json::Value = serde_json::from_str(&scene.gateway.ask(&["--json", "check"])?.text)?;
    let what = format!("XMPP privileges of {}", scene.domain);
    let all = findings.as_array().context("no findings")?;
    let found = all.iter().find(|it| it.get("what").is_some_and(|it| *it == *what));
    let seen = found.and_then(|it| it.get("seen")).and_then(|it| it.as_str());
    Ok(seen.unwrap_or_default().to_owned())
}

fn story(kind: Kind) -> Result<()> {
    let wishes = Wishes {
        privileged: true,
        ..Wishes::default()
    };
    let mut scene = Scene::with(kind, wishes)?;
    let all = format!("{} grants roster, message", kind.domain());
    for _ in 0..2 {
        until("all rights", SOON, || Ok((granted(&scene)? == all).then_some(())))?;
        scene.xmpp.kill9();
        until("no right", SOON, || Ok((granted(&scene)? != all).then_some(())))?;
        scene.xmpp.start()?;
        scene.wait_for_link()?;
    }
    ensure!(scene.gateway.is_alive(), "the gateway has ended");
    Ok(())
}

on_both_servers!();
