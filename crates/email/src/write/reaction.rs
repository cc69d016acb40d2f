//! A reaction as a mail: marked as what it is (RFC 9078), with words for programs that do not know the mark.

use super::{Composed, Writing, answered, encode, letter, plain, signed};
use causeway_core::emoji::Emoji;
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::message::{Text, joined};
use causeway_core::text::{Body, Line};
use mail_builder::headers::raw::Raw;
use mail_builder::mime::{BodyPart, MimePart};

/// Writes it. The mark only counts in an answer (RFC 9078 section 3): where the mail that is meant has no id, the words must
/// do.
pub(super) fn write(
    writing: &Writing<'_>,
    emojis: &[Emoji],
    sender_name: Option<&Line>,
    to: &str,
) -> Result<Composed, Fault> {
    let emojis = joined(emojis);
    let words = writing.parcel.words().unwrap_or(&emojis);
    let text = Text {
        sender_name: sender_name.cloned(),
        ..Text::plain(Body::clean(words).ok_or_else(|| Fault::of(FaultKind::BadContent))?)
    };
    if answered(writing).is_none() {
        return letter(writing, &text, to);
    }
    let (encoding, encoded) = encode::text(&emojis);
    let mark = MimePart::raw(encoded)
        .header("Content-Type", Raw::new("text/plain; charset=utf-8"))
        .header("Content-Disposition", Raw::new("reaction"))
        .header("Content-Transfer-Encoding", Raw::new(encoding));
    let boundary = format!("reaction-{}", writing.parcel.id());
    let both = Raw::new(format!("multipart/alternative; boundary=\"{boundary}\""));
    let whole = MimePart {
        headers: vec![("Content-Type".into(), both.into())],
        contents: BodyPart::Multipart(vec![plain(words), mark]),
    };
    signed(writing, &text, to, whole)
}
