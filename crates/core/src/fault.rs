//! Why something cannot go on: one closed list, one table.

mod sentence;

use crate::language::{Language, Words};
use crate::text::Line;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Every reason the gateway knows. What each means to an XMPP client, to a mail server and to a person stands in [`FaultKind::row`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The text of an address is not an address.
    BadAddress,
    /// Nobody has that address.
    NoSuchUser,
    /// The part behind the `@` does not exist or takes no messages.
    NoSuchServer,
    /// The address existed once.
    Gone,
    /// The mailbox is full.
    Full,
    /// Larger than the next server takes.
    TooLarge,
    /// A longer text than the gateway takes.
    TooLong,
    /// Too many recipients for one message.
    TooManyRecipients,
    /// The recipient or its server refuses this sender or this content by policy.
    Refused,
    /// The sender may not use the gateway.
    NotAllowed,
    /// The content cannot be carried or is broken.
    BadContent,
    /// The other side cannot do this at all.
    NotSupported,
    /// The message runs in a circle.
    Loop,
    /// No connection to the next server.
    Unreachable,
    /// The next server did not answer in time or the line broke.
    Timeout,
    /// The next server asks to try again later.
    Deferred,
    /// The next server does not accept the gateway's own credentials or its TLS.
    Misconfigured,
    /// The gateway itself is out of room or busy.
    Busy,
    /// Too much in too short a time.
    TooFast,
    /// The recipient takes nothing from somebody to whom he never wrote.
    NotWanted,
    /// It could not be delivered within its time.
    Expired,
    /// Its sender or an admin took it out of the queue.
    Cancelled,
    /// Its sender took it back before it left.
    Withdrawn,
    /// The process died again and again with it in hand.
    Poison,
    /// It was brought back from a backup or a damaged store, and may have been delivered since.
    Restored,
    /// A defect of the gateway.
    Internal,
}

/// What a stanza error asks of the client (RFC 6120 section 8.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorType {
    /// Retry after providing credentials.
    Auth,
    /// Do not retry.
    Cancel,
    /// Retry after changing what was sent.
    Modify,
    /// Retry after waiting.
    Wait,
}

/// What one [`FaultKind`] means to everybody concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The defined condition (RFC 6120 section 8.3.3).
    pub condition: &'static str,
    /// The type of the stanza error.
    pub error_type: ErrorType,
    /// The enhanced status code (RFC 3463), of class 4 where `retry` holds, else of class 5.
    pub status: (u8, u8, u8),
    /// Whether trying again later can help.
    pub retry: bool,
}

/// One fault with what the other side said about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The reason.
    pub kind: FaultKind,
    /// Whether trying again later can help; usually as the table says, but a server may know better.
    pub retry: bool,
    /// The enhanced status code that the other side gave (RFC 3463).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<(u8, u16, u16)>,
    /// The other side's own sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Line>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl FaultKind {
    /// The table.
    pub fn row(self) -> Row {
        use ErrorType::{Auth, Cancel, Modify, Wait};
        let (condition, error_type, status, retry) = match self {
            Self::BadAddress => ("jid-malformed", Modify, (5, 1, 3), false),
            Self::NoSuchUser => ("item-not-found", Cancel, (5, 1, 1), false),
            Self::NoSuchServer => ("remote-server-not-found", Cancel, (5, 1, 2), false),
            Self::Gone => ("gone", Cancel, (5, 2, 1), false),
            Self::Full => ("resource-constraint", Wait, (4, 2, 2), true),
            Self::TooLarge => ("not-acceptable", Modify, (5, 3, 4), false),
            Self::TooLong => ("not-acceptable", Modify, (5, 3, 4), false),
            Self::TooManyRecipients => ("policy-violation", Modify, (4, 5, 3), true),
            Self::Refused => ("policy-violation", Cancel, (5, 7, 1), false),
            Self::NotAllowed => ("forbidden", Auth, (5, 7, 1), false),
            Self::BadContent => ("not-acceptable", Modify, (5, 6, 0), false),
            Self::NotSupported => ("feature-not-implemented", Cancel, (5, 3, 3), false),
            Self::Loop => ("policy-violation", Cancel, (5, 4, 6), false),
            Self::Unreachable => ("remote-server-timeout", Wait, (4, 4, 1), true),
            Self::Timeout => ("remote-server-timeout", Wait, (4, 4, 2), true),
            Self::Deferred => ("recipient-unavailable", Wait, (4, 3, 0), true),
            Self::Misconfigured => ("internal-server-error", Wait, (4, 3, 5), true),
            Self::Busy => ("resource-constraint", Wait, (4, 3, 1), true),
            Self::TooFast => ("policy-violation", Wait, (4, 7, 1), true),
            Self::NotWanted => ("policy-violation", Cancel, (5, 7, 1), false),
            Self::Expired => ("remote-server-timeout", Cancel, (5, 4, 7), false),
            Self::Cancelled => ("service-unavailable", Cancel, (5, 7, 0), false),
            Self::Withdrawn => ("service-unavailable", Cancel, (5, 7, 0), false),
            Self::Poison => ("internal-server-error", Cancel, (5, 3, 0), false),
            Self::Restored => ("internal-server-error", Cancel, (5, 3, 0), false),
            Self::Internal => ("internal-server-error", Wait, (4, 3, 0), true),
        };
        Row {
            condition,
            error_type,
            status,
            retry,
        }
    }
}

impl ErrorType {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Cancel => "cancel",
            Self::Modify => "modify",
            Self::Wait => "wait",
        }
    }
}

impl Fault {
    /// A fault as the table has it.
    pub fn of(kind: FaultKind) -> Self {
        Self {
            kind,
            retry: kind.row().retry,
            status: None,
            said: None,
        }
    }

    /// The same with the other side's sentence, cleaned; an empty one is left out.
    pub fn saying(self, sentence: &str) -> Self {
        Self {
            said: Line::clean(sentence),
            ..self
        }
    }

    /// The same with the other side's enhanced status code.
    pub fn with_status(self, status: (u8, u16, u16)) -> Self {
        Self {
            status: Some(status),
            ..self
        }
    }

    /// The same, not worth another try.
    pub fn for_good(self) -> Self {
        Self { retry: false, ..self }
    }

    /// The same, worth another try.
    pub fn for_now(self) -> Self {
        Self { retry: true, ..self }
    }

    /// What people are told. Trouble with the gateway's own links is its admin's business: the hosts and ports that their
    /// sentences name are left out.
    pub fn told(&self, language: Language) -> String {
        use FaultKind::{Busy, Internal, Misconfigured, Timeout, Unreachable};
        let sentence = self.kind.sentence(language);
        match (self.kind, &self.said) {
            (Unreachable | Timeout | Misconfigured | Busy | Internal, _) | (_, None) => sentence.to_owned(),
            (_, Some(said)) => format!("{sentence}: {said}"),
        }
    }

    /// The same in every language.
    pub fn words(&self) -> Words {
        Words::new(self.told(Language::En), self.told(Language::De))
    }

    /// The enhanced status code: the other side's, or the table's.
    pub fn enhanced_status(&self) -> (u8, u16, u16) {
        let (class, subject, detail) = self.kind.row().status;
        self.status.unwrap_or((class, subject.into(), detail.into()))
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence(Language::En))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if let Some(said) = &self.said {
            write!(f, ": {said}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}
