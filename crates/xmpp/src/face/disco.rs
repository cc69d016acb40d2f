//! Service discovery (XEP-0030): nothing is announced that is not answered.

use super::Face;
use crate::errors::Refusal;
use crate::ns;
use crate::xml::{Build, element};
use causeway_core::address::Contact;
use causeway_core::language::Words;
use jid::BareJid;
use minidom::Element;

/// What the domain answers.
const OF_THE_GATEWAY: [&str; 8] = [
    ns::DISCO_INFO,
    ns::DISCO_ITEMS,
    ns::GATEWAY,
    ns::LAST,
    ns::VERSION,
    ns::PING,
    ns::TIME,
    ns::VCARD,
];
/// What a contact answers. The last two tell clients that receipts and markers for its messages are understood.
const OF_A_CONTACT: [&str; 8] = [
    ns::DISCO_INFO,
    ns::DISCO_ITEMS,
    ns::VERSION,
    ns::PING,
    ns::TIME,
    ns::VCARD,
    ns::RECEIPTS,
    ns::MARKERS,
];
/// How many contacts a user is shown.
const CONTACTS: usize = 200;

// ---------------------------------------------------------------------------------------------------------------------

/// XEP-0030 section 3. Every valid address looks alike, whether somebody has it or not.
pub(super) fn info(face: &Face, contact: Option<&Contact>, query: &Element) -> Result<Element, Refusal> {
    no_node(query)?;
    let profile = face.network.profile();
    let (identity, features) = match contact {
        None => (
            identity("gateway", profile.gateway_type, &profile.title.en),
            OF_THE_GATEWAY,
        ),
        Some(contact) => (
            identity("account", "registered", &face.network.written(&contact.id)),
            OF_A_CONTACT,
        ),
    };
    let mut info = element("query", ns::DISCO_INFO).holding(identity);
    for feature in features {
        info = info.holding(element("feature", ns::DISCO_INFO).with("var", feature));
    }
    Ok(info)
}

/// XEP-0030 section 4. A user sees nobody but the contacts that he added himself.
pub(super) fn items(
    face: &Face,
    user: &BareJid,
    contact: Option<&Contact>,
    query: &Element,
) -> Result<Element, Refusal> {
    no_node(query)?;
    let mut items = element("query", ns::DISCO_ITEMS);
    if contact.is_some() {
        return Ok(items);
    }
    for subscriber in face.shelf.contacts_of(face.house.memory.as_ref(), user, CONTACTS) {
        let Some(speaker) = face.gateway.contact(&subscriber.local) else {
            continue;
        };
        items = items.holding(element("item", ns::DISCO_ITEMS).with("jid", speaker.as_str()));
    }
    Ok(items)
}

fn identity(category: &str, identity_type: &str, name: &str) -> Element {
    element("identity", ns::DISCO_INFO)
        .with("category", category)
        .with("type", identity_type)
        .with("name", name)
}

fn no_node(query: &Element) -> Result<(), Refusal> {
    match query.attr("node") {
        None => Ok(()),
        Some(_) => Err(Refusal::not_found(Words::new(
            "The gateway has no such node",
            "Diesen Knoten hat das Gateway nicht",
        ))),
    }
}
