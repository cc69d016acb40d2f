//! News about a message, as its sender's client understands it: a receipt, a marker, an error, or words.

use super::Leg;
use crate::address::Caller;
use crate::errors::Refusal;
use crate::ns;
use crate::stanza::Outward;
use crate::xml::{Build, element};
use causeway_core::envelope::{Envelope, EnvelopeId};
use causeway_core::fault::Fault;
use causeway_core::language::Words;
use causeway_core::message::{Happened, News};
use std::time::Duration;

/// How old a message may be for an error alone to tell its sender. Servers drop errors for a session that is gone, so an
/// older one gets a visible line too.
const FRESH: Duration = Duration::from_secs(60);

/// The messages that bring the news.
pub(super) fn messages(id: EnvelopeId, news: &News, leg: Leg<'_>) -> Vec<Outward> {
    let their_id = news.their_id.as_ref().map(|id| id.as_str());
    match (&news.what, their_id) {
        (Happened::Delivered, Some(their_id)) => {
            vec![sign(id, leg).holding(element("received", ns::RECEIPTS).with("id", their_id))]
        }
        // Many clients wait for the receipt whatever else they hear, and who has seen a message has received it.
        (Happened::Seen, Some(their_id)) => vec![
            sign(id, leg)
                .holding(element("displayed", ns::MARKERS).with("id", their_id))
                .holding(element("received", ns::RECEIPTS).with("id", their_id)),
        ],
        (Happened::Delivered, None) => vec![note(id, &said("✓ Delivered", "✓ Zugestellt", news, leg), leg)],
        (Happened::Seen, None) => vec![note(id, &said("✓ Read", "✓ Gelesen", news, leg), leg)],
        (Happened::Delayed(fault), _) => vec![note(id, &delayed(news, fault.as_ref(), leg), leg)],
        (Happened::Failed(fault), their_id) => failed(id, news, fault, their_id, leg),
    }
}

/// An error for the session that sent the message, and a line for the account when that session may be gone: an error
/// to a bare JID reaches nobody (RFC 6121 section 8.5.2.1.1).
fn failed(id: EnvelopeId, news: &News, fault: &Fault, their_id: Option<&str>, leg: Leg<'_>) -> Vec<Outward> {
    let session = leg.about.and_then(|about| session(about, leg));
    let error = their_id
        .zip(session)
        .map(|(their_id, session)| error(news, fault, their_id, session, leg));
    let is_fresh = leg.about.is_some_and(|about| leg.now.since(about.accepted) <= FRESH);
    let line = (error.is_none() || !is_fresh).then(|| note(id, &format!("⚠ {}", not_delivered(news, fault, leg)), leg));
    error.into_iter().chain(line).collect()
}

/// The full JID that a message came from, as its first step tells.
fn session<'a>(about: &'a Envelope, leg: Leg<'_>) -> Option<&'a str> {
    about
        .draft
        .way
        .iter()
        .map(|hop| hop.who.as_str())
        .find(|who| Caller::read(who).is_some_and(|caller| caller.bare == *leg.to && caller.full != leg.to.as_str()))
}

fn sign(id: EnvelopeId, leg: Leg<'_>) -> Outward {
    Outward::message(leg.from, leg.to.as_str(), "chat", Some(&id.to_string()))
}

/// A visible line in the conversation. It asks for no receipt: nobody waits for one.
fn note(id: EnvelopeId, words: &str, leg: Leg<'_>) -> Outward {
    let id_text = id.to_string();
    Outward::message(leg.from, leg.to.as_str(), "chat", Some(&id_text))
        .holding(
            element("body", ns::COMPONENT)
                .in_language(leg.language.tag())
                .saying(words),
        )
        .holding(element("origin-id", ns::STANZA_IDS).with("id", &id_text))
}

/// RFC 6120 section 8.3.1: the error carries the id of what failed. It comes from the bare JID, which is what most
/// clients send to.
fn error(news: &News, fault: &Fault, their_id: &str, session: &str, leg: Leg<'_>) -> Outward {
    let row = fault.kind.row();
    let words = not_delivered(news, fault, leg);
    let refusal = Refusal::of(row.condition, row.error_type, Words::new(words.clone(), words));
    Outward::message(&leg.from.bare(), session, "error", Some(their_id)).holding(refusal.element(leg.language))
}

fn said(en: &str, de: &str, news: &News, leg: Leg<'_>) -> String {
    format!("{}: {}", leg.language.pick(en, de), quoted(news, leg))
}

fn delayed(news: &News, fault: Option<&Fault>, leg: Leg<'_>) -> String {
    let reason = fault
        .map(|fault| format!(" – {}", fault.told(leg.language)))
        .unwrap_or_default();
    let what = said("⏳ Not delivered yet", "⏳ Noch nicht zugestellt", news, leg);
    let still = leg.language.pick("still trying", "weitere Versuche folgen");
    format!("{what}{reason}; {still}")
}

fn not_delivered(news: &News, fault: &Fault, leg: Leg<'_>) -> String {
    let was = leg.language.pick("was not delivered", "wurde nicht zugestellt");
    format!("{} {was}: {}", quoted(news, leg), fault.told(leg.language))
}

fn quoted(news: &News, leg: Leg<'_>) -> String {
    match news.first_words.is_empty() {
        true => leg.language.pick("A message", "Eine Nachricht").to_owned(),
        false => leg.language.quoted(&news.first_words),
    }
}
