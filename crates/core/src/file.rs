//! Files that come with messages: what is known of them, and where their bytes are.

use crate::text::Line;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// The longest name, in characters.
const NAME_MAX: usize = 100;
/// The longest ending that is kept when a name is cut, in characters.
const ENDING_MAX: usize = 10;
/// The longest link, in bytes.
const LINK_MAX: usize = 2048;

/// A file that came with a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its name.
    pub name: FileName,
    /// Its media type, as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<Line>,
    /// Its size in bytes, as declared where it is behind a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Where its bytes are.
    #[serde(default)]
    pub place: Place,
}

/// The name of a file, harmless in any directory and on any screen: no path, no leading dot, no control, hidden or
/// direction-turning character, one to 100 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct FileName(String);

/// Where the bytes of a file are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// Out of reach: the file is only named.
    #[default]
    Named,
    /// Behind a link.
    At(Link),
    /// In the ledger with the envelope, under this number.
    Kept(u16),
}

/// A link to something on the web: `http` or `https`, a host, no login, no blanks, at most 2048 bytes. Who follows it
/// must look closer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Link(String);

// ---------------------------------------------------------------------------------------------------------------------

impl FileName {
    /// Makes a name harmless; a long one keeps its ending. `None` when nothing is left.
    pub fn clean(given: &str) -> Option<Self> {
        let plain = given.rsplit(['/', '\\']).next().unwrap_or_default();
        let visible: String = plain.chars().filter(|c| !is_hidden(*c)).collect();
        let line = Line::clean(visible.trim_start_matches(|c: char| c == '.' || c.is_whitespace() || c.is_control()))?;
        let name = line.as_str();
        if name.chars().count() <= NAME_MAX {
            return Some(Self(name.to_owned()));
        }
        let ending = name
            .rsplit_once('.')
            .map(|(_, ending)| ending)
            .filter(|ending| ending.chars().count() <= ENDING_MAX);
        let room = NAME_MAX - ending.map_or(0, |ending| ending.chars().count() + 1) - 1;
        let start: String = name.chars().take(room).collect();
        let cut = Line::clean(&match ending {
            Some(ending) => format!("{start}….{ending}"),
            None => format!("{start}…"),
        });
        cut.map(|line| Self(line.as_str().to_owned()))
    }

    /// The name of a file that has none.
    pub fn unnamed() -> Self {
        Self("unnamed".to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Link {
    /// Takes a link as somebody wrote it; `None` for anything else.
    pub fn new(written: &str) -> Option<Self> {
        let (scheme, rest) = written.split_once("://")?;
        let host = rest.split(['/', '?', '#']).next()?;
        let fits = written.len() <= LINK_MAX
            && ["https", "http"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
            && !host.is_empty()
            && !host.contains(['@', '\\'])
            && !written.chars().any(|c| c.is_control() || c.is_whitespace());
        fits.then(|| Self(written.to_owned()))
    }

    /// The link.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the file that it leads to, as far as the link tells: the last step of its path, still percent-encoded.
    pub fn last_step(&self) -> Option<&str> {
        let (_, rest) = self.0.split_once("://")?;
        let path = rest.split(['?', '#']).next()?;
        let (_, last) = path.rsplit_once('/')?;
        (!last.is_empty()).then_some(last)
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for FileName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::clean(&text).ok_or_else(|| serde::de::Error::custom("not a file name"))
    }
}

impl<'de> Deserialize<'de> for Link {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).ok_or_else(|| serde::de::Error::custom("not a link"))
    }
}

/// Zero-width characters and marks that turn the direction of the text.
fn is_hidden(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests;
