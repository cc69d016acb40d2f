//! The section about the files that come with messages.

use serde::Deserialize;
use std::path::PathBuf;

/// Which files are carried, and from where they are fetched.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Files {
    /// The largest one, in bytes.
    pub largest: u64,
    /// How many of one message.
    pub most: usize,
    /// Hosts whose links are followed, with the names below them, besides those of the home domain; `*` is all.
    pub hosts: Vec<String>,
    /// Places with private addresses or without TLS that may be asked all the same, as host:port.
    pub allow_private: Vec<String>,
    /// A PEM file with authorities to trust besides the public ones.
    pub ca_file: Option<PathBuf>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Files {
    /// What serde cannot see: a sentence that names the key.
    pub(super) fn check(&self) -> Result<(), String> {
        let most = 1 << 30;
        match self.largest <= most && self.most <= 1000 {
            true => crate::web::check(self),
            false => Err(format!("largest is at most {most}, and most at most 1000")),
        }
    }
}

impl Default for Files {
    fn default() -> Self {
        Self {
            largest: 20 << 20,
            most: 20,
            hosts: Vec::new(),
            allow_private: Vec::new(),
            ca_file: None,
        }
    }
}
