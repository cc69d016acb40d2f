use crate::cast::Props;
use crate::face::tests::{add, asked, asked_by, payload};
use crate::ns;
use crate::xml::text_of;
use minidom::Element;

const SET: &str = "romeo@verona.example/balcony' type='set";

/// Romeo with three contacts, one of whom he knows by name.
fn romeos() -> Props {
    let props = Props::new();
    add(&props, &["juliet\\40capulet", "nurse\\40capulet", "friar\\40cell"]);
    props
}

/// Who is found for what was filled in.
fn check(filled: &str, expect: &[&str]) {
    let answer = asked_by(
        SET,
        &romeos(),
        "",
        &format!("<query xmlns='jabber:iq:search'>{filled}</query>"),
    );
    let jids: Vec<&str> = payload(&answer)
        .children()
        .filter_map(|item| item.attr("jid")?.strip_suffix("@pigeon.verona.example"))
        .collect();
    assert_eq!(jids, expect, "{filled}");
}

#[test]
fn contacts_are_found_by_a_part_of_their_name_or_address() {
    check("<nick>JULIET c</nick>", &["juliet\\40capulet"]);
    check("<nick>capulet</nick>", &["juliet\\40capulet", "nurse\\40capulet"]);
    check("<email>@cell</email>", &["friar\\40cell"]);
    check("<nick>juliet</nick><email>@cell</email>", &[]);
    check("<nick/>", &["friar\\40cell", "juliet\\40capulet", "nurse\\40capulet"]);
    check(
        "<last>Capulet</last>",
        &["friar\\40cell", "juliet\\40capulet", "nurse\\40capulet"],
    );
}

#[test]
fn a_whole_address_finds_its_jid_whoever_it_is() {
    check("<email>Tybalt@Capulet</email>", &["tybalt\\40capulet"]);
    check("<nick>tybalt@capulet</nick>", &["tybalt\\40capulet"]);
    check("<email>nurse@capulet</email>", &["nurse\\40capulet"]);
}

#[test]
fn what_is_found_has_a_name_and_an_address() {
    let answer = asked_by(
        SET,
        &romeos(),
        "",
        "<query xmlns='jabber:iq:search'><nick>juliet</nick></query>",
    );
    let item = payload(&answer).children().next().unwrap();
    assert_eq!(text_of(item, "nick", ns::SEARCH).unwrap(), "Juliet Capulet");
    assert_eq!(text_of(item, "email", ns::SEARCH).unwrap(), "juliet@capulet");
}

#[test]
fn nobody_finds_the_contacts_of_others() {
    let paris = "paris@verona.example/square' type='set";
    let query = "<query xmlns='jabber:iq:search'><nick>capulet</nick></query>";
    assert_eq!(payload(&asked_by(paris, &romeos(), "", query)).children().count(), 0);
}

#[test]
fn a_form_is_asked_for_filled_in_and_answered() {
    let form = |answer: &Element| {
        let form = payload(answer).children().find(|child| child.is("x", ns::DATA_FORMS));
        form.unwrap().clone()
    };
    let vars = |parent: &Element| -> Vec<String> {
        let fields = parent.children().filter_map(|field| field.attr("var"));
        fields.map(str::to_owned).collect()
    };
    let props = romeos();
    let empty = asked_by(
        "romeo@verona.example/b' type='get' xml:lang='de",
        &props,
        "",
        "<query xmlns='jabber:iq:search'/>",
    );
    assert_eq!(vars(&form(&empty)), ["FORM_TYPE", "nick", "email"]);
    assert!(
        text_of(payload(&empty), "instructions", ns::SEARCH)
            .unwrap()
            .starts_with("Sucht")
    );
    assert!(payload(&asked(&props, "", "<query xmlns='jabber:iq:search'/>")).has_child("nick", ns::SEARCH));

    let filled = "<query xmlns='jabber:iq:search'><x xmlns='jabber:x:data' type='submit'>\
        <field var='FORM_TYPE'><value>jabber:iq:search</value></field>\
        <field var='nick'><value>juliet</value></field></x></query>";
    let found = form(&asked_by(SET, &props, "", filled));
    assert_eq!(found.attr("type"), Some("result"));
    let items: Vec<&Element> = found.children().filter(|child| child.name() == "item").collect();
    assert_eq!(items.len(), 1);
    assert_eq!(vars(items[0]), ["jid", "nick", "email"]);
    let jid = text_of(items[0].children().next().unwrap(), "value", ns::DATA_FORMS);
    assert_eq!(jid.unwrap(), "juliet\\40capulet@pigeon.verona.example");
}
