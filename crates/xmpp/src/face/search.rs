//! Finding people (XEP-0055): among one's own contacts, and by a whole address. What others know is nobody's to find.

use super::aside::aside;
use super::card::{self, Person};
use super::{Answer, Face, Request};
use crate::errors::Refusal;
use crate::ns;
use crate::xml::{Build, element, text_of};
use causeway_core::language::{Language, Words};
use minidom::Element;

/// How many are found at most.
const MOST_FOUND: usize = 100;
/// The column of a form with what was found.
const JID: &str = "jid";
/// The field for names, which takes addresses too (XEP-0055 section 8.2).
const NAME: &str = "nick";

/// Somebody who was found.
struct Found {
    jid: String,
    name: String,
    address: String,
}

// ---------------------------------------------------------------------------------------------------------------------

/// A get asks what can be filled in, a set searches. It is answered in the form in which it was asked.
pub(super) fn answer(face: &Face, request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.set {
        return aside(face, request, "search contacts", |face, request| {
            Ok(searched(face, request))
        });
    }
    let empty = to_fill_in(&fields(face), request.language);
    let query = empty.into_iter().fold(element("query", ns::SEARCH), Element::holding);
    Ok(query.into())
}

fn searched(face: &Face, request: &Request<'_>) -> Element {
    let (fields, found) = (fields(face), find(face, request));
    let query = element("query", ns::SEARCH);
    match form_in(request.payload) {
        Some(_) => query.holding(table(&found, &fields, request.language)),
        None => found
            .iter()
            .map(|found| found.item(&fields))
            .fold(query, Element::holding),
    }
}

/// What can be filled in.
fn fields(face: &Face) -> Vec<&'static str> {
    let address = face.network.profile().address_field;
    std::iter::once(NAME).chain(address).collect()
}

fn find(face: &Face, request: &Request<'_>) -> Vec<Found> {
    let user = &request.caller.bare;
    let name = wanted(request.payload, NAME);
    let field = face.network.profile().address_field;
    let address = field.map(|field| wanted(request.payload, field)).unwrap_or_default();
    let shown = |person: &Person| Found {
        jid: person.jid.as_str().to_owned(),
        name: card::name(face, user, &person.id),
        address: face.network.written(&person.id),
    };
    let fits = |found: &Found| {
        let in_address = |text: &str| found.address.to_lowercase().contains(text);
        (found.name.to_lowercase().contains(&name) || in_address(&name)) && in_address(&address)
    };
    let people = card::people(face, user);
    let typed = [&address, &name]
        .into_iter()
        .find_map(|text| face.network.contact(text).ok());
    let stranger = typed
        .filter(|id| people.iter().all(|person| person.id != *id))
        .and_then(|id| {
            let jid = card::jid(face, &id)?;
            Some(Person { jid, id })
        });
    let known = people.iter().map(shown).filter(fits);
    stranger.iter().map(shown).chain(known).take(MOST_FOUND).collect()
}

/// XEP-0055 section 2.1, and the same as a form (section 3).
fn to_fill_in(fields: &[&str], language: Language) -> Vec<Element> {
    let how = Words::new(
        "Looks among your own contacts. A whole address finds its JID, whether it is among them or not.",
        "Sucht unter deinen eigenen Kontakten. Zu einer vollständigen Adresse findet sich die JID auch dann, wenn sie nicht \
         darunter ist.",
    );
    let how = |namespace| element("instructions", namespace).saying(how.told(language));
    let form = element("x", ns::DATA_FORMS)
        .with("type", "form")
        .holding(how(ns::DATA_FORMS))
        .holding(form_type());
    let form = fields
        .iter()
        .map(|var| field(var, language))
        .fold(form, Element::holding);
    std::iter::once(how(ns::SEARCH))
        .chain(fields.iter().map(|var| element(var, ns::SEARCH)))
        .chain([form])
        .collect()
}

/// XEP-0004 section 3.4.
fn table(found: &[Found], fields: &[&str], language: Language) -> Element {
    let columns: Vec<&str> = std::iter::once(JID).chain(fields.iter().copied()).collect();
    let reported = columns
        .iter()
        .map(|var| field(var, language))
        .fold(element("reported", ns::DATA_FORMS), Element::holding);
    let form = element("x", ns::DATA_FORMS)
        .with("type", "result")
        .holding(form_type())
        .holding(reported);
    found
        .iter()
        .map(|found| found.row(&columns))
        .fold(form, Element::holding)
}

impl Found {
    fn get(&self, var: &str) -> &str {
        match var {
            JID => &self.jid,
            NAME => &self.name,
            _ => &self.address,
        }
    }

    fn item(&self, fields: &[&str]) -> Element {
        fields
            .iter()
            .map(|var| element(var, ns::SEARCH).saying(self.get(var)))
            .fold(element("item", ns::SEARCH).with("jid", &self.jid), Element::holding)
    }

    fn row(&self, columns: &[&str]) -> Element {
        let cell = |var: &&str| {
            element("field", ns::DATA_FORMS)
                .with("var", var)
                .holding(element("value", ns::DATA_FORMS).saying(self.get(var)))
        };
        columns
            .iter()
            .map(cell)
            .fold(element("item", ns::DATA_FORMS), Element::holding)
    }
}

fn field(var: &str, language: Language) -> Element {
    let (kind, label) = match var {
        JID => ("jid-single", Words::new("JID", "JID")),
        NAME => ("text-single", Words::new("Name", "Name")),
        _ => ("text-single", Words::new("Address", "Adresse")),
    };
    element("field", ns::DATA_FORMS)
        .with("var", var)
        .with("type", kind)
        .with("label", label.told(language))
}

fn form_type() -> Element {
    element("field", ns::DATA_FORMS)
        .with("var", "FORM_TYPE")
        .with("type", "hidden")
        .holding(element("value", ns::DATA_FORMS).saying(ns::SEARCH))
}

fn form_in(query: &Element) -> Option<&Element> {
    query.children().find(|child| child.is("x", ns::DATA_FORMS))
}

/// What was filled in, in lower case.
fn wanted(query: &Element, var: &str) -> String {
    let text = match form_in(query) {
        Some(form) => form
            .children()
            .find(|field| field.attr("var") == Some(var))
            .and_then(|field| text_of(field, "value", ns::DATA_FORMS)),
        None => text_of(query, var, ns::SEARCH),
    };
    text.unwrap_or_default().trim().to_lowercase()
}

#[cfg(test)]
mod tests;
