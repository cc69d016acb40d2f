//! While the gateway is away, its server says so at once to whoever writes or asks; nothing is lost in silence, and all goes
//! on when it is back. Prosody calls it a temporary trouble. ejabberd knows nothing of a component that is not connected and
//! answers as for any foreign domain: here, where it talks to no other servers, that its policy forbids it.

use anyhow::{Result, ensure};
use causeway_tests::cast::scene::Scene;
use causeway_tests::cast::xml::Element;
use causeway_tests::servers::xmpp::Kind;

/// The type and the condition of a stanza error.
fn trouble(it: &Element) -> (&str, &str) {
    (it.child("error").map_or("", |error| error.attr("type")), it.condition())
}

fn story(kind: Kind) -> Result<()> {
    let mut scene = Scene::open(kind)?;
    let contact = scene.contact(&scene.address("juliet"));
    let mut juliet = scene.mailbox("juliet")?;
    let mut romeo = scene.client("romeo")?;
    scene.gateway.terminate()?;

    let expected = match kind {
        Kind::Prosody => ("wait", "remote-server-timeout"),
        Kind::Ejabberd => ("auth", "forbidden"),
    };
    let id = romeo.say(&contact, "O, she is lame!")?;
    let message = romeo.expect_error(&id)?;
    ensure!(trouble(&message) == expected, "{}", message.written());
    let ping = romeo.ask("get", &scene.domain, "<ping xmlns='urn:xmpp:ping'/>")?;
    ensure!(trouble(&ping) == expected, "{}", ping.written());

    scene.start()?;
    romeo.say(&contact, "Love's heralds should be thoughts.")?;
    juliet.wait_for_words("Love's heralds")?;
    ensure!(
        juliet.mails()?.len() == 1,
        "what was refused went out: {:#?}",
        juliet.mails()?
    );
    Ok(())
}

on_both_servers!();
