//! Header sections as fields: one reader for the guard, the verdict, the hops and the groups of reports.

use crate::charset;
use std::borrow::Cow;

/// One header field, or one field of a report group (RFC 3464 section 2.1 gives them the same form).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    name: &'a str,
    raw: &'a [u8],
}

/// The fields of one section in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fields<'a>(Vec<Field<'a>>);

// ---------------------------------------------------------------------------------------------------------------------

impl<'a> Fields<'a> {
    /// Reads a header section; lines that are no fields are passed over. Never fails.
    pub fn parse(section: &'a [u8]) -> Self {
        let mut fields = Vec::new();
        let mut rest = section;
        while let Some((field, after)) = next_field(rest) {
            fields.extend(Field::parse(field));
            rest = after;
        }
        Self(fields)
    }

    /// All fields, first line first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Field<'a>> {
        self.0.iter()
    }

    /// The fields with this name, in any case of letters.
    pub fn all(&self, name: &str) -> impl DoubleEndedIterator<Item = &Field<'a>> {
        self.0.iter().filter(move |field| field.is(name))
    }

    /// The first field with this name.
    pub fn first(&self, name: &str) -> Option<&Field<'a>> {
        self.all(name).next()
    }

    /// The value of the first field with this name, unfolded.
    pub fn value(&self, name: &str) -> Option<String> {
        self.first(name).map(Field::value)
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> Field<'a> {
    fn parse(line: &'a [u8]) -> Option<Self> {
        let colon = line.iter().position(|b| *b == b':')?;
        let (name, value) = line.split_at_checked(colon)?;
        // `From :` with a blank is the same field to many readers (RFC 5322 section 4.5).
        let name = std::str::from_utf8(name).ok()?.trim_end_matches([' ', '\t']);
        let good = !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic());
        good.then_some(Self {
            name,
            raw: value.get(1..)?,
        })
    }

    /// The name as spelled.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Whether the field has this name, in any case of letters.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The value as it stands in the mail, with its folds.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The value unfolded and trimmed, line breaks and control characters as blanks; bytes that are not UTF-8 are taken
    /// for windows-1252. Encoded words stay as they are.
    pub fn value(&self) -> String {
        let text: Cow<'_, str> = charset::decode(self.raw, None);
        let blanked: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        blanked.trim().to_owned()
    }
}

/// Divides an entity at its first empty line; the header keeps its last line break. Without an empty line all of it is
/// header.
pub fn divide(entity: &[u8]) -> (&[u8], &[u8]) {
    let mut start = 0;
    while let Some(line) = entity.get(start..).filter(|rest| !rest.is_empty()) {
        let end = line_end(line);
        let content = line.get(..end).unwrap_or_default();
        if content == b"\n" || content == b"\r\n" {
            let header = entity.get(..start).unwrap_or_default();
            return (header, line.get(end..).unwrap_or_default());
        }
        start += end;
    }
    (entity, b"")
}

/// The length of the first line with its break.
pub(crate) fn line_end(text: &[u8]) -> usize {
    text.iter().position(|b| *b == b'\n').map_or(text.len(), |at| at + 1)
}

/// The first field with its continuation lines, and the rest.
fn next_field(text: &[u8]) -> Option<(&[u8], &[u8])> {
    if text.is_empty() {
        return None;
    }
    let mut end = line_end(text);
    while matches!(text.get(end), Some(b' ' | b'\t')) {
        end += line_end(text.get(end..).unwrap_or_default());
    }
    text.split_at_checked(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(section: &str, expect: &[(&str, &str)]) {
        let fields = Fields::parse(section.as_bytes());
        let found: Vec<_> = fields.iter().map(|field| (field.name(), field.value())).collect();
        let found: Vec<_> = found.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn fields_are_unfolded() {
        check(
            "To: a\r\n b\r\n\tc\r\nFrom : d\n",
            &[("To", "a   b   c"), ("From", "d")],
        );
    }

    #[test]
    fn lines_that_are_no_fields_are_passed_over() {
        check(
            "From juliet Mon Jan 1\nSubject: x\nno colon\n: y\nTwo words: z\n",
            &[("Subject", "x")],
        );
    }

    #[test]
    fn a_value_holds_no_control_character() {
        check("Subject: a\0b\rc\u{85}d\n", &[("Subject", "a b c d")]);
    }

    #[test]
    fn an_entity_is_divided_at_its_first_empty_line() {
        assert_eq!(
            divide(b"A: b\r\n\r\nbody\r\n\r\n"),
            (&b"A: b\r\n"[..], &b"body\r\n\r\n"[..])
        );
        assert_eq!(divide(b"A: b\n\nbody"), (&b"A: b\n"[..], &b"body"[..]));
        assert_eq!(divide(b"\nbody"), (&b""[..], &b"body"[..]));
        assert_eq!(divide(b"A: b"), (&b"A: b"[..], &b""[..]));
    }
}
