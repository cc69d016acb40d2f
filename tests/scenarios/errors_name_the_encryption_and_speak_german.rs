//! What is encrypted is sent back with the name of the encryption, and no word of it passed on. Errors speak the language
//! of the message, also those that come late.

use anyhow::{Result, ensure};
use causeway_tests::cast::scene::Scene;
use causeway_tests::servers::xmpp::Kind;

fn story(kind: Kind) -> Result<()> {
    let scene = Scene::open(kind)?;
    let mut romeo = scene.client("romeo")?;
    let mut juliet = scene.mailbox("juliet")?;
    let contact = scene.contact(&scene.address("juliet"));

    for (namespace, name) in [
        ("eu.siacs.conversations.axolotl", "OMEMO"),
        ("urn:xmpp:omemo:1", "OMEMO"),
        ("urn:xmpp:omemo:2", "OMEMO"),
        ("urn:xmpp:openpgp:0", "OpenPGP"),
        ("jabber:x:encrypted", "OpenPGP"),
        ("urn:xmpp:otr:0", "OTR"),
    ] {
        let id = romeo.id();
        romeo.send(&format!(
            "<message type='chat' id='{id}' to='{contact}' xml:lang='de'><encrypted xmlns='{namespace}'><payload>c2Vj</payload>\
             </encrypted><encryption xmlns='urn:xmpp:eme:0' namespace='{namespace}'/><body>I sent you a secret</body></message>"
        ))?;
        let error = romeo.expect_error(&id)?;
        let text = error.child("error").map_or("", |error| error.text_of("text"));
        ensure!(
            error.condition() == "not-acceptable" && text.starts_with(&format!("Mit {name} verschlüsselte")),
            "{namespace}: {}",
            error.written()
        );
    }
    romeo.say(&contact, "In clear words")?;
    juliet.wait_for_words("In clear words")?;
    let relayed = juliet.mails()?.iter().any(|mail| mail.text().contains("secret"));
    ensure!(!relayed, "the fallback of an encrypted message was passed on");

    // The mail server says no some time after the gateway has said yes.
    let id = romeo.id();
    let nobody = scene.contact("nobody@mail.test");
    romeo.send(&format!(
        "<message type='chat' id='{id}' to='{nobody}' xml:lang='de-AT'><body>Wer da?</body></message>"
    ))?;
    let error = romeo.expect_error(&id)?;
    let text = error.child("error").map_or("", |error| error.text_of("text"));
    ensure!(
        text.starts_with("„Wer da?“ wurde nicht zugestellt: Diese Adresse hat niemand: ") && text.contains("5.1.1"),
        "the error: {}",
        error.written()
    );
    Ok(())
}

on_both_servers!();
