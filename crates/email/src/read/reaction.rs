//! Reactions by mail: the mark of RFC 9078, and what Gmail sends.

use crate::mime::Part;
use causeway_core::emoji::Emoji;
use serde::Deserialize;

/// The type of the part that Gmail puts between the plain text and the HTML.
pub(super) const GMAIL: &str = "text/vnd.google.email-reaction+json";

/// What is in it.
#[derive(Deserialize)]
struct Gmail {
    emoji: String,
}

// ---------------------------------------------------------------------------------------------------------------------

/// The emojis of a reaction; none when the mail is no reaction. A mail inside the mail is not looked at.
pub(super) fn of(parts: &[Part<'_>]) -> Vec<Emoji> {
    let inside = parts.iter().find(|part| part.is_message()).map(|part| part.depth);
    let mut own = parts
        .iter()
        .filter(|part| inside.is_none_or(|depth| part.depth <= depth));
    own.find_map(marked).unwrap_or_default()
}

/// The emojis of one part, blanks between them (RFC 9078 section 2).
fn marked(part: &Part<'_>) -> Option<Vec<Emoji>> {
    let is_reaction = || {
        let disposition = part.disposition();
        disposition.is_some_and(|it| it.ctype().eq_ignore_ascii_case("reaction"))
    };
    let emojis = match part.media_type.as_str() {
        GMAIL => {
            let said: Gmail = serde_json::from_slice(&part.content()).ok()?;
            Emoji::read_all(std::iter::once(said.emoji.as_str()))
        }
        "text/plain" if is_reaction() => Emoji::read_all(part.text().split_whitespace()),
        _ => return None,
    };
    (!emojis.is_empty()).then_some(emojis)
}
