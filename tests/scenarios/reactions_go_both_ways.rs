//! A reaction to a mail becomes a marked mail with words (RFC 9078), and such a mail becomes a reaction in the chat.

use anyhow::{Context, Result, ensure};
use causeway_tests::cast::mail::Letter;
use causeway_tests::cast::scene::Scene;
use causeway_tests::patience::{SOON, until};
use causeway_tests::servers::xmpp::Kind;

fn story(kind: Kind) -> Result<()> {
    let scene = Scene::open(kind)?;
    let mut romeo = scene.client("romeo")?;
    let mut juliet = scene.mailbox("juliet")?;
    let contact = scene.contact(&scene.address("juliet"));

    // Romeo reacts to Juliet's letter.
    let letter = Letter::to(&scene.puppet("romeo"))
        .subject("Tomorrow")
        .field("Message-ID", &format!("<nine.{}@orchard.test>", scene.name("juliet")))
        .text("I will not fail.");
    scene.mail("juliet", &letter)?;
    let letter = romeo.expect_words(&contact, "I will not fail.")?;
    let about = letter.attr("id").to_owned();
    let mut react = |reactions: &str| -> Result<String> {
        let id = romeo.id();
        romeo.send(&format!(
            "<message type='chat' id='{id}' to='{contact}'><reactions xmlns='urn:xmpp:reactions:0' id='{about}'>\
             {reactions}</reactions><store xmlns='urn:xmpp:hints'/></message>"
        ))?;
        Ok(id)
    };
    react("<reaction>👍</reaction>")?;
    let reaction = juliet.wait_for_words("👍 to: “I will not fail.”")?;
    ensure!(
        reaction.field("In-Reply-To") == format!("<nine.{}@orchard.test>", scene.name("juliet")),
        "what it is about: {}",
        reaction.raw()
    );
    ensure!(
        reaction.raw().contains("Content-Disposition: reaction"),
        "the mark: {}",
        reaction.raw()
    );

    // That he takes it back has no words in mail, and is no failure to tell him of.
    let gone = react("")?;
    until("the end of it", SOON, || {
        let stage = scene.gateway.stage(&gone).ok();
        Ok(stage.filter(|stage| stage == "failed").map(drop))
    })?;
    romeo.expect_none(&scene.domain, "an error", |it| it.attr("id") == gone)?;
    romeo.expect_words(&contact, "Email hardly knows reactions")?;

    // Juliet's mail program knows the mark.
    let line = romeo.say(&contact, "At what o'clock?")?;
    let mail = juliet.wait_for_words("At what o'clock?")?;
    let reaction = Letter::to(&scene.puppet("romeo"))
        .subject("Re: Tomorrow")
        .field("In-Reply-To", &mail.field("Message-ID"))
        .field("Content-Disposition", "reaction")
        .text("🌹");
    scene.mail("juliet", &reaction)?;
    let shown = romeo.expect("the reaction", |it| {
        it.child_in("reactions", "urn:xmpp:reactions:0").is_some()
    })?;
    let reactions = shown.child("reactions").context("no reactions")?;
    ensure!(
        reactions.attr("id") == line && reactions.text_of("reaction") == "🌹" && shown.child("body").is_none(),
        "the reaction: {}",
        shown.written()
    );
    Ok(())
}

on_both_servers!();
