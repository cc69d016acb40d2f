//! The quote that a reply repeats for clients that do not know replies.

use crate::ns;
use minidom::Element;

/// `body` without the range that XEP-0428 section 3 marks as a fallback for XEP-0461; `None` when there is none, or
/// when nothing would be left.
pub(crate) fn without_quote(stanza: &Element, body: &str) -> Option<String> {
    let fallback = stanza
        .children()
        .find(|child| child.is("fallback", ns::FALLBACK) && child.attr("for") == Some(ns::REPLY))?;
    let range = fallback.children().find(|child| child.is("body", ns::FALLBACK))?;
    let start: usize = range.attr("start")?.parse().ok()?;
    let end: usize = range.attr("end")?.parse().ok()?;
    if start >= end {
        return None;
    }
    // Positions count code points (XEP-0426 section 4).
    let kept: String = body
        .chars()
        .enumerate()
        .filter(|(at, _)| !(start..end).contains(at))
        .map(|(_, c)| c)
        .collect();
    (!kept.trim().is_empty()).then_some(kept)
}
