use super::*;
use crate::command::Choice;

fn field(name: &'static str, kind: FieldKind) -> Field {
    Field {
        name,
        label: name.to_owned(),
        kind,
        value: None,
        required: true,
    }
}

fn place() -> Field {
    let choice = |value: &str, label: &str| Choice {
        value: value.to_owned(),
        label: label.to_owned(),
    };
    field(
        "place",
        FieldKind::OneOf(vec![
            choice("cell", "Friar Laurence's cell"),
            choice("tomb", "the tomb"),
        ]),
    )
}

fn form(fields: Vec<Field>) -> Form {
    Form {
        title: String::new(),
        instructions: String::new(),
        fields,
    }
}

#[track_caller]
fn check(fields: Vec<Field>, text: &str, expected: &[(&str, &str)], left: &str) {
    let values = expected
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    assert_eq!(form(fields).typed(text), (values.collect(), left));
}

#[test]
fn words_go_into_the_fields_in_their_order() {
    let fields = || vec![field("who", FieldKind::Text), place(), field("alone", FieldKind::YesNo)];
    check(
        fields(),
        "juliet tomb yes",
        &[("who", "juliet"), ("place", "tomb"), ("alone", "true")],
        "",
    );
    check(fields(), "juliet", &[("who", "juliet")], "");
    check(fields(), "", &[], "");
}

#[test]
fn a_named_value_finds_its_field() {
    let fields = || vec![field("who", FieldKind::Text), place()];
    check(fields(), "place=2 juliet", &[("who", "juliet"), ("place", "tomb")], "");
    check(
        fields(),
        "romeo=verona cell",
        &[("who", "romeo=verona"), ("place", "cell")],
        "",
    );
}

#[test]
fn quotes_make_several_words_one() {
    let fields = || vec![field("who", FieldKind::Text), place()];
    check(
        fields(),
        "\"Lady \\\"C\\\"\" tomb",
        &[("who", "Lady \"C\""), ("place", "tomb")],
        "",
    );
    check(
        fields(),
        "who=\"Lady Capulet\" 1",
        &[("who", "Lady Capulet"), ("place", "cell")],
        "",
    );
}

#[test]
fn the_last_text_takes_all_that_is_left() {
    check(
        vec![field("who", FieldKind::Text), field("name", FieldKind::Text)],
        "juliet@capulet Lady Capulet",
        &[("who", "juliet@capulet"), ("name", "Lady Capulet")],
        "",
    );
    check(
        vec![field("text", FieldKind::Lines), place()],
        "Two houses,\nboth alike",
        &[("text", "Two houses,\nboth alike")],
        "",
    );
}

#[test]
fn a_named_text_ends_where_the_next_name_begins() {
    check(
        vec![field("name", FieldKind::Text), place()],
        "name=Lady Capulet place=tomb",
        &[("name", "Lady Capulet"), ("place", "tomb")],
        "",
    );
    check(
        vec![field("name", FieldKind::Text)],
        "name=Lady  later=yes",
        &[("name", "Lady")],
        "later=yes",
    );
}

#[test]
fn what_no_field_can_hold_is_left_over() {
    check(vec![place()], "orchard", &[], "orchard");
    check(vec![place()], "tomb yes", &[("place", "tomb")], "yes");
}

#[test]
fn a_choice_is_known_by_its_name_its_label_and_its_number() {
    for typed in ["tomb", "The Tomb", "2", " tomb "] {
        assert_eq!(place().typed(typed).as_deref(), Some("tomb"), "{typed}");
    }
    for typed in ["0", "3", "orchard", ""] {
        assert_eq!(place().typed(typed), None, "{typed}");
    }
}

#[test]
fn yes_is_understood_in_every_language() {
    let alone = field("alone", FieldKind::YesNo);
    assert_eq!(alone.typed("Ja").as_deref(), Some("true"));
    assert_eq!(alone.typed("no").as_deref(), Some("false"));
    assert_eq!(alone.typed("perhaps"), None);
}

#[test]
fn a_secret_is_never_told() {
    let mut ring = field("ring", FieldKind::Secret);
    ring.value = Some("gold".to_owned());
    assert_eq!(ring.shown(Language::En), "");
}

#[test]
fn a_question_that_holds_an_answer_is_still_a_question() {
    let mut sure = field("sure", FieldKind::YesNo);
    sure.value = Some("false".to_owned());
    let form = form(vec![sure]);
    assert!(form.missing(&Values::new()).is_some());
    assert!(form.missing(&form.held()).is_none());
}

#[test]
fn lines_in_quotes_end_where_the_next_name_begins() {
    let fields = || vec![field("text", FieldKind::Lines), place()];
    let both = [("text", "Two houses, both"), ("place", "tomb")];
    check(fields(), "text=\"Two houses, both\" place=tomb", &both, "");
    check(fields(), "\"Two houses, both\" place=tomb", &both, "");
    let all = [("text", "\"Two houses\", said the chorus")];
    check(fields(), "\"Two houses\", said the chorus", &all, "");
}

#[test]
fn words_of_a_shell_stay_the_words_they_were() {
    let words = ["text=The feast, \"tonight\"".to_owned(), "tomb".to_owned()];
    check(
        vec![field("text", FieldKind::Text), place()],
        &joined(&words),
        &[("text", "The feast, \"tonight\""), ("place", "tomb")],
        "",
    );
}
