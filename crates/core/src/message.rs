//! What is said: a closed list of payloads, none of which can be empty.

use crate::emoji::Emoji;
use crate::envelope::EnvelopeId;
use crate::fault::Fault;
use crate::file::Attachment;
use crate::text::{Body, Line};
use serde::{Deserialize, Serialize};

/// The id of a message in the words of the side that it came from: a stanza id, a Message-ID without its brackets.
/// One to 1024 characters, none of them blank or a control character.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageRef(String);

/// Which message is meant, as its reader understood the words of one side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reference {
    /// One that the gateway carried; the outward id held our own.
    Ours(EnvelopeId),
    /// One that this side made itself.
    Theirs(MessageRef),
}

/// What one envelope carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Payload {
    /// Something said.
    Text(Text),
    /// A correction of something said before by the same sender (XEP-0308).
    Edit {
        /// What is corrected.
        target: Reference,
        /// What it says instead.
        text: Text,
    },
    /// Something said before by the same sender, taken back (XEP-0424).
    Retract {
        /// What is taken back.
        target: Reference,
        /// The sender's name for people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sender_name: Option<Line>,
    },
    /// What the sender feels about a message. It takes the place of all that he felt about it before (XEP-0444 section 3).
    React {
        /// The message.
        target: Reference,
        /// The emojis; none takes earlier ones away.
        emojis: Vec<Emoji>,
        /// The sender's name for people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sender_name: Option<Line>,
    },
    /// News for the sender of an earlier message.
    News(News),
}

/// Something said in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// The words.
    pub body: Body,
    /// The subject, where the sender gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Line>,
    /// The whole text before quotes were cut off, where something was cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<Body>,
    /// The thread within the conversation, an opaque word as home knows it (XEP-0201).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<Line>,
    /// The message that this one answers (XEP-0461, In-Reply-To).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Reference>,
    /// The sender's name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender_name: Option<Line>,
    /// The files that came with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// Sent by a machine (RFC 3834): never answered automatically.
    #[serde(default)]
    pub automatic: bool,
    /// The sender wishes that it be kept nowhere longer than it takes to deliver it (XEP-0334 sections 4.1 and 4.2).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unkept: bool,
}

/// News about an earlier message, addressed to its sender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// The earlier message.
    pub about: EnvelopeId,
    /// Its id in the words of the side that gets the news.
    pub their_id: Option<MessageRef>,
    /// What happened.
    pub what: Happened,
    /// The first words of the earlier message, for sides that do not show what an id refers to.
    pub first_words: String,
}

/// What happened to an earlier message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Happened {
    /// It reached the recipient's device or mailbox.
    Delivered,
    /// The recipient has seen it.
    Seen,
    /// It waits longer than usual; the reason, if known.
    Delayed(Option<Fault>),
    /// It will not arrive.
    Failed(Fault),
}

// ---------------------------------------------------------------------------------------------------------------------

impl MessageRef {
    /// Takes an id as one side wrote it; `None` when it is empty, too long or not one word.
    pub fn new(id: &str) -> Option<Self> {
        let fits = !id.is_empty() && id.len() <= 1024 && !id.chars().any(|c| c.is_control() || c.is_whitespace());
        fits.then(|| Self(id.to_owned()))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Text {
    /// Plain words and nothing else.
    pub fn plain(body: Body) -> Self {
        Self {
            body,
            subject: None,
            original: None,
            thread: None,
            reply_to: None,
            sender_name: None,
            attachments: Vec::new(),
            automatic: false,
            unkept: false,
        }
    }
}

impl Payload {
    /// The text, where there is one.
    pub fn text(&self) -> Option<&Text> {
        match self {
            Self::Text(text) | Self::Edit { text, .. } => Some(text),
            Self::Retract { .. } | Self::React { .. } | Self::News(_) => None,
        }
    }

    /// Whether somebody says something by it, in words or not; news come from the gateway.
    pub fn is_said(&self) -> bool {
        !matches!(self, Self::News(_))
    }

    /// The message that this one means, and whether it can only be one of the sender's own.
    pub fn meant(&self) -> Option<(&Reference, bool)> {
        match self {
            Self::Text(text) => text.reply_to.as_ref().map(|target| (target, false)),
            Self::React { target, .. } => Some((target, false)),
            Self::Edit { target, .. } | Self::Retract { target, .. } => Some((target, true)),
            Self::News(_) => None,
        }
    }

    /// The first words for a list or a late error, at most `max` characters.
    pub fn first_words(&self, max: usize) -> String {
        match self {
            Self::Text(text) | Self::Edit { text, .. } => text.body.first_words(max),
            Self::React { emojis, .. } => joined(emojis),
            Self::Retract { .. } => String::new(),
            Self::News(news) => news.first_words.clone(),
        }
    }
}

/// Emojis in a row.
pub fn joined(emojis: &[Emoji]) -> String {
    let all: Vec<&str> = emojis.iter().map(Emoji::as_str).collect();
    all.join(" ")
}
