//! The store's disk fills up and becomes free again, many times: while it is full, new messages are refused in such a way
//! that they come again, what was accepted goes on, and with room everything is accepted again without a restart. When
//! not one byte is left, the gateway ends with a clear word, and what it acknowledged is there at the next start.

use anyhow::{Context, Result, ensure};
use causeway_tests::cast::mail::Letter;
use causeway_tests::cast::scene::{Scene, Wishes};
use causeway_tests::cast::xmpp::XmppClient;
use causeway_tests::patience::{LATER, SOON, until};
use causeway_tests::servers::disk::Disk;
use causeway_tests::servers::ports;
use causeway_tests::servers::xmpp::Kind;

/// The size of the disk; the gateway wants 64 MiB of it to be free.
const SIZE_MIB: u64 = 96;

/// How often it fills up.
const CYCLES: usize = 10;

/// A scene with its store on a disk of its own.
fn on_a_small_disk(wishes: Wishes) -> Result<(Scene, Disk)> {
    let mut scene = Scene::with(Kind::Prosody, wishes)?;
    scene.gateway.terminate()?;
    let disk = Disk::over(&scene.mail.ground, &scene.gateway.data(), SIZE_MIB)?;
    scene.gateway.run_behind(&disk.enter(), &[]);
    scene.start()?;
    Ok((scene, disk))
}

/// Posts one letter to Romeo at the gateway's own door: the code of the answer.
fn knock(scene: &Scene, words: &str) -> Result<u16> {
    let letter = Letter::to(&scene.puppet("romeo")).text(words);
    let from = scene.address("juliet");
    let mail = letter.from(&from)?;
    Ok(scene.lmtp()?.send(&from, letter.recipient(), &mail)?.code)
}

/// Knocks until the answer is this one; every letter that was taken is noted.
fn knock_until(scene: &Scene, code: u16, taken: &mut Vec<String>) -> Result<()> {
    until(&format!("the answer {code} at the door"), SOON, || {
        let words = format!("Letter {}.", taken.len());
        let answer = knock(scene, &words)?;
        taken.extend((answer == 250).then_some(words));
        Ok((answer == code).then_some(()))
    })
}

fn hear(romeo: &mut XmppClient, scene: &Scene, taken: &[String]) -> Result<()> {
    let contact = scene.contact(&scene.address("juliet"));
    for words in taken {
        romeo.expect_within(LATER, words, |it| {
            it.attr("from").starts_with(&contact) && it.text_of("body").contains(words.as_str())
        })?;
    }
    Ok(())
}

#[test]
fn nearly() -> Result<()> {
    let (mut scene, disk) = on_a_small_disk(Wishes::default())?;
    let mut romeo = scene.client("romeo")?;
    let mut juliet = scene.mailbox("juliet")?;
    let contact = scene.contact(&scene.address("juliet"));
    let pid = scene.gateway.pid();
    let mut taken = Vec::new();
    for cycle in 0..CYCLES {
        disk.fill(32 << 10)?;
        knock_until(&scene, 452, &mut taken)?;
        let id = romeo.say(&contact, &format!("Line {cycle} into the full house."))?;
        let error = romeo.expect_error(&id)?;
        let kind = error.child("error").map(|error| error.attr("type").to_owned());
        ensure!(
            error.condition() == "resource-constraint" && kind.as_deref() == Some("wait"),
            "he may come again: {}",
            error.written()
        );

        disk.free()?;
        knock_until(&scene, 250, &mut taken)?;
        let words = format!("Line {cycle} into the roomy house.");
        romeo.say(&contact, &words)?;
        juliet.wait_for_words(&words)?;
    }
    ensure!(scene.gateway.is_alive() && scene.gateway.pid() == pid, "no restart");
    hear(&mut romeo, &scene, &taken)
}

#[test]
fn wholly() -> Result<()> {
    let port = ports::free()?;
    let wishes = Wishes {
        smarthost: Some(port),
        retry: Some(r#""1s""#),
        ..Wishes::default()
    };
    let (mut scene, disk) = on_a_small_disk(wishes)?;
    let mut romeo = scene.client("romeo")?;
    let contact = scene.contact(&scene.address("juliet"));
    let mut taken = Vec::new();
    knock_until(&scene, 250, &mut taken)?;
    // Nobody listens there, so the line waits, and each try is written down.
    romeo.say(&contact, "A line that waits.")?;
    romeo.expect_words(&contact, "Not delivered yet")?;

    disk.fill(0)?;
    ensure!(!scene.gateway.wait_for_end()?, "a full disk is an error");
    let said = scene.gateway.said()?;
    let last = said.lines().rfind(|line| line.contains("ERROR")).context("no error")?;
    ensure!(
        said.contains("the disk with the store is full") && said.contains("nothing acknowledged is lost"),
        "it says why: {last}"
    );
    let words = scene.gateway.start_in_vain()?;
    ensure!(
        words.contains("the disk with the store is full"),
        "nor does it start: {words}"
    );

    disk.free()?;
    scene.start()?;
    let _ferry = causeway_tests::cast::ferry::Ferry::open(port, scene.mail.postfix.submission_port)?;
    scene.mailbox("juliet")?.wait_for_words("A line that waits.")?;
    knock_until(&scene, 250, &mut taken)?;
    hear(&mut romeo, &scene, &taken)
}
