//! The gateway's domain lies in one catch-all mailbox: mail is found there, taken once, and marked as read.

use anyhow::{Result, ensure};
use causeway_tests::cast::imap::Mailbox;
use causeway_tests::cast::mail::Letter;
use causeway_tests::cast::scene::{Scene, Wishes};
use causeway_tests::cast::xmpp::is_words;
use causeway_tests::patience::{SOON, until};
use causeway_tests::servers::xmpp::Kind;

fn story(kind: Kind) -> Result<()> {
    let wishes = Wishes {
        catch_all: true,
        ..Wishes::default()
    };
    let mut scene = Scene::with(kind, wishes)?;
    let mut romeo = scene.client("romeo")?;
    let mut juliet = scene.mailbox("juliet")?;
    let contact = scene.contact(&scene.address("juliet"));

    // The conversation is the same as over LMTP.
    let id = romeo.say(&contact, "Wilt thou leave me so unsatisfied?")?;
    let mail = juliet.wait_for_words("Wilt thou leave me")?;
    scene.mail("juliet", &mail.reply("What satisfaction canst thou have to-night?"))?;
    let answer = romeo.expect_words(&contact, "What satisfaction")?;
    let reply = answer
        .child_in("reply", "urn:xmpp:reply:0")
        .map(|reply| reply.attr("id").to_owned());
    ensure!(
        reply.as_deref() == Some(&id),
        "the answer to {id}: {}",
        answer.written()
    );

    scene.gateway.wait_for_stage(answer.attr("id"), "handed")?;

    // Mail that comes while the gateway is dead waits in the mailbox; what was taken before is not taken again.
    scene.gateway.kill9();
    scene.mail(
        "juliet",
        &Letter::to(&scene.puppet("romeo")).text("I gave thee mine before thou didst request it."),
    )?;
    scene.start()?;
    romeo.expect_words(&contact, "I gave thee mine")?;
    romeo.expect_none(&scene.domain, "a mail that was taken before", |it| {
        is_words(it, &contact) && it.text_of("body").contains("What satisfaction")
    })?;

    // The mailbox is left tidy.
    let mailbox = scene.catch_all.clone().unwrap_or_default();
    let mut mailbox = Mailbox::open(scene.mail.dovecot.imap_port, &mailbox)?;
    until("all mails to be marked as read", SOON, || {
        mailbox.command("NOOP")?;
        let unseen = mailbox.search("UNSEEN")?;
        Ok(unseen.is_empty().then_some(()))
    })?;
    ensure!(mailbox.mails()?.len() >= 2, "and nothing was deleted");
    Ok(())
}

on_both_servers!();
