//! A contact has a card, a name and a picture, found by every way in which clients look for them; only for those who
//! know her, and only from mails that are hers.

use anyhow::{Context, Result, ensure};
use causeway_tests::cast::mail::Letter;
use causeway_tests::cast::scene::Scene;
use causeway_tests::cast::xml::Element;
use causeway_tests::cast::xmpp::XmppClient;
use causeway_tests::servers::xmpp::Kind;
use std::time::Duration;

/// What the mail server in front of the gateway puts on top of a mail whose sender it has checked.
const CHECKED: &str = "Authentication-Results: mail.test; dmarc=pass header.from=mail.test\r\n    Received: from orchard.test (orchard.test [192.0.2.7]) by mail.test with ESMTPS; Sun, 22 Nov 2026 10:00:00 +0000\r\n";
/// A picture of 48 pixels to a side.
const FACE: &str = "iVBORw0KGgoAAAANSUhEUgAAADAAAAAwCAMAAABg3Am1AAAABlBMVEUoKFD60nghp/1mAAAAWElEQVR42u3VoRIAIAgEUff/f9pg06DLCInLvOLgMUanLKy46VfDHjl+IeAEOAFOgBQWgBQWgBTpAKRo8Odd61cjf70LvqhvDd9Lvvl8t/r2DtyHwAXqHJm06wO2W04uogAAAABJRU5ErkJggg==";
const TEMP: &str = "<vCard xmlns='vcard-temp'/>";
const LAST: &str = "<query xmlns='jabber:iq:last'/>";

fn node(name: &str) -> String {
    format!("<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='{name}'/></pubsub>")
}

/// The text at the end of a path of names; empty when it does not lead anywhere.
fn text_at(answer: &Element, path: &[&str]) -> String {
    let found = path.iter().try_fold(answer, |parent, name| parent.child(name));
    found.map_or_else(String::new, |it| it.text().to_owned())
}

/// The hash of the picture in the next presence of a contact.
fn hash_in_presence(client: &mut XmppClient, contact: &str) -> Result<String> {
    let presence = client.expect("her presence", |it| is_update(it, contact))?;
    Ok(text_at(&presence, &["x", "photo"]))
}

fn is_update(it: &Element, contact: &str) -> bool {
    it.name == "presence"
        && it.attr("from").split('/').next() == Some(contact)
        && it.child_in("x", "vcard-temp:x:update").is_some()
}

fn story(kind: Kind) -> Result<()> {
    let scene = Scene::open(kind)?;
    let (mut romeo, mut paris) = (scene.client("romeo")?, scene.client("paris")?);
    let address = scene.address("juliet");
    let contact = scene.contact(&address);
    let mut door = scene.lmtp()?;
    let mut write = |checked: &str, face: &str, words: &str| -> Result<()> {
        let letter = Letter::to(&scene.puppet("romeo")).field("Face", face).text(words);
        let letter = letter.from(&format!("Juliet Capulet <{address}>"))?;
        let reply = door.send(&address, &scene.puppet("romeo"), &format!("{checked}{letter}"))?;
        ensure!(reply.is_good(), "{reply:?}");
        Ok(())
    };

    // Before she has written she is her address. What she does not have is not found, and nobody waits for it.
    let card = romeo.ask("get", &contact, TEMP)?;
    ensure!(text_at(&card, &["vCard", "FN"]) == address, "{}", card.written());
    ensure!(
        text_at(&card, &["vCard", "EMAIL", "USERID"]) == address,
        "{}",
        card.written()
    );
    for name in [
        "urn:xmpp:avatar:metadata",
        "eu.siacs.conversations.axolotl.devicelist",
        "urn:xmpp:omemo:2:devices",
    ] {
        let answer = romeo.ask("get", &contact, &node(name))?;
        ensure!(answer.condition() == "item-not-found", "{}", answer.written());
    }
    ensure!(romeo.ask("get", &contact, LAST)?.condition() == "forbidden");
    romeo.send(&format!("<presence type='subscribe' to='{contact}'/>"))?;
    ensure!(hash_in_presence(&mut romeo, &contact)?.is_empty(), "no picture yet");
    ensure!(romeo.ask("get", &contact, LAST)?.condition() == "item-not-found");

    // Somebody who says that he is her does not change how she looks.
    write("", FACE, "I am Juliet.")?;
    romeo.expect_words(&contact, "I am Juliet.")?;
    romeo.expect_none(&scene.domain, "another picture", |it| {
        is_update(it, &contact) && !text_at(it, &["x", "photo"]).is_empty()
    })?;
    romeo.drain(Duration::from_millis(100))?;

    // Her own mail does, once, and the picture is the same wherever he looks.
    write(CHECKED, FACE, "My face is under night's mask.")?;
    let hash = hash_in_presence(&mut romeo, &contact)?;
    ensure!(hash.len() == 40, "{hash}");
    romeo.expect_words(&contact, "under night's mask")?;
    write(CHECKED, FACE, "Good night, good night!")?;
    romeo.expect_words(&contact, "Good night")?;
    romeo.expect_none(&scene.domain, "the same picture again", |it| is_update(it, &contact))?;
    let card = romeo.ask("get", &contact, TEMP)?;
    ensure!(
        text_at(&card, &["vCard", "FN"]) == "Juliet Capulet",
        "{}",
        card.written()
    );
    ensure!(
        text_at(&card, &["vCard", "PHOTO", "BINVAL"]) == FACE,
        "{}",
        card.written()
    );
    let metadata = romeo.ask("get", &contact, &node("urn:xmpp:avatar:metadata"))?;
    let item = ["pubsub", "items", "item"]
        .iter()
        .try_fold(&metadata, |it, name| it.child(name));
    let item = item.with_context(|| metadata.written().to_owned())?;
    let info = item
        .child("metadata")
        .and_then(|it| it.child("info"))
        .context("no info")?;
    ensure!(
        item.attr("id") == hash && info.attr("id") == hash,
        "{}",
        metadata.written()
    );
    ensure!(
        info.attr("width") == "48" && info.attr("type") == "image/png",
        "{}",
        metadata.written()
    );
    let data = romeo.ask("get", &contact, &node("urn:xmpp:avatar:data"))?;
    ensure!(
        text_at(&data, &["pubsub", "items", "item", "data"]) == FACE,
        "{}",
        data.written()
    );
    let four = romeo.ask("get", &contact, &node("urn:xmpp:vcard4"))?;
    let name = text_at(&four, &["pubsub", "items", "item", "vcard", "fn", "text"]);
    ensure!(name == "Juliet Capulet", "{}", four.written());
    let last = romeo.ask("get", &contact, LAST)?;
    let seconds: u64 = last.child("query").context("no query")?.attr("seconds").parse()?;
    ensure!(seconds < 60, "{seconds} seconds");

    // Paris does not know her.
    let card = paris.ask("get", &contact, TEMP)?;
    ensure!(text_at(&card, &["vCard", "FN"]) == address, "{}", card.written());
    ensure!(
        text_at(&card, &["vCard", "PHOTO", "BINVAL"]).is_empty(),
        "{}",
        card.written()
    );
    ensure!(paris.ask("get", &contact, LAST)?.condition() == "forbidden");
    let answer = paris.ask("get", &contact, &node("urn:xmpp:avatar:metadata"))?;
    ensure!(answer.condition() == "item-not-found", "{}", answer.written());

    // The gateway has a card and a picture of its own.
    let card = romeo.ask("get", &scene.domain, TEMP)?;
    ensure!(text_at(&card, &["vCard", "FN"]) == "Email", "{}", card.written());
    let data = romeo.ask("get", &scene.domain, &node("urn:xmpp:avatar:data"))?;
    let picture = text_at(&card, &["vCard", "PHOTO", "BINVAL"]);
    ensure!(!picture.is_empty() && text_at(&data, &["pubsub", "items", "item", "data"]) == picture);

    // An address that nobody reads says so.
    let crier = scene.contact("no-reply@verona.test");
    let info = romeo.ask("get", &crier, "<query xmlns='http://jabber.org/protocol/disco#info'/>")?;
    ensure!(info.written().contains("urn:xmpp:noreply:0"), "{}", info.written());
    ensure!(
        !romeo
            .ask(
                "get",
                &contact,
                "<query xmlns='http://jabber.org/protocol/disco#info'/>"
            )?
            .written()
            .contains("urn:xmpp:noreply:0")
    );
    Ok(())
}

on_both_servers!();
