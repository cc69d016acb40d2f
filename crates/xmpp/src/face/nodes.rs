//! What clients look for in the nodes of an address (XEP-0060 section 6.5, XEP-0163): its card and its picture.

use super::{Face, Request, avatar, card, vcard};
use crate::errors::Refusal;
use crate::ns;
use crate::xml::{Build, element};
use causeway_core::address::Contact;
use causeway_core::fault::ErrorType;
use causeway_core::language::Words;
use minidom::Element;

/// The id of the one item in the node of the card.
const CURRENT: &str = "current";

/// The items of a node. There is never more than one, and nodes that nobody here has, such as those of keys, are not
/// found, so that clients need not wait.
pub(super) fn items(face: &Face, request: &Request<'_>, contact: Option<&Contact>) -> Result<Element, Refusal> {
    let asked = request.payload.children().find(|child| child.is("items", ns::PUBSUB));
    let asked = asked.ok_or_else(no_such_thing)?;
    let node = asked.attr("node").unwrap_or_default();
    let user = &request.caller.bare;
    let picture = || avatar::of(face, user, contact).ok_or_else(not_found);
    let (id, content) = match node {
        ns::VCARD_4_NODE => {
            let lines = card::lines(face, user, contact, request.language);
            (CURRENT.to_owned(), vcard::four(&lines))
        }
        ns::AVATAR_METADATA => picture().map(|picture| (avatar::hash(&picture), avatar::metadata(&picture)))?,
        ns::AVATAR_DATA => picture().map(|picture| (avatar::hash(&picture), avatar::data(&picture)))?,
        _ => return Err(not_found()),
    };
    let mut named = asked.children().filter_map(|item| item.attr("id")).peekable();
    if named.peek().is_some() && !named.any(|named| named == id) {
        return Err(not_found());
    }
    let item = element("item", ns::PUBSUB).with("id", &id).holding(content);
    let items = element("items", ns::PUBSUB).with("node", node).holding(item);
    Ok(element("pubsub", ns::PUBSUB).holding(items))
}

fn not_found() -> Refusal {
    Refusal::not_found(Words::new("There is nothing of this kind", "Davon gibt es hier nichts"))
}

fn no_such_thing() -> Refusal {
    Refusal::of(
        "feature-not-implemented",
        ErrorType::Cancel,
        Words::new("Nodes can only be read here", "Knoten lassen sich hier nur lesen"),
    )
}
