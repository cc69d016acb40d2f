//! Adding a contact and removing it, as a client sees it on a real server: the approval, then the presence; the end, then
//! the absence; and nothing from anybody who was not asked for or is removed.

use anyhow::{Result, ensure};
use causeway_tests::cast::scene::Scene;
use causeway_tests::cast::xmpp::XmppClient;
use causeway_tests::servers::xmpp::Kind;
use std::time::Duration;

/// How long to wait for all that follows.
const QUIET: Duration = Duration::from_millis(700);

/// What a client hears about somebody.
#[derive(Debug, Default)]
struct News {
    /// The types of presence, in order; `from` must be the bare JID exactly where a subscription is at stake.
    presences: Vec<String>,
    /// The subscriptions that pushes of the roster told, in order.
    roster: Vec<String>,
}

fn news(romeo: &mut XmppClient, jid: &str) -> Result<News> {
    let mut news = News::default();
    for it in romeo.drain(QUIET)? {
        let item = it
            .child_in("query", "jabber:iq:roster")
            .and_then(|query| query.child("item"));
        match (item, it.attr("type")) {
            (Some(item), "set") if item.attr("jid") == jid => news.roster.push(item.attr("subscription").to_owned()),
            (None, kind) if it.name == "presence" && it.attr("from").split('/').next() == Some(jid) => {
                let from = match kind {
                    "" | "unavailable" => format!("{jid}/gateway"),
                    _ => jid.to_owned(),
                };
                ensure!(it.attr("from") == from, "{}", it.written());
                news.presences.push(kind.to_owned());
            }
            _ => {}
        }
    }
    Ok(news)
}

/// Adds somebody: the approval comes before the presence, and each once.
fn added(romeo: &mut XmppClient, jid: &str) -> Result<()> {
    romeo.send(&format!("<presence type='subscribe' to='{jid}'/>"))?;
    let news = news(romeo, jid)?;
    ensure!(news.presences == ["subscribed", ""], "{jid}: {news:?}");
    ensure!(news.roster == ["none", "to"], "{jid}: {news:?}");
    Ok(())
}

fn story(kind: Kind) -> Result<()> {
    let mut scene = Scene::open(kind)?;
    let juliet = scene.contact(&scene.address("juliet"));
    let gateway = scene.domain.clone();
    let mut romeo = scene.client("romeo")?;
    romeo.ask("get", "", "<query xmlns='jabber:iq:roster'/>")?;

    // Nobody is there who was not asked for.
    romeo.say(&juliet, "She speaks! O, speak again.")?;
    romeo.send(&format!("<presence type='subscribed' to='{juliet}'/>"))?;
    romeo.send(&format!("<presence to='{juliet}'/>"))?;
    let unasked = news(&mut romeo, &juliet)?;
    ensure!(unasked.presences.is_empty(), "{unasked:?}");

    // The servers keep the confirmation of an end to themselves, as RFC 6121 section 3.3.3 has it.
    for jid in [&juliet, &gateway] {
        added(&mut romeo, jid)?;
        romeo.send(&format!("<presence type='unsubscribe' to='{jid}'/>"))?;
        let ended = news(&mut romeo, jid)?;
        ensure!(
            ended.presences == ["unavailable"] && ended.roster == ["none"],
            "{jid}: {ended:?}"
        );

        added(&mut romeo, jid)?;
        let remove = format!("<query xmlns='jabber:iq:roster'><item jid='{jid}' subscription='remove'/></query>");
        romeo.ask("set", "", &remove)?;
        let removed = news(&mut romeo, jid)?;
        ensure!(
            removed.presences == ["unavailable"] && removed.roster == ["remove"],
            "{jid}: {removed:?}"
        );
    }

    // Who is removed says nothing any more, whatever happens to the gateway.
    scene.gateway.terminate()?;
    scene.start()?;
    for jid in [&juliet, &gateway] {
        let more = news(&mut romeo, jid)?;
        ensure!(more.presences.is_empty(), "{jid}: {more:?}");
    }
    Ok(())
}

on_both_servers!();
