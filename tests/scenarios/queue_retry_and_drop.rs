//! The smarthost is away: `causeway queue` shows what waits and why, tries it now, or drops it with a bounce.

use anyhow::{Context, Result, ensure};
use causeway_tests::cast::ferry::Ferry;
use causeway_tests::cast::gateway::Gateway;
use causeway_tests::cast::scene::{Scene, Wishes};
use causeway_tests::patience::{SOON, until};
use causeway_tests::servers::ports;
use causeway_tests::servers::xmpp::Kind;

/// Waits until `count` messages wait, each after a try, and gives the queue for people.
fn queue_of(gateway: &Gateway, count: usize) -> Result<String> {
    until(&format!("{count} in the queue"), SOON, || {
        let answer = gateway.ask_json(&["queue"])?;
        let waiting = answer.get("waiting").and_then(|it| it.as_array()).context("no list")?;
        let tried = waiting
            .iter()
            .filter(|it| it.get("waits_for").is_some_and(|why| why.is_string()))
            .count();
        Ok((waiting.len() == count && tried == count.min(1).max(tried)).then_some(()))
    })?;
    Ok(gateway.ask(&["queue"])?.text)
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
    let queue = queue_of(&scene.gateway, 1)?;
    ensure!(queue.contains(&scene.address("juliet")), "to whom:\n{queue}");
    ensure!(queue.contains("waits for"), "and why:\n{queue}");

    // The admin drops it: Romeo gets it back.
    let answer = scene.gateway.ask(&["queue", "drop", &first])?;
    ensure!(answer.good, "dropped: {}{}", answer.text, answer.complaint);
    romeo.expect_error(&first)?;
    queue_of(&scene.gateway, 0)?;

    // The smarthost is back an hour before the next try; the admin does not wait.
    let second = romeo.say(&contact, "It is my lady, O, it is my love!")?;
    romeo.expect_words(&contact, "It is my lady")?;
    queue_of(&scene.gateway, 1)?;
    let _ferry = Ferry::open(port, scene.mail.postfix.submission_port)?;
    let answer = scene.gateway.ask(&["queue", "retry", &second])?;
    ensure!(answer.good, "tried: {}{}", answer.text, answer.complaint);
    juliet.wait_for_words("it is my love!")?;
    queue_of(&scene.gateway, 0)?;
    ensure!(juliet.mails()?.len() == 1, "the first never went out");
    Ok(())
}
