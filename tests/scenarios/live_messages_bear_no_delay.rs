//! A mail that comes at once is a live message, whatever the gateway knows of its way; one that was under way for long says
//! since when.

use anyhow::{Context, Result, ensure};
use causeway_tests::cast::mail::Letter;
use causeway_tests::cast::scene::Scene;
use causeway_tests::servers::xmpp::Kind;

const DELAY: &str = "urn:xmpp:delay";

fn story(kind: Kind) -> Result<()> {
    let scene = Scene::open(kind)?;
    let contact = scene.contact(&scene.address("juliet"));
    let mut juliet = scene.mailbox("juliet")?;
    let mut romeo = scene.client("romeo")?;

    // An unasked letter, an answer, and an answer to that.
    scene.mail("juliet", &Letter::to(&scene.puppet("romeo")).text("Good morrow."))?;
    romeo.say(&contact, "Is the day so young?")?;
    let line = juliet.wait_for_words("Is the day so young?")?;
    scene.mail("juliet", &line.reply("But new struck nine."))?;
    for words in ["Good morrow.", "But new struck nine."] {
        let live = romeo.expect_words(&contact, words)?;
        ensure!(live.child_in("delay", DELAY).is_none(), "{}", live.written());
    }

    // A letter of long ago.
    let old = Letter::to(&scene.puppet("romeo")).field("Date", "Mon, 16 Nov 2020 09:00:00 +0000");
    scene.mail("juliet", &old.text("Wilt thou be gone?"))?;
    let late = romeo.expect_words(&contact, "Wilt thou be gone?")?;
    let delay = late
        .child_in("delay", DELAY)
        .with_context(|| late.written().to_owned())?;
    ensure!(
        delay.attr("stamp").starts_with("2020-11-16T09:00:00"),
        "{}",
        late.written()
    );
    Ok(())
}

on_both_servers!();
