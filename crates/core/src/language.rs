//! The languages in which the gateway speaks to people.

use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;

/// One language. A new one is a variant here, and the compiler lists the sentences that it lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English, where nothing else is known.
    #[default]
    En,
    /// German.
    De,
}

/// The tag of any language (RFC 5646): 1 to 35 ASCII letters, digits and hyphens, a letter first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Tag(String);

/// One sentence in every language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// English.
    pub en: Cow<'static, str>,
    /// German.
    pub de: Cow<'static, str>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Language {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::En, Self::De];

    /// The language that a tag names (RFC 5646, as in `xml:lang`): `de`, `de-AT`. `None` for one that the gateway does
    /// not speak.
    pub fn read(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL
            .into_iter()
            .find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// Its tag (RFC 5646).
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
        }
    }

    /// Its own name for itself.
    pub fn name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::De => "Deutsch",
        }
    }

    /// Words between its quotation marks.
    pub fn quoted(self, words: &str) -> String {
        match self {
            Self::En => format!("“{words}”"),
            Self::De => format!("„{words}“"),
        }
    }

    /// The one of two that is in this language.
    pub fn pick<T>(self, en: T, de: T) -> T {
        match self {
            Self::En => en,
            Self::De => de,
        }
    }
}

impl Tag {
    /// Reads one; `None` for what is none.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = text.len() <= 35
            && text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        fits.then(|| Self(text.to_owned()))
    }

    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The language, where the gateway speaks it.
    pub fn language(&self) -> Option<Language> {
        Language::read(&self.0)
    }
}

impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text).ok_or_else(|| serde::de::Error::custom("not a language tag"))
    }
}

impl Words {
    /// The same thing said in each language.
    pub fn new(en: impl Into<Cow<'static, str>>, de: impl Into<Cow<'static, str>>) -> Self {
        Self {
            en: en.into(),
            de: de.into(),
        }
    }

    /// The sentence in one language.
    pub fn told(&self, language: Language) -> &str {
        language.pick(&self.en, &self.de)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_its_language_whatever_its_region() {
        assert_eq!(Language::read("de-AT"), Some(Language::De));
        assert_eq!(Language::read("EN"), Some(Language::En));
        assert_eq!(Language::read("den"), None);
        assert_eq!(Language::read(""), None);
    }

    #[test]
    fn a_tag_is_one_plain_word() {
        assert_eq!(Tag::read("de-AT").unwrap().language(), Some(Language::De));
        assert_eq!(Tag::read("it").unwrap().language(), None);
        for other in ["", "-", "1a", "de\r\nBcc: x", "de,en", &"a".repeat(36)] {
            assert_eq!(Tag::read(other), None, "{other:?}");
        }
    }
}
