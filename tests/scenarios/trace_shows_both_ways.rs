//! `causeway trace` shows the single step of a chat line and the chain of servers of a mail, running or not.

use anyhow::{Result, ensure};
use causeway_tests::cast::mail::Letter;
use causeway_tests::cast::scene::Scene;
use causeway_tests::servers::xmpp::Kind;

#[test]
fn story() -> Result<()> {
    let mut scene = Scene::open(Kind::Prosody)?;
    let mut romeo = scene.client("romeo")?;
    let contact = scene.contact(&scene.address("juliet"));
    let stanza_id = romeo.say(&contact, "What shall I swear by?")?;
    scene.mailbox("juliet")?.wait_for_words("What shall I swear by?")?;
    let message_id = format!("<swear.{}@orchard.test>", scene.name("juliet"));
    let letter = Letter::to(&scene.puppet("romeo"))
        .field("Message-ID", &message_id)
        .text("Do not swear at all.");
    scene.mail("juliet", &letter)?;
    romeo.expect_words(&contact, "Do not swear at all.")?;
    scene.gateway.wait_for_stage(&stanza_id, "handed")?;
    scene.gateway.wait_for_stage(&message_id, "handed")?;

    for running in [true, false] {
        if !running {
            scene.gateway.terminate()?;
        }
        let chat = scene.gateway.steps(&stanza_id)?;
        ensure!(
            chat.starts_with(&["arrived".into(), "accepted".into()]),
            "one step in: {chat:?}"
        );
        ensure!(chat.contains(&"handed".into()), "and one out: {chat:?}");
        let mail = scene.gateway.steps(&message_id)?;
        ensure!(
            mail.starts_with(&["written".into(), "relayed".into()]),
            "a chain of servers: {mail:?}"
        );
        ensure!(
            mail.contains(&"accepted".into()) && mail.contains(&"handed".into()),
            "then ours: {mail:?}"
        );

        let answer = scene.gateway.ask(&["trace", &scene.address("juliet")])?;
        ensure!(answer.good, "by address: {}{}", answer.text, answer.complaint);
        for word in ["accepted", "handed", "relayed", "mail.test", "over TLS"] {
            ensure!(answer.text.contains(word), "{word} is not in:\n{}", answer.text);
        }
        ensure!(
            !answer.text.contains("swear by"),
            "no words unless asked for:\n{}",
            answer.text
        );
        let answer = scene.gateway.ask(&["trace", "--words", &stanza_id])?;
        ensure!(
            answer.text.contains("What shall I swear by?"),
            "the words:\n{}",
            answer.text
        );
        let answer = scene.gateway.ask(&["trace", "nobody@nowhere.test"])?;
        ensure!(!answer.good, "nothing is known of him:\n{}", answer.text);
    }
    Ok(())
}
