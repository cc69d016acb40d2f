//! The rules for whoever follows a link: where it may lead, before a name is looked up and after.

use super::address::is_public;
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::file::Link;
use std::net::{IpAddr, SocketAddr};
use url::{Host, Url};

/// Where links may lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rules {
    hosts: Vec<String>,
    private: Vec<(Host<String>, u16)>,
}

/// Who chose a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chosen {
    /// Anybody: only known hosts are asked.
    ByStranger,
    /// A service at home.
    ByHome,
}

/// One place that a link may lead to, as far as its text tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) host: Host<String>,
    pub(super) port: u16,
    pub(super) tls: bool,
    /// The path with the query.
    pub(super) path: String,
    /// An admin named this very host and port: no address is forbidden.
    is_private: bool,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Rules {
    /// Rules from the words of the config. The error is a sentence about one of them.
    pub(super) fn new(hosts: &[String], private: &[String]) -> Result<Self, String> {
        let private = private.iter().map(|entry| {
            named_place(entry)
                .ok_or_else(|| format!("allow_private: “{entry}” is not host:port, for example \"192.168.1.2:5443\""))
        });
        let hosts = hosts.iter().map(|host| match host.as_str() {
            "*" => Ok(host.clone()),
            _ => match Host::parse(host) {
                Ok(host) => Ok(host.to_string()),
                Err(e) => Err(format!("hosts: “{host}” is not a host: {e}")),
            },
        });
        Ok(Self {
            hosts: hosts.collect::<Result<_, _>>()?,
            private: private.collect::<Result<_, _>>()?,
        })
    }

    /// The place that a link leads to, if the rules allow to go there.
    pub(super) fn target(&self, url: &Url, chosen: Chosen) -> Result<Target, Fault> {
        let host = url.host().ok_or_else(|| refused("a link without a host"))?.to_owned();
        let port = url
            .port_or_known_default()
            .ok_or_else(|| refused("a link without a port"))?;
        let is_private = self.private.iter().any(|place| *place == (host.clone(), port));
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused("a link with a login"));
        }
        match url.scheme() {
            "https" => {}
            "http" if is_private => {}
            scheme => return Err(refused(&format!("{scheme} is not allowed here, only https"))),
        }
        if chosen == Chosen::ByStranger && !is_private && !self.knows(&host) {
            return Err(refused(&format!(
                "{host} is not among the hosts whose files are fetched"
            )));
        }
        Ok(Target {
            tls: url.scheme() == "https",
            path: match url.query() {
                Some(query) => format!("{}?{query}", url.path()),
                None => url.path().to_owned(),
            },
            host,
            port,
            is_private,
        })
    }

    /// Whether this host is one of those that were named, or stands below one.
    fn knows(&self, host: &Host<String>) -> bool {
        let host = host.to_string();
        let host = host.trim_end_matches('.');
        let below = |known: &str| host.strip_suffix(known).is_some_and(|rest| rest.ends_with('.'));
        self.hosts
            .iter()
            .any(|known| known == "*" || host == known || below(known))
    }
}

impl Target {
    /// Those addresses of the host that may be connected to; none of the others is ever asked.
    pub(super) fn open(&self, addresses: impl IntoIterator<Item = IpAddr>) -> Result<Vec<SocketAddr>, Fault> {
        let open = addresses
            .into_iter()
            .filter(|address| self.is_private || is_public(*address));
        let open: Vec<SocketAddr> = open.map(|address| SocketAddr::new(address, self.port)).collect();
        match open.is_empty() {
            true => Err(refused(&format!("{} has no public address", self.host))),
            false => Ok(open),
        }
    }

    /// The host with the port, as the Host field wants it (RFC 9110 section 7.2).
    pub(super) fn authority(&self) -> String {
        match (self.tls, self.port) {
            (true, 443) | (false, 80) => self.host.to_string(),
            _ => format!("{}:{}", self.host, self.port),
        }
    }
}

/// A link as the WHATWG reads it: odd spellings of addresses become addresses here.
pub(super) fn parsed(link: &Link) -> Result<Url, Fault> {
    Url::parse(link.as_str()).map_err(|e| refused(&format!("not a link: {e}")))
}

/// A refusal by the rules.
pub(super) fn refused(why: &str) -> Fault {
    Fault::of(FaultKind::Refused).saying(why)
}

fn named_place(entry: &str) -> Option<(Host<String>, u16)> {
    let (host, port) = entry.rsplit_once(':')?;
    Some((Host::parse(host).ok()?, port.parse().ok()?))
}
