//! Turns what people type into the right JID (XEP-0100 section 6.2, `jabber:iq:gateway`).

use super::{Face, Request, card};
use crate::address::{Speaker, contact_of};
use crate::errors::Refusal;
use crate::ns;
use crate::xml::{Build, element, text_of};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::language::{Language, Words};
use minidom::Element;

/// A get asks what to type, a set gives what was typed.
pub(super) fn answer(face: &Face, request: &Request<'_>) -> Result<Element, Refusal> {
    let query = element("query", ns::GATEWAY);
    if !request.set {
        let profile = face.network.profile();
        let language = request.language;
        let title = profile.title.told(language);
        let desc = match language {
            Language::En => format!("Reach somebody by {title}"),
            Language::De => format!("Jemanden per {title} erreichen"),
        };
        return Ok(query
            .holding(element("desc", ns::GATEWAY).saying(&desc))
            .holding(element("prompt", ns::GATEWAY).saying(profile.address_prompt.told(language))));
    }
    let typed = text_of(request.payload, "prompt", ns::GATEWAY)
        .ok_or_else(|| Refusal::bad_request(Words::new("The prompt is missing", "Die Eingabe fehlt")))?;
    let jid = jid_of(face, typed.trim())?;
    Ok(query.holding(element("jid", ns::GATEWAY).saying(jid.as_str())))
}

/// Who types a JID of this gateway means it.
pub(super) fn jid_of(face: &Face, typed: &str) -> Result<Speaker, Fault> {
    let own = face.gateway.addressed(typed).and_then(|own| own.local);
    let id = match own.map(|local| contact_of(face.network.as_ref(), &local)) {
        Some(Ok(contact)) => contact.id,
        _ => face.network.contact(typed)?,
    };
    card::jid(face, &id).ok_or_else(|| Fault::of(FaultKind::BadAddress))
}
