//! The menu of ad-hoc commands, as service discovery shows it.

use crate::face::{Face, Request};
use crate::ns;
use crate::xml::{Build, element};
use causeway_core::address::Contact;
use causeway_core::command::{Command, Place};
use causeway_core::language::Language;
use minidom::Element;

// ---------------------------------------------------------------------------------------------------------------------

/// XEP-0050 section 3.1: the commands that are offered to who asks, at this address.
pub(in crate::face) fn items(face: &Face, request: &Request<'_>, contact: Option<&Contact>) -> Element {
    let speaker = match request.local {
        Some(local) => face.gateway.contact(local),
        None => Some(face.gateway.itself()),
    };
    let jid = speaker
        .as_ref()
        .map_or(face.gateway.as_str(), |speaker| speaker.as_str());
    let offered = offered(face, request, contact).into_iter().map(|command| {
        element("item", ns::DISCO_ITEMS)
            .with("jid", jid)
            .with("node", command.name)
            .with("name", &command.title)
    });
    let list = element("query", ns::DISCO_ITEMS).with("node", ns::COMMANDS);
    offered.fold(list, Element::holding)
}

/// XEP-0050 sections 2.2 and 2.4: what the node of the commands is, and that of one of them; `None` for other nodes.
pub(in crate::face) fn info(
    face: &Face,
    request: &Request<'_>,
    contact: Option<&Contact>,
    node: &str,
) -> Option<Element> {
    let (kind, name) = match node {
        ns::COMMANDS => ("command-list", None),
        _ => ("command-node", Some(named(face, request, contact, node)?.title)),
    };
    let identity = element("identity", ns::DISCO_INFO)
        .with("category", "automation")
        .with("type", kind)
        .with_some("name", name.as_deref());
    let query = element("query", ns::DISCO_INFO).with("node", node).holding(identity);
    let features =
        [ns::COMMANDS, ns::DATA_FORMS].map(|feature| element("feature", ns::DISCO_INFO).with("var", feature));
    Some(features.into_iter().fold(query, Element::holding))
}

/// The commands that are offered at an address; at the gateway itself those for contacts too, which then ask for one.
fn offered(face: &Face, request: &Request<'_>, contact: Option<&Contact>) -> Vec<Command> {
    if !request.caller.is_account() {
        return Vec::new();
    }
    let all = face
        .office
        .commands(&face.caller(request.caller), spoken(face, request));
    let fits = |command: &Command| contact.is_none() || command.place == Place::Contact;
    all.into_iter().filter(fits).collect()
}

/// The one of them with this name.
pub(super) fn named(face: &Face, request: &Request<'_>, contact: Option<&Contact>, node: &str) -> Option<Command> {
    offered(face, request, contact)
        .into_iter()
        .find(|command| command.name == node)
}

/// The language to answer in.
pub(super) fn spoken(face: &Face, request: &Request<'_>) -> Language {
    face.language(&request.caller.bare, Some(request.language))
}
