//! What program this is, what time it has, and how long it has been up.

use super::{Face, Request};
use crate::errors::Refusal;
use crate::ns;
use crate::xml::{Build, element};
use causeway_core::address::Contact;
use causeway_core::clock::Timestamp;
use causeway_core::fault::{ErrorType, Fault, FaultKind};
use causeway_core::language::Words;
use minidom::Element;

/// XEP-0092 section 2. The operating system is nobody's business.
pub(super) fn version(version: &str) -> Element {
    element("query", ns::VERSION)
        .holding(element("name", ns::VERSION).saying("Causeway"))
        .holding(element("version", ns::VERSION).saying(version))
}

/// XEP-0202 section 3.
pub(super) fn time(now: Timestamp) -> Result<Element, Refusal> {
    let now = jiff::Timestamp::from_millisecond(now.0).map_err(|_| Fault::of(FaultKind::Internal))?;
    Ok(element("time", ns::TIME)
        .holding(element("tzo", ns::TIME).saying("+00:00"))
        .holding(element("utc", ns::TIME).saying(&format!("{now:.3}"))))
}

/// XEP-0012: of the gateway the time since its start (section 5), of a contact the time since the user heard from it last.
/// That is for those who added it (section 3).
pub(super) fn last(face: &Face, request: &Request<'_>, contact: Option<&Contact>) -> Result<Element, Refusal> {
    let since = match contact {
        None => face.started,
        Some(contact) => last_heard(face, request, contact)?,
    };
    let seconds = face.house.clock.now().since(since).as_secs();
    Ok(element("query", ns::LAST).with("seconds", &seconds.to_string()))
}

fn last_heard(face: &Face, request: &Request<'_>, contact: &Contact) -> Result<Timestamp, Refusal> {
    let user = &request.caller.bare;
    if !face
        .shelf
        .is_subscribed(face.house.memory.as_ref(), user, request.local)
    {
        return Err(Refusal::of(
            "forbidden",
            ErrorType::Auth,
            Words::new(
                "Only who has added this contact is told",
                "Das erfährt nur, wer diesen Kontakt hinzugefügt hat",
            ),
        ));
    }
    let heard = face.network.card(user, &contact.id).last_heard;
    heard.ok_or_else(|| {
        Refusal::not_found(Words::new(
            "Nothing was heard from this contact yet",
            "Von diesem Kontakt kam noch nichts",
        ))
    })
}
