//! The main job: a chat line becomes a mail from a person, and the answer comes back into the same chat.

use anyhow::{Result, ensure};
use causeway_tests::cast::scene::Scene;
use causeway_tests::servers::xmpp::Kind;

fn story(kind: Kind) -> Result<()> {
    let scene = Scene::open(kind)?;
    let mut romeo = scene.client("romeo")?;
    let mut juliet = scene.mailbox("juliet")?;
    let contact = scene.contact(&scene.address("juliet"));

    // Romeo writes; Juliet finds a mail that looks like a person's.
    let words = "But, soft! what light through yonder window breaks?\nIt is the east — ünd <Juliet> & \"the sun\".";
    let id = romeo.say_with(&contact, words, "<thread>balcony</thread>")?;
    let mail = juliet.wait_for_words("what light through yonder window")?;
    ensure!(mail.text().trim_end() == words, "the words: {:?}", mail.text());
    ensure!(mail.from().1 == scene.puppet("romeo"), "From: {:?}", mail.from());
    ensure!(
        mail.field("To").contains(&scene.address("juliet")),
        "To: {}",
        mail.field("To")
    );
    ensure!(!mail.subject().is_empty(), "a subject: {}", mail.raw());
    let message_id = mail.field("Message-ID");
    ensure!(
        message_id.ends_with(&format!("@{}>", scene.domain)),
        "Message-ID: {message_id}"
    );
    ensure!(
        mail.field("Jabber-ID") == romeo.bare(),
        "Jabber-ID: {}",
        mail.field("Jabber-ID")
    );
    ensure!(
        mail.field("Auto-Submitted").is_empty(),
        "not a machine's mail: {}",
        mail.raw()
    );

    // Juliet answers from her mail program; Romeo reads her words, without the quote, as an answer to his.
    scene.mail("juliet", &mail.reply("How cam'st thou hither, tell me, and wherefore?"))?;
    let answer = romeo.expect_words(&contact, "How cam'st thou hither")?;
    ensure!(
        answer
            .text_of("body")
            .starts_with("How cam'st thou hither, tell me, and wherefore?"),
        "the words: {}",
        answer.written()
    );
    ensure!(
        !answer.text_of("body").contains("> "),
        "the quote is cut: {}",
        answer.written()
    );
    ensure!(answer.attr("type") == "chat", "a chat message: {}", answer.written());
    ensure!(
        answer.text_of("thread") == "balcony",
        "the thread: {}",
        answer.written()
    );
    let reply = answer
        .child_in("reply", "urn:xmpp:reply:0")
        .map(|reply| reply.attr("id").to_owned());
    ensure!(
        reply.as_deref() == Some(&id),
        "the answer to {id}: {}",
        answer.written()
    );
    Ok(())
}

on_both_servers!();
