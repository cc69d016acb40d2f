//! The gateway answers who writes to it: help, commands, questions one by one; and forgets whom it shall forget.

use anyhow::{Result, ensure};
use causeway_tests::cast::scene::Scene;
use causeway_tests::cast::xml::Element;
use causeway_tests::cast::xmpp::{XmppClient, is_words, receipt};
use causeway_tests::servers::xmpp::Kind;

/// Says something to the gateway and gives its answer; the receipt comes too.
fn ask(client: &mut XmppClient, domain: &str, words: &str) -> Result<String> {
    let id = client.say(domain, words)?;
    client.expect("the receipt", |it| receipt(it) == Some(id.as_str()))?;
    let answer = client.expect(&format!("an answer to “{words}”"), |it| is_words(it, domain))?;
    Ok(answer.text_of("body").to_owned())
}

fn says(answer: &str, words: &str) -> Result<()> {
    ensure!(answer.contains(words), "“{words}” is not in: {answer}");
    Ok(())
}

fn story(kind: Kind) -> Result<()> {
    let scene = Scene::open(kind)?;
    let domain = scene.domain.clone();
    let address = scene.address("juliet");
    let mut romeo = scene.client("romeo")?;

    // Help, something that means nothing, and an address.
    says(&ask(&mut romeo, &domain, "help")?, "• messages")?;
    says(&ask(&mut romeo, &domain, "Wherefore art thou?")?, "`help`")?;
    says(&ask(&mut romeo, &domain, &address)?, &scene.contact(&address))?;

    // In German for who speaks it.
    let hilfe = "<message type='chat' xml:lang='de' id='h' to='";
    romeo.send(&format!("{hilfe}{domain}'><body>hilfe</body></message>"))?;
    let answer = romeo.expect("Hilfe", |it| is_words(it, &domain))?;
    says(answer.text_of("body"), "Meine Nachrichten")?;
    says(answer.written(), "xml:lang='de'").or_else(|_| says(answer.written(), "xml:lang=\"de\""))?;

    // A message, and what became of it. Its way is asked for by a number.
    romeo.say(&scene.contact(&address), "But, soft! what light")?;
    scene.mailbox("juliet")?.wait_for_words("But, soft!")?;
    says(&ask(&mut romeo, &domain, "messages")?, "But, soft! what light")?;
    says(&ask(&mut romeo, &domain, "trace")?, "1. ")?;
    says(&ask(&mut romeo, &domain, "9")?, "Which message?")?;
    says(&ask(&mut romeo, &domain, "1")?, "taken by")?;

    // The settings, without any form.
    says(&ask(&mut romeo, &domain, "settings")?, "`ok`")?;
    says(&ask(&mut romeo, &domain, "language=de")?, "gespeichert")?;
    says(&ask(&mut romeo, &domain, "einstellungen language=en")?, "kept")?;

    // Everything that is kept about Romeo, and then nothing.
    let kept = ask(&mut romeo, &domain, "export")?;
    says(&kept, "But, soft! what light")?;
    says(&kept, &address)?;
    says(&ask(&mut romeo, &domain, "forget-me")?, "(yes or no)")?;
    says(&ask(&mut romeo, &domain, "cancel")?, "nothing was done")?;
    says(&ask(&mut romeo, &domain, "export")?, "But, soft! what light")?;
    says(&ask(&mut romeo, &domain, "forget-me yes")?, "You are forgotten.")?;
    let kept = ask(&mut romeo, &domain, "export")?;
    ensure!(!kept.contains("But, soft!") && !kept.contains(&address), "{kept}");
    says(&ask(&mut romeo, &domain, "messages")?, "Nothing that you sent")?;

    // What only looks like an order of his is none.
    let body = "<body>contacts</body>";
    romeo.send(&format!(
        "<message type='chat' id='r' to='{domain}'>{body}<x xmlns='http://jabber.org/protocol/muc#user'/></message>"
    ))?;
    romeo.expect_error("r")?;
    romeo.send(&format!(
        "<message type='groupchat' id='g' to='{domain}'>{body}</message>"
    ))?;
    romeo.expect_error("g")?;
    romeo.send(&format!(
        "<message type='chat' id='c' to='{domain}'>{body}<received xmlns='urn:xmpp:carbons:2'/></message>"
    ))?;
    romeo.expect_none(&domain, "an answer to a copy", |it: &Element| is_words(it, &domain))?;
    Ok(())
}

on_both_servers!();
