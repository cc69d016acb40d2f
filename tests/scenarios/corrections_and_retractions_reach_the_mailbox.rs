//! Mail knows neither corrections nor retractions: Juliet gets short mails that say what changed, and Romeo is told so once.

use anyhow::{Result, ensure};
use causeway_tests::cast::scene::Scene;
use causeway_tests::cast::xmpp::is_words;
use causeway_tests::servers::xmpp::Kind;

fn story(kind: Kind) -> Result<()> {
    let scene = Scene::open(kind)?;
    let mut romeo = scene.client("romeo")?;
    let mut juliet = scene.mailbox("juliet")?;
    let contact = scene.contact(&scene.address("juliet"));
    let id = romeo.say(&contact, "By yonder moon\nI swaer")?;
    let first = juliet.wait_for_words("I swaer")?;

    // Only the line that changed, in the thread of the first mail.
    let replace = format!("<replace xmlns='urn:xmpp:message-correct:0' id='{id}'/>");
    romeo.say_with(&contact, "By yonder moon\nI swear", &replace)?;
    let correction = juliet.wait_for_words("I swear")?;
    ensure!(
        correction.text().trim_end() == "Correction:\n\n> I swaer\nI swear",
        "the correction: {:?}",
        correction.text()
    );
    let thread = (correction.field("In-Reply-To"), correction.subject());
    ensure!(
        thread == (first.field("Message-ID"), "Re: By yonder moon I swaer".to_owned()),
        "the thread: {thread:?}"
    );
    romeo.expect_words(&contact, "Email knows no corrections")?;

    // A second one, and nothing more to explain.
    romeo.say_with(&contact, "By the moon\nI swear", &replace)?;
    juliet.wait_for_words("By the moon")?;
    romeo.expect_none(&scene.domain, "an explanation", |it| is_words(it, &contact))?;

    // What a client puts beside a retraction for older clients is not relayed.
    let retraction = romeo.id();
    romeo.send(&format!(
        "<message type='chat' id='{retraction}' to='{contact}'><retract xmlns='urn:xmpp:message-retract:1' id='{id}'/>\
         <fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-retract:1'/><body>This person took something back</body>\
         </message>"
    ))?;
    let request = juliet.wait_for_words("Please disregard my message “By the moon I swear”.")?;
    ensure!(
        request.field("In-Reply-To") == first.field("Message-ID"),
        "the thread: {}",
        request.raw()
    );
    romeo.expect_words(&contact, "Email can take nothing back")?;
    let relayed = juliet
        .mails()?
        .iter()
        .any(|mail| mail.text().contains("took something"));
    ensure!(!relayed, "the words for older clients came too");
    Ok(())
}

on_both_servers!();
