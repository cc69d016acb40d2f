use crate::cast::Props;
use crate::face::avatar;
use crate::face::caps;
use crate::face::tests::{asked, asked_by, condition, payload};
use crate::ns;
use crate::stanza::Outward;
use crate::xml::text_of;
use causeway_core::card::Picture;
use data_encoding::BASE64;
use minidom::Element;

const TEMP: &str = "<vCard xmlns='vcard-temp'/>";
const FOUR: &str = "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'/>";
const JULIET: &str = "juliet\\40capulet";
const PARIS: &str = "paris@verona.example/square' type='get";

fn node(name: &str, more: &str) -> String {
    format!("<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='{name}'>{more}</items></pubsub>")
}

/// The id and the content of the one item in a node.
fn item(answer: &Element) -> (String, Element) {
    let items = payload(answer).children().next().unwrap();
    let item = items.children().next().unwrap();
    let content = item.children().next().unwrap();
    (item.attr("id").unwrap().to_owned(), content.clone())
}

/// The text at the end of a path of names.
fn text_at(card: &Element, path: &[&str]) -> Option<String> {
    let found = path.iter().try_fold(card, |parent, name| {
        parent.children().find(|child| child.name() == *name)
    });
    found.map(Element::text)
}

/// The hash in the presence that Romeo gets, which is empty where there is no picture.
fn told(props: &Props, local: Option<&str>) -> String {
    let face = props.face();
    let plain = Outward::presence(&face.gateway.itself(), "romeo@verona.example", None);
    let presence = caps::dressed(&face, plain, "romeo@verona.example", local);
    let update = presence.element().children().find(|child| child.name() == "x").unwrap();
    text_of(update, "photo", ns::VCARD_UPDATE).unwrap()
}

#[test]
fn a_contact_has_a_card_in_both_formats() {
    let props = Props::new();
    let answer = asked(&props, "juliet%capulet", TEMP);
    let card = payload(&answer);
    assert_eq!(text_at(card, &["FN"]).unwrap(), "Juliet Capulet");
    assert_eq!(text_at(card, &["NICKNAME"]).unwrap(), "Juliet Capulet");
    assert_eq!(text_at(card, &["EMAIL", "USERID"]).unwrap(), "juliet@capulet");
    assert_eq!(text_at(card, &["URL"]).unwrap(), "pigeon:juliet@capulet");
    assert_eq!(
        text_at(card, &["JABBERID"]).unwrap(),
        "juliet\\40capulet@pigeon.verona.example"
    );
    let answer = asked(&props, "juliet%capulet", FOUR);
    let card = payload(&answer);
    assert_eq!(text_at(card, &["fn", "text"]).unwrap(), "Juliet Capulet");
    assert_eq!(text_at(card, &["email", "text"]).unwrap(), "juliet@capulet");
    assert_eq!(
        text_at(card, &["impp", "uri"]).unwrap(),
        "xmpp:juliet%5C40capulet@pigeon.verona.example"
    );
    let (_, in_node) = item(&asked(&props, "juliet%capulet", &node("urn:xmpp:vcard4", "")));
    assert_eq!(in_node, *card);
}

#[test]
fn what_one_user_knows_of_a_contact_is_not_shown_to_another() {
    let props = Props::new();
    let answer = asked_by(PARIS, &props, JULIET, TEMP);
    assert_eq!(text_at(payload(&answer), &["FN"]).unwrap(), "juliet@capulet");
    assert_eq!(text_at(payload(&answer), &["PHOTO"]), None);
    let answer = asked_by(PARIS, &props, JULIET, &node("urn:xmpp:avatar:metadata", ""));
    assert_eq!(condition(&answer), "item-not-found");
}

#[test]
fn the_gateway_says_what_it_is_in_the_language_of_who_asks() {
    let props = Props::new();
    let answer = asked(&props, "", TEMP);
    assert_eq!(text_at(payload(&answer), &["FN"]).unwrap(), "Pigeon post");
    assert!(text_at(payload(&answer), &["DESC"]).unwrap().starts_with("A gateway"));
    let german = asked_by("romeo@verona.example/b' type='get' xml:lang='de", &props, "", FOUR);
    assert_eq!(text_at(payload(&german), &["fn", "text"]).unwrap(), "Taubenpost");
    assert!(
        text_at(payload(&german), &["note", "text"])
            .unwrap()
            .starts_with("Ein Gateway")
    );
}

#[test]
fn an_address_that_nobody_reads_says_so_in_its_card() {
    let answer = asked(&Props::new(), "crier\\40verona", TEMP);
    assert!(
        text_at(payload(&answer), &["DESC"])
            .unwrap()
            .starts_with("Nobody reads")
    );
}

#[test]
fn a_picture_is_the_same_wherever_one_looks_for_it() {
    let props = Props::new();
    for local in ["", JULIET] {
        let hash = told(&props, Some(local).filter(|local| !local.is_empty()));
        assert_eq!(hash.len(), 40, "{local}");

        let card = asked(&props, local, TEMP);
        let binval = text_at(payload(&card), &["PHOTO", "BINVAL"]).unwrap();
        let picture = Picture::png(&BASE64.decode(binval.as_bytes()).unwrap()).unwrap();
        assert_eq!(avatar::hash(&picture), hash, "{local}");

        let (id, metadata) = item(&asked(&props, local, &node("urn:xmpp:avatar:metadata", "")));
        let info = metadata.children().next().unwrap();
        assert_eq!((id.as_str(), info.attr("id")), (hash.as_str(), Some(hash.as_str())));
        let bytes = picture.bytes().len().to_string();
        assert_eq!(info.attr("bytes"), Some(bytes.as_str()));
        assert_eq!(info.attr("type"), Some("image/png"));

        let named = format!("<item id='{hash}'/>");
        let (id, data) = item(&asked(&props, local, &node("urn:xmpp:avatar:data", &named)));
        assert_eq!((id, data.text()), (hash, binval));
    }
}

#[test]
fn who_has_no_picture_says_so() {
    let props = Props::new();
    assert_eq!(told(&props, Some("nurse\\40capulet")), "");
    for name in ["urn:xmpp:avatar:metadata", "urn:xmpp:avatar:data"] {
        assert_eq!(
            condition(&asked(&props, "nurse\\40capulet", &node(name, ""))),
            "item-not-found"
        );
    }
}

#[test]
fn nodes_that_nobody_has_are_not_found_at_once() {
    let props = Props::new();
    for name in [
        "eu.siacs.conversations.axolotl.devicelist",
        "urn:xmpp:omemo:2:devices",
        "",
    ] {
        assert_eq!(
            condition(&asked(&props, JULIET, &node(name, ""))),
            "item-not-found",
            "{name}"
        );
    }
    let stale = node("urn:xmpp:avatar:data", "<item id='0123'/>");
    assert_eq!(condition(&asked(&props, JULIET, &stale)), "item-not-found");
    let other = "<pubsub xmlns='http://jabber.org/protocol/pubsub'><subscriptions/></pubsub>";
    assert_eq!(condition(&asked(&props, JULIET, other)), "feature-not-implemented");
}
