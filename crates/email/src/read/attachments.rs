//! What came with a mail: names, types and sizes fit to be shown, and bytes as far as there is room.

use super::Room;
use crate::mime::Part;
use causeway_core::file::{Attachment, FileName, Place};
use causeway_core::text::Line;
use std::sync::Arc;

/// Attachments named of one mail.
const NAMED_MAX: usize = 50;
/// Embedded pictures up to this size are signatures' logos, lines and counting pixels, in encoded bytes.
const ORNAMENT_MAX: usize = 15_000;
/// Parts that belong to how the mail is made and are nothing to open.
const FRAME: [&str; 6] = [
    super::reaction::GMAIL,
    "application/pgp-signature",
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
    "application/pgp-encrypted",
    "message/delivery-status",
];

/// The files of a mail.
#[derive(Debug, Default)]
pub(super) struct Luggage {
    /// What is known of each.
    pub(super) attachments: Vec<Attachment>,
    /// The bytes of those that are kept.
    pub(super) files: Vec<Arc<[u8]>>,
}

// ---------------------------------------------------------------------------------------------------------------------

/// The files of a mail in their order, pictures of its HTML included; the bytes of those for which there is room.
pub(super) fn taken(parts: &[Part<'_>], room: Room) -> Luggage {
    let mut luggage = Luggage::default();
    let mut skip_below: Option<usize> = None;
    for part in parts {
        // What is inside an attached mail belongs to that mail.
        if skip_below.is_some_and(|depth| part.depth > depth) {
            continue;
        }
        skip_below = part.is_message().then_some(part.depth);
        if luggage.attachments.len() < NAMED_MAX && (is_attachment(part, parts) || is_picture(part, parts)) {
            luggage.take(part, room);
        }
    }
    luggage
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

/// Whether it is a picture that the text beside it is shown with, and no ornament.
fn is_picture(part: &Part<'_>, parts: &[Part<'_>]) -> bool {
    part.media_type.starts_with("image/") && part.body.len() > ORNAMENT_MAX && is_embedded(part, parts)
}

impl Luggage {
    /// Takes one file. What is decoded is never longer than the mail, which was measured before.
    fn take(&mut self, part: &Part<'_>, room: Room) {
        let content = part.content();
        let size = u64::try_from(content.len()).unwrap_or(u64::MAX);
        let number = u16::try_from(self.files.len()).ok();
        let place = match number.filter(|_| size <= room.largest && self.files.len() < room.most) {
            Some(number) => {
                self.files.push(Arc::from(content.as_ref()));
                Place::Kept(number)
            }
            None => Place::Named,
        };
        self.attachments.push(Attachment {
            name: name(part),
            media_type: Line::clean(&part.media_type),
            size: Some(size),
            place,
        });
    }
}

/// The name from either place where writers put it (RFC 2183 section 2.3, RFC 2046), or one by its type.
fn name(part: &Part<'_>) -> FileName {
    let disposition = part.disposition();
    let given = disposition
        .as_ref()
        .and_then(|disposition| disposition.attribute("filename"));
    given
        .or_else(|| part.parameter("name"))
        .and_then(FileName::clean)
        .or_else(|| inner_subject(part))
        .or_else(|| FileName::clean(&format!("unnamed {}", part.media_type.replace('/', " "))))
        .unwrap_or_else(FileName::unnamed)
}

/// A forwarded mail is called by its subject.
fn inner_subject(part: &Part<'_>) -> Option<FileName> {
    let (header, _) = crate::fields::divide(part.body);
    let fields = crate::fields::Fields::parse(header);
    let subject = fields.first("Subject").filter(|_| part.is_message())?;
    FileName::clean(&format!("{}.eml", super::unstructured(subject.raw())?))
}
