//! The smarthost cannot be reached: the gateway's own presence says so, once, and that it is over when it is.

use anyhow::{Result, ensure};
use causeway_tests::cast::ferry::Ferry;
use causeway_tests::cast::scene::{Scene, Wishes};
use causeway_tests::cast::xml::Element;
use causeway_tests::servers::ports;
use causeway_tests::servers::xmpp::Kind;
use std::time::Duration;

/// Longer than the gateway takes to look again.
const A_WHILE: Duration = Duration::from_secs(6);

fn is_presence(it: &Element, from: &str) -> bool {
    it.name == "presence" && it.attr("type").is_empty() && it.attr("from") == format!("{from}/gateway")
}

fn story(kind: Kind) -> Result<()> {
    let port = ports::free()?;
    let scene = Scene::with(
        kind,
        Wishes {
            smarthost: Some(port),
            ..Wishes::default()
        },
    )?;
    let domain = scene.domain.clone();
    let contact = scene.contact(&scene.address("juliet"));
    let mut romeo = scene.client("romeo")?;
    for jid in [&domain, &contact] {
        romeo.send(&format!("<presence type='subscribe' to='{jid}'/>"))?;
    }
    let ready = romeo.expect("the gateway's presence", |it| is_presence(it, &domain))?;
    ensure!(ready.child("show").is_none(), "{}", ready.written());

    romeo.say(&contact, "Is nobody there?")?;
    let away = romeo.expect("the gateway is away", |it| is_presence(it, &domain))?;
    ensure!(
        away.text_of("show") == "away" && away.text_of("status").contains("cannot leave"),
        "{}",
        away.written()
    );
    romeo.send(&format!("<presence type='probe' to='{domain}'/>"))?;
    let more = romeo.drain(A_WHILE)?;
    let told: Vec<&Element> = more.iter().filter(|it| is_presence(it, &domain)).collect();
    ensure!(
        told.iter().all(|it| it.text_of("show") == "away") && told.len() <= 1,
        "only a probe is answered: {told:?}"
    );

    let _ferry = Ferry::open(port, scene.mail.postfix.submission_port)?;
    let back = romeo.expect("the gateway is back", |it| is_presence(it, &domain))?;
    ensure!(back.child("show").is_none(), "{}", back.written());
    scene.mailbox("juliet")?.wait_for_words("Is nobody there?")?;
    Ok(())
}

on_both_servers!();
