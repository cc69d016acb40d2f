//! News from outside about an earlier delivery: DSN, MDN, receipt, marker, error stanza.

use crate::address::Party;
use crate::envelope::EnvelopeId;
use crate::fault::Fault;
use crate::hop::Hop;
use serde::{Deserialize, Serialize};

/// What somebody says became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// It went on to a server that reports no further (RFC 3464 section 2.3.3, `relayed` and `expanded`).
    Relayed,
    /// Somebody further on is still trying.
    Delayed(Option<Fault>),
    /// It reached the device or mailbox.
    Delivered,
    /// The recipient has seen it.
    Seen,
    /// It will not arrive.
    Failed(Fault),
}

/// Evidence with whom it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The delivery meant.
    pub about: EnvelopeId,
    /// Who must have been its recipient for the report to count; `None` when the report proved by a keyed address that
    /// it belongs to the delivery.
    pub by: Option<Party>,
    /// What is said.
    pub evidence: Evidence,
    /// The steps that the report tells of, oldest first.
    pub hops: Vec<Hop>,
}
