//! Which way mail comes in.

use crate::config::Secret;
use crate::config::send::{Tls, plaintext_only_here};
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The door for a mail server on this host.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lmtp {
    /// `127.0.0.1:2424`, or `unix:/path/of/socket`.
    pub listen: String,
    /// Allows an address that is not this host's own; LMTP knows no login. Default: false.
    #[serde(default)]
    pub allow_remote: bool,
    /// How many connections at once. Default: 64.
    #[serde(default = "lmtp_connections")]
    pub connections: usize,
    /// How many recipients one mail may have. Default: 1000.
    #[serde(default = "lmtp_recipients")]
    pub recipients: usize,
    /// How many seconds a client may take for one command. Default: 300.
    #[serde(default = "five_minutes")]
    pub command_seconds: u64,
    /// How many seconds a client may take for one mail. Default: 600.
    #[serde(default = "ten_minutes")]
    pub data_seconds: u64,
}

/// The catch-all mailbox.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imap {
    /// The server's name, or its address.
    pub host: String,
    /// Its port. Default: 993; 143 with STARTTLS or without TLS.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the connection is encrypted. Default: `implicit`.
    #[serde(default = "implicit")]
    pub tls: Tls,
    /// Allows `tls = "none"` to a host that is not this one. Default: false.
    #[serde(default)]
    pub allow_plaintext: bool,
    /// The login name.
    pub user: String,
    /// Its password.
    pub password: Secret,
    /// A PEM file with certificate authorities to trust besides the public ones. Default: none.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The name that the certificate must bear. Default: `host`.
    #[serde(default)]
    pub tls_name: Option<String>,
    /// The mailbox. Default: `INBOX`.
    #[serde(default = "inbox")]
    pub mailbox: String,
    /// The header field that holds the envelope recipient, for example `Delivered-To`, `X-Original-To`, `Envelope-To`.
    /// Default: `Delivered-To`.
    #[serde(default = "delivered_to")]
    pub recipient_header: String,
    /// Where the field names the mailbox itself, the user stands behind this: with `+`, `gateway+romeo@example.org` is
    /// for `romeo`. Default: `+`; empty for none.
    #[serde(default = "plus")]
    pub recipient_delimiter: String,
    /// What happens to a mail that was taken. Default: `seen`.
    #[serde(default)]
    pub after: After,
    /// What happens to the mails that lie there at the first start. Default: `skip`.
    #[serde(default)]
    pub first_contact: FirstContact,
    /// How many seconds between two looks where the server has no IDLE. Default: 60.
    #[serde(default = "one_minute")]
    pub poll_seconds: u64,
    /// How many seconds an IDLE lasts before it is begun anew; at most 1740 (RFC 2177). Default: 300.
    #[serde(default = "five_minutes")]
    pub idle_seconds: u64,
}

/// What happens to a mail that was taken from the mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum After {
    /// It gets the flag `\Seen`.
    #[default]
    Seen,
    /// It is deleted.
    Delete,
    /// It is moved to this mailbox.
    MoveTo(String),
}

/// What happens to the mails that lie in the mailbox at the first start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FirstContact {
    /// They stay as they are; only what comes later is taken.
    #[default]
    Skip,
    /// They are taken as if they came now.
    Import,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Lmtp {
    pub(super) fn check(&self) -> Result<(), String> {
        if !(1..=10_000).contains(&self.connections) || self.recipients == 0 {
            return Err("lmtp.connections must be 1 to 10000 and lmtp.recipients at least 1".into());
        }
        if self.listen.starts_with("unix:/") {
            return Ok(());
        }
        let address: SocketAddr = self
            .listen
            .parse()
            .map_err(|_| format!("lmtp.listen = {:?} is neither address:port nor unix:/path", self.listen))?;
        if address.ip().is_loopback() || self.allow_remote {
            return Ok(());
        }
        Err("lmtp.listen is not a loopback address, and LMTP knows no login: set lmtp.allow_remote = true if only your mail server can reach it".into())
    }
}

impl Imap {
    /// The port, by the kind of TLS where none is written.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.tls {
            Tls::Implicit => 993,
            Tls::Starttls | Tls::None => 143,
        })
    }

    pub(super) fn check(&self) -> Result<(), String> {
        plaintext_only_here("imap", self.tls, &self.host, self.allow_plaintext)?;
        if self.recipient_header.is_empty()
            || !self
                .recipient_header
                .bytes()
                .all(|b| (b'!'..=b'~').contains(&b) && b != b':')
        {
            return Err(format!(
                "imap.recipient_header = {:?} is not a field name",
                self.recipient_header
            ));
        }
        if !(1..=1740).contains(&self.idle_seconds) || self.poll_seconds == 0 {
            return Err("imap.idle_seconds must be 1 to 1740 and imap.poll_seconds at least 1".into());
        }
        Ok(())
    }
}

fn lmtp_connections() -> usize {
    64
}

fn lmtp_recipients() -> usize {
    1000
}

fn one_minute() -> u64 {
    60
}

fn five_minutes() -> u64 {
    300
}

fn ten_minutes() -> u64 {
    600
}

fn implicit() -> Tls {
    Tls::Implicit
}

fn inbox() -> String {
    "INBOX".into()
}

fn delivered_to() -> String {
    "Delivered-To".into()
}

fn plus() -> String {
    "+".into()
}
