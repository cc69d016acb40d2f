//! The rows that home keeps: who is registered, who subscribed to whom, the form of an address that each user chose, and
//! users' names.

use crate::address::Gateway;
use causeway_core::address::{Contact, NetworkId};
use causeway_core::clock::Timestamp;
use causeway_core::network::{Memory, Row};
use causeway_core::registration::Registration;
use causeway_core::text::Line;
use jid::BareJid;

/// How many contacts a user may be subscribed to.
pub(crate) const MOST_CONTACTS: usize = 2000;

/// How many rows are read at a time.
const PAGE: usize = 500;

/// How many rows of writers are read at once.
const AT_ONCE: usize = 1000;

/// The rows of one component domain. Keys are divided by `/`, which no bare JID, network name or local part can hold.
#[derive(Clone)]
pub(crate) struct Shelf {
    gateway: Gateway,
}

/// One subscription to a contact, or to the gateway itself where `local` is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subscriber {
    pub(crate) key: String,
    pub(crate) user: String,
    pub(crate) local: String,
}

/// Whether the gateway is shown when a user is online (RFC 6121 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// It has asked.
    Asked,
    /// It is.
    Granted,
    /// The user does not want it.
    Refused,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Shelf {
    pub(crate) fn new(gateway: &Gateway) -> Self {
        Self {
            gateway: gateway.clone(),
        }
    }

    /// Writes that `user` is subscribed to the contact with this local part, or to the gateway itself.
    pub(crate) fn subscribed(&self, user: &BareJid, local: Option<&str>) -> Row {
        Row::put(self.subscription_key(user, local), "to")
    }

    /// Takes a subscription away.
    pub(crate) fn unsubscribed(&self, user: &BareJid, local: Option<&str>) -> Row {
        Row::gone(self.subscription_key(user, local))
    }

    /// Whether `user` is subscribed.
    pub(crate) fn is_subscribed(&self, memory: &dyn Memory, user: &BareJid, local: Option<&str>) -> bool {
        memory.row(&self.subscription_key(user, local)).is_some()
    }

    /// Whether `user` may be subscribed to this contact: he is, or there is room for one more. The gateway itself takes none.
    pub(crate) fn has_room(&self, memory: &dyn Memory, user: &BareJid, local: Option<&str>) -> bool {
        let itself = self.subscription_key(user, None);
        local.is_none()
            || self.is_subscribed(memory, user, local)
            || memory.rows(&itself, Some(&itself), MOST_CONTACTS).len() < MOST_CONTACTS
    }

    /// The next subscriptions of everybody, in the order of their keys.
    pub(crate) fn subscribers(&self, memory: &dyn Memory, after: Option<&str>, limit: usize) -> Vec<Subscriber> {
        self.read(memory, &format!("sub/{}/", self.gateway.as_str()), after, limit)
    }

    /// The contacts that `user` is subscribed to, at most `limit`.
    pub(crate) fn contacts_of(&self, memory: &dyn Memory, user: &BareJid, limit: usize) -> Vec<Subscriber> {
        let itself = self.subscription_key(user, None);
        self.read(memory, &itself, Some(&itself), limit)
    }

    /// A user's registration with the network behind this domain.
    pub(crate) fn registration(memory: &dyn Memory, network: &NetworkId, user: &BareJid) -> Option<Registration> {
        Registration::read(&memory.row(&Registration::key(network, user))?)
    }

    /// Whether the gateway is shown when `user` is online; `None` where that was never a question.
    pub(crate) fn sight(&self, memory: &dyn Memory, user: &BareJid) -> Option<Sight> {
        Sight::read(&memory.row(&self.sight_key(user))?)
    }

    /// Writes that down.
    pub(crate) fn sees(&self, user: &BareJid, sight: Option<Sight>) -> Row {
        let key = self.sight_key(user);
        match sight {
            Some(sight) => Row::put(key, sight.as_bytes()),
            None => Row::gone(key),
        }
    }

    /// Whether the gateway has put this contact into the user's roster before, or suggested it.
    pub(crate) fn was_listed(&self, memory: &dyn Memory, user: &BareJid, local: &str) -> bool {
        memory.row(&self.listed_key(user, local)).is_some()
    }

    /// Writes that it has, so that it never does so twice.
    pub(crate) fn listed(&self, user: &BareJid, local: &str) -> Row {
        Row::put(self.listed_key(user, local), "once")
    }

    /// The hash of a contact's picture that the user was told when it changed; empty where there was none.
    pub(crate) fn picture(&self, memory: &dyn Memory, user: &BareJid, local: &str) -> String {
        let row = memory.row(&self.picture_key(user, local));
        row.and_then(|hash| String::from_utf8(hash).ok()).unwrap_or_default()
    }

    /// Writes that he was told this one.
    pub(crate) fn pictured(&self, user: &BareJid, local: &str, hash: &str) -> Row {
        Row::put(self.picture_key(user, local), hash)
    }

    /// Takes away all that the gateway knows of a user's roster, and names those whom he is subscribed to, the gateway
    /// itself among them.
    pub(crate) fn left(&self, memory: &dyn Memory, user: &BareJid) -> (Vec<Subscriber>, Vec<Row>) {
        let mut subscriptions = Vec::new();
        let mut rows = vec![self.sees(user, None)];
        for prefix in [
            self.subscription_key(user, None),
            self.listed_key(user, ""),
            self.picture_key(user, ""),
        ] {
            let mut after = None;
            loop {
                let page = memory.rows(&prefix, after.as_deref(), PAGE);
                rows.extend(page.iter().map(|(key, _)| Row::gone(key.clone())));
                after = page.last().map(|(key, _)| key.clone());
                subscriptions.extend(page.into_iter().filter_map(|(key, _)| self.subscriber(key)));
                if after.is_none() {
                    break;
                }
            }
        }
        (subscriptions, rows)
    }

    /// The row to write when `user` addressed `contact` as `local`, if it is not there yet. The form that the gateway
    /// itself would write needs none.
    pub(crate) fn form(
        &self,
        memory: &dyn Memory,
        user: &BareJid,
        contact: &Contact,
        local: &str,
        canonical: Option<&str>,
    ) -> Option<Row> {
        let key = form_key(user, contact);
        let known = memory.row(&key);
        match canonical == Some(local) {
            true => known.map(|_| Row::gone(key)),
            false => (known.as_deref() != Some(local.as_bytes())).then(|| Row::put(key, local)),
        }
    }

    /// The local part that `user` addresses `contact` by, where it is not the one that the gateway would write.
    pub(crate) fn form_of(memory: &dyn Memory, user: &BareJid, contact: &Contact) -> Option<String> {
        memory
            .row(&form_key(user, contact))
            .and_then(|local| String::from_utf8(local).ok())
    }

    /// The row to write when `user` is called `name`, if it is not there yet.
    pub(crate) fn name(memory: &dyn Memory, user: &BareJid, name: &Line) -> Option<Row> {
        let is_known = Self::name_of(memory, user).as_ref() == Some(name);
        (!is_known).then(|| Row::put(name_key(user), name.as_str()))
    }

    /// What `user` is called, as far as that is known.
    pub(crate) fn name_of(memory: &dyn Memory, user: &BareJid) -> Option<Line> {
        let name = memory.row(&name_key(user))?;
        Line::clean(std::str::from_utf8(&name).ok()?)
    }

    /// Writes that `user` wrote to a contact at this time.
    pub(crate) fn wrote(&self, user: &BareJid, at: Timestamp) -> Row {
        Row::put(self.wrote_key(user), at.0.to_string())
    }

    /// When that was last written.
    pub(crate) fn wrote_at(&self, memory: &dyn Memory, user: &BareJid) -> Option<Timestamp> {
        moment(&memory.row(&self.wrote_key(user))?)
    }

    /// Those who wrote to contacts, the latest first, at most `limit`.
    pub(crate) fn writers(&self, memory: &dyn Memory, limit: usize) -> Vec<BareJid> {
        let prefix = format!("wrote/{}/", self.gateway.as_str());
        let mut all = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = memory.rows(&prefix, after.as_deref(), AT_ONCE);
            all.extend(page.iter().filter_map(|(key, at)| {
                let user = BareJid::new(key.strip_prefix(&prefix)?).ok()?;
                Some((moment(at)?, user))
            }));
            match page.last() {
                Some((last, _)) if page.len() == AT_ONCE => after = Some(last.clone()),
                _ => break,
            }
        }
        all.sort_by(|one, other| other.cmp(one));
        all.truncate(limit);
        all.into_iter().map(|(_, user)| user).collect()
    }

    /// Where the rows about a user stand that belong to this domain: keys, and, ending in `/`, the beginnings of keys.
    pub(crate) fn about(&self, user: &BareJid) -> [String; 4] {
        [
            self.subscription_key(user, None),
            self.listed_key(user, ""),
            self.sight_key(user),
            self.wrote_key(user),
        ]
    }

    /// The same for those that belong to no domain.
    pub(crate) fn about_everywhere(user: &BareJid) -> [String; 2] {
        [name_key(user), forms_of(user)]
    }

    fn wrote_key(&self, user: &BareJid) -> String {
        format!("wrote/{}/{user}", self.gateway.as_str())
    }

    fn read(&self, memory: &dyn Memory, prefix: &str, after: Option<&str>, limit: usize) -> Vec<Subscriber> {
        let rows = memory.rows(prefix, after, limit);
        rows.into_iter().filter_map(|(key, _)| self.subscriber(key)).collect()
    }

    /// The subscription that a row is the key of.
    fn subscriber(&self, key: String) -> Option<Subscriber> {
        let rest = key.strip_prefix("sub/")?.strip_prefix(self.gateway.as_str())?;
        let (user, local) = rest.strip_prefix('/')?.split_once('/')?;
        let (user, local) = (user.to_owned(), local.to_owned());
        Some(Subscriber { key, user, local })
    }

    fn sight_key(&self, user: &BareJid) -> String {
        format!("seen/{}/{user}", self.gateway.as_str())
    }

    fn listed_key(&self, user: &BareJid, local: &str) -> String {
        format!("listed/{}/{user}/{local}", self.gateway.as_str())
    }

    fn picture_key(&self, user: &BareJid, local: &str) -> String {
        format!("picture/{}/{user}/{local}", self.gateway.as_str())
    }

    fn subscription_key(&self, user: &BareJid, local: Option<&str>) -> String {
        format!("sub/{}/{user}/{}", self.gateway.as_str(), local.unwrap_or_default())
    }
}

impl Sight {
    fn read(row: &[u8]) -> Option<Self> {
        [Self::Asked, Self::Granted, Self::Refused]
            .into_iter()
            .find(|sight| sight.as_bytes() == row)
    }

    fn as_bytes(self) -> &'static [u8] {
        match self {
            Self::Asked => b"asked",
            Self::Granted => b"granted",
            Self::Refused => b"refused",
        }
    }
}

fn moment(row: &[u8]) -> Option<Timestamp> {
    std::str::from_utf8(row).ok()?.parse().ok().map(Timestamp)
}

fn name_key(user: &BareJid) -> String {
    format!("name/{user}")
}

fn form_key(user: &BareJid, contact: &Contact) -> String {
    format!("{}{}/{}", forms_of(user), contact.network, contact.id)
}

fn forms_of(user: &BareJid) -> String {
    format!("form/{user}/")
}
