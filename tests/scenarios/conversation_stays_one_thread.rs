//! What is said back and forth is one thread in Juliet's mail program.

use anyhow::{Result, ensure};
use causeway_tests::cast::mail::Letter;
use causeway_tests::cast::scene::Scene;
use causeway_tests::servers::xmpp::Kind;

fn story(kind: Kind) -> Result<()> {
    let scene = Scene::open(kind)?;
    let mut romeo = scene.client("romeo")?;
    let mut juliet = scene.mailbox("juliet")?;
    let contact = scene.contact(&scene.address("juliet"));

    // Juliet begins, with a subject.
    let letter = Letter::to(&scene.puppet("romeo"))
        .subject("Tomorrow")
        .field(
            "Message-ID",
            &format!("<tomorrow.{}@orchard.test>", scene.name("juliet")),
        )
        .text("At what o'clock to-morrow shall I send to thee?");
    scene.mail("juliet", &letter)?;
    let question = romeo.expect_words(&contact, "At what o'clock")?;
    ensure!(
        question.text_of("body").contains("Tomorrow"),
        "the subject is readable: {}",
        question.written()
    );

    // Romeo answers with the reply function of his client, then goes on without it.
    let reply = format!(
        "<reply xmlns='urn:xmpp:reply:0' to='{contact}' id='{}'/>",
        question.attr("id")
    );
    romeo.say_with(&contact, "At the hour of nine.", &reply)?;
    let answer = juliet.wait_for_words("the hour of nine")?;
    ensure!(answer.subject() == "Re: Tomorrow", "the subject: {}", answer.subject());
    let first_id = format!("<tomorrow.{}@orchard.test>", scene.name("juliet"));
    ensure!(
        answer.field("In-Reply-To") == first_id,
        "In-Reply-To: {}",
        answer.field("In-Reply-To")
    );
    ensure!(
        answer.field("References").contains(&first_id),
        "References: {}",
        answer.field("References")
    );

    romeo.say(&contact, "I have forgot why I did call thee back.")?;
    let more = juliet.wait_for_words("I have forgot why")?;
    ensure!(more.subject() == "Re: Tomorrow", "the subject: {}", more.subject());
    ensure!(
        more.field("References").contains(&first_id),
        "References: {}",
        more.field("References")
    );
    Ok(())
}

on_both_servers!();
