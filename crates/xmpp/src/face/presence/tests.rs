use super::*;
use crate::cast::{DOMAIN, Props, romeo, stanza};
use crate::reception::Reception;
use crate::shelf::{MOST_CONTACTS, Shelf};
use crate::xml::text_of;
use crate::{cast, ns};
use causeway_core::language::{Language, Words};
use causeway_core::network::Row;
use causeway_core::registration::Registration;
use minidom::Element;

/// Romeo is registered.
fn register(props: &Props, language: Option<Language>) {
    let mut registration = Registration::default();
    registration.settings.language = language;
    let key = Registration::key(&cast::juliet().network, &romeo());
    keep(props, &Row::put(key, registration.write()));
}

fn keep(props: &Props, row: &Row) {
    let mut rows = props.paper.rows.lock().unwrap();
    match &row.value {
        Some(value) => rows.insert(row.key.clone(), value.clone()),
        None => rows.remove(&row.key),
    };
}

/// What the gateway says to a presence of Romeo's account, as types, after writing down what it wants.
fn said(props: &Props, reception: &mut Reception, to: &str, stanza_type: &str) -> Vec<String> {
    let presence = stanza(&format!(
        "<presence from='romeo@verona.example' to='{to}' type='{stanza_type}'/>"
    ));
    let deeds = reception.receive(&presence);
    let post = deeds.post.map(|post| {
        post.arrival.rows.iter().for_each(|row| keep(props, row));
        post.then
    });
    let all = deeds.answers.into_iter().chain(post.into_iter().flatten());
    let elements = all.map(|it| it.element().clone());
    let presences = elements.filter(|it| it.name() == "presence");
    presences
        .map(|it| it.attr("type").unwrap_or("available").to_owned())
        .collect()
}

fn sight(props: &Props) -> Option<Sight> {
    Shelf::new(&cast::gateway()).sight(props.paper.as_ref(), &romeo())
}

const JULIET: &str = "juliet\\40capulet@pigeon.verona.example";

#[test]
fn the_gateway_asks_back_who_is_registered_and_nobody_else() {
    let props = Props::new();
    let mut reception = Reception::new(props.face(), false);
    assert_eq!(
        said(&props, &mut reception, DOMAIN, "subscribe"),
        ["subscribed", "available"]
    );
    register(&props, None);
    assert_eq!(
        said(&props, &mut reception, DOMAIN, "subscribe"),
        ["subscribed", "subscribe", "available"]
    );
    assert_eq!(
        said(&props, &mut reception, DOMAIN, "subscribe"),
        ["subscribed", "available"],
        "once is enough"
    );
    assert_eq!(
        said(&props, &mut reception, JULIET, "subscribe"),
        ["subscribed", "available"],
        "a contact has no use for his presence"
    );
}

#[test]
fn what_a_user_grants_and_takes_back_is_kept() {
    let props = Props::new();
    let mut reception = Reception::new(props.face(), false);
    assert!(said(&props, &mut reception, DOMAIN, "subscribed").is_empty());
    assert_eq!(sight(&props), None, "nobody asked");
    register(&props, None);
    said(&props, &mut reception, DOMAIN, "subscribe");
    assert_eq!(sight(&props), Some(Sight::Asked));
    said(&props, &mut reception, DOMAIN, "unsubscribed");
    assert_eq!(sight(&props), Some(Sight::Refused), "he is not asked again");
    said(&props, &mut reception, DOMAIN, "subscribed");
    assert_eq!(sight(&props), Some(Sight::Granted));
    said(&props, &mut reception, DOMAIN, "unsubscribed");
    assert_eq!(sight(&props), None, "he removed the gateway, and may add it again");
}

#[test]
fn whom_a_user_adds_is_no_stranger() {
    let props = Props::new();
    let mut reception = Reception::new(props.face(), false);
    said(&props, &mut reception, JULIET, "subscribe");
    let key = Acquaintance::key(&romeo(), &cast::juliet());
    let row = props.paper.rows.lock().unwrap().get(&key).cloned();
    assert_eq!(row.as_deref(), Some(Acquaintance::Known.as_bytes()));
}

fn look(props: &Props, trouble: Option<Words>) -> (Option<String>, String) {
    let face = Face {
        network: std::sync::Arc::new(cast::PigeonPost::in_trouble(trouble)),
        ..props.face()
    };
    let presence: Element = present(&face, None, "romeo@verona.example").unwrap().element().clone();
    assert_eq!(presence.attr("type"), None);
    (
        text_of(&presence, "show", ns::COMPONENT),
        text_of(&presence, "status", ns::COMPONENT).unwrap(),
    )
}

#[test]
fn the_gateway_is_away_while_nothing_can_leave_and_says_so_in_the_users_language() {
    let props = Props::new();
    assert_eq!(look(&props, None), (None, "Ready".to_owned()));
    let fog = Words::new("Fog", "Nebel");
    assert_eq!(
        look(&props, Some(fog.clone())),
        (Some("away".to_owned()), "Fog".to_owned())
    );
    register(&props, Some(Language::De));
    assert_eq!(look(&props, Some(fog)), (Some("away".to_owned()), "Nebel".to_owned()));
    assert_eq!(look(&props, None), (None, "Bereit".to_owned()));
}

#[test]
fn who_logs_out_of_the_gateway_is_told_that_it_is_gone() {
    let props = Props::new();
    let mut reception = Reception::new(props.face(), false);
    said(&props, &mut reception, DOMAIN, "subscribe");
    let mut send = |what: &str| {
        let presence = stanza(&format!(
            "<presence from='romeo@verona.example/balcony' to='{DOMAIN}' {what}/>"
        ));
        let answers = reception.receive(&presence).answers;
        let types = answers.iter().map(|it| it.element().attr("type").map(str::to_owned));
        types.collect::<Vec<_>>()
    };
    assert_eq!(send(""), [None]);
    assert_eq!(props.face().sessions.of(&romeo()), Vec::<String>::new(), "another face");
    assert_eq!(send("type='unavailable'"), [Some("unavailable".to_owned())]);
    assert_eq!(send("type='unavailable'"), [], "he was not there");
}

#[test]
fn sessions_at_contacts_are_none_at_the_gateway() {
    let props = Props::new();
    let face = props.face();
    let mut reception = Reception::new(face.clone(), false);
    for to in [JULIET, DOMAIN] {
        let presence = stanza(&format!("<presence from='romeo@verona.example/balcony' to='{to}'/>"));
        reception.receive(&presence);
    }
    let other = stanza(&format!(
        "<presence from='romeo@verona.example/orchard' to='{JULIET}'/>"
    ));
    reception.receive(&other);
    assert_eq!(face.sessions.of(&romeo()), ["romeo@verona.example/balcony"]);
}

#[test]
fn the_gateway_and_its_contacts_come_and_go_with_a_resource() {
    let face = Props::new().face();
    for (local, jid) in [(None, DOMAIN), (Some("juliet\\40capulet"), JULIET)] {
        let shown = [
            present(&face, local, "romeo@verona.example"),
            absent(&face, local, "romeo@verona.example"),
        ];
        for presence in shown.map(Option::unwrap) {
            assert_eq!(presence.element().attr("from"), Some(format!("{jid}/gateway").as_str()));
        }
    }
}

/// Romeo has as many contacts as anybody may have.
fn crowd(props: &Props) {
    let shelf = Shelf::new(&cast::gateway());
    for number in 0..MOST_CONTACTS {
        let local = format!("montague{number}\\40verona");
        keep(props, &shelf.subscribed(&romeo(), Some(&local)));
    }
}

/// The condition of the error that comes of a presence of Romeo's account, and whether anything is written down.
fn refused(reception: &mut Reception, stanza_type: &str) -> (Option<String>, bool) {
    let presence = stanza(&format!(
        "<presence from='romeo@verona.example' to='{JULIET}' type='{stanza_type}'/>"
    ));
    let deeds = reception.receive(&presence);
    let errors = deeds
        .answers
        .iter()
        .filter_map(|it| it.element().get_child("error", ns::COMPONENT));
    let condition = |error: &Element| {
        let kind = error.attr("type").unwrap();
        format!("{} {kind}", error.children().next().unwrap().name())
    };
    (errors.map(condition).next(), deeds.post.is_some())
}

#[test]
fn nobody_has_more_contacts_than_there_is_room_for() {
    let props = Props::new();
    crowd(&props);
    let mut reception = Reception::new(props.face(), false);
    let full = (Some("resource-constraint wait".to_owned()), false);
    assert_eq!(refused(&mut reception, "subscribe"), full);
    assert_eq!(refused(&mut reception, "probe"), full);
    assert_eq!(
        said(&props, &mut reception, JULIET, "subscribe"),
        ["error", "unsubscribed"]
    );
    assert_eq!(
        said(&props, &mut reception, JULIET, "probe"),
        ["error"],
        "the roster stays as it is"
    );
    let one_of_them = format!("montague7\\40verona@{DOMAIN}");
    for to in [DOMAIN, &one_of_them] {
        let answers = said(&props, &mut reception, to, "subscribe");
        assert_eq!(answers, ["subscribed", "available"], "{to} takes no more room");
    }
    said(&props, &mut reception, &one_of_them, "unsubscribe");
    assert_eq!(
        said(&props, &mut reception, JULIET, "subscribe"),
        ["subscribed", "available"]
    );
}
