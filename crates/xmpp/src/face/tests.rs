use super::*;
use crate::cast::{DOMAIN, Props, stanza};
use crate::reception::{Deeds, Reception};
use crate::stanza::Outward;
use crate::xml::text_of;
use causeway_core::network::Row;
use causeway_core::registration::Registration;
use futures::FutureExt;
use proptest::prelude::*;

/// The answer of the gateway, or of a contact of this local part, to one of Romeo's requests.
pub(crate) fn asked(props: &Props, local: &str, request: &str) -> Element {
    asked_by("romeo@verona.example/balcony' type='get", props, local, request)
}

/// The same of somebody else, with more attributes if need be.
pub(crate) fn asked_by(who: &str, props: &Props, local: &str, request: &str) -> Element {
    let at = if local.is_empty() { "" } else { "@" };
    let iq = stanza(&format!(
        "<iq id='1' from='{who}' to='{local}{at}{DOMAIN}'>{request}</iq>"
    ));
    let Deeds { answers, later, .. } = Reception::new(props.face(), false).receive(&iq);
    let later = later.into_iter().flat_map(|work| work.now_or_never().unwrap());
    answers.into_iter().chain(later).next().unwrap().element().clone()
}

/// The payload of a result.
pub(crate) fn payload(answer: &Element) -> &Element {
    assert_eq!(answer.attr("type"), Some("result"), "{answer:?}");
    answer.children().next().unwrap()
}

/// The condition of an error.
pub(crate) fn condition(answer: &Element) -> String {
    assert_eq!(answer.attr("type"), Some("error"), "{answer:?}");
    let error = answer.children().find(|child| child.name() == "error").unwrap();
    error.children().next().unwrap().name().to_owned()
}

/// Lets Romeo add contacts of these local parts.
pub(crate) fn add(props: &Props, locals: &[&str]) {
    let mut rows = props.paper.rows.lock().unwrap();
    for local in locals {
        rows.insert(format!("sub/{DOMAIN}/romeo@verona.example/{local}"), b"to".to_vec());
    }
}

#[test]
fn time_version_uptime_and_cards_are_true() {
    let props = Props::new();
    let time = asked(&props, "", "<time xmlns='urn:xmpp:time'/>");
    assert_eq!(
        text_of(payload(&time), "utc", ns::TIME).unwrap(),
        "2023-11-14T22:13:20.000Z"
    );
    let version = asked(&props, "", "<query xmlns='jabber:iq:version'/>");
    assert_eq!(text_of(payload(&version), "version", ns::VERSION).unwrap(), "1.2.3");
    assert_eq!(text_of(payload(&version), "os", ns::VERSION), None);
    let last = asked(&props, "", "<query xmlns='jabber:iq:last'/>");
    assert_eq!(payload(&last).attr("seconds"), Some("3600"));
}

#[test]
fn how_long_a_contact_is_silent_is_for_those_who_added_it() {
    let props = Props::new();
    let last = |local: &str| asked(&props, local, "<query xmlns='jabber:iq:last'/>");
    assert_eq!(condition(&last("juliet\\40capulet")), "forbidden");
    add(&props, &["juliet\\40capulet", "rosaline\\40capulet"]);
    assert_eq!(payload(&last("juliet\\40capulet")).attr("seconds"), Some("90"));
    assert_eq!(condition(&last("rosaline\\40capulet")), "item-not-found");
}

#[test]
fn what_people_type_becomes_a_jid() {
    let props = Props::new();
    let typed = |prompt: &str| {
        let query = format!("<query xmlns='jabber:iq:gateway'>{prompt}</query>");
        asked_by("romeo@verona.example/b' type='set", &props, "", &query)
    };
    for prompt in [
        " Juliet@Capulet ",
        "juliet%capulet",
        "juliet\\40capulet@pigeon.verona.example",
    ] {
        let answer = typed(&format!("<prompt>{prompt}</prompt>"));
        let jid = text_of(payload(&answer), "jid", ns::GATEWAY).unwrap();
        assert_eq!(jid, "juliet\\40capulet@pigeon.verona.example", "{prompt}");
    }
    for (odd, why) in [
        ("", "bad-request"),
        ("<prompt/>", "jid-malformed"),
        ("<prompt>Juliet</prompt>", "jid-malformed"),
        ("<prompt><b>juliet@capulet</b></prompt>", "jid-malformed"),
        ("<prompt>juliet@capulet@verona</prompt>", "jid-malformed"),
        ("<prompt>@pigeon.verona.example</prompt>", "jid-malformed"),
        ("<jid>juliet@capulet</jid>", "bad-request"),
    ] {
        assert_eq!(condition(&typed(odd)), why, "{odd}");
    }
}

#[test]
fn a_language_that_was_chosen_counts_more_than_that_of_a_request() {
    let props = Props::new();
    let mut registration = Registration::default();
    registration.settings.language = Some(Language::De);
    let key = Registration::key(&props.face().network.profile().id, &crate::cast::romeo());
    props.paper.rows.lock().unwrap().insert(key, registration.write());
    let card = asked(&props, "", "<vCard xmlns='vcard-temp'/>");
    assert_eq!(text_of(payload(&card), "FN", ns::VCARD).unwrap(), "Taubenpost");
}

#[test]
fn the_prompt_speaks_the_language_of_who_asks() {
    let props = Props::new();
    let prompt = |who: &str| {
        let answer = asked_by(who, &props, "", "<query xmlns='jabber:iq:gateway'/>");
        let text = |name| text_of(payload(&answer), name, ns::GATEWAY).unwrap();
        (text("desc"), text("prompt"))
    };
    let words = |desc: &str, prompt: &str| (desc.to_owned(), prompt.to_owned());
    let romeo = "romeo@verona.example/b' type='get";
    assert_eq!(prompt(romeo), words("Reach somebody by Pigeon post", "name@loft"));
    assert_eq!(
        prompt(&format!("{romeo}' xml:lang='de-AT")),
        words("Jemanden per Taubenpost erreichen", "Name@Schlag")
    );
}

/// Lets Romeo send a presence, writes down what it asks for, and gives the presence that he gets.
fn presence(props: &Props, reception: &mut Reception, to: &str, stanza_type: &str) -> Vec<Element> {
    let sent = stanza(&format!(
        "<presence from='romeo@verona.example/balcony' to='{to}' {stanza_type}/>"
    ));
    let Deeds { answers, post, .. } = reception.receive(&sent);
    let then = post.map(|post| {
        post.arrival.rows.iter().for_each(|row| keep(props, row));
        post.then
    });
    let all = answers.into_iter().chain(then.into_iter().flatten());
    all.map(|answer: Outward| answer.element().clone())
        .filter(|answer| answer.name() == "presence")
        .collect()
}

fn keep(props: &Props, row: &Row) {
    let mut rows = props.paper.rows.lock().unwrap();
    match &row.value {
        Some(value) => rows.insert(row.key.clone(), value.clone()),
        None => rows.remove(&row.key),
    };
}

fn types_of(stanzas: &[Element]) -> Vec<&str> {
    stanzas
        .iter()
        .map(|stanza| stanza.attr("type").unwrap_or("available"))
        .collect()
}

const JULIET: &str = "juliet\\40capulet@pigeon.verona.example";

#[test]
fn a_contact_is_added_seen_and_removed() {
    let props = Props::new();
    let mut reception = Reception::new(props.face(), false);
    let mut send = |stanza_type| presence(&props, &mut reception, JULIET, stanza_type);

    let added = send("type='subscribe'");
    assert_eq!(types_of(&added), ["subscribed", "available"]);
    assert_eq!(added[0].attr("from"), Some(JULIET));
    assert_eq!(
        added[1].attr("from"),
        Some("juliet\\40capulet@pigeon.verona.example/gateway")
    );

    assert_eq!(types_of(&send("type='probe'")), ["available"]);
    assert_eq!(types_of(&send("")), ["available"]);
    assert!(send("").is_empty(), "once for each session");
    assert!(send("type='unavailable'").is_empty());
    assert_eq!(types_of(&send("")), ["available"]);

    assert_eq!(types_of(&send("type='unsubscribe'")), ["unsubscribed", "unavailable"]);
    let rows = props.paper.rows.lock().unwrap();
    assert!(rows.keys().all(|key| key.starts_with("knows/")), "{rows:?}");
}

#[test]
fn a_roster_that_outlived_the_store_is_believed() {
    let props = Props::new();
    let mut reception = Reception::new(props.face(), false);
    assert_eq!(
        types_of(&presence(&props, &mut reception, JULIET, "type='probe'")),
        ["available"]
    );
    let key = format!("sub/{DOMAIN}/romeo@verona.example/juliet\\40capulet");
    assert!(props.paper.rows.lock().unwrap().contains_key(&key));
}

#[test]
fn the_gateway_itself_can_be_added() {
    let props = Props::new();
    let mut reception = Reception::new(props.face(), false);
    let added = presence(&props, &mut reception, DOMAIN, "type='subscribe'");
    assert_eq!(types_of(&added), ["subscribed", "available"]);
    assert_eq!(added[0].attr("from"), Some(DOMAIN));
    assert_eq!(added[1].attr("from"), Some(format!("{DOMAIN}/gateway").as_str()));
}

#[test]
fn nothing_is_said_before_the_subscription_is_written_down() {
    let props = Props::new();
    let subscribe = stanza(&format!(
        "<presence from='romeo@verona.example' to='{JULIET}' type='subscribe'/>"
    ));
    let deeds = Reception::new(props.face(), false).receive(&subscribe);
    assert!(deeds.answers.is_empty());
    assert_eq!(deeds.post.unwrap().then.len(), 3);
}

proptest! {
    #[test]
    fn a_subscription_key_is_read_back_as_it_was_written(local in "[a-z%\\\\0-9]{1,12}") {
        let props = Props::new();
        let face = props.face();
        let row = face.shelf.subscribed(&crate::cast::romeo(), Some(&local));
        keep(&props, &row);
        let found = face.shelf.subscribers(props.paper.as_ref(), None, 10);
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!(&found[0].local, &local);
        prop_assert_eq!(&found[0].user, "romeo@verona.example");
        prop_assert!(face.shelf.subscribers(props.paper.as_ref(), Some(&row.key), 10).is_empty());
    }
}
