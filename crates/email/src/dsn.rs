//! Delivery status and disposition notifications: what a report says became of one recipient's copy.

use causeway_core::envelope::EnvelopeId;
use causeway_core::evidence::Evidence;
use causeway_core::hop::Hop;

/// What a report says about one recipient (RFC 3464 section 2.3, RFC 8098 section 3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DsnReport {
    /// The delivery meant, where an own id was found.
    pub about: Option<EnvelopeId>,
    /// Whether a keyed return path proved `about`.
    pub keyed: bool,
    /// The Message-ID of the mail that it is about, without brackets.
    pub original_message_id: Option<String>,
    /// The envelope id that the sender of the mail gave.
    pub envid: Option<String>,
    /// The recipient, as spelled in the report.
    pub recipient: Option<String>,
    /// What became of it.
    pub evidence: Evidence,
    /// The steps that the report tells of, oldest first.
    pub hops: Vec<Hop>,
}
