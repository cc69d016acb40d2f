//! What the gateway can do stands in its menu, and a waiting message is stopped and sent from there. A form belongs to
//! the client that began it.

use anyhow::{Context, Result, ensure};
use causeway_tests::cast::ferry::Ferry;
use causeway_tests::cast::scene::{Scene, Wishes};
use causeway_tests::cast::xml::Element;
use causeway_tests::cast::xmpp::XmppClient;
use causeway_tests::servers::ports;
use causeway_tests::servers::xmpp::Kind;

const COMMANDS: &str = "http://jabber.org/protocol/commands";
const PAGE: &str = include_str!("../../docs/COMMANDS.md");

fn command(client: &mut XmppClient, to: &str, attributes: &str, content: &str) -> Result<Element> {
    let payload = format!("<command xmlns='{COMMANDS}' {attributes}>{content}</command>");
    client.ask("set", to, &payload)
}

fn filled(name: &str, value: &str) -> String {
    format!("<x xmlns='jabber:x:data' type='submit'><field var='{name}'><value>{value}</value></field></x>")
}

fn status(answer: &Element) -> &str {
    answer.child("command").map_or("", |command| command.attr("status"))
}

fn session(answer: &Element) -> Result<String> {
    let command = answer.child("command").with_context(|| answer.written().to_owned())?;
    ensure!(command.attr("status") == "executing", "{}", answer.written());
    Ok(command.attr("sessionid").to_owned())
}

/// The names of the commands that are offered at an address.
fn offered(client: &mut XmppClient, at: &str) -> Result<Vec<String>> {
    let list = format!("<query xmlns='http://jabber.org/protocol/disco#items' node='{COMMANDS}'/>");
    let answer = client.ask("get", at, &list)?;
    let query = answer.child("query").context("no list")?;
    Ok(query
        .children()
        .iter()
        .map(|item| item.attr("node").to_owned())
        .collect())
}

/// The first choice of a field in a form that was shown.
fn first_choice(answer: &Element, field: &str) -> Result<String> {
    let form = answer.child("command").and_then(|command| command.child("x"));
    let fields = form.context("no form")?.children().iter();
    let field = fields
        .filter(|it| it.attr("var") == field)
        .find_map(|it| it.child("option"));
    Ok(field.context("no choice")?.text_of("value").to_owned())
}

fn story(kind: Kind) -> Result<()> {
    let port = ports::free()?;
    let wishes = Wishes {
        smarthost: Some(port),
        retry: Some(r#""1h""#),
        ..Wishes::default()
    };
    let scene = Scene::with(kind, wishes)?;
    let domain = scene.domain.clone();
    let contact = scene.contact(&scene.address("juliet"));
    let mut romeo = scene.client("romeo")?;
    let mut orchard = scene.client_again("romeo")?;

    // The menu: what everybody may, and nothing that only admins may. Each stands in the manual.
    let menu = offered(&mut romeo, &domain)?;
    for name in [
        "register",
        "settings",
        "contacts",
        "messages",
        "cancel",
        "export",
        "forget-me",
    ] {
        ensure!(menu.iter().any(|it| it == name), "{name} is missing in {menu:?}");
    }
    for name in &menu {
        ensure!(
            PAGE.contains(&format!("| `{name}` | everybody")),
            "{name} is not in the manual"
        );
    }
    ensure!(!menu.iter().any(|it| it == "announce"), "{menu:?}");
    let of_juliet = offered(&mut romeo, &contact)?;
    ensure!(of_juliet.iter().any(|it| it == "remove-contact"), "{of_juliet:?}");
    ensure!(!of_juliet.iter().any(|it| it == "messages"), "{of_juliet:?}");

    // A form: filled in, and not by anybody else.
    let begun = session(&command(&mut romeo, &domain, "node='settings' action='execute'", "")?)?;
    let attributes = format!("node='settings' sessionid='{begun}' action='complete'");
    let german = filled("language", "de");
    let stolen = command(&mut orchard, &domain, &attributes, &german)?;
    ensure!(stolen.condition() == "bad-request", "{}", stolen.written());
    ensure!(stolen.written().contains("bad-sessionid"), "{}", stolen.written());
    let kept = command(&mut romeo, &domain, &attributes, &german)?;
    ensure!(status(&kept) == "completed", "{}", kept.written());
    ensure!(
        kept.written().contains("gespeichert"),
        "in German now: {}",
        kept.written()
    );
    command(&mut romeo, &domain, "node='settings'", &filled("language", "en"))?;

    // One that was put aside is over, and one that is not there is not found.
    let begun = session(&command(&mut romeo, &domain, "node='unregister'", "")?)?;
    let attributes = format!("node='unregister' sessionid='{begun}'");
    let over = command(&mut romeo, &domain, &format!("{attributes} action='cancel'"), "")?;
    ensure!(status(&over) == "canceled", "{}", over.written());
    let late = command(&mut romeo, &domain, &attributes, &filled("confirm", "true"))?;
    ensure!(late.condition() == "bad-request", "{}", late.written());
    let unknown = command(&mut romeo, &domain, "node='treason'", "")?;
    ensure!(unknown.condition() == "item-not-found", "{}", unknown.written());

    // Nobody takes mails. What waits is stopped.
    let first = romeo.say(&contact, "He jests at scars")?;
    romeo.expect_words(&contact, "Not delivered yet")?;
    let shown = command(&mut romeo, &domain, "node='cancel'", "")?;
    let (begun, message) = (session(&shown)?, first_choice(&shown, "message")?);
    let attributes = format!("node='cancel' sessionid='{begun}' action='complete'");
    let done = command(&mut romeo, &domain, &attributes, &filled("message", &message))?;
    ensure!(status(&done) == "completed", "{}", done.written());
    romeo.expect_error(&first)?;

    // The next one waits too, and leaves as soon as somebody takes it and Romeo says so.
    romeo.say(&contact, "But, soft! what light")?;
    romeo.expect_words(&contact, "But, soft!")?;
    let _ferry = Ferry::open(port, scene.mail.postfix.submission_port)?;
    let shown = command(&mut romeo, &domain, "node='resend'", "")?;
    let (begun, message) = (session(&shown)?, first_choice(&shown, "message")?);
    let attributes = format!("node='resend' sessionid='{begun}' action='complete'");
    command(&mut romeo, &domain, &attributes, &filled("message", &message))?;
    let mut juliet = scene.mailbox("juliet")?;
    juliet.wait_for_words("But, soft! what light")?;
    ensure!(juliet.mails()?.len() == 1, "the stopped one never went out");

    // And the first one again, although it was stopped.
    let shown = command(&mut romeo, &domain, "node='resend'", "")?;
    let (begun, message) = (session(&shown)?, first_choice(&shown, "message")?);
    let attributes = format!("node='resend' sessionid='{begun}' action='complete'");
    command(&mut romeo, &domain, &attributes, &filled("message", &message))?;
    juliet.wait_for_words("He jests at scars")?;
    Ok(())
}

on_both_servers!();
