//! Words keep their signs, their lines and their language on the way; what only dresses them up is left behind.

use anyhow::{Result, ensure};
use causeway_tests::cast::mail::Letter;
use causeway_tests::cast::scene::Scene;
use causeway_tests::servers::xmpp::Kind;

/// Marks of XEP-0393 and of XEP-0245, a quote, code, and what other alphabets need.
const WORDS: &str = "/me kneels\n*Schön* _wie_ ~nie~ `je`\n> gesagt: 🌹 שלום\n```\nif (true) { love(); }\n```\n\nRomeo";

fn story(kind: Kind) -> Result<()> {
    let scene = Scene::open(kind)?;
    let contact = scene.contact(&scene.address("juliet"));
    let mut juliet = scene.mailbox("juliet")?;
    let mut romeo = scene.client("romeo")?;

    // A message in German, with the same in XHTML-IM, which is not read, and a wish that nobody should keep it.
    let id = romeo.id();
    romeo.send(&format!(
        "<message type='chat' id='{id}' to='{contact}' xml:lang='de'><body>{}</body>\
         <html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'><b>XHTML</b></body></html>\
         <no-permanent-store xmlns='urn:xmpp:hints'/></message>",
        WORDS.replace('>', "&gt;")
    ))?;
    let mail = juliet.wait_for_words("kneels")?;
    ensure!(mail.text().trim_end() == WORDS, "{:?}", mail.text());
    ensure!(mail.field("Content-Language") == "de", "{}", mail.raw());
    ensure!(!mail.raw().contains("XHTML"), "{}", mail.raw());

    // A mail in Italian, with its words in HTML too.
    let letter = Letter::to(&scene.puppet("romeo"))
        .subject("O")
        .field("Content-Language", "it")
        .content(
            "multipart/alternative; boundary=cut",
            "--cut\nContent-Type: text/plain; charset=utf-8\n\n*Ahimè!* <3 & 🌹\n  due\n--cut\nContent-Type: text/html\n\n\
             <b>Ahime!</b>\n--cut--\n",
        );
    scene.mail("juliet", &letter)?;
    let message = romeo.expect_words(&contact, "*Ahimè!* <3 & 🌹\n  due")?;
    ensure!(
        message.written().contains("xml:lang='it'") || message.written().contains("xml:lang=\"it\""),
        "{}",
        message.written()
    );
    ensure!(message.child("html").is_none(), "{}", message.written());
    Ok(())
}

on_both_servers!();
