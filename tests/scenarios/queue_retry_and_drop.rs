//! The smarthost is away: `causeway queue` shows what waits and why, tries it now, or drops it with a bounce.

use anyhow::{Context, Result, ensure};
use causeway_tests::cast::ferry::Ferry;
use causeway_tests::cast::gateway::Gateway;
use causeway_tests::cast::scene::{Scene, Wishes};
use causeway_tests::patience::{SOON, until};
use causeway_tests::servers::ports;
use causeway_tests::servers::xmpp::Kind;

/// Waits until exactly one message waits after a try, and gives its id in the gateway's words.
fn the_only_one(gateway: &Gateway) -> Result<String> {
    until("one message in the queue", SOON, || {
        let answer = gateway.ask_json(&["queue"])?;
        let waiting = answer.get("waiting").and_then(|it| it.as_array()).context("no list")?;
        let [row] = waiting.as_slice() else {
            return Ok(None);
        };
        let was_tried = row.get("waits_for").is_some_and(|why| why.is_string());
        let id = row.get("id").and_then(|id| id.as_str()).filter(|_| was_tried);
        Ok(id.map(str::to_owned))
    })
}

fn nothing_waits(gateway: &Gateway) -> Result<()> {
    until("an empty queue", SOON, || {
        let answer = gateway.ask_json(&["queue"])?;
        let waiting = answer.get("waiting").and_then(|it| it.as_array()).context("no list")?;
        Ok(waiting.is_empty().then_some(()))
    })
}

#[test]
fn story() -> Result<()> {
    let port = ports::free()?;
    let wishes = Wishes {
        smarthost: Some(port),
        retry: Some(r#""1h""#),
        ..Wishes::default()
    };
    let scene = Scene::with(Kind::Prosody, wishes)?;
    let mut romeo = scene.client("romeo")?;
    let mut juliet = scene.mailbox("juliet")?;
    let contact = scene.contact(&scene.address("juliet"));

    // Nobody listens: the line waits, Romeo is told, and the admin sees why.
    let first = romeo.say(&contact, "He jests at scars that never felt a wound.")?;
    romeo.expect_words(&contact, "Not delivered yet")?;
    let id = the_only_one(&scene.gateway)?;
    let queue = scene.gateway.ask(&["queue"])?.text;
    ensure!(queue.contains(&scene.address("juliet")), "to whom:\n{queue}");
    ensure!(queue.contains("waits for"), "and why:\n{queue}");

    // The admin drops it: Romeo gets it back.
    let answer = scene.gateway.ask(&["queue", "drop", &id])?;
    ensure!(answer.good, "dropped: {}{}", answer.text, answer.complaint);
    romeo.expect_error(&first)?;
    nothing_waits(&scene.gateway)?;

    // The smarthost is back an hour before the next try; the admin does not wait.
    romeo.say(&contact, "It is my lady, O, it is my love!")?;
    romeo.expect_words(&contact, "It is my lady")?;
    let id = the_only_one(&scene.gateway)?;
    let _ferry = Ferry::open(port, scene.mail.postfix.submission_port)?;
    let answer = scene.gateway.ask(&["queue", "retry", &id])?;
    ensure!(answer.good, "tried: {}{}", answer.text, answer.complaint);
    juliet.wait_for_words("it is my love!")?;
    nothing_waits(&scene.gateway)?;
    ensure!(juliet.mails()?.len() == 1, "the first never went out");
    Ok(())
}
