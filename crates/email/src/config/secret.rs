//! A secret of the config: read, kept out of every log, revealed where it is sent.

use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A secret from the config: a string, or `{ file = "path" }` whose content is taken without the line end. It has no
/// form that could reach a log.
#[derive(Clone)]
pub struct Secret(String);

// ---------------------------------------------------------------------------------------------------------------------

impl Secret {
    /// A secret that is already in hand.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The secret, for the one place that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Plain(String),
            File(BTreeMap<String, PathBuf>),
        }
        let wrong = || serde::de::Error::custom("a secret is a string or { file = \"path\" }");
        let written = Written::deserialize(deserializer).map_err(|_| wrong())?;
        let value = match written {
            Written::Plain(value) => value,
            Written::File(table) => {
                let file = table.get("file").filter(|_| table.len() == 1).ok_or_else(wrong)?;
                std::fs::read_to_string(file).map_err(|error| {
                    serde::de::Error::custom(format!("cannot read the secret in {}: {error}", file.display()))
                })?
            }
        };
        let value = value.trim_end_matches(['\r', '\n']);
        if value.is_empty() {
            return Err(serde::de::Error::custom("a secret is empty"));
        }
        Ok(Self::new(value))
    }
}
