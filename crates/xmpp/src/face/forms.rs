//! The house's forms as data forms (XEP-0004), there and back.

use crate::ns;
use crate::xml::{Build, element};
use causeway_core::command::{Choice, Field, FieldKind, Form, Report, Table, Values};
use minidom::Element;

/// What came back of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Submission {
    /// What was filled in. Several lines of one field are one text.
    Filled(Values),
    /// It was put aside.
    PutAside,
}

/// The hidden field that says what a form is for (XEP-0068 section 3).
const FORM_TYPE: &str = "FORM_TYPE";
/// The field that holds words alone.
const WORDS: &str = "words";

// ---------------------------------------------------------------------------------------------------------------------

/// A form to fill in (XEP-0004 section 3.1); `form_type` says what it is for, where a protocol wants that. A secret is
/// never shown.
pub(crate) fn to_fill_in(form: &Form, form_type: Option<&str>) -> Element {
    let fields = form.fields.iter().map(field);
    let shown = opening("form", &form.title, &form.instructions);
    hidden(form_type)
        .into_iter()
        .chain(fields)
        .fold(shown, Element::holding)
}

/// A report as a form that holds what came out (XEP-0004 section 3.4): rows under their columns, or words that are too
/// many for one line.
pub(crate) fn result(title: &str, report: &Report) -> Element {
    match &report.table {
        Some(table) => rows(opening("result", title, &report.text), table),
        None => opening("result", title, "").holding(lines(element_of(WORDS, "text-multi", ""), &report.text)),
    }
}

/// Reads what came back in `parent`; `None` where there is no form. Values for fields that nobody asked for are kept:
/// whoever reads them takes what he knows.
pub(crate) fn read(parent: &Element) -> Option<Submission> {
    let form = parent.children().find(|child| child.is("x", ns::DATA_FORMS))?;
    if form.attr("type") == Some("cancel") {
        return Some(Submission::PutAside);
    }
    let fields = form.children().filter(|child| child.is("field", ns::DATA_FORMS));
    let named = fields.filter_map(|field| Some((field.attr("var")?, field)));
    let values = named.filter(|(var, _)| *var != FORM_TYPE);
    Some(Submission::Filled(
        values.map(|(var, field)| (var.to_owned(), value_of(field))).collect(),
    ))
}

fn opening(form_type: &str, title: &str, instructions: &str) -> Element {
    let form = element("x", ns::DATA_FORMS).with("type", form_type);
    let form = form.holding(element("title", ns::DATA_FORMS).saying(title));
    // Section 3.1: no line breaks within the instructions, but there may be several.
    let instructions = instructions.lines().filter(|line| !line.trim().is_empty());
    instructions
        .map(|line| element("instructions", ns::DATA_FORMS).saying(line))
        .fold(form, Element::holding)
}

fn field(field: &Field) -> Element {
    let shown = element_of(field.name, kind(&field.kind), &field.label);
    let shown = match (&field.kind, &field.value) {
        (FieldKind::Secret, _) | (_, None) => shown,
        (FieldKind::Lines, Some(text)) => lines(shown, text),
        (_, Some(text)) => shown.holding(value(text)),
    };
    let shown = match &field.kind {
        FieldKind::OneOf(choices) => choices.iter().map(option).fold(shown, Element::holding),
        _ => shown,
    };
    match field.required {
        true => shown.holding(element("required", ns::DATA_FORMS)),
        false => shown,
    }
}

/// XEP-0004 section 3.3.
fn kind(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Text => "text-single",
        FieldKind::Lines => "text-multi",
        FieldKind::Secret => "text-private",
        FieldKind::YesNo => "boolean",
        FieldKind::OneOf(_) => "list-single",
    }
}

fn option(choice: &Choice) -> Element {
    element("option", ns::DATA_FORMS)
        .with("label", &choice.label)
        .holding(value(&choice.value))
}

fn rows(form: Element, table: &Table) -> Element {
    let columns = table.columns.iter();
    let reported = columns
        .clone()
        .map(|(name, label)| element_of(name, "text-single", label))
        .fold(element("reported", ns::DATA_FORMS), Element::holding);
    let items = table.rows.iter().map(|row| {
        columns
            .clone()
            .zip(row)
            .map(|((name, _), cell)| element("field", ns::DATA_FORMS).with("var", name).holding(value(cell)))
            .fold(element("item", ns::DATA_FORMS), Element::holding)
    });
    items.fold(form.holding(reported), Element::holding)
}

fn element_of(var: &str, kind: &str, label: &str) -> Element {
    let label = Some(label).filter(|label| !label.is_empty());
    element("field", ns::DATA_FORMS)
        .with("var", var)
        .with("type", kind)
        .with_some("label", label)
}

fn hidden(form_type: Option<&str>) -> Option<Element> {
    form_type.map(|form_type| element_of(FORM_TYPE, "hidden", "").holding(value(form_type)))
}

fn lines(field: Element, text: &str) -> Element {
    text.lines().map(value).fold(field, Element::holding)
}

fn value(text: &str) -> Element {
    element("value", ns::DATA_FORMS).saying(text)
}

fn value_of(field: &Element) -> String {
    let values = field.children().filter(|child| child.is("value", ns::DATA_FORMS));
    values.map(Element::text).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
