//! How the gateway reaches the XMPP server, as the admin writes it.

use serde::Deserialize;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The section about the XMPP server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct XmppConfig {
    /// The host of the server's component listener: a name or an address.
    pub server: String,
    /// Its port (XEP-0114 names none; 5347 is the custom).
    pub port: u16,
    /// Whether the listener speaks TLS from the first byte.
    pub tls: bool,
    /// A PEM file with the authority that signed the listener's certificate, where the public ones do not.
    pub tls_ca_file: Option<PathBuf>,
    /// The name in the listener's certificate, where it is not `server`.
    pub tls_name: Option<String>,
    /// Allows a link without TLS to a server that is not on this host: everybody on the way can read it and speak in
    /// anybody's name.
    pub allow_plaintext_to_remote: bool,
    /// The domain at the server that is pinged to see how far it has read; the parent of the component's domain if not set.
    pub ping_domain: Option<String>,
    /// The JID of the server's upload service (XEP-0363); found by service discovery if not set.
    pub upload_service: Option<String>,
    /// Seconds that connecting and logging in may take.
    pub connect_timeout: u64,
    /// Seconds of silence after which the server is pinged.
    pub ping_after: u64,
    /// Seconds that it may be silent after that before the link is given up.
    pub ping_timeout: u64,
    /// Whom users and other servers can write to about the gateway.
    pub contact: Contacts,
}

/// Addresses that everybody who asks is told (XEP-0157 section 2), each a URI.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Contacts {
    /// For complaints about abuse.
    pub abuse: Vec<String>,
    /// The admins. Those with an `xmpp:` address are told when somebody registers.
    pub admin: Vec<String>,
    /// For praise and wishes.
    pub feedback: Vec<String>,
    /// For holes in the gateway's defences.
    pub security: Vec<String>,
    /// Where it stands whether the gateway works.
    pub status: Vec<String>,
    /// For users who need help.
    pub support: Vec<String>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl XmppConfig {
    /// What is wrong with it, in a sentence that says what to do; the caller names the file and section.
    pub fn validate(&self) -> Result<(), String> {
        if self.server.trim().is_empty() || self.server.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err("server must be a host name or an address".into());
        }
        if self.port == 0 {
            return Err("port must not be 0".into());
        }
        if !self.tls && !self.stays_on_this_host() && !self.allow_plaintext_to_remote {
            return Err(format!(
                "the link to {} would leave this host without encryption: set tls = true, put a tunnel before it, or \
                 allow it with allow_plaintext_to_remote = true",
                self.server
            ));
        }
        if self.tls_ca_file.is_some() && !self.tls {
            return Err("tls_ca_file is set, but tls is not".into());
        }
        if [self.connect_timeout, self.ping_after, self.ping_timeout].contains(&0) {
            return Err("connect_timeout, ping_after and ping_timeout must be at least 1".into());
        }
        self.contact.validate()
    }

    /// Whether `server` is certain to be this host. A name other than `localhost` may resolve to anything tomorrow.
    fn stays_on_this_host(&self) -> bool {
        let host = self.server.trim_matches(['[', ']']);
        match host.parse::<IpAddr>() {
            Ok(address) => address.to_canonical().is_loopback(),
            Err(_) => host.eq_ignore_ascii_case("localhost"),
        }
    }

    pub(crate) fn connect_patience(&self) -> Duration {
        Duration::from_secs(self.connect_timeout)
    }
}

impl Contacts {
    /// The fields of the form (XEP-0157 section 5) with what they hold.
    pub(crate) fn fields(&self) -> [(&'static str, &[String]); 6] {
        [
            ("abuse-addresses", &self.abuse),
            ("admin-addresses", &self.admin),
            ("feedback-addresses", &self.feedback),
            ("security-addresses", &self.security),
            ("status-addresses", &self.status),
            ("support-addresses", &self.support),
        ]
    }

    fn validate(&self) -> Result<(), String> {
        let mut all = self.fields().into_iter().flat_map(|(_, uris)| uris);
        match all.find(|uri| !is_contact_uri(uri)) {
            Some(wrong) => Err(format!(
                "contact: “{wrong}” is no URI that people can use: write \"mailto:admin@example.org\", \
                 \"xmpp:admin@example.org\" or \"https://example.org/contact\""
            )),
            None => Ok(()),
        }
    }
}

/// Whether it is a URI of a kind that clients can open (RFC 3986, RFC 6068, RFC 5122).
fn is_contact_uri(uri: &str) -> bool {
    let plain = uri
        .bytes()
        .all(|b| b.is_ascii_graphic() && !b"<>\"\\^`{|}".contains(&b));
    let is_address = |address: &str| {
        let address = address.split(['?', ';']).next().unwrap_or_default();
        let halves = address.split_once('@');
        halves.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
    };
    plain
        && uri.split_once(':').is_some_and(|(scheme, rest)| match scheme {
            "mailto" | "xmpp" => is_address(rest),
            "https" | "http" => rest
                .strip_prefix("//")
                .is_some_and(|host| !host.is_empty() && !host.starts_with('/')),
            _ => false,
        })
}

impl Default for XmppConfig {
    fn default() -> Self {
        Self {
            server: "127.0.0.1".into(),
            port: 5347,
            tls: false,
            tls_ca_file: None,
            tls_name: None,
            allow_plaintext_to_remote: false,
            ping_domain: None,
            upload_service: None,
            connect_timeout: 15,
            ping_after: 30,
            ping_timeout: 15,
            contact: Contacts::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(server: &str, tls: bool, allowed: bool, good: bool) {
        let config = XmppConfig {
            server: server.into(),
            tls,
            allow_plaintext_to_remote: allowed,
            ..XmppConfig::default()
        };
        assert_eq!(config.validate().is_ok(), good, "{server} {:?}", config.validate());
    }

    #[test]
    fn a_link_in_clear_leaves_the_host_only_on_the_admins_word() {
        check("127.0.0.1", false, false, true);
        check("::1", false, false, true);
        check("[::1]", false, false, true);
        check("::ffff:127.0.0.1", false, false, true);
        check("localhost", false, false, true);
        check("192.0.2.7", false, false, false);
        check("0.0.0.0", false, false, false);
        check("localhost.verona.example", false, false, false);
        check("xmpp.verona.example", false, false, false);
        check("xmpp.verona.example", true, false, true);
        check("xmpp.verona.example", false, true, true);
        check(" ", true, true, false);
    }

    #[test]
    fn whom_to_write_to_is_given_as_a_uri() {
        for (uri, good) in [
            ("mailto:admin@example.org", true),
            ("xmpp:admin@example.org?message", true),
            ("https://example.org/contact", true),
            ("admin@example.org", false),
            ("mailto:admin", false),
            ("https:///contact", false),
            ("javascript:alert(1)", false),
            ("mailto:admin@example.org <admin>", false),
        ] {
            let contacts = Contacts {
                abuse: vec![uri.into()],
                ..Contacts::default()
            };
            assert_eq!(contacts.validate().is_ok(), good, "{uri}");
        }
    }
}
