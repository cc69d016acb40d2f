//! Files as parts of a mail, and what is said of those that are none.

use super::encode;
use causeway_core::file::{FileName, Link};
use causeway_core::text::Line;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::{BodyPart, MimePart};
use std::sync::Arc;

/// What nobody opens by itself (RFC 2046 section 4.5.1).
const BYTES: &str = "application/octet-stream";

/// One file of a message, as far as it could be brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enclosure {
    /// Its name.
    pub name: FileName,
    /// Its media type, as somebody declared it.
    pub media_type: Option<Line>,
    /// Its size in bytes, as somebody declared it.
    pub size: Option<u64>,
    /// Where it can be had.
    pub link: Option<Link>,
    /// It, or why it is not there.
    pub content: Result<Arc<[u8]>, Absence>,
}

/// Why a file does not come along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// It was never more than a name.
    Named,
    /// It is larger than a mail may be.
    TooLarge,
    /// The message has more files than are carried.
    TooMany,
    /// Its server is none of those that are asked.
    NotAsked,
    /// Its server did not give it.
    NotGiven,
    /// The files of other mails took all the room.
    NoRoom,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Enclosure {
    /// Whether it comes along.
    pub fn is_here(&self) -> bool {
        self.content.is_ok()
    }

    /// The same, left behind because the mail would be too large.
    pub fn left_behind(&self) -> Self {
        Self {
            content: Err(self.content.as_ref().err().copied().unwrap_or(Absence::TooLarge)),
            ..self.clone()
        }
    }

    /// The part that holds it. Names and types from strangers become parameters that mean nothing else (RFC 2231).
    pub(super) fn part(&self) -> Option<MimePart<'static>> {
        let content = self.content.as_ref().ok()?;
        let name = self.name.as_str().to_owned();
        let part = MimePart::raw(encode::bytes(content))
            .header(
                "Content-Type",
                ContentType::new(media_type(self.media_type.as_ref())).attribute("name", name.clone()),
            )
            .header("Content-Transfer-Encoding", Raw::new("base64"));
        Some(part.attachment(name))
    }

    /// The line about one that does not come along.
    pub(super) fn line(&self, words: &str) -> Option<String> {
        let why = self.content.as_ref().err()?.words();
        let media_type = self.media_type.as_ref().map(|it| format!(", {it}"));
        let size = self.size.map(|size| format!(", {size} bytes"));
        let known = [media_type, size].map(Option::unwrap_or_default).concat();
        let link = self
            .link
            .as_ref()
            .map(Link::as_str)
            .filter(|link| !words.contains(link));
        let link = link.map(|link| format!("\n{link}")).unwrap_or_default();
        Some(format!("[{}{known}{why}]{link}", self.name))
    }
}

impl Absence {
    /// The mail goes to anybody, so it speaks English.
    fn words(self) -> &'static str {
        match self {
            Self::Named => "",
            Self::TooLarge => ": not attached, because it is too large",
            Self::TooMany => ": not attached, because there are too many files",
            Self::NotAsked => ": not attached; it is still where the link leads",
            Self::NotGiven => ": not attached, because its server did not give it",
            Self::NoRoom => ": not attached, because the gateway had too many files in hand",
        }
    }
}

/// The words of a message with its files: where they are nothing but the link to one that comes along, its name.
pub(super) fn words<'a>(body: &'a str, files: &'a [Enclosure]) -> &'a str {
    let is_told = |file: &&Enclosure| file.link.as_ref().is_some_and(|link| link.as_str() == body.trim());
    let told = files.iter().filter(|file| file.is_here()).find(is_told);
    told.map_or(body, |file| file.name.as_str())
}

/// A text part and the files behind it (RFC 2046 section 5.1.3).
pub(super) fn mixed(text: MimePart<'static>, files: &[Enclosure], boundary: &str) -> MimePart<'static> {
    let files: Vec<_> = files.iter().filter_map(Enclosure::part).collect();
    if files.is_empty() {
        return text;
    }
    let head = Raw::new(format!("multipart/mixed; boundary=\"{boundary}\""));
    MimePart {
        headers: vec![("Content-Type".into(), head.into())],
        contents: BodyPart::Multipart(std::iter::once(text).chain(files).collect()),
    }
}

/// A type that a part in base64 may have: two plain words, and nothing that mail programs would open by themselves
/// (RFC 2046 section 5.2.1).
fn media_type(declared: Option<&Line>) -> String {
    let declared = declared.map_or(BYTES, Line::as_str);
    let plain = declared
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let is_word = |word: &str| {
        let letter = |b: u8| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b);
        (1..=60).contains(&word.len()) && word.bytes().all(letter)
    };
    let fits = plain
        .split_once('/')
        .is_some_and(|(top, sub)| is_word(top) && is_word(sub) && !["multipart", "message"].contains(&top));
    if fits { plain } else { BYTES.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(declared: &str, expect: &str) {
        assert_eq!(media_type(Line::clean(declared).as_ref()), expect, "{declared:?}");
    }

    #[test]
    fn a_type_is_two_plain_words() {
        check("image/JPEG", "image/jpeg");
        check("text/html; charset=utf-8", "text/html");
        check("image/svg+xml", "image/svg+xml");
        for strange in [
            "",
            "image",
            "image/",
            "a b/c",
            "image/jpeg\"; x",
            "multipart/mixed",
            "message/rfc822",
            "a/b/c",
        ] {
            check(strange, BYTES);
        }
    }
}
