//! A conversation as a person has it in Profanity: what stands on the screen is what counts.

use anyhow::Result;
use causeway_tests::cast::scene::{PASSWORD, Scene};
use causeway_tests::cast::terminal::Terminal;
use causeway_tests::servers::xmpp::Kind;

fn story(kind: Kind) -> Result<()> {
    let scene = Scene::open(kind)?;
    let user = scene.name("romeo");
    scene.xmpp.user(&user, scene.xmpp.domain(), PASSWORD)?;
    let mut juliet = scene.mailbox("juliet")?;
    let contact = scene.contact(&scene.address("juliet"));

    let ground = &scene.mail.ground;
    let home = ground
        .dir(&format!("profanity-{}", scene.domain))?
        .display()
        .to_string();
    let env = [
        ("HOME", home.clone()),
        ("XDG_CONFIG_HOME", format!("{home}/config")),
        ("XDG_DATA_HOME", format!("{home}/data")),
        ("LANG", "C.UTF-8".to_owned()),
    ];
    let romeo = Terminal::open(
        ground,
        &format!("terminal-{}", scene.domain),
        &["profanity".to_owned()],
        &env,
    )?;
    romeo.wait_for("Profanity")?;

    // Romeo logs in and looks at the gateway.
    let (domain, port) = (scene.xmpp.domain(), scene.xmpp.client_port());
    romeo.line(&format!(
        "/connect {user}@{domain} server 127.0.0.1 port {port} tls disable"
    ))?;
    romeo.wait_for("password")?;
    romeo.line(PASSWORD)?;
    romeo.wait_for("logged in successfully")?;
    romeo.line(&format!("/disco info {}", scene.domain))?;
    let seen = romeo.wait_for("jabber:iq:gateway")?;
    anyhow::ensure!(seen.contains("gateway") && seen.contains("smtp"), "{seen}");

    // He asks the gateway what it can do.
    romeo.line(&format!("/cmd list {}", scene.domain))?;
    romeo.wait_for("messages")?;

    // He writes to Juliet and reads her answer.
    romeo.line(&format!("/msg {contact} Lady, by yonder blessed moon I vow"))?;
    let mail = juliet.wait_for_words("by yonder blessed moon")?;
    scene.mail("juliet", &mail.reply("O, swear not by the moon, th' inconstant moon"))?;
    romeo.wait_for("swear not by the moon")?;

    // An address that nobody can have is refused in the chat, in words.
    romeo.line(&format!("/msg nobody\\40@{} Art thou there?", scene.domain))?;
    romeo.wait_for("not a valid address")?;
    Ok(())
}

on_both_servers!();
