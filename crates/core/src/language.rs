//! The languages in which the gateway speaks to people.

use serde::{Deserialize, Serialize};
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

    /// The one of two that is in this language.
    pub fn pick<T>(self, en: T, de: T) -> T {
        match self {
            Self::En => en,
            Self::De => de,
        }
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
}
