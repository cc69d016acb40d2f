//! Finding people (XEP-0055): among one's own contacts, and by a whole address. What others know is nobody's to find.

use super::card::{self, Person};
use super::{Face, Request};
use crate::ns;
use crate::xml::{Build, element, text_of};
use causeway_core::language::{Language, Words};
use minidom::Element;

/// How many are found at most.
const MOST_FOUND: usize = 100;
/// XEP-0055 section 8.2: the fields that everybody knows. The one for addresses is called `email` whatever the network.
const NAME: &str = "nick";
const ADDRESS: &str = "email";

/// Somebody who was found.
struct Found {
    jid: String,
    name: String,
    address: String,
}

// ---------------------------------------------------------------------------------------------------------------------

/// A get asks what can be filled in, a set searches. It is answered in the form in which it was asked.
pub(super) fn answer(face: &Face, request: &Request<'_>) -> Element {
    if !request.set {
        return fields(request.language);
    }
    let found = find(face, request);
    match form_in(request.payload) {
        Some(_) => element("query", ns::SEARCH).holding(table(&found, request.language)),
        None => found
            .iter()
            .map(plain)
            .fold(element("query", ns::SEARCH), Element::holding),
    }
}

fn find(face: &Face, request: &Request<'_>) -> Vec<Found> {
    let user = &request.caller.bare;
    let name = wanted(request.payload, NAME);
    let address = wanted(request.payload, ADDRESS);
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
            Some(Person {
                jid: card::jid(face, &id)?,
                id,
            })
        });
    let known = people.iter().map(shown).filter(fits);
    stranger.iter().map(shown).chain(known).take(MOST_FOUND).collect()
}

/// XEP-0055 section 2.1, and the same as a form (section 3).
fn fields(language: Language) -> Element {
    let how = Words::new(
        "Looks among your own contacts. A whole address finds its JID, whether it is among them or not.",
        "Sucht unter deinen eigenen Kontakten. Zu einer vollständigen Adresse findet sich die JID auch dann, wenn sie nicht darunter ist.",
    );
    let how = how.told(language);
    let form = element("x", ns::DATA_FORMS)
        .with("type", "form")
        .holding(element("instructions", ns::DATA_FORMS).saying(how))
        .holding(form_type())
        .holding(field(NAME, language))
        .holding(field(ADDRESS, language));
    element("query", ns::SEARCH)
        .holding(element("instructions", ns::SEARCH).saying(how))
        .holding(element(NAME, ns::SEARCH))
        .holding(element(ADDRESS, ns::SEARCH))
        .holding(form)
}

fn plain(found: &Found) -> Element {
    element("item", ns::SEARCH)
        .with("jid", &found.jid)
        .holding(element(NAME, ns::SEARCH).saying(&found.name))
        .holding(element(ADDRESS, ns::SEARCH).saying(&found.address))
}

/// XEP-0004 section 3.4.
fn table(found: &[Found], language: Language) -> Element {
    let reported = ["jid", NAME, ADDRESS]
        .into_iter()
        .map(|var| field(var, language))
        .fold(element("reported", ns::DATA_FORMS), Element::holding);
    let items = found.iter().map(|found| {
        [("jid", &found.jid), (NAME, &found.name), (ADDRESS, &found.address)]
            .into_iter()
            .map(|(var, text)| {
                element("field", ns::DATA_FORMS)
                    .with("var", var)
                    .holding(element("value", ns::DATA_FORMS).saying(text))
            })
            .fold(element("item", ns::DATA_FORMS), Element::holding)
    });
    let form = element("x", ns::DATA_FORMS)
        .with("type", "result")
        .holding(form_type())
        .holding(reported);
    items.fold(form, Element::holding)
}

fn field(var: &str, language: Language) -> Element {
    let (kind, label) = match var {
        NAME => ("text-single", Words::new("Name", "Name")),
        ADDRESS => ("text-single", Words::new("Address", "Adresse")),
        _ => ("jid-single", Words::new("JID", "JID")),
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
