use super::*;
use crate::cast::{DOMAIN, Props, stanza};
use crate::reception::{Deeds, Reception};
use crate::stanza::Outward;
use crate::xml::text_of;
use causeway_core::network::Row;
use proptest::prelude::*;

/// The answer of the gateway, or of a contact of this local part, to one of Romeo's requests.
fn asked(props: &Props, local: &str, request: &str) -> Element {
    let at = if local.is_empty() { "" } else { "@" };
    let iq = stanza(&format!(
        "<iq type='get' id='1' from='romeo@verona.example/balcony' to='{local}{at}{DOMAIN}'>{request}</iq>"
    ));
    let deeds = Reception::new(props.face(), false).receive(&iq);
    deeds.answers[0].element().clone()
}

fn payload(answer: &Element) -> &Element {
    assert_eq!(answer.attr("type"), Some("result"), "{answer:?}");
    answer.children().next().unwrap()
}

fn features(answer: &Element) -> Vec<String> {
    let features = payload(answer).children().filter(|child| child.name() == "feature");
    features
        .map(|feature| feature.attr("var").unwrap().to_owned())
        .collect()
}

const INFO: &str = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
const ITEMS: &str = "<query xmlns='http://jabber.org/protocol/disco#items'/>";

#[test]
fn the_gateway_is_a_gateway_to_its_network() {
    let answer = asked(&Props::new(), "", INFO);
    let identity = payload(&answer).children().next().unwrap();
    assert_eq!(identity.attr("category"), Some("gateway"));
    assert_eq!(identity.attr("type"), Some("pigeon"));
    assert_eq!(identity.attr("name"), Some("Pigeon post"));
}

#[test]
fn whatever_is_announced_is_answered() {
    let props = Props::new();
    for local in ["", "juliet\\40capulet"] {
        for feature in features(&asked(&props, local, INFO)) {
            let name = match feature.as_str() {
                ns::PING => "ping",
                ns::TIME => "time",
                ns::VCARD => "vCard",
                ns::RECEIPTS | ns::MARKERS => continue,
                _ => "query",
            };
            let answer = asked(&props, local, &format!("<{name} xmlns='{feature}'/>"));
            assert_eq!(answer.attr("type"), Some("result"), "{local} {feature}");
        }
    }
}

#[test]
fn a_contact_is_an_account_whether_anybody_has_the_address_or_not() {
    let props = Props::new();
    let juliet = asked(&props, "juliet\\40capulet", INFO);
    let nobody = asked(&props, "nobody\\40nowhere", INFO);
    let identity = payload(&juliet).children().next().unwrap();
    assert_eq!(
        (identity.attr("category"), identity.attr("type")),
        (Some("account"), Some("registered"))
    );
    assert_eq!(features(&juliet), features(&nobody));
}

#[test]
fn a_user_is_shown_his_own_contacts_and_nobody_elses() {
    let props = Props::new();
    let keys = [
        format!("sub/{DOMAIN}/romeo@verona.example/"),
        format!("sub/{DOMAIN}/romeo@verona.example/juliet\\40capulet"),
        format!("sub/{DOMAIN}/paris@verona.example/rosaline\\40capulet"),
    ];
    for key in keys {
        props.paper.rows.lock().unwrap().insert(key, b"to".to_vec());
    }
    let answer = asked(&props, "", ITEMS);
    let jids: Vec<_> = payload(&answer)
        .children()
        .filter_map(|item| item.attr("jid"))
        .collect();
    assert_eq!(jids, ["juliet\\40capulet@pigeon.verona.example"]);
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
    let card = asked(&props, "juliet%capulet", "<vCard xmlns='vcard-temp'/>");
    assert_eq!(text_of(payload(&card), "FN", ns::VCARD).unwrap(), "juliet@capulet");
    assert_eq!(
        text_of(payload(&card), "JABBERID", ns::VCARD).unwrap(),
        "juliet\\40capulet@pigeon.verona.example"
    );
}

#[test]
fn what_people_type_becomes_a_jid() {
    let props = Props::new();
    let typed = stanza(&format!(
        "<iq type='set' id='1' from='romeo@verona.example/b' to='{DOMAIN}'><query xmlns='jabber:iq:gateway'>\
         <prompt> Juliet@Capulet </prompt></query></iq>"
    ));
    let deeds = Reception::new(props.face(), false).receive(&typed);
    let jid = text_of(payload(deeds.answers[0].element()), "jid", ns::GATEWAY).unwrap();
    assert_eq!(jid, "juliet\\40capulet@pigeon.verona.example");
    let prompt = asked(&props, "", "<query xmlns='jabber:iq:gateway'/>");
    assert_eq!(text_of(payload(&prompt), "prompt", ns::GATEWAY).unwrap(), "name@loft");
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
    assert!(props.paper.rows.lock().unwrap().is_empty());
}

#[test]
fn a_roster_that_outlived_the_store_is_believed() {
    let props = Props::new();
    let mut reception = Reception::new(props.face(), false);
    assert_eq!(
        types_of(&presence(&props, &mut reception, JULIET, "type='probe'")),
        ["available"]
    );
    assert_eq!(props.paper.rows.lock().unwrap().len(), 1);
}

#[test]
fn the_gateway_itself_can_be_added() {
    let props = Props::new();
    let mut reception = Reception::new(props.face(), false);
    let added = presence(&props, &mut reception, DOMAIN, "type='subscribe'");
    assert_eq!(types_of(&added), ["subscribed", "available"]);
    assert_eq!(added[1].attr("from"), Some(DOMAIN));
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
