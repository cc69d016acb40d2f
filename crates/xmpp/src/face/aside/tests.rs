use crate::cast::{DOMAIN, Props, stanza};
use crate::face::tests::{add, asked_by, condition, payload};
use crate::ns;
use crate::reception::{Deeds, Reception};
use minidom::Element;

const ITEMS: &str = "<query xmlns='http://jabber.org/protocol/disco#items'/>";
const SEARCH: &str = "<query xmlns='jabber:iq:search'><nick>capulet</nick></query>";
const PARIS: &str = "paris@verona.example/square' type='set";

fn deeds(reception: &mut Reception, who: &str, request: &str) -> Deeds {
    reception.receive(&stanza(&format!(
        "<iq id='1' from='{who}' to='{DOMAIN}'>{request}</iq>"
    )))
}

#[test]
fn nothing_waits_for_cards_to_be_read() {
    let props = Props::new();
    add(&props, &["juliet\\40capulet"]);
    let mut reception = Reception::new(props.face(), false);
    for (kind, request) in [("set", SEARCH), ("get", ITEMS)] {
        let who = format!("romeo@verona.example/balcony' type='{kind}");
        let deeds = deeds(&mut reception, &who, request);
        assert!(deeds.answers.is_empty() && deeds.later.is_some(), "{request}");
        assert_eq!(payload(&asked_by(&who, &props, "", request)).children().count(), 1);
    }
}

#[test]
fn one_user_has_a_few_of_them_under_way_and_holds_up_nobody_else() {
    let props = Props::new();
    let mut reception = Reception::new(props.face(), false);
    let romeo = "romeo@verona.example/balcony' type='set";
    let under_way: Vec<Deeds> = (0..4).map(|_| deeds(&mut reception, romeo, SEARCH)).collect();
    let refused: Vec<Element> = deeds(&mut reception, romeo, SEARCH)
        .answers
        .iter()
        .map(|answer| answer.element().clone())
        .collect();
    assert_eq!(condition(&refused[0]), "resource-constraint");
    assert!(deeds(&mut reception, PARIS, SEARCH).later.is_some());
    drop(under_way);
    assert!(deeds(&mut reception, romeo, SEARCH).later.is_some());
}

#[test]
fn what_can_be_said_at_once_is() {
    let props = Props::new();
    let mut reception = Reception::new(props.face(), false);
    let romeo = "romeo@verona.example/balcony' type='get";
    let nodes = format!("<query xmlns='{}' node='{}'/>", ns::DISCO_ITEMS, ns::COMMANDS);
    for request in ["<query xmlns='jabber:iq:search'/>", &nodes] {
        let deeds = deeds(&mut reception, romeo, request);
        assert!(deeds.later.is_none() && deeds.answers.len() == 1, "{request}");
    }
}
