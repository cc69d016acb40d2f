//! Home as a whole: a link for each component domain, and the courier that hands parcels to the right one.

use crate::address::Gateway;
use crate::archive::{Archivist, Search};
use crate::config::XmppConfig;
use crate::courier;
use crate::errors::Refusal;
use crate::face::Face;
use crate::face::attention::Attention;
use crate::face::presence::Sessions;
use crate::face::registration::Registrar;
use crate::face::roster::AddressBook;
use crate::link::Link;
use crate::link::dial::{Dial, Listener};
use crate::link::line::{Desk, Line, line};
use crate::link::login::{Credentials, LoginError, Stream, log_in};
use crate::privilege::{self, Grant};
use crate::reception::Reception;
use crate::route::route;
use crate::shelf::Shelf;
use crate::upload::{self, Uploads};
use causeway_core::address::NetworkId;
use causeway_core::capability::Capabilities;
use causeway_core::clock::Timestamp;
use causeway_core::command::{Clerk, Clerks};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::network::{Finding, House, Network};
use futures::future::{join, join_all};
use futures::{SinkExt, StreamExt};
use jid::BareJid;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::time::timeout;
use tokio_xmpp::xmlstream::Timeouts;

/// How long a check waits for what servers grant (XEP-0356 section 4.2); they say so at once.
const MOMENT: Duration = Duration::from_secs(1);

/// One component domain and the network behind it.
pub struct Domain {
    /// The domain, as the server knows it.
    pub jid: BareJid,
    /// The secret shared with the server (XEP-0114 section 3).
    pub secret: String,
    /// The network that its contacts belong to.
    pub network: Arc<dyn Network>,
    /// A listener port of its own, where the server wants one for each component.
    pub port: Option<u16>,
}

/// The XMPP side.
pub struct Home {
    pub(crate) config: XmppConfig,
    pub(crate) capabilities: Capabilities,
    stations: Vec<Station>,
    house: OnceLock<House>,
    office: Arc<dyn Clerk>,
    version: Arc<str>,
    started: Timestamp,
}

/// One component domain at work.
pub(crate) struct Station {
    pub(crate) gateway: Gateway,
    pub(crate) network: Arc<dyn Network>,
    pub(crate) line: Line,
    pub(crate) uploads: Uploads,
    /// Its face, once it runs.
    pub(crate) face: OnceLock<Face>,
    desk: Mutex<Option<Desk>>,
    secret: String,
    port: Option<u16>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Home {
    /// Home at the server that `config` names. `office` serves the commands that concern more than home. `version` is what clients are told (XEP-0092), and `started` what the
    /// uptime counts from (XEP-0012). Nothing is connected before [`Home::run`].
    pub fn new(
        config: XmppConfig,
        domains: Vec<Domain>,
        office: Arc<dyn Clerk>,
        version: String,
        started: Timestamp,
    ) -> Arc<Self> {
        Arc::new(Self {
            config,
            capabilities: courier::capabilities(),
            stations: domains.into_iter().map(Station::new).collect(),
            house: OnceLock::new(),
            office,
            version: version.into(),
            started,
        })
    }

    /// Keeps every link connected until `house.tasks` says stop; then tells the subscribers, closes the streams and
    /// returns. A second call returns at once.
    pub async fn run(self: Arc<Self>, house: House) {
        let house = self.house.get_or_init(|| house);
        join_all(self.stations.iter().map(|station| self.serve(station, house))).await;
    }

    /// Looks whether the server is there and takes each domain with its secret. A domain that this very home has
    /// connected is not tried a second time: some servers would share its stanzas out among both.
    pub async fn check(&self) -> Vec<Finding> {
        if let Err(wrong) = self.config.validate() {
            return vec![Finding::bad(
                "XMPP configuration",
                wrong,
                "correct the section about the XMPP server",
            )];
        }
        let found = join_all(self.stations.iter().map(|station| self.check_one(station))).await;
        found.into_iter().flatten().collect()
    }

    /// Whether any of the links is up.
    pub(crate) fn has_a_link(&self) -> bool {
        self.stations.iter().any(|station| station.line.is_up())
    }

    /// The domain of a network.
    pub(crate) fn station(&self, network: &NetworkId) -> Option<&Station> {
        self.stations
            .iter()
            .find(|station| station.network.profile().id == *network)
    }

    /// All domains.
    pub(crate) fn stations(&self) -> &[Station] {
        &self.stations
    }

    /// What the house gave; `None` before [`Home::run`].
    pub(crate) fn house(&self) -> Option<&House> {
        self.house.get()
    }

    async fn serve(&self, station: &Station, house: &House) {
        let desk = station.desk.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(desk) = desk else {
            return;
        };
        let face = Face {
            gateway: station.gateway.clone(),
            network: station.network.clone(),
            house: house.clone(),
            shelf: Shelf::new(&station.gateway),
            office: self.office.clone(),
            line: station.line.clone(),
            sessions: Sessions::default(),
            turn: Arc::default(),
            attention: Attention::default(),
            contacts: Arc::new(self.config.contact.clone()),
            version: self.version.clone(),
            started: self.started,
        };
        let dial = Listener::new(&self.config, station.port);
        let archivist = Archivist {
            house: house.clone(),
            line: station.line.clone(),
            search: Search {
                gateway: station.gateway.clone(),
                reception: Reception::new(face.clone(), dial.is_encrypted()),
            },
        };
        let clerks: Vec<Arc<dyn Clerk>> = vec![
            Arc::new(Registrar(face.clone())),
            Arc::new(AddressBook(face.clone())),
            self.office.clone(),
        ];
        let face = Face {
            office: Arc::new(Clerks::new(clerks)),
            ..face
        };
        let _ = station.face.set(face.clone());
        let reception = Reception::new(face, dial.is_encrypted());
        let link = Link {
            dial: Box::new(dial),
            credentials: self.credentials(station),
            ping_domain: self.ping_domain(station),
            gateway: station.gateway.clone(),
        };
        join(link.run(house, reception, desk), archivist.run()).await;
    }

    fn credentials(&self, station: &Station) -> Credentials {
        Credentials {
            domain: station.gateway.as_str().to_owned(),
            secret: station.secret.clone(),
            patience: self.config.connect_patience(),
            timeouts: Timeouts {
                read_timeout: Duration::from_secs(self.config.ping_after),
                response_timeout: Duration::from_secs(self.config.ping_timeout),
            },
        }
    }

    fn ping_domain(&self, station: &Station) -> String {
        match &self.config.ping_domain {
            Some(domain) => domain.clone(),
            None => station.gateway.parent().to_owned(),
        }
    }

    /// What servers grant to whoever logs in, as far as they say so within a moment; the home of the users alone, where it
    /// does. Whatever else comes meanwhile goes back: nobody is here to take it.
    async fn heard_grants(&self, stream: &mut Stream, station: &Station) -> BTreeMap<String, Grant> {
        let closed = Refusal::from(Fault::of(FaultKind::Busy).saying("the gateway is being checked"));
        let mut hosts = BTreeMap::new();
        let all = async {
            while let Some(Ok(stanza)) = stream.next().await {
                match (Grant::read(&stanza), route(&stanza, &station.gateway).back) {
                    (Some((host, grant)), _) => drop(hosts.insert(host.to_string(), grant)),
                    (None, Some(back)) if stream.send(back.refused(&closed).element()).await.is_err() => break,
                    (None, _) => {}
                }
            }
        };
        // Nobody says that nothing more is granted, so the moment is always waited for.
        let _ = timeout(MOMENT, all).await;
        let home = self.ping_domain(station);
        match hosts.remove_entry(&home) {
            Some(home) => BTreeMap::from([home]),
            None => hosts,
        }
    }

    async fn check_uploads(&self, station: &Station) -> Option<Finding> {
        let house = self.house()?;
        let home = self.ping_domain(station);
        let configured = self.config.upload_service.as_deref();
        let (line, web) = (&station.line, house.files.web.as_ref());
        Some(upload::finding(line, &station.gateway, &home, configured, web, house.clock.now()).await)
    }

    async fn check_one(&self, station: &Station) -> Vec<Finding> {
        let domain = station.gateway.as_str();
        let what = format!("XMPP component {domain}");
        let port = station.port.unwrap_or(self.config.port);
        let place = format!("{}:{port}", self.config.server);
        if station.line.is_up() {
            let privileges = privilege::finding(domain, &station.line.privileges.hosts());
            let uploads = self.check_uploads(station).await;
            let connected = Finding::good(what, format!("connected to {place}"));
            return [connected, privileges].into_iter().chain(uploads).collect();
        }
        let dial = Listener::new(&self.config, station.port);
        let link = match log_in(&dial, &self.credentials(station)).await {
            Ok((mut stream, _)) => {
                let privileges = privilege::finding(domain, &self.heard_grants(&mut stream, station).await);
                // The server sees the end of the connection anyway.
                let _ = stream.shutdown().await;
                return vec![
                    Finding::good(what, format!("{place} takes it with this secret")),
                    privileges,
                ];
            }
            Err(LoginError::Refused(error)) if error.condition == "conflict" => Finding::warning(
                what,
                format!("{place} says that {domain} is connected already"),
                error.advice(domain),
            ),
            Err(LoginError::Refused(error)) => {
                let advice = error.advice(domain);
                Finding::bad(what, format!("{place} refuses: {error}"), advice)
            }
            Err(error @ LoginError::Unreachable(_)) => Finding::bad(
                what,
                format!("{place}: {error}"),
                "start the server, and compare host, port, TLS and the authority of its certificate with its component listener",
            ),
            Err(error @ LoginError::Broken(_)) => Finding::bad(
                what,
                format!("{place}: {error}"),
                "see whether this port is the server's component listener (XEP-0114), and whether TLS is right",
            ),
        };
        vec![link]
    }
}

impl Station {
    fn new(domain: Domain) -> Self {
        let (line, desk) = line();
        Self {
            gateway: Gateway::new(&domain.jid),
            network: domain.network,
            line,
            uploads: Uploads::default(),
            face: OnceLock::new(),
            desk: Mutex::new(Some(desk)),
            secret: domain.secret,
            port: domain.port,
        }
    }
}

#[cfg(test)]
mod tests;
