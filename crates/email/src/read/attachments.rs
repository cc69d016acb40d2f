//! What came with a mail: names, types and sizes, fit to be shown.

use crate::mime::Part;
use causeway_core::file::{Attachment, FileName, Place};
use causeway_core::text::Line;

/// Attachments named of one mail.
const NAMED_MAX: usize = 50;
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
        media_type: Line::clean(&part.media_type),
        size: u64::try_from(part.content().len()).ok(),
        place: Place::Named,
    })
}

/// The name from either place where writers put it (RFC 2183 section 2.3, RFC 2046), or one by its type.
fn name(part: &Part<'_>) -> Option<FileName> {
    let disposition = part.disposition();
    let given = disposition
        .as_ref()
        .and_then(|disposition| disposition.attribute("filename"));
    given
        .or_else(|| part.parameter("name"))
        .and_then(FileName::clean)
        .or_else(|| inner_subject(part))
        .or_else(|| FileName::clean(&format!("unnamed {}", part.media_type.replace('/', " "))))
}

/// A forwarded mail is called by its subject.
fn inner_subject(part: &Part<'_>) -> Option<FileName> {
    let (header, _) = crate::fields::divide(part.body);
    let fields = crate::fields::Fields::parse(header);
    let subject = fields.first("Subject").filter(|_| part.is_message())?;
    FileName::clean(&format!("{}.eml", super::unstructured(subject.raw())?))
}
