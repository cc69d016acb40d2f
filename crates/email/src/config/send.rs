//! Which way mail leaves, and how connections are encrypted.

use crate::config::Secret;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::PathBuf;

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

// ---------------------------------------------------------------------------------------------------------------------

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

    pub(super) fn check(&self) -> Result<(), String> {
        plaintext_only_here("send.smarthost", self.tls, &self.host, self.allow_plaintext)?;
        if self.user.is_some() != self.password.is_some() {
            return Err("send.smarthost needs both user and password, or neither".into());
        }
        Ok(())
    }
}

/// Whether `host` can only be this machine.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

pub(super) fn plaintext_only_here(section: &str, tls: Tls, host: &str, allowed: bool) -> Result<(), String> {
    if tls != Tls::None || is_loopback(host) || allowed {
        return Ok(());
    }
    Err(format!(
        "{section}.tls = \"none\" to {host} would send mail and password in clear: use \"starttls\" or \"implicit\", or set {section}.allow_plaintext = true"
    ))
}

fn smtp_port() -> u16 {
    25
}
