//! What is done to an earlier message: it is taken back, or somebody reacts to it.

use super::Leg;
use crate::ns;
use crate::stanza::Outward;
use crate::xml::{Build, element};
use causeway_core::emoji::Emoji;
use causeway_core::network::{Parcel, Quoted};

/// A retraction (XEP-0424 section 4.1), with words for programs that do not know it (XEP-0428 section 3).
pub(super) fn retraction(parcel: &Parcel, target: &str, leg: Leg<'_>) -> Outward {
    let fallback = element("fallback", ns::FALLBACK)
        .with("for", ns::RETRACT)
        .holding(element("body", ns::FALLBACK));
    let words = parcel.words();
    message(parcel, leg)
        .holding(element("retract", ns::RETRACT).with("id", target))
        .holding_some(words.map(|_| fallback))
        .holding_some(words.map(|words| element("body", ns::COMPONENT).saying(words)))
        .holding(element("store", ns::HINTS))
}

/// All reactions of the contact to a message (XEP-0444 section 3.1). They have no words: programs that know reactions
/// and not what XEP-0428 says of fallbacks would show them twice.
pub(super) fn reactions(parcel: &Parcel, quoted: &Quoted, emojis: &[Emoji], leg: Leg<'_>) -> Outward {
    let target = match quoted {
        Quoted::Theirs(id) => id.as_str().to_owned(),
        Quoted::Ours(id) => id.to_string(),
    };
    let each = emojis
        .iter()
        .map(|emoji| element("reaction", ns::REACTIONS).saying(emoji.as_str()));
    let all = each.fold(element("reactions", ns::REACTIONS).with("id", &target), Build::holding);
    message(parcel, leg).holding(all).holding(element("store", ns::HINTS))
}

fn message(parcel: &Parcel, leg: Leg<'_>) -> Outward {
    let id = parcel.id().to_string();
    Outward::message(leg.from, leg.to.as_str(), "chat", Some(&id))
        .holding(element("origin-id", ns::STANZA_IDS).with("id", &id))
}
