//! Where a domain takes its mail: MX records, their order, and what the lack of them means (RFC 5321 section 5).

use crate::config::Direct;
use causeway_core::envelope::EnvelopeId;
use causeway_core::fault::{Fault, FaultKind};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData};
use sha2::{Digest, Sha256};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Finds the servers that take a domain's mail.
pub(crate) struct Exchangers {
    resolver: TokioResolver,
    port: u16,
    allow_local: bool,
    /// Names that mean the gateway itself.
    own: Vec<String>,
}

/// One server that takes a domain's mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exchanger {
    /// Its name.
    pub(crate) name: String,
    /// Lower is better.
    pub(crate) preference: u16,
    /// Whether none is better: the mail is home there.
    pub(crate) best: bool,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Exchangers {
    /// Asks the configured name server, or those of the system. `own` are names that mean the gateway itself.
    pub(crate) fn new(config: &Direct, own: Vec<String>) -> Result<Self, String> {
        let builder = match config.resolver {
            None => TokioResolver::builder_tokio(),
            Some(address) => Ok(TokioResolver::builder_with_config(
                one_server(address),
                TokioRuntimeProvider::default(),
            )),
        };
        let resolver = builder
            .and_then(|builder| builder.build())
            .map_err(|error| format!("send.direct cannot use the name server: {error}"))?;
        Ok(Self {
            resolver,
            port: config.port,
            allow_local: config.allow_local,
            own,
        })
    }

    /// The servers for `domain`, the best first; equal ones in an order that depends on the envelope, so that they share
    /// the load and a retry meets the same one.
    pub(crate) async fn find(&self, domain: &str, id: EnvelopeId) -> Result<Vec<Exchanger>, Fault> {
        if self.is_own(domain) {
            return Err(Fault::of(FaultKind::Loop).saying("this domain is the gateway's own"));
        }
        self.order(domain, self.records(domain).await?, id)
    }

    /// The names in the MX records of `domain`, the gateway's own included.
    pub(crate) async fn published(&self, domain: &str) -> Result<Vec<String>, Fault> {
        let records = self.records(domain).await?;
        Ok(records.into_iter().map(|(_, name)| name).collect())
    }

    async fn records(&self, domain: &str) -> Result<Vec<(u16, String)>, Fault> {
        match self.resolver.mx_lookup(fqdn(domain)?).await {
            Ok(lookup) => Ok(lookup
                .answers()
                .iter()
                .filter_map(|record| match &record.data {
                    RData::MX(mx) => Some((mx.preference, plain(&mx.exchange))),
                    _ => None,
                })
                .collect()),
            Err(error) if error.is_nx_domain() => Err(no_such(domain, (5, 1, 2), "does not exist")),
            Err(error) if error.is_no_records_found() => Ok(Vec::new()),
            Err(error) => Err(dns(domain, &error)),
        }
    }

    /// The addresses of one server. An empty list when it has none that mail may go to.
    pub(crate) async fn addresses(&self, exchanger: &Exchanger) -> Result<Vec<SocketAddr>, Fault> {
        match self.resolver.lookup_ip(fqdn(&exchanger.name)?).await {
            Ok(lookup) => Ok(lookup
                .iter()
                .filter(|ip| self.allow_local || is_public(*ip))
                .map(|ip| SocketAddr::new(ip, self.port))
                .collect()),
            Err(error) if error.is_nx_domain() || error.is_no_records_found() => Ok(Vec::new()),
            Err(error) => Err(dns(&exchanger.name, &error)),
        }
    }

    fn order(&self, domain: &str, records: Vec<(u16, String)>, id: EnvelopeId) -> Result<Vec<Exchanger>, Fault> {
        if records.is_empty() {
            return Ok(vec![Exchanger {
                name: domain.to_owned(),
                preference: 0,
                best: true,
            }]);
        }
        // RFC 7505 section 3: a single record with the root as its name.
        if records.iter().all(|(_, name)| name.is_empty()) {
            return Err(no_such(domain, (5, 1, 10), "says that it takes no mail"));
        }
        let best = records
            .iter()
            .map(|(preference, _)| *preference)
            .min()
            .unwrap_or_default();
        let ours = records
            .iter()
            .filter(|(_, name)| self.is_own(name))
            .map(|(preference, _)| *preference)
            .min()
            .unwrap_or(u16::MAX);
        let mut usable: Vec<Exchanger> = records
            .into_iter()
            .filter(|(preference, name)| !name.is_empty() && (*preference < ours || ours == u16::MAX))
            .map(|(preference, name)| Exchanger {
                best: preference == best,
                name,
                preference,
            })
            .collect();
        if usable.is_empty() {
            return Err(Fault::of(FaultKind::Loop).saying(&format!("the mail of {domain} comes back to the gateway")));
        }
        usable.sort_by_cached_key(|one| {
            (
                one.preference,
                Sha256::new_with_prefix(id.as_bytes())
                    .chain_update(&one.name)
                    .finalize(),
            )
        });
        Ok(usable)
    }

    fn is_own(&self, name: &str) -> bool {
        self.own.iter().any(|own| own.eq_ignore_ascii_case(name))
    }
}

fn one_server(address: SocketAddr) -> ResolverConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = address.port();
        connection
    });
    let server = NameServerConfig::new(address.ip(), true, connections.to_vec());
    ResolverConfig::from_parts(None, Vec::new(), vec![server])
}

/// The domain as a name that is not searched for in other domains.
fn fqdn(domain: &str) -> Result<Name, Fault> {
    Name::from_ascii(format!("{}.", domain.trim_end_matches('.')))
        .map_err(|_| Fault::of(FaultKind::BadAddress).saying(domain))
}

fn plain(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_ascii_lowercase()
}

fn no_such(domain: &str, status: (u8, u16, u16), why: &str) -> Fault {
    Fault::of(FaultKind::NoSuchServer)
        .with_status(status)
        .saying(&format!("{domain} {why}"))
        .for_good()
}

fn dns(domain: &str, error: &NetError) -> Fault {
    let kind = match error {
        NetError::Timeout => FaultKind::Timeout,
        _ => FaultKind::Unreachable,
    };
    Fault::of(kind).saying(&format!("no answer from the DNS about {domain}: {error}"))
}

/// Whether an address can belong to somebody else's mail server: what a stranger's DNS says must not lead into this
/// network.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            !(v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_multicast()
                || v4.is_documentation()
                || first == 0
                || (first == 100 && (64..128).contains(&second)))
        }
        IpAddr::V6(v6) => match v6.to_ipv4() {
            Some(v4) if v6 != Ipv6Addr::LOCALHOST && v6 != Ipv6Addr::UNSPECIFIED => is_public(IpAddr::V4(v4)),
            _ => {
                !(v6.is_loopback()
                    || v6.is_unspecified()
                    || v6.is_multicast()
                    || v6.is_unique_local()
                    || v6.is_unicast_link_local())
            }
        },
    }
}

#[cfg(test)]
pub(crate) mod tests;
