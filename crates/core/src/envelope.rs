//! One thing said, on its way: it never changes, and every id that leaves the house derives from its own.

use crate::address::Party;
use crate::clock::Timestamp;
use crate::hop::Hop;
use crate::language::Tag;
use crate::message::{MessageRef, Payload};
use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// The id of an envelope: 128 random bits, written as 26 lower-case base32 characters (RFC 4648 section 6).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnvelopeId([u8; 16]);

/// One thing said by one party to one other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Its id.
    pub id: EnvelopeId,
    /// When the gateway took it.
    pub accepted: Timestamp,
    /// What was said.
    #[serde(flatten)]
    pub draft: Draft,
}

/// What an adapter knows of a message before it has an id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Who speaks.
    pub from: Party,
    /// Who is spoken to.
    pub to: Party,
    /// What is said.
    pub payload: Payload,
    /// When it was said, where that is not the moment of its arrival.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said_at: Option<Timestamp>,
    /// The language that it is in, or that its sender's program speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<Tag>,
    /// Its id in the words of the side that it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<MessageRef>,
    /// Whether `source` is unique enough to prove that a second message with it is the same one.
    #[serde(default)]
    pub once: bool,
    /// Whether the sender asked to be told of its delivery (XEP-0184).
    #[serde(default)]
    pub receipt: bool,
    /// Whether its sender may be somebody else than it says: then nothing is ever returned there, because it could hit an
    /// innocent (RFC 3834 section 2, backscatter).
    #[serde(default)]
    pub unproven: bool,
    /// The steps that it had behind it on arrival, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub way: Vec<Hop>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl EnvelopeId {
    /// Makes an id of random bits.
    pub fn from_random(bits: [u8; 16]) -> Self {
        Self(bits)
    }

    /// The bits.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads an id as [`fmt::Display`] writes it, in either case; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 26 {
            return None;
        }
        let upper = text.to_ascii_uppercase();
        let bytes = BASE32_NOPAD.decode(upper.as_bytes()).ok()?;
        bytes.try_into().ok().map(Self)
    }
}

impl Draft {
    /// Plain news or words from one party to another, without any of the extras.
    pub fn new(from: Party, to: Party, payload: Payload) -> Self {
        Self {
            from,
            to,
            payload,
            said_at: None,
            lang: None,
            source: None,
            once: false,
            receipt: false,
            unproven: false,
            way: Vec::new(),
        }
    }
}

impl fmt::Display for EnvelopeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE32_NOPAD.encode(&self.0).to_ascii_lowercase())
    }
}

impl fmt::Debug for EnvelopeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for EnvelopeId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EnvelopeId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not an envelope id"))
    }
}
