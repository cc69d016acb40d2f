//! Service discovery (XEP-0030): nothing is announced that is not answered.

use super::aside::aside;
use super::{Answer, Face, Request, caps, card, commands, pages};
use crate::config::Contacts;
use crate::errors::Refusal;
use crate::ns;
use crate::xml::{Build, element};
use causeway_core::address::Contact;
use causeway_core::language::{Language, Words};
use jid::BareJid;
use minidom::Element;

/// What the domain answers. A feature that is added here is added to `request_for` in the tests too.
const OF_THE_GATEWAY: &[&str] = &[
    ns::CAPS,
    ns::COMMANDS,
    ns::DISCO_INFO,
    ns::DISCO_ITEMS,
    ns::GATEWAY,
    ns::LAST,
    ns::PING,
    ns::PUBSUB_RETRIEVE_ITEMS,
    ns::REGISTER,
    ns::RSM,
    ns::SEARCH,
    ns::TIME,
    ns::VCARD,
    ns::VCARD_4,
    ns::VERSION,
];
/// What a contact answers. Receipts and markers tell clients that those for its messages are understood, and so do
/// corrections, reactions, replies and retractions for the user's own; nobody there sees him type. That its picture
/// is the same in its card and its nodes is told to clients that look at one of them only (XEP-0398 section 2).
const OF_A_CONTACT: &[&str] = &[
    ns::CAPS,
    ns::COMMANDS,
    ns::CORRECT,
    ns::DISCO_INFO,
    ns::DISCO_ITEMS,
    ns::MARKERS,
    ns::PEP_VCARD_CONVERSION,
    ns::PING,
    ns::PUBSUB_RETRIEVE_ITEMS,
    ns::REACTIONS,
    ns::RECEIPTS,
    ns::REPLY,
    ns::RETRACT,
    ns::TIME,
    ns::VCARD,
    ns::VCARD_4,
    ns::VERSION,
];

// ---------------------------------------------------------------------------------------------------------------------

/// XEP-0030 section 3, also for the node of the capabilities. Every valid address of a kind looks alike, whether somebody
/// has it or not.
pub(super) fn info(face: &Face, request: &Request<'_>, contact: Option<&Contact>) -> Result<Element, Refusal> {
    let user = &request.caller.bare;
    let Some(node) = request.payload.attr("node") else {
        return Ok(described(face, user, contact, &[request.language]));
    };
    if let Some(described) = commands::info(face, request, contact, node) {
        return Ok(described);
    }
    let entire = entire(face, user, contact, request.language);
    match caps::node(&entire) == node {
        true => Ok(entire.with("node", node)),
        false => Err(no_such_node()),
    }
}

/// Everything in all languages, the given one first: what the hash of the capabilities is made of.
pub(super) fn entire(face: &Face, user: &BareJid, contact: Option<&Contact>, first: Language) -> Element {
    let mut languages = Language::ALL;
    languages.sort_by_key(|language| *language != first);
    described(face, user, contact, &languages)
}

/// XEP-0030 section 4. A user sees nobody but the contacts that he added himself, page by page (XEP-0059).
pub(super) fn items(face: &Face, request: &Request<'_>, contact: Option<&Contact>) -> Result<Answer, Refusal> {
    match (request.payload.attr("node"), contact) {
        (Some(ns::COMMANDS), _) => Ok(commands::items(face, request, contact).into()),
        (Some(_), _) => Err(no_such_node()),
        (None, Some(_)) => Ok(element("query", ns::DISCO_ITEMS).into()),
        (None, None) => aside(face, request, "list contacts", people),
    }
}

fn people(face: &Face, request: &Request<'_>) -> Result<Element, Refusal> {
    let user = &request.caller.bare;
    let people = card::people(face, user);
    let page = pages::page(&people, |person| person.jid.as_str(), request.payload)?;
    let items = page.items.iter().map(|person| {
        element("item", ns::DISCO_ITEMS)
            .with("jid", person.jid.as_str())
            .with("name", &card::name(face, user, &person.id))
    });
    let query = items.fold(element("query", ns::DISCO_ITEMS), Element::holding);
    Ok(page.set.into_iter().fold(query, Element::holding))
}

/// A contact has no name here: it is in the card, and so all contacts have one hash (XEP-0115 section 1).
fn described(face: &Face, user: &BareJid, contact: Option<&Contact>, languages: &[Language]) -> Element {
    let query = element("query", ns::DISCO_INFO);
    let Some(contact) = contact else {
        let profile = face.network.profile();
        let identities = languages.iter().map(|language| {
            identity("gateway", profile.gateway_type)
                .in_language(language.tag())
                .with("name", profile.title.told(*language))
        });
        let query = identities.fold(query, Element::holding);
        let query = announcing(query, OF_THE_GATEWAY);
        return addresses(&face.contacts).into_iter().fold(query, Element::holding);
    };
    let query = announcing(query.holding(identity("account", "registered")), OF_A_CONTACT);
    match face.network.card(user, &contact.id).no_reply {
        true => announcing(query, &[ns::NO_REPLY]),
        false => query,
    }
}

fn identity(category: &str, identity_type: &str) -> Element {
    element("identity", ns::DISCO_INFO)
        .with("category", category)
        .with("type", identity_type)
}

fn announcing(query: Element, features: &[&str]) -> Element {
    let features = features
        .iter()
        .map(|feature| element("feature", ns::DISCO_INFO).with("var", feature));
    features.fold(query, Element::holding)
}

/// Whom to write to about the gateway (XEP-0157 section 2); `None` where nobody is named.
fn addresses(contacts: &Contacts) -> Option<Element> {
    let field = |var: &str, kind: &str, values: &[String]| {
        let values = values
            .iter()
            .map(|value| element("value", ns::DATA_FORMS).saying(value));
        let field = element("field", ns::DATA_FORMS).with("var", var).with("type", kind);
        values.fold(field, Element::holding)
    };
    let form = element("x", ns::DATA_FORMS).with("type", "result").holding(field(
        "FORM_TYPE",
        "hidden",
        &[ns::SERVER_INFO.to_owned()],
    ));
    let named: Vec<Element> = contacts
        .fields()
        .into_iter()
        .filter(|(_, uris)| !uris.is_empty())
        .map(|(var, uris)| field(var, "list-multi", uris))
        .collect();
    (!named.is_empty()).then(|| named.into_iter().fold(form, Element::holding))
}

fn no_such_node() -> Refusal {
    Refusal::not_found(Words::new(
        "The gateway has no such node",
        "Diesen Knoten hat das Gateway nicht",
    ))
}

#[cfg(test)]
mod tests;
