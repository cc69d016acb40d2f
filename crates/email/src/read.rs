//! A mail from the wire as core values.

use crate::address::MailDomain;
use crate::dsn::DsnReport;
use crate::token::BounceKeys;
use crate::verdict::Verdict;
use causeway_core::address::ForeignId;
use causeway_core::clock::Timestamp;
use causeway_core::envelope::EnvelopeId;
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::hop::Hop;
use causeway_core::message::Text;

/// A mail and what is known about its arrival.
pub struct Reading<'a> {
    /// The mail as it came, header and body.
    pub mail: &'a [u8],
    /// The gateway's domain.
    pub domain: &'a MailDomain,
    /// Host names whose Received lines are facts.
    pub trusted_hosts: &'a [String],
    /// Whose Authentication-Results count (RFC 8601 section 2.5).
    pub authserv_ids: &'a [String],
    /// When it reached the mailbox or the gateway's door.
    pub arrived: Timestamp,
    /// The keys of return paths.
    pub keys: &'a BounceKeys,
    /// MAIL FROM where it is known, `""` for the null path.
    pub return_path: Option<&'a str>,
    /// The delivery whose keyed return path the mail came to, where the envelope recipient said so.
    pub bounced: Option<EnvelopeId>,
}

/// What a mail turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    /// Something said.
    Mail(Box<IncomingMail>),
    /// News about earlier mails, one for each recipient that the report names.
    Reports(Vec<DsnReport>),
    /// A mail that has been here before.
    Loop,
}

/// Something said by mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingMail {
    /// The author, in canonical spelling.
    pub from: ForeignId,
    /// The author's address as spelled in the mail; answers go to this spelling.
    pub from_spelled: String,
    /// The words; `reply_to` is not set here, because only the caller knows which ids it knows.
    pub text: Text,
    /// The id without brackets; made from a digest of the mail where it has none.
    pub message_id: String,
    /// The ids that it answers, without brackets.
    pub in_reply_to: Vec<String>,
    /// The ids of its thread, oldest first, without brackets.
    pub references: Vec<String>,
    /// Its way, oldest step first.
    pub hops: Vec<Hop>,
    /// Whether the author is who the mail says.
    pub authenticated: Authenticated,
    /// The author's clock.
    pub said_at: Option<Timestamp>,
    /// Whether a machine sent it.
    pub verdict: Verdict,
}

/// What trusted servers found out about the author's domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authenticated {
    /// It is the author's (DMARC, or DKIM aligned to From).
    Pass,
    /// It is not.
    Fail,
    /// Nobody who is trusted said anything.
    Unknown,
}

pub fn read(_r: &Reading) -> Result<Read, Fault> {
    Err(Fault::of(FaultKind::Internal))
}
/// The envelope whose mail has this Message-ID, with or without brackets; ours are `<envelope id@mail domain>`.
pub fn own_id(message_id: &str, domain: &str) -> Option<EnvelopeId> {
    let plain = message_id.trim().trim_start_matches('<').trim_end_matches('>');
    let (local, host) = plain.rsplit_once('@')?;
    EnvelopeId::parse(local).filter(|_| host.eq_ignore_ascii_case(domain))
}
