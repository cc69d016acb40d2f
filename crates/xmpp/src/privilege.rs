//! What servers at home let the gateway do for their users (XEP-0356): heard at the start of each connection, forgotten at its end.

mod findings;
mod steward;

pub(crate) use findings::finding;
#[allow(
    unused_imports,
    reason = "the doors for those who write rosters, bookmarks and nodes"
)]
pub(crate) use steward::{Denied, RosterItem, Steward};

use crate::ns;
use jid::BareJid;
use minidom::Element;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many hosts may grant something to one domain.
const MOST_HOSTS: usize = 64;
/// How many namespaces one host may name.
const MOST_NAMESPACES: usize = 256;

/// What each host grants to one component domain, shared by the link that hears it and those who use it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Privileges(Arc<Mutex<BTreeMap<String, Grant>>>);

/// What one host grants, for its own users and nobody else's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Grant {
    version: Version,
    roster: Access,
    /// Whether messages may be sent in users' names.
    message: bool,
    iq: BTreeMap<String, Access>,
}

/// Something that may be granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Right<'a> {
    /// To read rosters (XEP-0356 section 4).
    ReadRoster,
    /// To change them.
    WriteRoster,
    /// To send messages in users' names (section 5).
    Message,
    /// To send `get` requests with a payload in this namespace in users' names (section 6).
    Get(&'a str),
    /// To send `set` requests so.
    Set(&'a str),
}

/// The version of the protocol that a host speaks, which is the namespace it wants to hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Version {
    /// Without requests in users' names; ejabberd up to 24.07.
    #[default]
    One,
    Two,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Access {
    get: bool,
    set: bool,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Privileges {
    /// Hears a host that grants something, if that is what this stanza is and `trusted` says that the host is one of the
    /// homes of users; whether it was. What the host granted before is replaced.
    pub(crate) fn hear(&self, stanza: &Element, trusted: impl Fn(&BareJid) -> bool) -> bool {
        let Some((host, grant)) = Grant::read(stanza) else {
            return false;
        };
        if !trusted(&host) {
            tracing::warn!(%host, "a host that is no home of users offers privileges; they are ignored");
            return true;
        }
        let mut hosts = self.lock();
        let known = hosts.get(host.as_str());
        let speaks_newer = known.is_some_and(|known| known.version > grant.version);
        if !speaks_newer && (known.is_some() || hosts.len() < MOST_HOSTS) {
            hosts.insert(host.to_string(), grant);
        }
        true
    }

    /// Nothing is granted any more, until it is heard again.
    pub(crate) fn forget(&self) {
        self.lock().clear();
    }

    /// Whether the server of this user grants this.
    pub(crate) fn allow(&self, user: &BareJid, right: Right<'_>) -> bool {
        self.grant(user).is_some_and(|grant| grant.allows(right))
    }

    /// All hosts with what they grant.
    pub(crate) fn hosts(&self) -> BTreeMap<String, Grant> {
        self.lock().clone()
    }

    fn grant(&self, user: &BareJid) -> Option<Grant> {
        self.lock().get(user.domain().as_str()).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Grant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Grant {
    /// Reads an advertisement (XEP-0356 section 4.2) and the bare host that it comes from; `None` for anything else.
    pub(crate) fn read(stanza: &Element) -> Option<(BareJid, Self)> {
        if stanza.name() != "message" || stanza.attr("type") == Some("error") {
            return None;
        }
        let from = stanza.attr("from")?;
        let host = BareJid::new(from).ok()?;
        if host.node().is_some() || from.contains('/') {
            return None;
        }
        let (privilege, version) = stanza.children().find_map(|child| {
            let version = Version::of(child.ns().as_str()).filter(|_| child.name() == "privilege")?;
            Some((child, version))
        })?;
        let mut grant = Self {
            version,
            ..Self::default()
        };
        let perms = privilege.children().filter(|child| child.name() == "perm");
        perms.for_each(|perm| grant.add(perm));
        Some((host, grant))
    }

    /// Whether this is among it.
    pub(crate) fn allows(&self, right: Right<'_>) -> bool {
        let iq = |namespace: &str| self.iq.get(namespace).copied().unwrap_or_default();
        match right {
            Right::ReadRoster => self.roster.get,
            Right::WriteRoster => self.roster.set,
            Right::Message => self.message,
            Right::Get(namespace) => iq(namespace).get,
            Right::Set(namespace) => iq(namespace).set,
        }
    }

    fn add(&mut self, perm: &Element) {
        let kind = perm.attr("type").unwrap_or_default();
        match perm.attr("access") {
            Some("roster") => self.roster = Access::read(kind),
            Some("message") => self.message = kind == "outgoing",
            // Version 1 has no such thing, so nothing of it could be used.
            Some("iq") if self.version == Version::Two => self.add_namespaces(perm),
            _ => {}
        }
    }

    /// Prosody's module nests each namespace in the one before; the protocol has them side by side.
    fn add_namespaces(&mut self, parent: &Element) {
        for child in parent.children().filter(|child| child.name() == "namespace") {
            if let Some(namespace) = child.attr("ns")
                && self.iq.len() < MOST_NAMESPACES
            {
                let access = Access::read(child.attr("type").unwrap_or_default());
                self.iq.insert(namespace.to_owned(), access);
            }
            self.add_namespaces(child);
        }
    }
}

impl Version {
    fn of(namespace: &str) -> Option<Self> {
        [Self::One, Self::Two]
            .into_iter()
            .find(|version| version.namespace() == namespace)
    }

    fn namespace(self) -> &'static str {
        match self {
            Self::One => ns::PRIVILEGE_1,
            Self::Two => ns::PRIVILEGE_2,
        }
    }
}

impl Access {
    fn read(kind: &str) -> Self {
        Self {
            get: ["get", "both"].contains(&kind),
            set: ["set", "both"].contains(&kind),
        }
    }
}

#[cfg(test)]
mod tests;
