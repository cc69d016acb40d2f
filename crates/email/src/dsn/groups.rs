//! The groups of fields in a report (RFC 3464 section 2.1), divided by empty lines.

use crate::fields::line_end;

/// The groups in their order, without the empty lines between them. A line of blanks counts as empty: some writers
/// indent everything.
pub(super) fn groups(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = content;
    std::iter::from_fn(move || {
        let mut begin = 0;
        while let Some(length) = line(rest, begin).filter(|(_, blank)| *blank).map(|(length, _)| length) {
            begin += length;
        }
        let mut end = begin;
        while let Some(length) = line(rest, end).filter(|(_, blank)| !blank).map(|(length, _)| length) {
            end += length;
        }
        let group = rest.get(begin..end).filter(|group| !group.is_empty())?;
        rest = rest.get(end..).unwrap_or_default();
        Some(group)
    })
}

/// The length of the line at `at`, and whether it is blank; `None` at the end.
fn line(text: &[u8], at: usize) -> Option<(usize, bool)> {
    let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
    let length = line_end(rest);
    Some((length, rest.get(..length)?.trim_ascii().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_lines_divide_groups() {
        let found: Vec<&[u8]> = groups(b"\r\n\nA: 1\r\nB: 2\r\n \t\r\n\r\nC: 3").collect();
        assert_eq!(found, [&b"A: 1\r\nB: 2\r\n"[..], &b"C: 3"[..]]);
        assert_eq!(groups(b"").count(), 0);
        assert_eq!(groups(b"\n\n").count(), 0);
    }
}
