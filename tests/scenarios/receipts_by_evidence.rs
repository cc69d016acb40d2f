//! A receipt says what is known and nothing more: a mail that only went on is not delivered, one that was answered is read.

use anyhow::{Result, ensure};
use causeway_tests::cast::scene::Scene;
use causeway_tests::cast::xmpp::receipt;
use causeway_tests::servers::xmpp::Kind;

fn story(kind: Kind) -> Result<()> {
    let scene = Scene::open(kind)?;
    let mut romeo = scene.client("romeo")?;
    let mut juliet = scene.mailbox("juliet")?;
    let contact = scene.contact(&scene.address("juliet"));

    // Postfix hands the mail to Dovecot and reports “relayed”: no receipt follows from that.
    let id = romeo.say(&contact, "By a name I know not how to tell thee who I am.")?;
    let mail = juliet.wait_for_words("By a name I know not")?;
    scene.gateway.wait_for_step(&id, "expanded")?;
    romeo.expect_none(&scene.domain, "a receipt without evidence", |it| receipt(it).is_some())?;

    // Whoever answers has read.
    scene.mail("juliet", &mail.reply("Art thou not Romeo and a Montague?"))?;
    let answer = romeo.expect_words(&contact, "Art thou not Romeo")?;
    let marker = romeo.expect("the marker", |it| {
        it.child_in("displayed", "urn:xmpp:chat-markers:0").is_some()
    })?;
    let marked = marker.child("displayed").map(|it| it.attr("id").to_owned());
    ensure!(marked.as_deref() == Some(&id), "the marker: {}", marker.written());
    scene.gateway.wait_for_stage(&id, "seen")?;

    // The other way: Romeo's client acknowledges, and Juliet's mail is delivered, then read.
    let (to, about) = (answer.attr("from").to_owned(), answer.attr("id").to_owned());
    ensure!(
        answer.child_in("request", "urn:xmpp:receipts").is_some(),
        "a receipt is asked for: {}",
        answer.written()
    );
    romeo.send(&format!(
        "<message to='{to}' id='r1'><received xmlns='urn:xmpp:receipts' id='{about}'/></message>"
    ))?;
    scene.gateway.wait_for_stage(&about, "delivered")?;
    romeo.send(&format!(
        "<message to='{to}' id='r2'><displayed xmlns='urn:xmpp:chat-markers:0' id='{about}'/></message>"
    ))?;
    scene.gateway.wait_for_stage(&about, "seen")
}

on_both_servers!();
