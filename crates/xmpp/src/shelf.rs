//! The rows that home keeps: who subscribed to whom, the form of an address that each user chose, and users' names.

use crate::address::Gateway;
use causeway_core::address::Contact;
use causeway_core::clock::Timestamp;
use causeway_core::network::{Memory, Row};
use causeway_core::text::Line;
use jid::BareJid;

/// How many rows are read at once.
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

    /// The next subscriptions of everybody, in the order of their keys.
    pub(crate) fn subscribers(&self, memory: &dyn Memory, after: Option<&str>, limit: usize) -> Vec<Subscriber> {
        self.read(memory, &format!("sub/{}/", self.gateway.as_str()), after, limit)
    }

    /// The contacts that `user` is subscribed to.
    pub(crate) fn contacts_of(&self, memory: &dyn Memory, user: &BareJid, limit: usize) -> Vec<Subscriber> {
        let mut found = self.read(memory, &self.subscription_key(user, None), None, limit);
        found.retain(|subscriber| !subscriber.local.is_empty());
        found
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

    fn wrote_key(&self, user: &BareJid) -> String {
        format!("wrote/{}/{user}", self.gateway.as_str())
    }

    fn read(&self, memory: &dyn Memory, prefix: &str, after: Option<&str>, limit: usize) -> Vec<Subscriber> {
        let own = format!("sub/{}/", self.gateway.as_str());
        memory
            .rows(prefix, after, limit)
            .into_iter()
            .filter_map(|(key, _)| {
                let (user, local) = key.strip_prefix(&own)?.split_once('/')?;
                let (user, local) = (user.to_owned(), local.to_owned());
                Some(Subscriber { key, user, local })
            })
            .collect()
    }

    fn subscription_key(&self, user: &BareJid, local: Option<&str>) -> String {
        format!("sub/{}/{user}/{}", self.gateway.as_str(), local.unwrap_or_default())
    }
}

fn moment(row: &[u8]) -> Option<Timestamp> {
    std::str::from_utf8(row).ok()?.parse().ok().map(Timestamp)
}

fn name_key(user: &BareJid) -> String {
    format!("name/{user}")
}

fn form_key(user: &BareJid, contact: &Contact) -> String {
    format!("form/{user}/{}/{}", contact.network, contact.id)
}
