//! News about a message, as its sender's client understands it: a receipt, a marker, an error, or words.

use super::Leg;
use crate::errors::Refusal;
use crate::ns;
use crate::stanza::Outward;
use crate::xml::{Build, element};
use causeway_core::envelope::EnvelopeId;
use causeway_core::fault::Fault;
use causeway_core::message::{Happened, News};

/// The message that brings the news.
pub(super) fn message(id: EnvelopeId, news: &News, leg: Leg<'_>) -> Outward {
    let their_id = news.their_id.as_ref().map(|id| id.as_str());
    match (&news.what, their_id) {
        (Happened::Delivered, Some(their_id)) => {
            sign(id, leg).holding(element("received", ns::RECEIPTS).with("id", their_id))
        }
        (Happened::Seen, Some(their_id)) => {
            sign(id, leg).holding(element("displayed", ns::MARKERS).with("id", their_id))
        }
        (Happened::Delivered, None) => note(id, &format!("✓ Delivered: {}", quoted(news)), leg),
        (Happened::Seen, None) => note(id, &format!("✓ Read: {}", quoted(news)), leg),
        (Happened::Delayed(fault), _) => note(id, &delayed(news, fault.as_ref()), leg),
        (Happened::Failed(fault), Some(their_id)) => failed(news, fault, their_id, leg),
        (Happened::Failed(fault), None) => note(id, &not_delivered(news, fault), leg),
    }
}

fn sign(id: EnvelopeId, leg: Leg<'_>) -> Outward {
    Outward::message(leg.from, leg.to.as_str(), "chat", Some(&id.to_string()))
}

/// A visible line in the conversation. It asks for no receipt: nobody waits for one.
fn note(id: EnvelopeId, words: &str, leg: Leg<'_>) -> Outward {
    let id_text = id.to_string();
    Outward::message(leg.from, leg.to.as_str(), "chat", Some(&id_text))
        .holding(element("body", ns::COMPONENT).saying(words))
        .holding(element("origin-id", ns::STANZA_IDS).with("id", &id_text))
}

/// RFC 6120 section 8.3.1: the error carries the id of what failed. It comes from the bare JID, which is what the
/// message was sent to in every client that has not locked onto a resource.
fn failed(news: &News, fault: &Fault, their_id: &str, leg: Leg<'_>) -> Outward {
    let row = fault.kind.row();
    let refusal = Refusal::of(row.condition, row.error_type, not_delivered(news, fault));
    Outward::message(&leg.from.bare(), leg.to.as_str(), "error", Some(their_id)).holding(refusal.element())
}

fn delayed(news: &News, fault: Option<&Fault>) -> String {
    let reason = fault.map(|fault| format!(" – {fault}")).unwrap_or_default();
    format!("⏳ Not delivered yet: {}{reason}; still trying", quoted(news))
}

fn not_delivered(news: &News, fault: &Fault) -> String {
    format!("{} was not delivered: {fault}", quoted(news))
}

fn quoted(news: &News) -> String {
    match news.first_words.is_empty() {
        true => "a message".to_owned(),
        false => format!("“{}”", news.first_words),
    }
}
