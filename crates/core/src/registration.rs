//! What a user at home has told the gateway about himself: that he is registered, what he wants (XEP-0077), and whom he
//! knows. The rows stand on the shelf of home.

use crate::address::{Contact, NetworkId, Party};
use crate::clock::Timestamp;
use crate::language::Language;
use jid::BareJid;
use serde::{Deserialize, Serialize};

/// One user's registration with one network.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
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

/// How a user stands to a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acquaintance {
    /// He wrote to it, added it, or said that it may write.
    Known,
    /// He was asked whether it may write, and has not answered.
    Asked,
    /// He said that it may not.
    Refused,
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

    /// Reads the value of its row; `None` for what is none.
    pub fn read(row: &[u8]) -> Option<Self> {
        serde_json::from_slice(row).ok()
    }

    /// The value of its row.
    pub fn write(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl Acquaintance {
    /// The key of its row.
    pub fn key(user: &BareJid, contact: &Contact) -> String {
        format!("knows/{user}/{}", Party::Foreign(contact.clone()).key())
    }

    /// The beginning of the keys of all rows of a user.
    pub fn prefix(user: &BareJid) -> String {
        format!("knows/{user}/")
    }

    /// Reads the value of its row.
    pub fn read(row: &[u8]) -> Option<Self> {
        match row {
            b"known" => Some(Self::Known),
            b"asked" => Some(Self::Asked),
            b"refused" => Some(Self::Refused),
            _ => None,
        }
    }

    /// The value of its row.
    pub fn as_bytes(self) -> &'static [u8] {
        match self {
            Self::Known => b"known",
            Self::Asked => b"asked",
            Self::Refused => b"refused",
        }
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
