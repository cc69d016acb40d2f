//! Turns what people type into the right JID (XEP-0100 section 6, `jabber:iq:gateway`).

use super::Face;
use crate::address::canonical_local;
use crate::errors::Refusal;
use crate::ns;
use crate::xml::{Build, element, text_of};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::language::Words;
use minidom::Element;

/// A get asks what to type, a set gives what was typed.
pub(super) fn answer(face: &Face, query: &Element, set: bool) -> Result<Element, Refusal> {
    if !set {
        return Ok(element("query", ns::GATEWAY)
            .holding(
                element("desc", ns::GATEWAY)
                    .saying(&format!("Reach somebody through {}", face.network.profile().title.en)),
            )
            .holding(element("prompt", ns::GATEWAY).saying(&face.network.profile().address_prompt.en)));
    }
    let typed = text_of(query, "prompt", ns::GATEWAY)
        .ok_or_else(|| Refusal::bad_request(Words::new("The prompt is missing", "Die Eingabe fehlt")))?;
    let id = face.network.contact(typed.trim())?;
    let jid = canonical_local(face.network.as_ref(), &id)
        .and_then(|local| face.gateway.contact(&local))
        .ok_or_else(|| Fault::of(FaultKind::BadAddress))?;
    Ok(element("query", ns::GATEWAY).holding(element("jid", ns::GATEWAY).saying(jid.as_str())))
}
