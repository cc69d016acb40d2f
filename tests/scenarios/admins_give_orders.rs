//! Admins give orders from their clients and from the command line; from nobody else are they taken.

use anyhow::{Context, Result, ensure};
use causeway_tests::cast::scene::Scene;
use causeway_tests::cast::xml::Element;
use causeway_tests::cast::xmpp::XmppClient;
use causeway_tests::servers::xmpp::Kind;

const COMMANDS: &str = "http://jabber.org/protocol/commands";

fn command(client: &mut XmppClient, to: &str, name: &str, fields: &[(&str, &str)]) -> Result<Element> {
    let field = |(name, value): &(&str, &str)| format!("<field var='{name}'><value>{value}</value></field>");
    let fields: String = fields.iter().map(field).collect();
    let form = match fields.is_empty() {
        true => String::new(),
        false => format!("<x xmlns='jabber:x:data' type='submit'>{fields}</x>"),
    };
    client.ask(
        "set",
        to,
        &format!("<command xmlns='{COMMANDS}' node='{name}'>{form}</command>"),
    )
}

/// Makes the Nurse an admin; she gives the gateway a new start.
fn crowned(scene: &mut Scene) -> Result<()> {
    let nurse = format!("{}@{}", scene.name("nurse"), scene.xmpp.domain());
    let config = scene.gateway.config();
    let text = std::fs::read_to_string(&config)?;
    let policy = format!("[policy]\nadmins = [\"{nurse}\"]\n");
    ensure!(text.contains("[policy]\n"), "no policy in {text}");
    std::fs::write(&config, text.replacen("[policy]\n", &policy, 1))?;
    scene.gateway.terminate()?;
    scene.start()
}

fn rcpt(scene: &Scene, from: &str) -> Result<u16> {
    let mut door = scene.lmtp()?;
    door.say(&format!("MAIL FROM:<{from}>"))?;
    let reply = door.say(&format!("RCPT TO:<{}>", scene.puppet("romeo")))?;
    door.say("QUIT")?;
    Ok(reply.code)
}

fn story(kind: Kind) -> Result<()> {
    let mut scene = Scene::open(kind)?;
    crowned(&mut scene)?;
    let domain = scene.domain.clone();
    let tybalt = scene.address("tybalt");
    let mut nurse = scene.client("nurse")?;
    let mut romeo = scene.client("romeo")?;
    romeo.ask("set", &domain, "<query xmlns='jabber:iq:register'/>")?;

    // Romeo is no admin, whatever he says and wherever he says it.
    for name in ["block", "announce", "queue", "statistics"] {
        let refused = command(&mut romeo, &domain, name, &[("who", &tybalt), ("confirm", "true")])?;
        ensure!(refused.condition() == "item-not-found", "{name}: {}", refused.written());
        romeo.say(&domain, &format!("{name} {tybalt}"))?;
        romeo.expect_words(&domain, "`help`")?;
        romeo.say(&domain, "help")?;
        let help = romeo.expect_words(&domain, "messages")?;
        ensure!(
            !help.text_of("body").contains(&format!("• {name}")),
            "{}",
            help.written()
        );
    }

    // The Nurse blocks Tybalt at once and for good: at RCPT, and after a restart.
    ensure!(rcpt(&scene, &tybalt)? == 250, "Tybalt is welcome");
    let done = command(&mut nurse, &domain, "block", &[("who", &tybalt)])?;
    ensure!(done.written().contains("is blocked"), "{}", done.written());
    ensure!(rcpt(&scene, &tybalt)? == 550, "Tybalt is blocked");
    ensure!(rcpt(&scene, &scene.address("paris"))? == 250, "and nobody else");
    let id = romeo.say(&scene.contact(&tybalt), "I do protest I never injured thee")?;
    romeo.expect_error(&id)?;
    scene.gateway.kill9();
    scene.start()?;
    ensure!(rcpt(&scene, &tybalt)? == 550, "Tybalt is still blocked");
    let rules = scene.gateway.ask(&["do", "rules"])?;
    ensure!(rules.good && rules.text.contains(&tybalt), "{rules:?}");
    nurse.say(&domain, &format!("allow {tybalt}"))?;
    nurse.expect_words(&domain, "is not blocked any more")?;
    ensure!(rcpt(&scene, &tybalt)? == 250, "Tybalt is welcome again");

    // All who are registered hear what she has to say, but only when she is sure.
    let words = "The gateway stops at noon.";
    let asked = command(&mut nurse, &domain, "announce", &[("text", words)])?;
    let is_asking = asked
        .child("command")
        .is_some_and(|it| it.attr("status") == "executing");
    ensure!(is_asking, "{}", asked.written());
    let fields = [("text", words), ("kind", "message"), ("confirm", "true")];
    command(&mut nurse, &domain, "announce", &fields)?;
    let heard = romeo.expect("the announcement", |it| it.text_of("body") == words)?;
    ensure!(heard.attr("from") == domain, "{}", heard.written());

    // On the command line the same, for programs too.
    let list = scene.gateway.ask(&["do"])?;
    ensure!(list.good && list.text.contains("log-level"), "{list:?}");
    let users = scene.gateway.ask_json(&["users"])?;
    let rows = users.get("rows").and_then(|rows| rows.as_array()).context("no rows")?;
    ensure!(rows.len() == 1, "{users}");
    let unsure = scene.gateway.ask(&["do", "announce", "text=Soft!"])?;
    ensure!(!unsure.good && unsure.complaint.contains("confirm"), "{unsure:?}");
    let sure = scene
        .gateway
        .ask(&["do", "announce", "text=Soft! Soft!", "confirm=yes"])?;
    ensure!(sure.good && sure.text.contains("1 users were told"), "{sure:?}");
    romeo.expect("the second announcement", |it| it.text_of("body") == "Soft! Soft!")?;
    let loud = scene.gateway.ask(&["do", "log-level", "debug"])?;
    ensure!(loud.good, "{loud:?}");
    let stats = scene.gateway.ask(&["stats"])?;
    ensure!(stats.good && stats.text.contains("registered users"), "{stats:?}");
    let health = command(&mut nurse, &domain, "health", &[])?;
    ensure!(health.written().contains("connected to"), "{}", health.written());
    Ok(())
}

on_both_servers!();
