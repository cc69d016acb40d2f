//! A parcel as a mail.

use crate::address::MailDomain;
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::network::Parcel;
use causeway_core::text::Line;

/// A parcel and what its mail needs besides.
pub struct Writing<'a> {
    /// What to carry.
    pub parcel: &'a Parcel,
    /// The gateway's domain.
    pub domain: &'a MailDomain,
    /// The recipient's address as spelled for RCPT and To.
    pub to: &'a str,
    /// The recipient's name.
    pub to_name: Option<&'a Line>,
    /// The thread that it continues.
    pub thread: &'a ThreadHead,
    /// Whether to name the sender's XMPP address in a `Jabber-ID` field.
    pub jabber_id: bool,
    /// Whether the next server takes UTF-8 in headers (RFC 6531).
    pub smtputf8: bool,
}

/// The head of a mail thread.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ThreadHead {
    /// Its subject.
    pub subject: Option<Line>,
    /// The id of the mail to answer, without brackets.
    pub in_reply_to: Option<String>,
    /// The ids of the thread, oldest first, without brackets.
    pub references: Vec<String>,
}

/// A mail ready for DATA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// The address in From.
    pub from: String,
    /// The mail: CRLF lines only, none longer than 998 bytes.
    pub bytes: Vec<u8>,
    /// Whether it can only go to a server that takes UTF-8 in headers.
    pub needs_smtputf8: bool,
}

pub fn compose(_w: &Writing) -> Result<Composed, Fault> {
    Err(Fault::of(FaultKind::Internal))
}
