//! Who wants to be asked about strangers is asked by the gateway, and what they wrote waits until he answers.

use anyhow::{Result, ensure};
use causeway_tests::cast::mail::Letter;
use causeway_tests::cast::scene::Scene;
use causeway_tests::servers::xmpp::Kind;

fn story(kind: Kind) -> Result<()> {
    let scene = Scene::open(kind)?;
    let mut juliet = scene.client("juliet")?;
    let (paris, tybalt) = (scene.address("paris"), scene.address("tybalt"));

    // Juliet registers and wants to be asked.
    let form = "<query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'>\
                <field var='FORM_TYPE'><value>jabber:iq:register</value></field>\
                <field var='strangers'><value>ask</value></field></x></query>";
    let done = juliet.ask("set", &scene.domain, form)?;
    ensure!(done.attr("type") == "result", "{}", done.written());

    // Paris writes. She sees a question of the gateway, and nothing of his.
    let letter = |words: &str| Letter::to(&scene.puppet("juliet")).subject("A word").text(words);
    scene.mail("paris", &letter("Happily met, my lady and my wife!"))?;
    let question = juliet.expect_words(&scene.domain, "Happily met")?;
    ensure!(question.text_of("body").contains(&paris), "{}", question.written());

    // She lets him in, and the mail comes.
    juliet.say(&scene.domain, &format!("accept {paris}"))?;
    juliet.expect_words(&scene.contact(&paris), "Happily met, my lady")?;

    // Tybalt she does not want: his mail goes back, and his next one is refused at the door.
    scene.mail("tybalt", &letter("What, art thou drawn among these heartless hinds?"))?;
    juliet.expect_words(&scene.domain, "heartless hinds")?;
    juliet.say(&scene.domain, &format!("refuse {tybalt}"))?;
    juliet.expect_words(&scene.domain, &tybalt)?;
    let content = letter("Turn thee, Benvolio").from(&tybalt)?;
    let reply = scene.lmtp()?.send(&tybalt, &scene.puppet("juliet"), &content)?;
    ensure!(reply.code == 550, "{reply:?}");
    juliet.expect_none(&scene.domain, "anything of Tybalt's", |it| {
        it.attr("from").starts_with(&scene.contact(&tybalt))
    })?;

    // Whom she writes to herself is no stranger.
    let nurse = scene.address("nurse");
    juliet.say(&scene.contact(&nurse), "Ay, nurse; what of that?")?;
    scene.mailbox("nurse")?.wait_for_words("what of that")?;
    scene.mail("nurse", &letter("Both with an R"))?;
    juliet.expect_words(&scene.contact(&nurse), "Both with an R")?;
    Ok(())
}

on_both_servers!();
