//! The config section of the mail network as written, with its defaults, and what must hold of it.

mod receive;
mod secret;
mod send;

use crate::guard::Limits;
use serde::{Deserialize, Deserializer};
use std::time::Duration;

pub use receive::{After, FirstContact, Imap, Lmtp};
pub use secret::Secret;
pub use send::{Direct, MxTls, Send, Smarthost, Tls};

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
    /// Whether mails ask to be told when they are displayed (RFC 8098), where the sender's client wants receipts. Many people
    /// do not like to be asked. Default: false.
    #[serde(default)]
    pub request_read_receipts: bool,
    /// How long each step of an SMTP dialogue may last.
    #[serde(default)]
    pub deadlines: Deadlines,
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

#[cfg(test)]
mod tests;
