//! More contacts than fit on one page: all of them go when the gateway stops, and all are back when it starts.

use anyhow::{Result, ensure};
use causeway_tests::cast::scene::Scene;
use causeway_tests::cast::xmpp::XmppClient;
use causeway_tests::patience::{LATER, until};
use causeway_tests::servers::xmpp::Kind;
use std::collections::BTreeSet;
use std::time::Duration;

const CONTACTS: usize = 150;
const GLANCE: Duration = Duration::from_millis(100);

/// Waits until every contact has sent presence of this kind; each must do so once.
fn all(romeo: &mut XmppClient, domain: &str, kind: &str) -> Result<()> {
    let mut seen = BTreeSet::new();
    until(&format!("“{kind}” presence of everybody"), LATER, || {
        for it in romeo.drain(GLANCE)? {
            let from = it.attr("from");
            if it.name == "presence" && it.attr("type") == kind && from.ends_with(&format!("@{domain}/gateway")) {
                ensure!(seen.insert(from.to_owned()), "twice: {}", it.written());
            }
        }
        Ok((seen.len() == CONTACTS).then_some(()))
    })
}

fn story(kind: Kind) -> Result<()> {
    let mut scene = Scene::open(kind)?;
    let domain = scene.domain.clone();
    let mut romeo = scene.client("romeo")?;
    for number in 0..CONTACTS {
        let contact = scene.contact(&format!("guest{number}@capulet.example"));
        romeo.send(&format!("<presence type='subscribe' to='{contact}'/>"))?;
    }
    all(&mut romeo, &domain, "")?;
    scene.gateway.terminate()?;
    all(&mut romeo, &domain, "unavailable")?;
    scene.start()?;
    all(&mut romeo, &domain, "")
}

on_both_servers!();
