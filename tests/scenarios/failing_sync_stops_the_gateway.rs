//! The disk fails: from some moment on every sync ends with an I/O error. The gateway stops at once and says why; what
//! it acknowledged before is there at the next start, and it acknowledged nothing after. On a disk that fails from the
//! start it does not start at all.

use anyhow::{Result, ensure};
use causeway_tests::cast::mail::Letter;
use causeway_tests::cast::scene::Scene;
use causeway_tests::patience::SOON;
use causeway_tests::servers::xmpp::Kind;

/// After so many syncs of one thread the disk fails.
const GOOD: usize = 25;

/// Runs what follows with syncs that fail from number `first` on, counted for each thread.
fn failing_from(first: usize) -> Vec<String> {
    let inject = format!("inject=fsync,fdatasync:error=EIO:when={first}+");
    let words = ["strace", "-D", "-f", "--seccomp-bpf", "-o", "/dev/null"];
    let calls = ["-e", "trace=fsync,fdatasync", "-e", inject.as_str()];
    words.iter().chain(&calls).map(|word| (*word).to_owned()).collect()
}

#[test]
fn story() -> Result<()> {
    let mut scene = Scene::open(Kind::Prosody)?;
    let mut romeo = scene.client("romeo")?;
    let contact = scene.contact(&scene.address("juliet"));
    scene.gateway.terminate()?;

    scene.gateway.run_behind(&failing_from(1), &[]);
    let words = scene.gateway.start_in_vain()?;
    ensure!(
        words.contains("the store cannot be used") && words.contains("Input/output error"),
        "it says why: {words}"
    );

    scene.gateway.run_behind(&failing_from(GOOD), &[]);
    scene.start()?;
    let mut door = scene.lmtp()?;
    let mut acknowledged = Vec::new();
    let refused = loop {
        let words = format!("Letter {}.", acknowledged.len());
        let letter = Letter::to(&scene.puppet("romeo")).text(&words);
        let from = scene.address("juliet");
        match door.send(&from, letter.recipient(), &letter.from(&from)?) {
            Ok(reply) if reply.is_good() => acknowledged.push(words),
            other => break other,
        }
        ensure!(acknowledged.len() <= GOOD, "the syncs do not fail");
    };
    ensure!(!acknowledged.is_empty(), "nothing was acknowledged at all: {refused:?}");
    let again = Letter::to(&scene.puppet("romeo")).text("A letter after the end.");
    if let Ok(mut door) = scene.lmtp() {
        let from = scene.address("juliet");
        let reply = door.send(&from, again.recipient(), &again.from(&from)?);
        ensure!(
            !reply.as_ref().is_ok_and(|reply| reply.is_good()),
            "acknowledged after a failed sync: {reply:?}"
        );
    }
    ensure!(!scene.gateway.wait_for_end()?, "a failed disk is an error");
    let said = scene.gateway.said()?;
    ensure!(
        said.contains("the store failed and the gateway stops; nothing acknowledged is lost")
            && said.contains("Input/output error"),
        "it says why: {said}"
    );

    scene.gateway.run_behind(&[], &[]);
    scene.start()?;
    for words in &acknowledged {
        romeo.expect_within(SOON, words, |it| {
            it.attr("from").starts_with(&contact) && it.text_of("body").contains(words.as_str())
        })?;
    }
    Ok(())
}
