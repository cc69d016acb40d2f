//! Which upload service a server has, and how much it takes (XEP-0363 section 4).

use super::ask;
use crate::address::Gateway;
use crate::link::line::Line;
use crate::link::requests::NoAnswer;
use crate::ns;
use crate::xml::{element, text_of};
use causeway_core::clock::Timestamp;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use minidom::Element;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How many services of a server are asked what they are.
const MOST_ITEMS: usize = 100;
/// How many servers are remembered.
const MOST_SERVERS: usize = 64;
/// How long a service is believed in, and how long it is believed that there is none.
const FOUND: Duration = Duration::from_secs(3600);
const NOT_FOUND: Duration = Duration::from_secs(600);

/// A service that takes uploads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Service {
    /// Its JID.
    pub(super) jid: String,
    /// The largest file that it takes, in bytes.
    pub(super) largest: Option<u64>,
}

/// What is known of the servers of users.
#[derive(Debug, Default)]
pub(super) struct Services(Mutex<BTreeMap<String, Known>>);

#[derive(Debug, Clone)]
struct Known {
    service: Option<Service>,
    until: Timestamp,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Services {
    /// The upload service of a server: the one that the config names, or the first that the server lists. The error says
    /// that nobody could be asked.
    pub(super) async fn find(
        &self,
        line: &Line,
        gateway: &Gateway,
        domain: &str,
        configured: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Service>, NoAnswer> {
        if let Some(known) = self.known(domain, now) {
            return Ok(known);
        }
        let candidates = match configured {
            Some(service) => vec![service.to_owned()],
            None => items(line, gateway, domain).await?,
        };
        let service = first(candidates.into_iter().map(|jid| look(line, gateway, jid))).await?;
        match &service {
            Some(Service { jid, largest }) => tracing::info!(domain, jid, largest, "the upload service is found"),
            None => tracing::warn!(
                domain,
                "the XMPP server has no upload service (XEP-0363): files are only named"
            ),
        }
        self.learn(domain, service.clone(), now);
        Ok(service)
    }

    fn known(&self, domain: &str, now: Timestamp) -> Option<Option<Service>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .get(domain)
            .filter(|known| known.until > now)
            .map(|known| known.service.clone())
    }

    fn learn(&self, domain: &str, service: Option<Service>, now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_SERVERS {
            known.clear();
        }
        let until = now.plus(if service.is_some() { FOUND } else { NOT_FOUND });
        known.insert(domain.to_owned(), Known { service, until });
    }
}

/// The server's own JID and those of the services that it lists (XEP-0030 section 4).
async fn items(line: &Line, gateway: &Gateway, domain: &str) -> Result<Vec<String>, NoAnswer> {
    let answer = ask(line, gateway, domain, element("query", ns::DISCO_ITEMS)).await?;
    let query = answer.get_child("query", ns::DISCO_ITEMS);
    let listed = query
        .into_iter()
        .flat_map(Element::children)
        .filter_map(|item| item.attr("jid"));
    let others = listed.filter(|jid| *jid != gateway.as_str()).take(MOST_ITEMS);
    Ok(std::iter::once(domain).chain(others).map(str::to_owned).collect())
}

/// The first service that is found; a component that is silent holds up nobody then. There is none only if all could be
/// asked.
async fn first(
    asked: impl Iterator<Item = impl Future<Output = Result<Option<Service>, NoAnswer>>>,
) -> Result<Option<Service>, NoAnswer> {
    let mut asked: FuturesUnordered<_> = asked.collect();
    let mut none = Ok(None);
    while let Some(found) = asked.next().await {
        match found {
            Ok(Some(service)) => return Ok(Some(service)),
            Ok(None) | Err(NoAnswer::Refused(_) | NoAnswer::Silence) => {}
            Err(no) => none = Err(no),
        }
    }
    none
}

/// What a JID says of itself, if it takes uploads.
async fn look(line: &Line, gateway: &Gateway, jid: String) -> Result<Option<Service>, NoAnswer> {
    let answer = ask(line, gateway, &jid, element("query", ns::DISCO_INFO)).await?;
    let takes = |query: &&Element| {
        let mut features = query.children().filter(|child| child.name() == "feature");
        features.any(|feature| feature.attr("var") == Some(ns::UPLOAD))
    };
    let query = answer.get_child("query", ns::DISCO_INFO).filter(takes);
    Ok(query.map(|query| Service {
        largest: largest(query),
        jid,
    }))
}

/// XEP-0363 section 4, XEP-0128: the form beside the features.
fn largest(query: &Element) -> Option<u64> {
    let value = |form: &Element, name: &str| {
        let field = form
            .children()
            .find(|field| field.name() == "field" && field.attr("var") == Some(name))?;
        text_of(field, "value", ns::DATA_FORMS)
    };
    let mut forms = query.children().filter(|child| child.is("x", ns::DATA_FORMS));
    let form = forms.find(|form| value(form, "FORM_TYPE").as_deref() == Some(ns::UPLOAD))?;
    value(form, "max-file-size")?.trim().parse().ok()
}
