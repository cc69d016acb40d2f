//! What is known about a contact as a person: the card that a user at home is shown.

use crate::clock::Timestamp;
use crate::text::Line;
use std::sync::Arc;

/// A contact as one user knows it. Nobody is shown what another user knows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Card {
    /// What the contact calls itself, in messages to this user.
    pub name: Option<Line>,
    /// Where the contact is reached, each as a URI (RFC 3986); the first is the address that it goes by.
    pub addresses: Vec<String>,
    /// A picture that the contact sent of itself, and proved to be its own.
    pub picture: Option<Picture>,
    /// Whether nobody reads what is sent there.
    pub no_reply: bool,
    /// When the user last heard from the contact.
    pub last_heard: Option<Timestamp>,
}

/// A small square picture in the one format that every client shows: PNG, at most [`Picture::MOST_BYTES`] and
/// [`Picture::MOST_PIXELS`] to a side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    png: Arc<[u8]>,
    side: u32,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Picture {
    /// The most bytes: XEP-0153 section 4.2 names 8 KiB.
    pub const MOST_BYTES: usize = 8192;
    /// The longest side in pixels: XEP-0153 section 4.2 names 96.
    pub const MOST_PIXELS: u32 = 96;

    /// Takes the bytes of a PNG file (ISO/IEC 15948): its signature, then whole chunks from `IHDR` to `IEND`, and nothing
    /// behind them. `None` for anything else, for what is larger, and for what is not square. The pixels are not looked at.
    pub fn png(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > Self::MOST_BYTES {
            return None;
        }
        let mut chunks = Chunks(bytes.strip_prefix(b"\x89PNG\r\n\x1a\n")?);
        let (kind, header) = chunks.next()?;
        let (width, rest) = header.split_first_chunk()?;
        let (height, _) = rest.split_first_chunk()?;
        let side = u32::from_be_bytes(*width);
        let fits = kind == *b"IHDR" && header.len() == 13 && width == height;
        let (last, _) = chunks.by_ref().find(|(kind, _)| kind == b"IEND")?;
        let whole = last == *b"IEND" && chunks.0.is_empty();
        (fits && whole && (1..=Self::MOST_PIXELS).contains(&side)).then(|| Self {
            png: bytes.into(),
            side,
        })
    }

    /// The file.
    pub fn bytes(&self) -> &[u8] {
        &self.png
    }

    /// Its width and height in pixels.
    pub fn side(&self) -> u32 {
        self.side
    }
}

/// A URI of an opaque address (RFC 3986 section 2): all that could be taken for something else is written as `%` and two
/// digits. So it is for `mailto:` (RFC 6068 section 2) and `xmpp:` (RFC 5122 section 2.2).
pub fn uri(scheme: &str, address: &str) -> String {
    let mut uri = format!("{scheme}:");
    for byte in address.bytes() {
        match byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) {
            true => uri.push(char::from(byte)),
            false => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

/// The chunks of a PNG file, kind and content; ends at the first one that is cut.
struct Chunks<'a>(&'a [u8]);

impl<'a> Iterator for Chunks<'a> {
    type Item = ([u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (length, rest) = self.0.split_first_chunk()?;
        let (kind, rest) = rest.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (content, rest) = rest.split_at_checked(length)?;
        let (_checksum, rest) = rest.split_at_checked(4)?;
        self.0 = rest;
        Some((*kind, content))
    }
}

#[cfg(test)]
mod tests;
