//! Something said, as a chat message.

use super::Leg;
use crate::ns;
use crate::stanza::Outward;
use crate::xml::{Build, element};
use causeway_core::file::Attachment;
use causeway_core::message::Text;
use causeway_core::network::{Parcel, Quoted};
use minidom::Element;
use std::fmt::Write;

/// The message without what depends on its age.
pub(super) fn message(parcel: &Parcel, text: &Text, leg: Leg<'_>) -> Outward {
    let id = parcel.id().to_string();
    let child = |name, namespace, text: &str| element(name, namespace).saying(text);
    let words = child("body", ns::COMPONENT, &body(text, parcel.reply_to().is_some(), leg));
    Outward::message(leg.from, leg.to.as_str(), "chat", Some(&id))
        .holding_some(
            text.subject
                .as_ref()
                .map(|line| child("subject", ns::COMPONENT, line.as_str())),
        )
        .holding(match parcel.draft().lang.as_ref() {
            Some(lang) => words.in_language(lang.as_str()),
            None => words,
        })
        .holding_some(
            text.thread
                .as_ref()
                .map(|line| child("thread", ns::COMPONENT, line.as_str())),
        )
        .holding_some(parcel.reply_to().map(|quoted| reply(quoted, leg)))
        .holding_some(
            text.sender_name
                .as_ref()
                .map(|line| child("nick", ns::NICK, line.as_str())),
        )
        .holding(element("origin-id", ns::STANZA_IDS).with("id", &id))
        .holding_some(text.unkept.then(|| element("no-store", ns::HINTS)))
        .holding(element("request", ns::RECEIPTS))
        .holding(element("markable", ns::MARKERS))
}

/// The words as most clients show them, which is the body and nothing else: the subject leads a new thread, and what
/// did not come along is named at the end.
fn body(text: &Text, is_reply: bool, leg: Leg<'_>) -> String {
    let mut words = String::new();
    if let Some(subject) = text.subject.as_ref().filter(|_| !is_reply) {
        let _ = write!(words, "*{subject}*\n\n");
    }
    words.push_str(text.body.as_str());
    let files = text.attachments.iter().zip(leg.files);
    let mut left = files
        .filter_map(|(file, placed)| Some((file, placed.as_ref().err()?)))
        .peekable();
    if left.peek().is_some() {
        words.push('\n');
    }
    for (file, absence) in left {
        let _ = write!(words, "\n{} – {}", named(file), absence.words().told(leg.language));
    }
    words
}

fn named(attachment: &Attachment) -> String {
    let media_type = attachment.media_type.as_ref().map(ToString::to_string);
    let known: Vec<String> = media_type.into_iter().chain(attachment.size.map(size)).collect();
    match known.is_empty() {
        true => format!("📎 {}", attachment.name),
        false => format!("📎 {} ({})", attachment.name, known.join(", ")),
    }
}

/// A size as people read it, in powers of a thousand.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

/// XEP-0461 section 3.1: whose message is answered, and its id there.
fn reply(quoted: &Quoted, leg: Leg<'_>) -> Element {
    match quoted {
        Quoted::Theirs(id) => element("reply", ns::REPLY)
            .with("to", leg.to.as_str())
            .with("id", id.as_str()),
        Quoted::Ours(id) => element("reply", ns::REPLY)
            .with("to", leg.from.bare().as_str())
            .with("id", &id.to_string()),
    }
}
