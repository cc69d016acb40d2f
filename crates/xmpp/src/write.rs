//! Core values to stanzas: what a user at home gets to see.

mod act;
mod file;
mod news;
mod text;

use crate::address::{Gateway, Speaker};
use crate::ns;
use crate::stanza::Outward;
use crate::upload::{Absence, Placed};
use crate::xml::{Build, element};
use causeway_core::clock::Timestamp;
use causeway_core::envelope::Envelope;
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::language::Language;
use causeway_core::message::{Payload, Reference};
use causeway_core::network::{Parcel, Quoted};
use jid::BareJid;
use minidom::Element;
use std::time::Duration;

/// The age from which a message says when it was written (XEP-0203 section 4); younger ones are live.
const LIVE: Duration = Duration::from_secs(60);

/// Between whom a stanza goes, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Leg<'a> {
    pub(crate) gateway: &'a Gateway,
    /// The contact.
    pub(crate) from: &'a Speaker,
    /// The user.
    pub(crate) to: &'a BareJid,
    /// What became of the files that came along, in their order.
    pub(crate) files: &'a [Result<Placed, Absence>],
    /// The language that the user reads.
    pub(crate) language: Language,
    /// What news is about: the user's own message.
    pub(crate) about: Option<&'a Envelope>,
    pub(crate) now: Timestamp,
    /// What the clock on the wall shows.
    pub(crate) wall: Timestamp,
}

// ---------------------------------------------------------------------------------------------------------------------

/// The stanzas that carry a parcel. The same parcel gives the same ids at every try.
pub(crate) fn stanzas(parcel: &Parcel, leg: Leg<'_>) -> Result<Vec<Outward>, Fault> {
    match parcel.payload() {
        Payload::Text(text) => {
            let files = text.attachments.iter().zip(leg.files).enumerate();
            let placed = files.filter_map(|(n, (file, placed))| Some((n, file, placed.as_ref().ok()?)));
            let files = placed.map(|(n, file, placed)| file::message(parcel, text, n, file, placed, leg));
            let words = std::iter::once(text::message(parcel, text, leg));
            Ok(words
                .chain(files)
                .map(|message| delayed(message, parcel, leg))
                .collect())
        }
        Payload::Edit { target, text } => {
            let target = corrected(parcel, target)?;
            let message = text::message(parcel, text, leg).holding(element("replace", ns::CORRECT).with("id", &target));
            Ok(vec![delayed(message, parcel, leg)])
        }
        Payload::Retract { target, .. } => {
            let message = act::retraction(parcel, &corrected(parcel, target)?, leg);
            Ok(vec![delayed(message, parcel, leg)])
        }
        Payload::React { emojis, .. } => {
            let quoted = parcel.reply_to().ok_or_else(unknown)?;
            Ok(vec![delayed(act::reactions(parcel, quoted, emojis, leg), parcel, leg)])
        }
        Payload::News(news) => Ok(news::messages(parcel.id(), news, leg)),
    }
}

/// The stanza id of the message that is corrected or taken back: always one that the gateway brought, since a contact can correct
/// only what it said itself (XEP-0308 section 5).
fn corrected(parcel: &Parcel, target: &Reference) -> Result<String, Fault> {
    match (target, parcel.reply_to()) {
        (_, Some(Quoted::Ours(id))) | (Reference::Ours(id), _) => Ok(id.to_string()),
        (Reference::Theirs(_), _) => Err(unknown()),
    }
}

fn unknown() -> Fault {
    Fault::of(FaultKind::BadContent).saying("the message that is meant is not known here")
}

fn delayed(message: Outward, parcel: &Parcel, leg: Leg<'_>) -> Outward {
    let (written, now) = match parcel.draft().said_at {
        Some(said_at) => (said_at.min(leg.wall), leg.wall),
        None => (parcel.accepted(), leg.now),
    };
    let late = now.since(written) > LIVE || parcel.maybe_doubled();
    message.holding_some(late.then(|| delay(leg.gateway, written)).flatten())
}

fn delay(gateway: &Gateway, at: Timestamp) -> Option<Element> {
    let stamp = jiff::Timestamp::from_millisecond(at.0).ok()?;
    Some(
        element("delay", ns::DELAY)
            .with("from", gateway.as_str())
            .with("stamp", &format!("{stamp:.3}")),
    )
}

#[cfg(test)]
mod tests;
