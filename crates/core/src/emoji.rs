//! One emoji, as a reaction holds it.

use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// The longest, in bytes: a family with skin tones and joiners has some 40.
const LONGEST: usize = 64;
/// How many one person can set on one message.
const MOST: usize = 20;

/// One emoji: characters that are pictures, with what joins and colours them (UTS #51 section 1.4), 1 to 64 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Emoji(String);

// ---------------------------------------------------------------------------------------------------------------------

impl Emoji {
    /// Reads one; `None` for anything else, words above all.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_keycap = text.contains(KEYCAP);
        let is_part = |c: char| is_picture(c) || is_joint(c) || (is_keycap && matches!(c, '0'..='9' | '#' | '*'));
        let fits = text.len() <= LONGEST && text.chars().all(is_part);
        let shows = is_keycap || text.chars().any(is_picture);
        (fits && shows).then(|| Self(text.to_owned()))
    }

    /// Reads some, each once, at most twenty; what is none is passed over.
    pub fn read_all<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<Self> {
        let mut all = Vec::new();
        for emoji in texts.filter_map(Self::read) {
            if all.len() < MOST && !all.contains(&emoji) {
                all.push(emoji);
            }
        }
        all
    }

    /// The emoji.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Emoji {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Emoji {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text).ok_or_else(|| serde::de::Error::custom("not an emoji"))
    }
}

/// What makes a key of a digit.
const KEYCAP: char = '\u{20e3}';

/// The blocks that hold all characters with the property Emoji outside of ASCII. Few others are in them, and all are
/// pictures.
fn is_picture(c: char) -> bool {
    matches!(c,
        '©' | '®' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}'
        | '\u{2460}'..='\u{24ff}' | '\u{25a0}'..='\u{27bf}' | '\u{2934}' | '\u{2935}' | '\u{2b00}'..='\u{2bff}' | '\u{3030}'
        | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}')
}

/// Joiners, the choice between text and picture, and the tags of flags.
fn is_joint(c: char) -> bool {
    matches!(
        c,
        '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' | KEYCAP | '\u{e0020}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_emojis_and_words_are_none() {
        for emoji in ["👍", "❤️", "👨‍👩‍👧‍👦", "🇩🇪", "1️⃣", "#⃣", "👋🏽", "ℹ️", "🅰️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", " 🌹\n"]
        {
            assert!(Emoji::read(emoji).is_some(), "{emoji}");
        }
        for other in [
            "",
            " ",
            "+1",
            "ok",
            ":rose:",
            "1",
            "👍 👎",
            "\u{200d}",
            "…",
            "<b>",
            "👍\0",
        ] {
            assert_eq!(Emoji::read(other), None, "{other:?}");
        }
        assert_eq!(Emoji::read(&"👍".repeat(17)), None);
    }

    #[test]
    fn of_many_each_counts_once() {
        let all = Emoji::read_all(["👍", "yes", "🌹", "👍"].into_iter());
        assert_eq!(all.iter().map(Emoji::as_str).collect::<Vec<_>>(), ["👍", "🌹"]);
    }
}
