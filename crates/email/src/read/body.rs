//! The words of a mail: the best of its texts, unflowed, in the order of its parts.

use super::attachments::is_attachment;
use super::html;
use crate::mime::Part;
use crate::quote::unflow;

/// Below this share of the HTML's text a plain text is taken for a stand-in, in percent.
const STAND_IN_SHARE: usize = 10;
/// A longer plain text is no mere hint to look at the HTML, in bytes.
const HINT_MAX: usize = 400;
/// What programs write into the plain text instead of the text.
const HINTS: [&str; 8] = [
    "in your browser",
    "in a browser",
    "does not support html",
    "doesn't support html",
    "cannot display html",
    "html email",
    "html version",
    "html-enabled",
];

// ---------------------------------------------------------------------------------------------------------------------

/// The words of a mail; empty when it has none.
pub(super) fn words(parts: &[Part<'_>]) -> String {
    shown(parts, 0)
}

fn shown(parts: &[Part<'_>], index: usize) -> String {
    let Some(part) = parts.get(index) else {
        return String::new();
    };
    if is_attachment(part, parts) {
        return String::new();
    }
    match part.media_type.as_str() {
        "text/html" => html::to_text(&part.text()),
        "text/plain" => plain(part),
        "multipart/alternative" => alternative(parts, index),
        "multipart/related" => inside(parts, index)
            .next()
            .map_or_else(String::new, |first| shown(parts, first)),
        // Without the lines that divide it, the whole is the only part there is.
        _ if part.is_multipart() && inside(parts, index).next().is_none() => part.text(),
        _ if part.is_multipart() => together(parts, index),
        _ => String::new(),
    }
}

fn plain(part: &Part<'_>) -> String {
    let text = part.text();
    let flowed = part
        .parameter("format")
        .is_some_and(|format| format.eq_ignore_ascii_case("flowed"));
    match flowed {
        true => unflow(
            &text,
            part.parameter("delsp")
                .is_some_and(|delsp| delsp.eq_ignore_ascii_case("yes")),
        ),
        false => text,
    }
}

fn together(parts: &[Part<'_>], index: usize) -> String {
    let texts: Vec<String> = inside(parts, index)
        .map(|child| shown(parts, child))
        .filter(|text| !text.trim().is_empty())
        .collect();
    texts.join("\n\n")
}

/// The plain text, unless it stands in for the HTML beside it.
fn alternative(parts: &[Part<'_>], index: usize) -> String {
    let plain = inside(parts, index).find(|child| holds(parts, *child, "text/plain"));
    let html = inside(parts, index)
        .filter(|child| holds(parts, *child, "text/html"))
        .last();
    let plain = plain.map(|child| shown(parts, child)).unwrap_or_default();
    if html.is_none() && plain.trim().is_empty() {
        return together(parts, index);
    }
    let html = html
        .filter(|_| plain.len() < 64 * 1024)
        .map(|child| shown(parts, child))
        .unwrap_or_default();
    match stands_in(&plain, &html) {
        true => html,
        false => plain,
    }
}

fn stands_in(plain: &str, html: &str) -> bool {
    let plain = plain.trim();
    let html = html.trim();
    if html.is_empty() {
        return false;
    }
    let lower = plain.to_lowercase();
    let hint = plain.len() <= HINT_MAX && html.len() > plain.len() && HINTS.iter().any(|hint| lower.contains(hint));
    plain.is_empty() || hint || plain.len() * 100 < html.len() * STAND_IN_SHARE
}

/// Whether a part is of this type, or holds one that is.
fn holds(parts: &[Part<'_>], index: usize, media_type: &str) -> bool {
    let own = parts
        .get(index)
        .is_some_and(|part| part.media_type == media_type && !is_attachment(part, parts));
    own || inside(parts, index).any(|child| holds(parts, child, media_type))
}

fn inside(parts: &[Part<'_>], index: usize) -> impl Iterator<Item = usize> {
    let multipart = parts.get(index).is_some_and(Part::is_multipart);
    parts
        .iter()
        .enumerate()
        .skip(index + 1)
        .filter(move |(_, part)| multipart && part.parent == Some(index))
        .map(|(child, _)| child)
}
