//! What came with a mail: names, types and sizes, fit to be shown.

use crate::mime::Part;
use causeway_core::message::Attachment;
use causeway_core::text::Line;

/// Attachments named of one mail.
const NAMED_MAX: usize = 50;
/// The longest name, in characters.
const NAME_MAX: usize = 100;
/// Parts that belong to how the mail is made and are nothing to open.
const FRAME: [&str; 5] = [
    "application/pgp-signature",
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
    "application/pgp-encrypted",
    "message/delivery-status",
];

// ---------------------------------------------------------------------------------------------------------------------

/// The attachments of a mail in their order. Pictures that only belong to its HTML are left out.
pub(super) fn named(parts: &[Part<'_>]) -> Vec<Attachment> {
    let mut named = Vec::new();
    let mut skip_below: Option<usize> = None;
    for part in parts {
        // What is inside an attached mail belongs to that mail.
        if skip_below.is_some_and(|depth| part.depth > depth) {
            continue;
        }
        skip_below = part.is_message().then_some(part.depth);
        if named.len() < NAMED_MAX && is_attachment(part, parts) {
            named.extend(attachment(part));
        }
    }
    named
}

/// Whether a part is shown as an attachment and not as text.
pub(super) fn is_attachment(part: &Part<'_>, parts: &[Part<'_>]) -> bool {
    if part.is_multipart() || FRAME.contains(&part.media_type.as_str()) {
        return false;
    }
    let disposition = part.disposition();
    if disposition
        .as_ref()
        .is_some_and(|disposition| disposition.ctype().eq_ignore_ascii_case("attachment"))
    {
        return true;
    }
    match part.media_type.as_str() {
        "text/plain" | "text/html" => false,
        _ => !is_embedded(part, parts),
    }
}

/// Whether it is a picture of the HTML beside it (RFC 2387).
fn is_embedded(part: &Part<'_>, parts: &[Part<'_>]) -> bool {
    let beside = part.parent.and_then(|index| parts.get(index));
    part.fields.first("Content-ID").is_some() && beside.is_some_and(|parent| parent.media_type == "multipart/related")
}

fn attachment(part: &Part<'_>) -> Option<Attachment> {
    Some(Attachment {
        name: name(part)?,
        media_type: Line::clean(&part.media_type).or_else(|| Line::clean("application/octet-stream"))?,
        size: u64::try_from(part.content().len()).unwrap_or(u64::MAX),
    })
}

/// The name from either place where writers put it (RFC 2183 section 2.3, RFC 2046), or one by its type.
fn name(part: &Part<'_>) -> Option<Line> {
    let disposition = part.disposition();
    let given = disposition
        .as_ref()
        .and_then(|disposition| disposition.attribute("filename"));
    given
        .or_else(|| part.parameter("name"))
        .and_then(safe_name)
        .or_else(|| inner_subject(part))
        .or_else(|| Line::clean(&format!("unnamed {}", part.media_type)))
}

/// A forwarded mail is called by its subject.
fn inner_subject(part: &Part<'_>) -> Option<Line> {
    let (header, _) = crate::fields::divide(part.body);
    let fields = crate::fields::Fields::parse(header);
    let subject = fields.first("Subject").filter(|_| part.is_message())?;
    safe_name(&format!("{}.eml", super::unstructured(subject.raw())?))
}

/// A file name without path, controls, direction marks and leading dots, at most 100 characters, the ending kept.
fn safe_name(given: &str) -> Option<Line> {
    let plain = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let visible: String = plain.chars().filter(|c| !is_hidden(*c)).collect();
    let line = Line::clean(visible.trim_start_matches(['.', ' ']))?;
    let name = line.as_str();
    let length = name.chars().count();
    if length <= NAME_MAX {
        return Some(line);
    }
    let ending = name
        .rsplit_once('.')
        .map(|(_, ending)| ending)
        .filter(|ending| ending.chars().count() <= 10);
    let room = NAME_MAX - ending.map_or(0, |ending| ending.chars().count() + 1) - 1;
    let start: String = name.chars().take(room).collect();
    Line::clean(&match ending {
        Some(ending) => format!("{start}….{ending}"),
        None => format!("{start}…"),
    })
}

/// Zero-width characters and marks that turn the direction of the text.
fn is_hidden(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(given: &str, expect: Option<&str>) {
        assert_eq!(safe_name(given).as_ref().map(Line::as_str), expect, "{given:?}");
    }

    #[test]
    fn names_are_made_safe() {
        check("letter.pdf", Some("letter.pdf"));
        check("../../etc/passwd", Some("passwd"));
        check("C:\\Windows\\letter.pdf", Some("letter.pdf"));
        check("\u{202e}fdp.exe", Some("fdp.exe"));
        check("a\r\nb\0c.txt", Some("a b c.txt"));
        check(".bashrc", Some("bashrc"));
        check("...", None);
        check("dir/", None);
        check(
            &format!("{}.pdf", "x".repeat(200)),
            Some(&format!("{}….pdf", "x".repeat(95))),
        );
    }

    proptest! {
        #[test]
        fn a_safe_name_is_short_and_has_no_path(given in any::<String>()) {
            if let Some(name) = safe_name(&given) {
                prop_assert!(name.as_str().chars().count() <= NAME_MAX);
                let bad = ['/', '\\', '\u{202e}', '\n'];
                prop_assert!(!name.as_str().contains(bad));
            }
        }
    }
}
