use super::*;
use crate::cast::{DOMAIN, Props, gateway, romeo, stanza};
use crate::reception::{Deeds, Reception};
use causeway_core::network::{Inbox, Item};

/// Romeo and the server between him and the gateway.
struct Scene {
    props: Props,
    reception: Reception,
}

impl Scene {
    fn new() -> Self {
        let props = Props::new();
        let mut reception = Reception::new(props.face(), false);
        reception.connected();
        Self { props, reception }
    }

    fn receive(&mut self, xml: &str) -> Deeds {
        self.reception.receive(&stanza(xml))
    }

    /// Romeo writes a line; gives the name that goes with it, and the id of the question that follows.
    fn line(&mut self, children: &str) -> (Option<String>, Option<String>) {
        let deeds = self.receive(&format!(
            "<message from='romeo@verona.example/balcony' to='juliet\\40capulet@{DOMAIN}'><body>hi</body>{children}</message>"
        ));
        let question = question(&deeds);
        match deeds.post.unwrap().arrival.items.remove(0) {
            Item::Post(draft) => {
                let name = draft.payload.text().unwrap().sender_name.clone();
                (name.map(|name| name.as_str().to_owned()), question)
            }
            Item::Report(report) => panic!("a report: {report:?}"),
        }
    }

    /// The id of the question that Romeo's line leads to.
    fn asked(&mut self) -> String {
        self.line("").1.unwrap()
    }

    fn name(&mut self) -> Option<String> {
        self.line("").0
    }

    /// An answer comes; whether anything is written down for it.
    fn answer(&mut self, from: &str, stanza_type: &str, id: &str, card: &str) -> bool {
        let deeds = self.receive(&format!(
            "<iq type='{stanza_type}' id='{id}' from='{from}' to='{DOMAIN}'><vCard xmlns='vcard-temp'>{card}</vCard></iq>"
        ));
        let Some(post) = deeds.post else {
            return false;
        };
        drop(self.props.paper.post(post.arrival));
        true
    }
}

fn question(deeds: &Deeds) -> Option<String> {
    let then = deeds.post.iter().flat_map(|post| &post.then);
    let mut said = deeds.answers.iter().chain(then).map(Outward::element);
    let question = said.find(|stanza| stanza.name() == "iq")?;
    assert_eq!(question.attr("type"), Some("get"), "{question:?}");
    assert_eq!(question.attr("from"), Some(DOMAIN));
    assert_eq!(question.attr("to"), Some("romeo@verona.example"));
    assert!(question.has_child("vCard", ns::VCARD));
    question.attr("id").map(str::to_owned)
}

const ROMEO: &str = "romeo@verona.example";
const CARD: &str = "<FN>Romeo Montague</FN><NICKNAME>Romy</NICKNAME>";

#[test]
fn the_name_in_the_vcard_goes_with_the_next_line() {
    let mut scene = Scene::new();
    let id = scene.asked();
    assert_eq!(scene.name(), None);
    assert!(scene.answer(ROMEO, "result", &id, CARD));
    assert_eq!(scene.name().as_deref(), Some("Romeo Montague"));
}

#[test]
fn the_name_in_the_message_itself_comes_first() {
    let mut scene = Scene::new();
    let id = scene.asked();
    scene.answer(ROMEO, "result", &id, CARD);
    let (name, _) = scene.line("<nick xmlns='http://jabber.org/protocol/nick'>Pilgrim</nick>");
    assert_eq!(name.as_deref(), Some("Pilgrim"));
}

#[test]
fn a_card_without_a_full_name_may_have_a_nickname() {
    let mut scene = Scene::new();
    let id = scene.asked();
    scene.answer(ROMEO, "result", &id, "<FN> </FN><NICKNAME>Romy</NICKNAME>");
    assert_eq!(scene.name().as_deref(), Some("Romy"));
}

#[test]
fn a_name_is_one_line_of_a_hundred_characters() {
    let mut scene = Scene::new();
    let id = scene.asked();
    scene.answer(ROMEO, "result", &id, &format!("<FN>O\nRomeo {}</FN>", "o".repeat(500)));
    let name = scene.name().unwrap();
    assert!(name.starts_with("O Romeo o"), "{name}");
    assert_eq!(name.chars().count(), 100);
}

#[test]
fn an_answer_from_anybody_but_the_account_that_was_asked_is_ignored() {
    let mut scene = Scene::new();
    let id = scene.asked();
    for forger in [
        "tybalt@verona.example",
        "verona.example",
        "romeo@verona.example/balcony",
        "romeo@evil.example",
    ] {
        assert!(!scene.answer(forger, "result", &id, "<FN>Tybalt</FN>"), "{forger}");
    }
    assert!(!scene.answer(ROMEO, "result", "vcard-9-9", "<FN>Tybalt</FN>"));
    assert_eq!(scene.name(), None);
    assert!(
        scene.answer(ROMEO, "result", &id, CARD),
        "the true one is still awaited"
    );
}

#[test]
fn an_answer_counts_once() {
    let mut scene = Scene::new();
    let id = scene.asked();
    assert!(scene.answer(ROMEO, "result", &id, CARD));
    assert!(!scene.answer(ROMEO, "result", &id, "<FN>Tybalt</FN>"));
}

#[test]
fn nobody_is_asked_twice_on_one_connection() {
    let mut scene = Scene::new();
    let subscribe = format!("<presence type='subscribe' from='{ROMEO}' to='{DOMAIN}'/>");
    let deeds = scene.receive(&subscribe);
    assert!(question(&deeds).is_some());
    assert_eq!(question(&scene.receive(&subscribe)), None);
    assert_eq!(scene.line("").1, None);
}

#[test]
fn the_next_connection_asks_anew_and_writes_only_what_is_new() {
    let mut scene = Scene::new();
    let old = scene.asked();
    scene.reception.connected();
    let new = scene.asked();
    assert!(!scene.answer(ROMEO, "result", &old, CARD), "too late");
    assert!(scene.answer(ROMEO, "result", &new, CARD));
    scene.reception.connected();
    let same = scene.asked();
    assert!(!scene.answer(ROMEO, "result", &same, CARD));
}

#[test]
fn who_has_no_vcard_keeps_going_without_a_name() {
    let mut scene = Scene::new();
    let id = scene.asked();
    assert!(!scene.answer(ROMEO, "error", &id, CARD));
    assert_eq!(scene.line(""), (None, None));
}

#[test]
fn who_may_not_use_the_gateway_is_not_asked() {
    let mut scene = Scene::new();
    let deeds = scene.receive(&format!(
        "<message from='tybalt@verona.example/x' to='juliet\\40capulet@{DOMAIN}'><body>hi</body></message>"
    ));
    assert!(deeds.answers.is_empty());
}

#[test]
fn no_more_than_a_bounded_number_is_remembered() {
    let mut names = Names::default();
    for n in 0..=MOST_ASKED {
        let guest = BareJid::new(&format!("guest{n}@verona.example")).unwrap();
        assert!(names.ask(&gateway(), &guest).is_some());
    }
    assert_eq!(names.asked.len(), MOST_ASKED);
    assert!(names.ask(&gateway(), &romeo()).is_some());
}
