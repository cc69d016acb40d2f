//! One recorded step of a message: when, who, over what, what they said, and how far to believe it.

use crate::clock::Timestamp;
use crate::text::Line;
use serde::{Deserialize, Serialize};

/// One step of a message's way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// When, by the clock of whoever reports it; `None` when the report has no readable time.
    pub at: Option<Timestamp>,
    /// What happened.
    pub step: Step,
    /// The host or program that had it then.
    pub who: Line,
    /// The protocol word, for example `ESMTPS` (RFC 3848) or `xmpp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<Line>,
    /// Whether the connection was encrypted; `None` when nobody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<bool>,
    /// What they said: a reply line, a queue id, a diagnostic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Line>,
    /// How far to believe it.
    pub trust: Trust,
}

/// The kinds of steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The author's own clock.
    Written,
    /// A server took it and passed it on.
    Relayed,
    /// It lay in a mailbox, or reached the gateway's door.
    Arrived,
    /// The gateway wrote it into its ledger.
    Accepted,
    /// A try to hand it over began.
    Tried,
    /// The next side took it.
    Handed,
    /// The next side asked to wait, or could not be reached.
    Deferred,
    /// The line broke when the other side may already have had it.
    InDoubt,
    /// The gateway was stopped in the middle and took it up again.
    Recovered,
    /// It was expanded to a list or went to a server that reports no further.
    Expanded,
    /// It reached a device or mailbox.
    Delivered,
    /// The recipient has seen it.
    Seen,
    /// It will not arrive.
    Failed,
    /// It was put aside for an admin to look at.
    Held,
}

/// How far a step is to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trust {
    /// The gateway saw it itself.
    Own,
    /// A host that the admin trusts says so.
    Trusted,
    /// Somebody says so.
    Claimed,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Hop {
    /// A step that the gateway itself saw.
    pub fn own(at: Timestamp, step: Step, who: Line) -> Self {
        Self {
            at: Some(at),
            step,
            who,
            with: None,
            tls: None,
            said: None,
            trust: Trust::Own,
        }
    }

    /// The same over `protocol`, encrypted or not.
    pub fn over(self, protocol: Option<Line>, tls: Option<bool>) -> Self {
        Self {
            with: protocol,
            tls,
            ..self
        }
    }

    /// The same with what the other side said.
    pub fn saying(self, said: Option<Line>) -> Self {
        Self { said, ..self }
    }
}
