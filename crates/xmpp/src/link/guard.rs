//! Bounds what reaches the XML parser: a stanza that is too large, too deep, or holds a too long word arrives cut and marked.
//!
//! The parser under `xmlstream` ends the stream at a name or an attribute of more than 8,192 bytes, and a deep tree
//! overflows the stack when it is dropped. Servers pass both on, so any user could end the link for everybody.

use crate::ns;

/// The largest stanza in bytes as they come in.
pub(crate) const LARGEST_STANZA: usize = 256 * 1024;
/// The deepest element, counted from the stanza.
pub(crate) const DEEPEST: usize = 50;
/// The longest name or attribute value in bytes.
pub(crate) const LONGEST_WORD: usize = 8_000;
/// The longest attribute of a cut stanza that is kept; a JID has at most 3,071 bytes (RFC 7622 section 3.1).
const LONGEST_KEPT: usize = 3_100;
/// The attributes of a cut stanza that its sender needs in an answer.
const KEPT: [&[u8]; 5] = [b"from", b"to", b"id", b"type", b"xmlns"];

/// The state of one stream. It trusts the server to send well-formed XML without CDATA sections, comments and the like,
/// which RFC 6120 section 11.1 forbids; if it does not, the parser behind sees it and ends the stream.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    /// How many elements are open, the stream itself included.
    depth: usize,
    /// Bytes of the open stanza.
    stanza: usize,
    /// Whether the rest of the open stanza is left out.
    cut: bool,
    /// The elements of the open stanza that were let through and wait for their end.
    open: usize,
    /// Whether the text so far ends within an entity reference.
    entity: bool,
    tag: Option<Tag>,
}

/// A tag whose end has not come.
#[derive(Debug, Default)]
struct Tag {
    bytes: Vec<u8>,
    quote: Option<u8>,
    word: usize,
    longest_word: usize,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Guard {
    /// Takes what was read and gives what the parser may see.
    pub(crate) fn pass(&mut self, input: &[u8], out: &mut Vec<u8>) {
        for &byte in input {
            if self.depth > 1 {
                self.stanza = self.stanza.saturating_add(1);
            }
            match self.tag.take() {
                Some(mut tag) => match tag.push(byte) {
                    true => self.end_of_tag(&tag, out),
                    false => self.tag = Some(tag),
                },
                None if byte == b'<' => self.tag = Some(Tag::begin()),
                None => self.text(byte, out),
            }
        }
    }

    fn text(&mut self, byte: u8, out: &mut Vec<u8>) {
        let begins_character = byte & 0xc0 != 0x80;
        if self.stanza > LARGEST_STANZA && begins_character && !self.entity {
            self.cut = true;
        }
        if !self.cut {
            self.entity = byte == b'&' || (self.entity && byte != b';');
            out.push(byte);
        }
    }

    fn end_of_tag(&mut self, tag: &Tag, out: &mut Vec<u8>) {
        match tag.kind() {
            TagKind::Other if !self.cut => out.extend_from_slice(&tag.bytes),
            TagKind::Other => {}
            TagKind::Start { empty } => self.start(tag, empty, out),
            TagKind::End => self.end(tag, out),
        }
    }

    fn start(&mut self, tag: &Tag, empty: bool, out: &mut Vec<u8>) {
        let in_stanza = self.depth > 0;
        let too_much = self.stanza.max(tag.bytes.len()) > LARGEST_STANZA
            || self.depth > DEEPEST
            || tag.longest_word > LONGEST_WORD;
        if in_stanza && too_much && !self.cut {
            self.cut = true;
            if self.depth == 1 {
                self.start_cut_stanza(tag, empty, out);
                return;
            }
        } else if !self.cut {
            out.extend_from_slice(&tag.bytes);
            self.open += usize::from(!empty && in_stanza);
        }
        self.depth += usize::from(!empty);
    }

    /// Lets a stanza through as nothing but its address.
    fn start_cut_stanza(&mut self, tag: &Tag, empty: bool, out: &mut Vec<u8>) {
        let name = tag.address(out);
        self.depth += 1;
        self.open = 1;
        if empty {
            let mut end = b"</".to_vec();
            end.extend_from_slice(&name);
            end.push(b'>');
            self.end(&Tag::whole(end), out);
        }
    }

    fn end(&mut self, tag: &Tag, out: &mut Vec<u8>) {
        // The depth of the element that ends, where 1 is the stanza.
        let level = self.depth.saturating_sub(1);
        self.depth = self.depth.saturating_sub(1);
        if level == 0 {
            out.extend_from_slice(&tag.bytes);
            return;
        }
        if level == 1 && self.cut {
            out.extend_from_slice(format!("<cut xmlns='{}'/>", ns::CUT).as_bytes());
        }
        if level <= self.open {
            out.extend_from_slice(&tag.bytes);
            self.open = level - 1;
        }
        if level == 1 {
            self.stanza = 0;
            self.cut = false;
        }
    }
}

enum TagKind {
    Start { empty: bool },
    End,
    Other,
}

impl Tag {
    fn begin() -> Self {
        Self::whole(vec![b'<'])
    }

    fn whole(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            ..Self::default()
        }
    }

    /// Takes one byte; true when it ends the tag.
    fn push(&mut self, byte: u8) -> bool {
        // A tag this long is cut anyway; only its last byte matters still.
        if self.bytes.len() > LARGEST_STANZA {
            self.bytes.pop();
        }
        self.bytes.push(byte);
        let ends_word = match self.quote {
            Some(quote) => byte == quote,
            None => matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'=' | b'/' | b'>' | b'\'' | b'"'),
        };
        match (ends_word, self.quote, byte) {
            (true, Some(_), _) => self.quote = None,
            (true, None, b'\'' | b'"') => self.quote = Some(byte),
            _ => {}
        }
        self.word = if ends_word { 0 } else { self.word + 1 };
        self.longest_word = self.longest_word.max(self.word);
        byte == b'>' && self.quote.is_none() && ends_word
    }

    fn kind(&self) -> TagKind {
        match (
            self.bytes.get(1),
            self.bytes.len().checked_sub(2).and_then(|at| self.bytes.get(at)),
        ) {
            (Some(b'/'), _) => TagKind::End,
            (Some(b'?' | b'!'), _) => TagKind::Other,
            (_, before_last) => TagKind::Start {
                empty: before_last == Some(&b'/'),
            },
        }
    }

    /// Writes the start tag with what an answer needs of its attributes, and gives its name.
    fn address(&self, out: &mut Vec<u8>) -> Vec<u8> {
        let mut words = Words(self.bytes.get(1..).unwrap_or_default());
        let name = words.name().to_vec();
        out.push(b'<');
        out.extend_from_slice(&name);
        while let Some((name, quote, value)) = words.attribute() {
            if KEPT.contains(&name) && value.len() <= LONGEST_KEPT {
                out.push(b' ');
                out.extend_from_slice(name);
                out.extend_from_slice(&[b'=', quote]);
                out.extend_from_slice(value);
                out.push(quote);
            }
        }
        out.push(b'>');
        name
    }
}

/// Reads the words of a tag one by one.
struct Words<'a>(&'a [u8]);

impl<'a> Words<'a> {
    fn name(&mut self) -> &'a [u8] {
        self.until(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'=' | b'/' | b'>'))
    }

    fn attribute(&mut self) -> Option<(&'a [u8], u8, &'a [u8])> {
        self.until(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
        let name = self.name();
        self.until(|byte| matches!(byte, b'\'' | b'"'));
        let (&quote, rest) = self.0.split_first()?;
        self.0 = rest;
        let value = self.until(|byte| byte == quote);
        let (_, rest) = self.0.split_first()?;
        self.0 = rest;
        Some((name, quote, value))
    }

    fn until(&mut self, ends: impl Fn(u8) -> bool) -> &'a [u8] {
        let at = self.0.iter().position(|byte| ends(*byte)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(at);
        self.0 = rest;
        taken
    }
}

#[cfg(test)]
mod tests;
