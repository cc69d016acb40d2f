//! vCards (XEP-0054): as much as an address says about itself.

use super::Face;
use crate::ns;
use crate::xml::{Build, element};
use causeway_core::address::Contact;
use causeway_core::language::Language;
use minidom::Element;

/// The card of a contact, or of the gateway.
pub(super) fn card(face: &Face, contact: Option<&Contact>) -> Element {
    let field = |name, text: &str| element(name, ns::VCARD).saying(text);
    let Some(contact) = contact else {
        return element("vCard", ns::VCARD)
            .holding(field("FN", face.network.profile().title.told(Language::En)))
            .holding(field("JABBERID", face.gateway.as_str()));
    };
    let written = face.network.written(&contact.id);
    let jid = face.canonical(contact).and_then(|local| face.gateway.contact(&local));
    let card = element("vCard", ns::VCARD)
        .holding(field("FN", &written))
        .holding(field("NICKNAME", &written));
    match jid {
        Some(jid) => card.holding(field("JABBERID", jid.as_str())),
        None => card,
    }
}
