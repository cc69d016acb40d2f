//! What a user at home has told the gateway about himself: that he is registered, and what he wants (XEP-0077).

use crate::address::NetworkId;
use crate::clock::Timestamp;
use crate::language::Language;
use jid::BareJid;
use serde::{Deserialize, Serialize};

/// One user's registration with one network. Its row stands on the shelf of home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// Since when.
    pub since: Timestamp,
    /// What the user wants.
    #[serde(default)]
    pub settings: Settings,
}

/// What a user can choose; also what holds for users who never registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The language to be spoken to in; `None` for that of each stanza (`xml:lang`).
    pub language: Option<Language>,
    /// What happens to what strangers send.
    pub strangers: Strangers,
    /// Whether waits are told before anything has failed.
    pub delays: bool,
    /// Whether contacts are put into the roster by themselves.
    pub roster: bool,
}

/// What happens to a message from somebody to whom the user never wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strangers {
    /// It is delivered.
    #[default]
    Deliver,
    /// The user is asked first; the message waits for the answer.
    Ask,
    /// It is refused at the door.
    Refuse,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Registration {
    /// The key of its row.
    pub fn key(network: &NetworkId, user: &BareJid) -> String {
        format!("{}{user}", Self::prefix(network))
    }

    /// The beginning of the keys of all rows of a network.
    pub fn prefix(network: &NetworkId) -> String {
        format!("user/{network}/")
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            language: None,
            strangers: Strangers::default(),
            delays: true,
            roster: true,
        }
    }
}
