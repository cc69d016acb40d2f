//! The door for a mail server on this host: LMTP (RFC 2033), with its 250 only after the ledger has the mail.

pub(crate) mod connection;
pub(crate) mod content;
pub(crate) mod dialogue;
pub(crate) mod listener;
