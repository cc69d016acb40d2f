//! The parts of a mail: a splitter without recursion, so that no nesting can exhaust a stack.

use crate::charset;
use crate::fields::{Fields, divide, line_end};
use crate::guard::Limits;
use causeway_core::fault::{Fault, FaultKind};
use mail_parser::decoders::base64::base64_decode;
use mail_parser::{ContentType, HeaderName, HeaderValue, MessageParser};
use std::borrow::Cow;

/// One entity of a mail (RFC 2045 section 2.4): the mail itself, a part of a multipart, or a mail inside a mail.
#[derive(Debug, Clone)]
pub struct Part<'a> {
    /// Its header section.
    pub fields: Fields<'a>,
    /// Its body, still encoded.
    pub body: &'a [u8],
    /// Its media type in lower case, for example `text/plain`.
    pub media_type: String,
    /// Which part holds it.
    pub parent: Option<usize>,
    /// How many parts it is in.
    pub depth: usize,
    content_type: Option<ContentType<'static>>,
}

struct Entity<'a> {
    bytes: &'a [u8],
    parent: Option<usize>,
    depth: usize,
    default_type: &'static str,
}

// ---------------------------------------------------------------------------------------------------------------------

/// Splits a mail into its parts, the mail itself first and each part before those that it holds. The error tells which
/// limit the mail passes.
pub fn split<'a>(mail: &'a [u8], limits: &Limits) -> Result<Vec<Part<'a>>, Fault> {
    let mut parts: Vec<Part<'a>> = Vec::new();
    let mut open = vec![Entity {
        bytes: mail,
        parent: None,
        depth: 0,
        default_type: "text/plain",
    }];
    while let Some(entity) = open.pop() {
        if parts.len() >= limits.parts {
            return Err(too_much("parts", limits.parts));
        }
        let depth = entity.depth;
        let part = Part::read(entity, limits)?;
        let inside = part.children(parts.len(), limits);
        if !inside.is_empty() && depth >= limits.depth {
            return Err(too_much("levels of parts", limits.depth));
        }
        parts.push(part);
        open.extend(inside.into_iter().rev());
    }
    Ok(parts)
}

impl<'a> Part<'a> {
    fn read(entity: Entity<'a>, limits: &Limits) -> Result<Self, Fault> {
        let (header, body) = divide(entity.bytes);
        if header.len() > limits.header_bytes {
            return Err(too_much("bytes of header", limits.header_bytes));
        }
        let fields = Fields::parse(header);
        if fields.len() > limits.header_fields {
            return Err(too_much("header fields", limits.header_fields));
        }
        let content_type = parameters(&fields, "Content-Type");
        Ok(Self {
            media_type: media_type(content_type.as_ref(), entity.default_type),
            fields,
            body,
            parent: entity.parent,
            depth: entity.depth,
            content_type,
        })
    }

    /// A parameter of its Content-Type.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.content_type.as_ref()?.attribute(name)
    }

    /// Whether it is a mail inside the mail (RFC 2046 section 5.2.1, RFC 6532 section 3.7).
    pub fn is_message(&self) -> bool {
        self.media_type == "message/rfc822" || self.media_type == "message/global"
    }

    /// Whether it holds parts.
    pub fn is_multipart(&self) -> bool {
        self.media_type.starts_with("multipart/")
    }

    /// Its Content-Disposition with the parameters (RFC 2183).
    pub fn disposition(&self) -> Option<ContentType<'static>> {
        parameters(&self.fields, "Content-Disposition")
    }

    /// Its body without the transfer encoding; what is wrongly encoded stays as it is.
    pub fn content(&self) -> Cow<'a, [u8]> {
        let encoding = self.fields.value("Content-Transfer-Encoding").unwrap_or_default();
        let decoded = match encoding.to_ascii_lowercase().as_str() {
            "base64" => without_strangers(self.body),
            "quoted-printable" => Some(quoted_printable(self.body)),
            _ => None,
        };
        decoded.map_or(Cow::Borrowed(self.body), Cow::Owned)
    }

    /// Its content as text.
    pub fn text(&self) -> String {
        let content = self.content();
        charset::decode(&content, self.parameter("charset")).into_owned()
    }

    fn children(&self, own: usize, limits: &Limits) -> Vec<Entity<'a>> {
        let entity = |bytes, default_type| Entity {
            bytes,
            parent: Some(own),
            depth: self.depth + 1,
            default_type,
        };
        if self.is_message() && !self.is_encoded() {
            return vec![entity(self.body, "text/plain")];
        }
        if !self.is_multipart() {
            return Vec::new();
        }
        let named = self
            .parameter("boundary")
            .map(str::as_bytes)
            .filter(|name| !name.is_empty());
        let Some(boundary) = named.or_else(|| likely_boundary(self.body)) else {
            return Vec::new();
        };
        let default_type = match self.media_type.as_str() {
            "multipart/digest" => "message/rfc822",
            _ => "text/plain",
        };
        pieces(self.body, boundary, limits.parts + 1)
            .into_iter()
            .map(|bytes| entity(bytes, default_type))
            .collect()
    }

    fn is_encoded(&self) -> bool {
        let encoding = self.fields.value("Content-Transfer-Encoding").unwrap_or_default();
        encoding.eq_ignore_ascii_case("base64") || encoding.eq_ignore_ascii_case("quoted-printable")
    }
}

/// A field of the form of Content-Type, its parameters decoded (RFC 2231, also the damaged forms).
fn parameters(fields: &Fields<'_>, name: &'static str) -> Option<ContentType<'static>> {
    match structured(
        "Content-Type",
        fields.first(name)?.raw(),
        &MessageParser::new().with_mime_headers(),
    )? {
        HeaderValue::ContentType(value) => Some(HeaderValue::ContentType(value).into_owned().unwrap_content_type()),
        _ => None,
    }
}

/// Reads one field value with the parser's rule for the header `name`. The parser sees this one field and nothing else.
pub(crate) fn structured(name: &str, raw: &[u8], parser: &MessageParser) -> Option<HeaderValue<'static>> {
    let mut section = Vec::with_capacity(name.len() + raw.len() + 6);
    section.extend_from_slice(name.as_bytes());
    section.extend_from_slice(b": ");
    // An empty line inside would end the section early; a bare CR is a blank.
    let text = charset::decode(raw, None);
    section.extend(text.bytes().map(|b| if b == b'\r' || b == 0 { b' ' } else { b }));
    section.extend_from_slice(b"\n\n");
    let parsed = parser.parse_headers(&section)?;
    let wanted = HeaderName::parse(name.to_owned())?;
    parsed
        .headers()
        .iter()
        .find(|header| header.name == wanted)
        .map(|header| header.value.clone().into_owned())
}

fn media_type(declared: Option<&ContentType<'_>>, default_type: &str) -> String {
    match declared {
        Some(declared) => match declared.subtype() {
            Some(subtype) => format!("{}/{subtype}", declared.ctype()).to_ascii_lowercase(),
            // RFC 2045 section 5.2: what is no type counts as plain text.
            None => "text/plain".to_owned(),
        },
        None => default_type.to_owned(),
    }
}

/// The parts between the lines of a boundary (RFC 2046 section 5.1.1), at most `most`. A last part without its closing
/// line reaches to the end.
fn pieces<'a>(body: &'a [u8], boundary: &[u8], most: usize) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut begin: Option<usize> = None;
    let mut at = 0;
    while let Some(rest) = body.get(at..).filter(|rest| !rest.is_empty() && pieces.len() < most) {
        let end = line_end(rest);
        if let Some(last) = delimiter(rest.get(..end).unwrap_or_default(), boundary) {
            pieces.extend(begin.and_then(|begin| body.get(begin..at)).map(without_break));
            begin = (!last).then_some(at + end);
            if last {
                return pieces;
            }
        }
        at += end;
    }
    pieces.extend(
        begin
            .and_then(|begin| body.get(begin..))
            .filter(|_| pieces.len() < most),
    );
    pieces
}

/// The boundary of a body whose header lost it: the first line that begins with two hyphens, where the last delimiter
/// is there too.
fn likely_boundary(body: &[u8]) -> Option<&[u8]> {
    let first = body
        .split(|b| *b == b'\n')
        .find(|line| line.starts_with(b"--") && line.trim_ascii_end().len() > 2)?;
    let boundary = first.trim_ascii_end().get(2..)?;
    let closes = |line: &[u8]| delimiter(line, boundary) == Some(true);
    body.split(|b| *b == b'\n').any(closes).then_some(boundary)
}

/// Whether a line is a delimiter, and then whether it is the last one.
fn delimiter(line: &[u8], boundary: &[u8]) -> Option<bool> {
    let after = line.strip_prefix(b"--")?.strip_prefix(boundary)?;
    match after.trim_ascii_end() {
        b"" => Some(false),
        b"--" => Some(true),
        _ => None,
    }
}

/// The line break before a delimiter belongs to the delimiter.
fn without_break(piece: &[u8]) -> &[u8] {
    let piece = piece.strip_suffix(b"\n").unwrap_or(piece);
    piece.strip_suffix(b"\r").unwrap_or(piece)
}

/// Quoted-printable (RFC 2045 section 6.7); an `=` that begins no code stays.
fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while !rest.is_empty() {
        let (line, after) = rest.split_at_checked(line_end(rest)).unwrap_or((rest, b""));
        let text = line.trim_ascii_end();
        let ends = if line.ends_with(b"\r\n") {
            b"\r\n".as_slice()
        } else {
            b"\n".as_slice()
        };
        let soft = text.strip_suffix(b"=");
        unescape(soft.unwrap_or(text), &mut out);
        if soft.is_none() && line.ends_with(b"\n") {
            out.extend_from_slice(ends);
        }
        rest = after;
    }
    out
}

fn unescape(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = rest.iter().position(|b| *b == b'=') {
        let (plain, code) = rest.split_at_checked(at).unwrap_or((rest, b""));
        out.extend_from_slice(plain);
        let byte = code.get(1..3).and_then(hexadecimal);
        out.push(byte.unwrap_or(b'='));
        rest = code.get(if byte.is_some() { 3 } else { 1 }..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits)
        .ok()
        .filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u8::from_str_radix(text, 16).ok()
}

/// Base64 as RFC 2045 section 6.8 wants it read: characters outside the alphabet are passed over.
fn without_strangers(body: &[u8]) -> Option<Vec<u8>> {
    let alphabet = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    base64_decode(&body.iter().copied().filter(alphabet).collect::<Vec<u8>>())
}

fn too_much(of_what: &str, limit: usize) -> Fault {
    Fault::of(FaultKind::BadContent).saying(&format!("more than {limit} {of_what}"))
}
