//! Message-IDs: normalised, listed, recognised as our own, or made where a mail has none.

use crate::fields::Fields;
use causeway_core::envelope::EnvelopeId;
use causeway_core::message::MessageRef;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// Ids kept of one list; the newest stand at its end.
const IDS_MAX: usize = 100;

// ---------------------------------------------------------------------------------------------------------------------

/// The envelope whose mail has this Message-ID, with or without brackets; ours are `<envelope id@mail domain>`.
pub fn own_id(message_id: &str, domain: &str) -> Option<EnvelopeId> {
    let plain = message_id.trim().trim_start_matches('<').trim_end_matches('>');
    let (local, host) = plain.rsplit_once('@')?;
    EnvelopeId::parse(local).filter(|_| host.eq_ignore_ascii_case(domain))
}

/// The id of a mail without brackets. Outlook's submission service gives a mail another id and keeps the author's own
/// in a field of its own; answers may come with either, and the author's is the one that is the same everywhere.
pub(super) fn message_id(fields: &Fields<'_>) -> Option<String> {
    ["X-Microsoft-Original-Message-ID", "Message-ID"]
        .iter()
        .filter_map(|name| fields.value(name))
        .find_map(|value| ids(&value).next())
}

/// The ids of a list such as References, oldest first, each once. Some programs divide them by commas.
pub(super) fn listed(fields: &Fields<'_>, name: &str) -> Vec<String> {
    let value = fields.value(name).unwrap_or_default();
    let mut listed: Vec<String> = Vec::new();
    for id in ids(&value) {
        if !listed.contains(&id) && listed.len() < IDS_MAX * 10 {
            listed.push(id);
        }
    }
    listed.split_off(listed.len().saturating_sub(IDS_MAX))
}

/// An id for a mail without one, equal for equal mails: a digest of what the author wrote, body included, because
/// author, subject and date alone are the same in mails that machines send at once.
pub(super) fn digest(fields: &Fields<'_>, body: &str) -> String {
    let mut hash = Sha256::new();
    for name in ["From", "To", "Date", "Subject"] {
        hash.update(fields.value(name).unwrap_or_default().as_bytes());
        hash.update(b"\0");
    }
    hash.update(body.as_bytes());
    format!("sha256-{}", HEXLOWER.encode(&hash.finalize()))
}

/// The words in brackets, or, where there are no brackets, the words with an `@`, or the only word.
fn ids(value: &str) -> impl Iterator<Item = String> {
    let bracketed = value.contains('<');
    let alone = !value.trim().contains(|c: char| c.is_whitespace());
    value
        .split(move |c: char| match bracketed {
            true => matches!(c, '<' | '>'),
            false => c.is_whitespace() || c == ',',
        })
        .enumerate()
        // Between brackets stand the odd pieces.
        .filter(move |(at, _)| !bracketed || at % 2 == 1)
        .map(|(_, word)| word.chars().filter(|c| !c.is_whitespace()).collect::<String>())
        .filter(move |word| bracketed || alone || word.contains('@'))
        .filter(|word| MessageRef::new(word).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expect: &[&str]) {
        assert_eq!(ids(value).collect::<Vec<_>>(), expect, "{value}");
    }

    #[test]
    fn ids_are_read_in_all_their_forms() {
        check("<a@b.example>", &["a@b.example"]);
        check(
            " <a@b.example> (comment)\t<c@d.example>",
            &["a@b.example", "c@d.example"],
        );
        check("<a@b.example>,<c@d.example>", &["a@b.example", "c@d.example"]);
        check("<a @b .example>", &["a@b.example"]);
        check("a@b.example, c@d.example", &["a@b.example", "c@d.example"]);
        check("20240101.1", &["20240101.1"]);
        check("Your message of Monday", &[]);
        check("<>", &[]);
        check("<a@b.example", &["a@b.example"]);
        check("", &[]);
    }

    #[test]
    fn a_long_list_keeps_its_newest() {
        let header = format!(
            "References: {}",
            (0..300).map(|n| format!("<{n}@x> ")).collect::<String>()
        );
        let fields = Fields::parse(header.as_bytes());
        let listed = listed(&fields, "References");
        assert_eq!(
            (listed.len(), listed[0].as_str(), listed[99].as_str()),
            (100, "200@x", "299@x")
        );
    }
}
