//! Mail addresses: one parser for policy and sending, and the addresses that XMPP people have at the gateway.

use crate::token::BounceKeys;
use causeway_core::address::ForeignId;
use causeway_core::envelope::EnvelopeId;
use causeway_core::fault::{Fault, FaultKind};
use jid::BareJid;

/// The gateway's own domain in the mail world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailDomain {
    /// The domain that the gateway takes mail for, in A-labels and lower case.
    pub domain: String,
    /// The XMPP domain whose users keep their name there.
    pub home: String,
}

/// Whom an envelope recipient at the gateway's domain means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// A person on XMPP.
    User(BareJid),
    /// The return path of this envelope; the key proves that the gateway made it.
    Bounce(EnvelopeId),
    /// An address of that shape with a wrong key: backscatter or a forger.
    ForgedBounce,
}

pub fn canonical(_written: &str) -> Result<ForeignId, Fault> {
    Err(Fault::of(FaultKind::Internal))
}
pub fn written(id: &ForeignId) -> String {
    id.as_str().to_owned()
}
pub fn domain_of(id: &ForeignId) -> &str {
    id.as_str()
}
impl MailDomain {
    pub fn puppet(&self, _user: &BareJid) -> Result<String, Fault> {
        Err(Fault::of(FaultKind::Internal))
    }
    pub fn recipient(&self, _rcpt: &str, _keys: &BounceKeys) -> Result<Recipient, Fault> {
        Err(Fault::of(FaultKind::Internal))
    }
}
