//! The config section of the mail network as written, with its defaults, and what must hold of it.

mod secret;

use crate::guard::Limits;
use serde::{Deserialize, Deserializer};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use secret::Secret;

/// The section of the mail network.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailConfig {
    /// The JID domain of the gateway's mail contacts, for example `mail.example.org`.
    pub domain: String,
    /// The domain behind the `@` of the addresses that XMPP users have in the mail world. Default: `domain`.
    #[serde(default)]
    pub mail_domain: Option<String>,
    /// The XMPP domain whose users keep their name: `romeo@example.org` is `romeo@<mail_domain>`.
    pub home_domain: String,
    /// Which way mail leaves.
    pub send: Send,
    /// The door for a mail server on this host. Default: none.
    #[serde(default)]
    pub lmtp: Option<Lmtp>,
    /// The catch-all mailbox to watch. Default: none.
    #[serde(default)]
    pub imap: Option<Imap>,
    /// The name in EHLO. Default: `mail_domain`.
    #[serde(default)]
    pub ehlo_name: Option<String>,
    /// Hosts whose `Received` lines are facts, not claims. Default: none.
    #[serde(default)]
    pub trusted_hosts: Vec<String>,
    /// Whose `Authentication-Results` count (RFC 8601 section 2.5). Default: nobody's.
    #[serde(default)]
    pub authserv_ids: Vec<String>,
    /// The largest mail that is taken, in bytes. Default: 26214400 (25 MiB).
    #[serde(default = "longest_mail")]
    pub longest_mail: usize,
    /// The longest text that goes out in one mail, in bytes. Default: 1048576 (1 MiB).
    #[serde(default = "longest_text")]
    pub longest_text: usize,
    /// How many mails may be under way to one destination at once. Default: 8.
    #[serde(default = "per_destination")]
    pub per_destination: usize,
    /// After how many hours of silence a chat line begins a new mail thread. Default: 168 (7 days).
    #[serde(default = "new_thread_after_hours")]
    pub new_thread_after_hours: u64,
    /// Whether mails name the sender's XMPP address in a `Jabber-ID` field. Default: true.
    #[serde(default = "yes")]
    pub jabber_id: bool,
    /// How long each step of an SMTP dialogue may last.
    #[serde(default)]
    pub deadlines: Deadlines,
}

/// Which way mail leaves.
#[derive(Clone, Deserialize)]
#[serde(try_from = "Ways")]
pub enum Send {
    /// Everything goes to one server, which passes it on.
    Smarthost(Smarthost),
    /// Each mail goes to the mail exchanger of its recipient (RFC 5321 section 5).
    Direct(Direct),
}

/// The same as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ways {
    smarthost: Option<Smarthost>,
    direct: Option<Direct>,
}

/// The server that takes all mail.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smarthost {
    /// Its name, or its address.
    pub host: String,
    /// Its port. Default: 587; 465 with implicit TLS; 25 without TLS.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the connection is encrypted. Default: `starttls`.
    #[serde(default)]
    pub tls: Tls,
    /// Allows `tls = "none"` to a host that is not this one. Default: false.
    #[serde(default)]
    pub allow_plaintext: bool,
    /// The login name. Default: no login.
    #[serde(default)]
    pub user: Option<String>,
    /// Its password.
    #[serde(default)]
    pub password: Option<Secret>,
    /// A PEM file with certificate authorities to trust besides the public ones. Default: none.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The name that the certificate must bear. Default: `host`.
    #[serde(default)]
    pub tls_name: Option<String>,
}

/// Delivery straight to mail exchangers.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Direct {
    /// The port of mail exchangers. Default: 25.
    #[serde(default = "smtp_port")]
    pub port: u16,
    /// The name server to ask. Default: those of the system.
    #[serde(default)]
    pub resolver: Option<SocketAddr>,
    /// How connections are encrypted. Default: `opportunistic`.
    #[serde(default)]
    pub tls: MxTls,
    /// Allows exchangers with loopback and private addresses. Default: false.
    #[serde(default)]
    pub allow_local: bool,
    /// A PEM file with certificate authorities to trust besides the public ones; for `tls = "required"`. Default: none.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

/// How a connection to a configured server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// Plain at first, then STARTTLS; a server without it is refused.
    #[default]
    Starttls,
    /// TLS from the first byte (RFC 8314 section 3).
    Implicit,
    /// Not at all.
    None,
}

/// How a connection to a mail exchanger is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MxTls {
    /// Encrypted where the exchanger offers it, whatever its certificate says (RFC 7435).
    #[default]
    Opportunistic,
    /// Encrypted with a certificate that bears the exchanger's name, or not at all.
    Required,
}

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

/// How long each step of an SMTP dialogue may last, in seconds. RFC 5321 section 4.5.3.2 allows minutes; a person waits
/// at the other end of ours, and what runs out is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Deadlines {
    /// Until the connection stands, with its TLS handshake. Default: 30.
    #[serde(deserialize_with = "seconds")]
    pub connect: Duration,
    /// Until the greeting. Default: 60.
    #[serde(deserialize_with = "seconds")]
    pub greeting: Duration,
    /// From a command to its reply. Default: 60.
    #[serde(deserialize_with = "seconds")]
    pub command: Duration,
    /// From the first byte of the mail to the reply after its end. Default: 600.
    #[serde(deserialize_with = "seconds")]
    pub data: Duration,
    /// After which an unused connection is closed. Default: 30.
    #[serde(deserialize_with = "seconds")]
    pub idle: Duration,
}

// ---------------------------------------------------------------------------------------------------------------------

impl EmailConfig {
    /// The domain of mail addresses, in lower case.
    pub fn mail_domain(&self) -> String {
        self.mail_domain.as_ref().unwrap_or(&self.domain).to_lowercase()
    }

    /// The name in EHLO.
    pub fn ehlo_name(&self) -> String {
        self.ehlo_name.clone().unwrap_or_else(|| self.mail_domain())
    }

    /// What the guard in front of the parser lets through.
    pub fn limits(&self) -> Limits {
        Limits {
            bytes: self.longest_mail,
            ..Limits::default()
        }
    }

    /// What serde cannot see: a sentence that names the key and what to write instead.
    pub fn check(&self) -> Result<(), String> {
        for (key, name) in [("mail_domain", self.mail_domain()), ("ehlo_name", self.ehlo_name())] {
            if !is_host(&name) {
                return Err(format!("{key} = {name:?} is not a host name"));
            }
        }
        if self.home_domain.eq_ignore_ascii_case(&self.domain) {
            return Err(format!(
                "domain and home_domain are both {:?}: domain is the gateway's own, for example mail.{}",
                self.domain, self.home_domain
            ));
        }
        if self.per_destination == 0 || self.longest_text < 1000 || self.longest_mail < 1000 {
            return Err("per_destination must be at least 1, longest_text and longest_mail at least 1000".into());
        }
        if let Send::Smarthost(smarthost) = &self.send {
            smarthost.check()?;
        }
        if let Some(lmtp) = &self.lmtp {
            lmtp.check()?;
        }
        if let Some(imap) = &self.imap {
            imap.check()?;
        }
        Ok(())
    }
}

impl TryFrom<Ways> for Send {
    type Error = &'static str;

    fn try_from(ways: Ways) -> Result<Self, Self::Error> {
        match (ways.smarthost, ways.direct) {
            (Some(smarthost), None) => Ok(Self::Smarthost(smarthost)),
            (None, Some(direct)) => Ok(Self::Direct(direct)),
            (Some(_), Some(_)) => Err("give one of [email.send.smarthost] and [email.send.direct], not both"),
            (None, None) => Err("give one of [email.send.smarthost] and [email.send.direct]"),
        }
    }
}

impl Default for Direct {
    fn default() -> Self {
        Self {
            port: smtp_port(),
            resolver: None,
            tls: MxTls::default(),
            allow_local: false,
            ca_file: None,
        }
    }
}

impl Smarthost {
    /// The port, by the kind of TLS where none is written.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.tls {
            Tls::Starttls => 587,
            Tls::Implicit => 465,
            Tls::None => 25,
        })
    }

    fn check(&self) -> Result<(), String> {
        plaintext_only_here("send.smarthost", self.tls, &self.host, self.allow_plaintext)?;
        if self.user.is_some() != self.password.is_some() {
            return Err("send.smarthost needs both user and password, or neither".into());
        }
        Ok(())
    }
}

impl Lmtp {
    fn check(&self) -> Result<(), String> {
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

    fn check(&self) -> Result<(), String> {
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

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            greeting: Duration::from_secs(60),
            command: Duration::from_secs(60),
            data: Duration::from_secs(600),
            idle: Duration::from_secs(30),
        }
    }
}

/// Whether `host` can only be this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn plaintext_only_here(section: &str, tls: Tls, host: &str, allowed: bool) -> Result<(), String> {
    if tls != Tls::None || is_loopback(host) || allowed {
        return Ok(());
    }
    Err(format!(
        "{section}.tls = \"none\" to {host} would send mail and password in clear: use \"starttls\" or \"implicit\", or set {section}.allow_plaintext = true"
    ))
}

/// A host name of A-labels (RFC 5321 section 4.1.2, `Domain`).
fn is_host(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    match u64::deserialize(deserializer)? {
        0 => Err(serde::de::Error::custom("a deadline is at least 1 second")),
        seconds => Ok(Duration::from_secs(seconds)),
    }
}

fn longest_mail() -> usize {
    25 * 1024 * 1024
}

fn longest_text() -> usize {
    1024 * 1024
}

fn per_destination() -> usize {
    8
}

fn new_thread_after_hours() -> u64 {
    7 * 24
}

fn yes() -> bool {
    true
}

fn smtp_port() -> u16 {
    25
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

#[cfg(test)]
mod tests;
