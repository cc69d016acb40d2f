use super::*;
use minidom::Element;

fn field(name: &'static str, kind: FieldKind, value: Option<&str>) -> Field {
    Field {
        name,
        label: format!("The {name}"),
        kind,
        value: value.map(str::to_owned),
        required: name == "who",
    }
}

fn the_nurses_form() -> Form {
    let choice = |value: &str| Choice {
        value: value.to_owned(),
        label: value.to_uppercase(),
    };
    Form {
        title: "An errand".to_owned(),
        instructions: "Be quick.\n\nTell nobody.".to_owned(),
        fields: vec![
            field("who", FieldKind::Text, Some("Romeo")),
            field("words", FieldKind::Lines, Some("Farewell!\nGod knows")),
            field("token", FieldKind::Secret, Some("the ring")),
            field("tonight", FieldKind::YesNo, Some("true")),
            field(
                "place",
                FieldKind::OneOf(vec![choice("cell"), choice("tomb")]),
                Some("cell"),
            ),
        ],
    }
}

fn fields(form: &Element) -> Vec<(String, String, Vec<String>)> {
    let fields = form.children().filter(|child| child.name() == "field");
    let attr = |field: &Element, name| field.attr(name).unwrap_or_default().to_owned();
    let values = |field: &Element| {
        let values = field.children().filter(|child| child.name() == "value");
        values.map(Element::text).collect()
    };
    fields
        .map(|field| (attr(field, "var"), attr(field, "type"), values(field)))
        .collect()
}

fn filled(xml: &str) -> Option<Submission> {
    let parent = format!("<query xmlns='jabber:iq:register'>{xml}</query>");
    read(&parent.parse().unwrap())
}

#[test]
fn a_form_shows_what_it_holds_and_no_secret() {
    let shown = to_fill_in(&the_nurses_form(), Some("jabber:iq:register"));
    let of = |var: &str, kind: &str, values: &[&str]| {
        let values: Vec<String> = values.iter().map(|&value| value.to_owned()).collect();
        (var.to_owned(), kind.to_owned(), values)
    };
    assert_eq!(
        fields(&shown),
        [
            of("FORM_TYPE", "hidden", &["jabber:iq:register"]),
            of("who", "text-single", &["Romeo"]),
            of("words", "text-multi", &["Farewell!", "God knows"]),
            of("token", "text-private", &[]),
            of("tonight", "boolean", &["true"]),
            of("place", "list-single", &["cell"]),
        ]
    );
    assert_eq!(shown.attr("type"), Some("form"));
}

#[test]
fn instructions_have_no_line_breaks() {
    let shown = to_fill_in(&the_nurses_form(), None);
    let instructions = shown.children().filter(|child| child.name() == "instructions");
    let told: Vec<String> = instructions.map(Element::text).collect();
    assert_eq!(told, ["Be quick.", "Tell nobody."]);
}

#[test]
fn only_what_must_be_filled_in_says_so() {
    let shown = to_fill_in(&the_nurses_form(), None);
    let required = shown
        .children()
        .filter(|field| field.has_child("required", ns::DATA_FORMS));
    let names: Vec<_> = required.filter_map(|field| field.attr("var")).collect();
    assert_eq!(names, ["who"]);
}

#[test]
fn what_was_filled_in_comes_back_by_name() {
    let back = filled(
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>x</value></field>\
         <field var='who'><value>Romeo</value></field><field><value>nameless</value></field>\
         <field var='words'><value>Farewell!</value><value>God knows</value></field><field var='tonight'/></x>",
    );
    let value = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let expected = [
        value("who", "Romeo"),
        value("words", "Farewell!\nGod knows"),
        value("tonight", ""),
    ];
    assert_eq!(back, Some(Submission::Filled(expected.into_iter().collect())));
}

#[test]
fn a_form_that_was_put_aside_is_none_that_was_left_empty() {
    assert_eq!(
        filled("<x xmlns='jabber:x:data' type='cancel'/>"),
        Some(Submission::PutAside)
    );
    assert_eq!(
        filled("<x xmlns='jabber:x:data' type='submit'/>"),
        Some(Submission::Filled(Values::new()))
    );
    assert_eq!(filled("<name>Romeo</name>"), None);
}

#[test]
fn rows_come_under_their_columns() {
    let report = Report {
        text: "Two houses.".to_owned(),
        table: Some(Table {
            columns: vec![("house", "House".to_owned()), ("dignity", "Dignity".to_owned())],
            rows: vec![
                vec!["Montague".to_owned(), "alike".to_owned()],
                vec!["Capulet".to_owned(), "alike".to_owned()],
            ],
        }),
    };
    let shown = result("Verona", &report);
    let reported = shown.children().find(|child| child.name() == "reported").unwrap();
    let labels: Vec<_> = reported.children().filter_map(|field| field.attr("label")).collect();
    assert_eq!(labels, ["House", "Dignity"]);
    let items: Vec<_> = shown
        .children()
        .filter(|child| child.name() == "item")
        .map(fields)
        .collect();
    assert_eq!(items.len(), 2);
    assert_eq!(items[1][0].2, ["Capulet"]);
}

#[test]
fn many_words_can_be_read_line_by_line() {
    let shown = result("Your data", &Report::saying("Romeo\nto Juliet"));
    assert_eq!(fields(&shown)[0].2, ["Romeo", "to Juliet"]);
}
