use crate::cast::{DOMAIN, Props};
use crate::config::Contacts;
use crate::face::caps;
use crate::face::tests::{add, asked, asked_by, condition, payload};
use crate::ns;
use crate::stanza::Outward;
use minidom::Element;
use std::sync::Arc;

const INFO: &str = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
const ITEMS: &str = "<query xmlns='http://jabber.org/protocol/disco#items'/>";
const JULIET: &str = "juliet\\40capulet";
const IN_GERMAN: &str = "romeo@verona.example/balcony' type='get' xml:lang='de";

/// The request that shows whether a feature is there; `None` for those that are no request. Every feature that is
/// announced must be here, or be the namespace of a `query` that may be empty.
fn request_for(feature: &str, node: &str) -> Option<String> {
    Some(match feature {
        ns::MARKERS | ns::RECEIPTS | ns::NO_REPLY | ns::PEP_VCARD_CONVERSION => return None,
        ns::CORRECT | ns::REACTIONS | ns::REPLY | ns::RETRACT => return None,
        ns::CAPS => format!("<query xmlns='{}' node='{node}'/>", ns::DISCO_INFO),
        ns::RSM => format!(
            "<query xmlns='{}'><set xmlns='{feature}'><max>1</max></set></query>",
            ns::DISCO_ITEMS
        ),
        ns::PUBSUB_RETRIEVE_ITEMS => {
            format!(
                "<pubsub xmlns='{}'><items node='{}'/></pubsub>",
                ns::PUBSUB,
                ns::VCARD_4_NODE
            )
        }
        "http://jabber.org/protocol/commands" => format!("<query xmlns='{}' node='{feature}'/>", ns::DISCO_ITEMS),
        ns::PING => format!("<ping xmlns='{feature}'/>"),
        ns::TIME => format!("<time xmlns='{feature}'/>"),
        ns::VCARD => format!("<vCard xmlns='{feature}'/>"),
        ns::VCARD_4 => format!("<vcard xmlns='{feature}'/>"),
        _ => format!("<query xmlns='{feature}'/>"),
    })
}

fn all(answer: &Element, name: &str, attribute: &str) -> Vec<String> {
    let children = payload(answer).children().filter(|child| child.name() == name);
    children
        .map(|child| child.attr(attribute).unwrap_or_default().to_owned())
        .collect()
}

fn features(answer: &Element) -> Vec<String> {
    all(answer, "feature", "var")
}

/// The `<c/>` in the presence of a contact, or of the gateway.
fn caps_of(props: &Props, local: &str) -> Element {
    let face = props.face();
    let local = Some(local).filter(|local| !local.is_empty());
    let plain = Outward::presence(&face.gateway.itself(), "romeo@verona.example", None);
    let dressed = caps::dressed(&face, plain, "romeo@verona.example", local);
    let caps = dressed.element().children().find(|child| child.is("c", ns::CAPS));
    caps.unwrap().clone()
}

fn node_of(caps: &Element) -> String {
    format!("{}#{}", caps.attr("node").unwrap(), caps.attr("ver").unwrap())
}

#[test]
fn the_gateway_is_a_gateway_to_its_network_by_the_name_that_the_asker_understands() {
    let props = Props::new();
    let answer = asked(&props, "", INFO);
    assert_eq!(all(&answer, "identity", "category"), ["gateway"]);
    assert_eq!(all(&answer, "identity", "type"), ["pigeon"]);
    assert_eq!(all(&answer, "identity", "name"), ["Pigeon post"]);
    let answer = asked_by(IN_GERMAN, &props, "", INFO);
    assert_eq!(all(&answer, "identity", "name"), ["Taubenpost"]);
}

#[test]
fn whatever_is_announced_is_answered() {
    let props = Props::new();
    for local in ["", JULIET, "crier\\40verona"] {
        let node = node_of(&caps_of(&props, local));
        let announced = features(&asked(&props, local, INFO));
        assert!(announced.len() > 10, "{announced:?}");
        for request in announced.iter().filter_map(|feature| request_for(feature, &node)) {
            let answer = asked(&props, local, &request);
            assert_eq!(answer.attr("type"), Some("result"), "{local} {request}");
        }
    }
}

#[test]
fn the_gateway_announces_what_clients_know_a_gateway_by_and_nothing_of_a_service_for_uploads() {
    let announced = features(&asked(&Props::new(), "", INFO));
    for feature in ["jabber:iq:gateway", "jabber:iq:search", "vcard-temp", "urn:xmpp:ping"] {
        assert!(announced.iter().any(|it| it == feature), "{feature}");
    }
    assert!(!announced.iter().any(|feature| feature.contains("http:upload")));
}

#[test]
fn a_contact_is_an_account_whether_anybody_has_the_address_or_not() {
    let props = Props::new();
    let juliet = asked(&props, JULIET, INFO);
    let nobody = asked(&props, "nobody\\40nowhere", INFO);
    assert_eq!(all(&juliet, "identity", "category"), ["account"]);
    assert_eq!(all(&juliet, "identity", "type"), ["registered"]);
    assert_eq!(payload(&juliet), payload(&nobody));
}

#[test]
fn a_contact_takes_what_is_said_about_earlier_messages_and_sees_nobody_type() {
    let announced = features(&asked(&Props::new(), JULIET, INFO));
    for feature in [
        "urn:xmpp:message-correct:0",
        "urn:xmpp:message-retract:1",
        "urn:xmpp:reactions:0",
        "urn:xmpp:reply:0",
    ] {
        assert!(announced.iter().any(|it| it == feature), "{feature}");
    }
    assert!(!announced.iter().any(|it| it.contains("chatstates")));
}

#[test]
fn an_address_that_nobody_reads_says_so() {
    let announced = features(&asked(&Props::new(), "crier\\40verona", INFO));
    assert!(announced.iter().any(|feature| feature == "urn:xmpp:noreply:0"));
}

#[test]
fn equal_contacts_have_equal_capabilities_and_the_hash_is_answered_for() {
    let props = Props::new();
    let juliet = caps_of(&props, JULIET);
    assert_eq!(juliet, caps_of(&props, "nobody\\40nowhere"));
    assert_eq!(juliet, caps_of(&Props::new(), JULIET), "after a restart");
    assert_ne!(juliet, caps_of(&props, "crier\\40verona"));
    assert_eq!(juliet.attr("hash"), Some("sha-1"));

    let entire = format!("<query xmlns='{}' node='{}'/>", ns::DISCO_INFO, node_of(&juliet));
    let answer = asked(&props, JULIET, &entire);
    assert_eq!(payload(&answer).attr("node"), Some(node_of(&juliet).as_str()));
    assert_eq!(
        caps::node(payload(&answer)),
        node_of(&juliet),
        "what is hashed is what is answered"
    );
    assert_eq!(
        condition(&asked(&props, "", &entire)),
        "item-not-found",
        "that is not the gateway's"
    );
}

#[test]
fn the_capabilities_of_the_gateway_are_the_same_in_every_language() {
    let props = Props::new();
    let node = node_of(&caps_of(&props, ""));
    let entire = format!("<query xmlns='{}' node='{node}'/>", ns::DISCO_INFO);
    let english = asked(&props, "", &entire);
    let german = asked_by(IN_GERMAN, &props, "", &entire);
    assert_eq!(all(&english, "identity", "name"), ["Pigeon post", "Taubenpost"]);
    assert_eq!(all(&german, "identity", "name"), ["Taubenpost", "Pigeon post"]);
    assert_eq!(caps::node(payload(&english)), node);
    assert_eq!(caps::node(payload(&german)), node);
}

#[test]
fn whom_to_write_to_about_the_gateway_can_be_asked() {
    let mut props = Props::new();
    assert!(all(&asked(&props, "", INFO), "x", "type").is_empty(), "nobody is named");
    props.contacts = Arc::new(Contacts {
        abuse: vec![
            "mailto:abuse@verona.example".into(),
            "xmpp:prince@verona.example".into(),
        ],
        admin: vec!["xmpp:prince@verona.example".into()],
        ..Contacts::default()
    });
    let answer = asked(&props, "", INFO);
    let form = payload(&answer).children().find(|child| child.name() == "x").unwrap();
    let said: Vec<(&str, Vec<String>)> = form
        .children()
        .map(|field| {
            (
                field.attr("var").unwrap(),
                field.children().map(Element::text).collect(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            ("FORM_TYPE", vec!["http://jabber.org/network/serverinfo".to_owned()]),
            (
                "abuse-addresses",
                vec![
                    "mailto:abuse@verona.example".to_owned(),
                    "xmpp:prince@verona.example".to_owned()
                ]
            ),
            ("admin-addresses", vec!["xmpp:prince@verona.example".to_owned()]),
        ]
    );
}

#[test]
fn a_user_is_shown_his_own_contacts_by_name_and_nobody_elses() {
    let props = Props::new();
    add(&props, &["", JULIET, "nurse\\40capulet"]);
    let others = format!("sub/{DOMAIN}/paris@verona.example/rosaline\\40capulet");
    props.paper.rows.lock().unwrap().insert(others, b"to".to_vec());
    let answer = asked(&props, "", ITEMS);
    assert_eq!(
        all(&answer, "item", "jid"),
        [
            "juliet\\40capulet@pigeon.verona.example",
            "nurse\\40capulet@pigeon.verona.example"
        ]
    );
    assert_eq!(all(&answer, "item", "name"), ["Juliet Capulet", "nurse@capulet"]);
    let benvolio = "benvolio@verona.example/x' type='get";
    assert!(all(&asked_by(benvolio, &props, "", ITEMS), "item", "jid").is_empty());
    assert!(all(&asked_by("verona.example' type='get", &props, "", ITEMS), "item", "jid").is_empty());
    assert!(all(&asked(&props, JULIET, ITEMS), "item", "jid").is_empty());
}

#[test]
fn many_contacts_are_shown_page_by_page() {
    let props = Props::new();
    let locals: Vec<String> = (0..250).map(|number| format!("guest{number:03}\\40capulet")).collect();
    add(&props, &locals.iter().map(String::as_str).collect::<Vec<_>>());
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let set = format!("<set xmlns='{}'><max>100</max>{after}</set>", ns::RSM);
        let answer = asked(&props, "", &format!("<query xmlns='{}'>{set}</query>", ns::DISCO_ITEMS));
        let page = all(&answer, "item", "jid");
        let Some(last) = page.last() else { break };
        after = format!("<after>{last}</after>");
        seen.extend(page);
    }
    assert_eq!(seen.len(), 250);
    seen.dedup();
    assert_eq!(seen.len(), 250);
}

#[test]
fn nodes_that_are_not_there_are_not_found() {
    let props = Props::new();
    for query in [INFO, ITEMS] {
        let query = query.replace("/>", " node='urn:verona:feud'/>");
        assert_eq!(condition(&asked(&props, "", &query)), "item-not-found");
    }
}
