//! Text from strangers, cleaned once at the door: a header, a name or a body can only be made through these types.

use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// The longest [`Line`], in characters.
pub const LINE_MAX: usize = 998;

/// One line of text for a header, a subject, a nick or a server's sentence.
///
/// Holds no line break, no control character and no bidirectional override, is trimmed and never empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Line(String);

/// The text of a message: lines end in `\n`, there are no other control characters but tab, and something visible is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Body(String);

// ---------------------------------------------------------------------------------------------------------------------

impl Line {
    /// Cleans `text`: breaks and controls become blanks, runs of blanks become one, the rest is cut at [`LINE_MAX`]
    /// characters. `None` when nothing visible is left.
    pub fn clean(text: &str) -> Option<Self> {
        let mut out = String::new();
        let mut blank = false;
        for c in text.chars().take(LINE_MAX * 4) {
            if is_break(c) || c.is_whitespace() || is_control(c) {
                blank = !out.is_empty();
            } else if !is_bidi(c) {
                if std::mem::take(&mut blank) {
                    out.push(' ');
                }
                out.push(c);
            }
        }
        let cut: String = out.chars().take(LINE_MAX).collect();
        let cut = cut.trim();
        (!cut.is_empty()).then(|| Self(cut.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first `max` characters, with an ellipsis when something was cut.
    pub fn short(&self, max: usize) -> String {
        shorten(&self.0, max)
    }
}

impl Body {
    /// Cleans `text`: CR LF and lone CR become LF, other control characters vanish, blank lines at both ends go.
    /// `None` when nothing visible is left.
    pub fn clean(text: &str) -> Option<Self> {
        let mut out = String::with_capacity(text.len());
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\r' => {
                    if chars.peek() == Some(&'\n') {
                        chars.next();
                    }
                    out.push('\n');
                }
                '\n' | '\t' => out.push(c),
                c if is_break(c) => out.push('\n'),
                c if is_control(c) => {}
                c => out.push(c),
            }
        }
        let kept = out.trim_end().trim_start_matches(['\n', '\u{feff}']);
        kept.chars().any(|c| !c.is_whitespace()).then(|| Self(kept.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first words on one line, at most `max` characters.
    pub fn first_words(&self, max: usize) -> String {
        Line::clean(&self.0).map(|line| line.short(max)).unwrap_or_default()
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::clean(&text).ok_or_else(|| serde::de::Error::custom("an empty line of text"))
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::clean(&text).ok_or_else(|| serde::de::Error::custom("an empty body"))
    }
}

/// The first `max` characters of `text`, with an ellipsis when something was cut.
pub fn shorten(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(max.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// C0 and C1 controls and the code points that XML 1.0 section 2.2 forbids.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')
}

fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests;
