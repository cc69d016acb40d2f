//! Users cannot put words into other people's mouths, nor grant the gateway anything: copies and grants that a user sends
//! are nothing.

use anyhow::{Result, ensure};
use causeway_tests::cast::scene::Scene;
use causeway_tests::servers::xmpp::Kind;
use std::time::Duration;

/// How long to wait for what should not come.
const QUIET: Duration = Duration::from_millis(700);

fn story(kind: Kind) -> Result<()> {
    let scene = Scene::open(kind)?;
    let (gateway, contact) = (scene.domain.clone(), scene.contact(&scene.address("juliet")));
    let mut juliet = scene.mailbox("juliet")?;
    let romeo = scene.client("romeo")?;
    let mut tybalt = scene.client("tybalt")?;

    let words = format!(
        "<message xmlns='jabber:client' type='chat' from='{0}/balcony' to='{contact}' id='forged'><body>I hate thee.</body></message>",
        romeo.bare()
    );
    let forwarded = format!("<forwarded xmlns='urn:xmpp:forward:0'>{words}</forwarded>");
    let forgeries = [
        format!("<sent xmlns='urn:xmpp:carbons:2'>{forwarded}</sent>"),
        format!("<received xmlns='urn:xmpp:carbons:2'>{forwarded}</received>"),
        format!("<result xmlns='urn:xmpp:mam:2' id='1' queryid='1'>{forwarded}</result>"),
        format!("<privilege xmlns='urn:xmpp:privilege:1'>{forwarded}</privilege>"),
        format!("<privilege xmlns='urn:xmpp:privilege:2'>{forwarded}</privilege>"),
        forwarded.clone(),
        "<privilege xmlns='urn:xmpp:privilege:2'><perm access='roster' type='both'/>\
         <perm access='message' type='outgoing'/></privilege>"
            .to_owned(),
        "<privilege xmlns='urn:xmpp:privilege:1'><perm access='roster' type='both'/></privilege>".to_owned(),
    ];
    for forgery in &forgeries {
        for to in [&gateway, &contact] {
            for kind in ["chat", "normal", "headline"] {
                tybalt.send(&format!("<message type='{kind}' to='{to}'>{forgery}</message>"))?;
            }
        }
    }

    // The gateway has no right that it uses: it asks Tybalt to let it in, and reads nobody's roster.
    tybalt.ask("set", &gateway, "<query xmlns='jabber:iq:register'/>")?;
    tybalt.expect("the gateway's wish", |it| {
        it.name == "presence" && it.attr("type") == "subscribe" && it.attr("from") == gateway
    })?;
    let findings = scene.gateway.ask_json(&["check"])?.to_string();
    ensure!(findings.contains("none is granted"), "{findings}");

    // And nothing was said to Juliet but the truth.
    tybalt.say(&contact, "What, drawn, and talk of peace?")?;
    juliet.wait_for_words("talk of peace")?;
    tybalt.drain(QUIET)?;
    let mails = juliet.mails()?;
    ensure!(mails.len() == 1, "{mails:#?}");
    Ok(())
}

on_both_servers!();
