use super::*;
use crate::cast::nurse::Nurse;
use crate::cast::{DOMAIN, Props, stanza};
use crate::reception::{Deeds, Reception};
use crate::xml::text_of;

const ROMEO: &str = "romeo@verona.example/balcony";
const JULIET: &str = "juliet\\40capulet@pigeon.verona.example";

/// Romeo's client at the Nurse's office.
struct Scene {
    nurse: std::sync::Arc<Nurse>,
    reception: Reception,
}

impl Scene {
    fn open() -> Self {
        let props = Props::new();
        let (nurse, face) = Nurse::serving(&props);
        Self {
            nurse,
            reception: Reception::new(face, false),
        }
    }

    async fn ask(&mut self, from: &str, to: &str, kind: &str, payload: &str) -> Element {
        let iq = stanza(&format!(
            "<iq type='{kind}' id='1' xml:lang='en' from='{from}' to='{to}'>{payload}</iq>"
        ));
        let Deeds { mut answers, later, .. } = self.reception.receive(&iq);
        if let Some(later) = later {
            answers.extend(later.await);
        }
        assert_eq!(answers.len(), 1);
        answers[0].element().clone()
    }

    async fn command(&mut self, attributes: &str, content: &str) -> Element {
        self.command_from(ROMEO, attributes, content).await
    }

    async fn command_from(&mut self, from: &str, attributes: &str, content: &str) -> Element {
        let command = format!("<command xmlns='{}' {attributes}>{content}</command>", ns::COMMANDS);
        self.ask(from, DOMAIN, "set", &command).await
    }

    /// Begins a command and gives the id of its session.
    async fn begin(&mut self, node: &str) -> String {
        let answer = self.command(&format!("node='{node}'"), "").await;
        of(&answer, "sessionid")
    }
}

#[tokio::test]
async fn who_hands_in_the_same_form_for_ever_fills_no_memory() {
    let mut scene = Scene::open();
    let id = scene.begin("message").await;
    for _ in 0..100 {
        let again = scene
            .command(&format!("node='message' sessionid='{id}'"), &filled(&[("words", " ")]))
            .await;
        assert_eq!(of(&again, "status"), "executing");
    }
    let mut steps = 0;
    loop {
        let back = scene
            .command(&format!("node='message' sessionid='{id}' action='prev'"), "")
            .await;
        if back.attr("type") == Some("error") {
            break;
        }
        steps += 1;
    }
    assert_eq!(steps, STEPS);
}

fn of(answer: &Element, attribute: &str) -> String {
    let command = answer.children().find(|child| child.is("command", ns::COMMANDS));
    let command = command.unwrap_or_else(|| panic!("{answer:?}"));
    command.attr(attribute).unwrap_or_default().to_owned()
}

fn child<'a>(answer: &'a Element, name: &str) -> Option<&'a Element> {
    let command = answer.children().next()?;
    command.children().find(|child| child.name() == name)
}

fn filled(fields: &[(&str, &str)]) -> String {
    let fields = fields
        .iter()
        .map(|(var, value)| format!("<field var='{var}'><value>{value}</value></field>"));
    format!(
        "<x xmlns='jabber:x:data' type='submit'>{}</x>",
        fields.collect::<String>()
    )
}

/// The conditions of an error: the general one and the one of the protocol.
fn conditions(answer: &Element) -> Vec<String> {
    let error = answer.children().find(|child| child.name() == "error").unwrap();
    let conditions = error.children().filter(|child| child.name() != "text");
    conditions.map(|condition| condition.name().to_owned()).collect()
}

fn nodes(answer: &Element) -> Vec<String> {
    let query = answer.children().next().unwrap();
    query
        .children()
        .map(|item| item.attr("node").unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn the_list_shows_what_the_asker_may_do_where_he_asks() {
    let mut scene = Scene::open();
    let list = format!("<query xmlns='{}' node='{}'/>", ns::DISCO_ITEMS, ns::COMMANDS);
    let here = scene.ask(ROMEO, DOMAIN, "get", &list).await;
    assert_eq!(nodes(&here), ["message", "gossip", "praise", "banish"]);
    let paris = scene.ask("paris@verona.example/hall", DOMAIN, "get", &list).await;
    assert_eq!(nodes(&paris), ["message", "gossip", "praise"]);
    let at_juliet = scene.ask(ROMEO, JULIET, "get", &list).await;
    assert_eq!(nodes(&at_juliet), ["praise"]);
    let item = at_juliet.children().next().unwrap().children().next().unwrap();
    assert_eq!(item.attr("jid"), Some(JULIET));
    let server = scene.ask("verona.example", DOMAIN, "get", &list).await;
    assert!(nodes(&server).is_empty());
}

#[tokio::test]
async fn a_command_says_what_it_is() {
    let mut scene = Scene::open();
    let asked = |node: &str| format!("<query xmlns='{}' node='{node}'/>", ns::DISCO_INFO);
    let info = scene.ask(ROMEO, DOMAIN, "get", &asked("gossip")).await;
    let query = info.children().next().unwrap();
    let identity = query.children().find(|child| child.name() == "identity").unwrap();
    assert_eq!(
        (identity.attr("category"), identity.attr("type"), identity.attr("name")),
        (Some("automation"), Some("command-node"), Some("Gossip"))
    );
    let features: Vec<_> = query.children().filter_map(|child| child.attr("var")).collect();
    assert_eq!(features, [ns::COMMANDS, ns::DATA_FORMS]);
    let unknown = scene.ask(ROMEO, DOMAIN, "get", &asked("treason")).await;
    assert_eq!(conditions(&unknown), ["item-not-found"]);
}

#[tokio::test]
async fn a_form_is_shown_filled_in_and_done() {
    let mut scene = Scene::open();
    let shown = scene.command("node='message' action='execute'", "").await;
    assert_eq!(of(&shown, "status"), "executing");
    assert_eq!(child(&shown, "x").unwrap().attr("type"), Some("form"));
    let actions = child(&shown, "actions").unwrap();
    assert!(actions.has_child("complete", ns::COMMANDS) && !actions.has_child("prev", ns::COMMANDS));
    let session = of(&shown, "sessionid");
    let done = scene
        .command(
            &format!("node='message' sessionid='{session}' action='complete'"),
            &filled(&[("words", "Farewell"), ("place", "cell")]),
        )
        .await;
    assert_eq!(of(&done, "status"), "completed");
    let note = child(&done, "note").unwrap();
    assert_eq!((note.attr("type"), note.text().as_str()), (Some("info"), "It is done."));
    assert_eq!(scene.nurse.errands(), ["message place=cell words=Farewell"]);
}

#[tokio::test]
async fn a_second_form_can_be_gone_back_from() {
    let mut scene = Scene::open();
    let session = scene.begin("message").await;
    let resume = |action: &str| format!("node='message' sessionid='{session}' action='{action}'");
    let tomb = filled(&[("words", "Farewell"), ("place", "tomb")]);
    let second = scene.command(&resume("next"), &tomb).await;
    assert_eq!(of(&second, "status"), "executing");
    assert!(child(&second, "actions").unwrap().has_child("prev", ns::COMMANDS));
    let first = scene.command(&resume("prev"), "").await;
    assert_eq!(
        text_of(child(&first, "x").unwrap(), "title", ns::DATA_FORMS).as_deref(),
        Some("A message")
    );
    let none_before = scene.command(&resume("prev"), "").await;
    assert_eq!(conditions(&none_before), ["bad-request", "bad-action"]);
    assert!(scene.nurse.errands().is_empty());
}

#[tokio::test]
async fn rows_come_as_rows() {
    let mut scene = Scene::open();
    let done = scene.command("node='gossip'", "").await;
    let form = child(&done, "x").unwrap();
    assert_eq!(form.attr("type"), Some("result"));
    assert_eq!(form.children().filter(|child| child.name() == "item").count(), 2);
}

#[tokio::test]
async fn a_cancelled_command_does_nothing_and_is_over() {
    let mut scene = Scene::open();
    for (action, content) in [("cancel", ""), ("complete", "<x xmlns='jabber:x:data' type='cancel'/>")] {
        let session = scene.begin("message").await;
        let attributes = format!("node='message' sessionid='{session}' action='{action}'");
        let over = scene.command(&attributes, content).await;
        assert_eq!(of(&over, "status"), "canceled");
        let again = scene.command(&attributes, content).await;
        assert_eq!(conditions(&again), ["bad-request", "bad-sessionid"]);
    }
    assert!(scene.nurse.errands().is_empty());
}

#[tokio::test]
async fn a_session_belongs_to_one_client_and_one_command() {
    let mut scene = Scene::open();
    let session = scene.begin("message").await;
    let form = filled(&[("words", "Farewell")]);
    let attributes = format!("node='message' sessionid='{session}'");
    for thief in [
        "romeo@verona.example/orchard",
        "paris@verona.example/hall",
        "romeo@verona.example",
    ] {
        let refused = scene.command_from(thief, &attributes, &form).await;
        assert_eq!(conditions(&refused), ["bad-request", "bad-sessionid"], "{thief}");
    }
    let other = scene
        .command(&format!("node='banish' sessionid='{session}'"), &form)
        .await;
    assert_eq!(conditions(&other), ["bad-request", "bad-sessionid"]);
    assert!(scene.nurse.errands().is_empty());
}

#[tokio::test]
async fn a_session_is_used_once() {
    let mut scene = Scene::open();
    let session = scene.begin("message").await;
    let attributes = format!("node='message' sessionid='{session}'");
    let form = filled(&[("words", "Farewell")]);
    scene.command(&attributes, &form).await;
    let again = scene.command(&attributes, &form).await;
    assert_eq!(conditions(&again), ["bad-request", "bad-sessionid"]);
    assert_eq!(scene.nurse.errands().len(), 1);
}

#[tokio::test]
async fn what_is_not_there_or_not_allowed_is_refused() {
    let mut scene = Scene::open();
    let unknown = scene.command("node='treason'", "").await;
    assert_eq!(conditions(&unknown), ["item-not-found"]);
    let nameless = scene.command("", "").await;
    assert_eq!(conditions(&nameless), ["item-not-found"]);
    let paris = scene
        .command_from("paris@verona.example/hall", "node='banish'", "")
        .await;
    assert_eq!(conditions(&paris), ["item-not-found"]);
    let stranger = scene.command_from("mallory@evil.example/x", "node='gossip'", "").await;
    assert_eq!(conditions(&stranger), ["forbidden"]);
    let server = scene.command_from("verona.example", "node='gossip'", "").await;
    assert_eq!(conditions(&server), ["forbidden"]);
    let odd = scene.command("node='gossip' action='dance'", "").await;
    assert_eq!(conditions(&odd), ["bad-request", "malformed-action"]);
    let early = scene.command("node='gossip' action='cancel'", "").await;
    assert_eq!(conditions(&early), ["bad-request", "bad-action"]);
    let wordy = filled(&[("words", &"Oh! ".repeat(LARGEST))]);
    let large = scene.command("node='message'", &wordy).await;
    assert_eq!(conditions(&large), ["bad-request", "bad-payload"]);
    assert!(scene.nurse.errands().is_empty());
}

#[tokio::test]
async fn what_the_office_refuses_is_refused() {
    let mut scene = Scene::open();
    let refused = scene.command("node='message'", &filled(&[("words", "treason")])).await;
    assert_eq!(conditions(&refused), ["not-acceptable"]);
}

#[tokio::test]
async fn a_command_of_a_contact_knows_whom_it_is_about() {
    let mut scene = Scene::open();
    let command = format!("<command xmlns='{}' node='praise'/>", ns::COMMANDS);
    let done = scene.ask(ROMEO, JULIET, "set", &command).await;
    assert_eq!(done.attr("from"), Some(JULIET));
    assert_eq!(of(&done, "status"), "completed");
    assert_eq!(scene.nurse.errands(), ["praise contact=juliet@capulet"]);
    let asked = scene.command("node='praise'", "").await;
    assert_eq!(of(&asked, "status"), "executing");
    let elsewhere = format!("<command xmlns='{}' node='gossip'/>", ns::COMMANDS);
    let refused = scene.ask(ROMEO, JULIET, "set", &elsewhere).await;
    assert_eq!(conditions(&refused), ["item-not-found"]);
}
