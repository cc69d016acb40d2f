//! How a contact gets into a roster: by the server's leave (XEP-0356), by a suggestion to the client (XEP-0144), or by
//! asking for the user's presence (RFC 6121 section 3.1). Each contact once.

mod clerk;

pub(crate) use clerk::AddressBook;

use super::Face;
use super::presence::{absent, present};
use super::registration::request;
use crate::address::{Speaker, canonical_local};
use crate::link::requests::{NoAnswer, Question};
use crate::ns;
use crate::privilege::{Denied, RosterItem};
use crate::shelf::Shelf;
use crate::xml::{Build, element};
use causeway_core::address::Contact;
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::message::Payload;
use causeway_core::network::{Arrival, Parcel, Row};
use causeway_core::registration::Acquaintance;
use causeway_core::text::Line;
use jid::BareJid;
use minidom::Element;

/// What is to stand in a roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) speaker: Speaker,
    /// The name, where it has none yet.
    pub(crate) name: Option<String>,
    /// The group, where it is new.
    pub(crate) group: Option<String>,
    /// `to` or `both` (RFC 6121 section 2.1.2.5).
    pub(crate) subscription: &'static str,
}

/// How a contact came into a roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// It is there.
    Put,
    /// The user's client was told of it and asks him, or adds it by itself.
    Suggested,
    /// It has asked for his presence, and his client asks him.
    Asked,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Face {
    /// Gets a contact into a user's roster because he wants it there, by the first way that is open.
    pub(crate) async fn list(&self, user: &BareJid, contact: &Contact, name: Option<&str>) -> Result<Way, Fault> {
        let local = self.local_of(user, contact).ok_or_else(bad_address)?;
        let entry = self.entry(user, contact, &local, name).ok_or_else(bad_address)?;
        if !self.shelf.has_room(self.house.memory.as_ref(), user, Some(&local)) {
            return Err(Fault::of(FaultKind::Refused).saying("there is no room for more contacts"));
        }
        let known = Row::put(Acquaintance::key(user, contact), Acquaintance::Known.as_bytes());
        if self.may_write_rosters(user) && self.put(user, &entry).await.is_ok() {
            self.now_there(user, &local, vec![known]).await?;
            return Ok(Way::Put);
        }
        let rows = vec![known, self.shelf.listed(user, &local)];
        let _durable = self.house.inbox.post(Arrival::rows(rows)).await?;
        if self.suggest(user, "add", &entry).await {
            return Ok(Way::Suggested);
        }
        let name = entry.name.unwrap_or_default();
        match self.say(vec![request(&entry.speaker, user, &name)]).await.is_empty() {
            true => Ok(Way::Asked),
            false => Err(Fault::of(FaultKind::Unreachable)),
        }
    }

    /// Puts somebody into the roster who writes to a user for the first time, where the user is registered and wants that,
    /// and his server allows it. Without that leave nothing happens: nobody wants to be asked about every stranger.
    /// Machines stay outside.
    pub(crate) async fn meet(&self, parcel: &Parcel) {
        let draft = parcel.draft();
        if let (Some(contact), Some(user), Payload::Text(text)) =
            (draft.from.contact(), draft.to.home(), parcel.payload())
            && !text.automatic
        {
            let name = text.sender_name.as_ref().map(Line::as_str);
            self.befriend(user, contact, name).await;
        }
    }

    async fn befriend(&self, user: &BareJid, contact: &Contact, name: Option<&str>) {
        let memory = self.house.memory.as_ref();
        let wanted = self.registration(user).is_some_and(|it| it.settings.roster) && self.may_write_rosters(user);
        let Some(local) = self.local_of(user, contact).filter(|_| wanted) else {
            return;
        };
        if self.shelf.was_listed(memory, user, &local) || self.shelf.is_subscribed(memory, user, Some(&local)) {
            return;
        }
        if !self.shelf.has_room(memory, user, Some(&local)) {
            return;
        }
        let Some(entry) = self.entry(user, contact, &local, name) else {
            return;
        };
        let put = match self.item(user, &entry.speaker).await {
            Ok(None) => self.write(user, &entry, None).await.map(|()| true),
            // The user has it there as he likes it.
            Ok(Some(_)) => Ok(false),
            Err(denied) => Err(denied),
        };
        match put {
            Ok(true) => drop(self.now_there(user, &local, Vec::new()).await),
            // A server that says no would say so again.
            Ok(false) | Err(Denied::NoAnswer(NoAnswer::Refused(_))) => {
                let over = Arrival::rows(vec![self.shelf.listed(user, &local)]);
                drop(self.house.inbox.post(over).await);
            }
            Err(denied) => tracing::warn!(host = %user.domain(), %denied, "a contact could not be put into a roster"),
        }
    }

    /// Gives a contact another name in a user's roster; whether that could be done.
    pub(crate) async fn rename(&self, user: &BareJid, contact: &Contact, name: &str) -> Result<Option<Way>, Fault> {
        let local = self.local_of(user, contact).ok_or_else(bad_address)?;
        let entry = self.entry(user, contact, &local, Some(name)).ok_or_else(bad_address)?;
        if self.may_write_rosters(user) && self.write_name(user, &entry, name).await.is_ok() {
            return Ok(Some(Way::Put));
        }
        Ok(self.suggest(user, "modify", &entry).await.then_some(Way::Suggested))
    }

    /// Takes a contact out of a user's roster; whether that is done, or only the contact has left him.
    pub(crate) async fn unlist(&self, user: &BareJid, contact: &Contact) -> Result<bool, Fault> {
        let local = self.local_of(user, contact).ok_or_else(bad_address)?;
        let speaker = self.gateway.contact(&local).ok_or_else(bad_address)?;
        let rows = vec![
            self.shelf.unsubscribed(user, Some(&local)),
            self.shelf.listed(user, &local),
        ];
        let _durable = self.house.inbox.post(Arrival::rows(rows)).await?;
        if self.may_write_rosters(user) && self.steward().take_from_roster(user, speaker.as_str()).await.is_ok() {
            self.say(absent(self, Some(&local), user.as_str()).into_iter().collect())
                .await;
            return Ok(true);
        }
        self.say(self.goodbye(Some(&local), user)).await;
        Ok(false)
    }

    /// Puts an entry into a roster by the server's leave. What the user has there already, a name or groups, stays.
    pub(super) async fn put(&self, user: &BareJid, entry: &Entry) -> Result<(), Denied> {
        let there = self.item(user, &entry.speaker).await?;
        self.write(user, entry, there).await
    }

    async fn write(&self, user: &BareJid, entry: &Entry, there: Option<RosterItem>) -> Result<(), Denied> {
        let before = there
            .as_ref()
            .and_then(|it| it.subscription.clone())
            .unwrap_or_default();
        let subscription = match before.as_str() {
            "both" => return Ok(()),
            "from" => "both",
            before if before == entry.subscription => return Ok(()),
            _ => entry.subscription,
        };
        let item = there.unwrap_or_else(|| RosterItem {
            jid: entry.speaker.as_str().to_owned(),
            groups: entry.group.iter().cloned().collect(),
            ..RosterItem::default()
        });
        let item = RosterItem {
            name: item.name.or_else(|| entry.name.clone()),
            subscription: Some(subscription.to_owned()),
            ..item
        };
        self.steward().put_into_roster(user, &item).await
    }

    /// Takes everybody of this gateway out of a roster, itself last; whether that could be done.
    pub(super) async fn clear_roster(&self, user: &BareJid) -> bool {
        let steward = self.steward();
        let Ok(roster) = steward.roster(user).await else {
            return false;
        };
        let ours = |item: &&RosterItem| self.gateway.addressed(&item.jid).is_some();
        let (contacts, itself): (Vec<&RosterItem>, Vec<&RosterItem>) =
            roster.iter().filter(ours).partition(|item| item.jid.contains('@'));
        for item in contacts.into_iter().chain(itself) {
            if let Err(denied) = steward.take_from_roster(user, &item.jid).await {
                tracing::warn!(host = %user.domain(), %denied, "a roster could not be cleared");
                return false;
            }
        }
        true
    }

    /// The local part that a user knows a contact by.
    fn local_of(&self, user: &BareJid, contact: &Contact) -> Option<String> {
        Shelf::form_of(self.house.memory.as_ref(), user, contact)
            .or_else(|| canonical_local(self.network.as_ref(), &contact.id))
    }

    fn entry(&self, user: &BareJid, contact: &Contact, local: &str, name: Option<&str>) -> Option<Entry> {
        let called = || self.network.card(user, &contact.id).name.map(|name| name.to_string());
        let title = self.network.profile().title.told(self.language(user, None)).to_owned();
        Some(Entry {
            speaker: self.gateway.contact(local)?,
            name: name
                .map(str::to_owned)
                .or_else(called)
                .or_else(|| Some(self.network.written(&contact.id))),
            group: Some(title),
            subscription: "to",
        })
    }

    /// Writes down that a contact stands in a roster, and lets it be there.
    async fn now_there(&self, user: &BareJid, local: &str, more: Vec<Row>) -> Result<(), Fault> {
        let mut rows = vec![self.shelf.subscribed(user, Some(local)), self.shelf.listed(user, local)];
        rows.extend(more);
        let _durable = self.house.inbox.post(Arrival::rows(rows)).await?;
        self.say(present(self, Some(local), user.as_str()).into_iter().collect())
            .await;
        Ok(())
    }

    async fn write_name(&self, user: &BareJid, entry: &Entry, name: &str) -> Result<(), Denied> {
        let item = self.item(user, &entry.speaker).await?.ok_or(Denied::Senseless)?;
        let item = RosterItem {
            name: Some(name.to_owned()),
            ..item
        };
        self.steward().put_into_roster(user, &item).await
    }

    /// What stands in a roster about somebody.
    async fn item(&self, user: &BareJid, speaker: &Speaker) -> Result<Option<RosterItem>, Denied> {
        let roster = self.steward().roster(user).await?;
        Ok(roster.into_iter().find(|item| item.jid == speaker.as_str()))
    }

    /// Suggests something about an entry to a client of the user that is online and understands (XEP-0144 section 5);
    /// whether one took it.
    async fn suggest(&self, user: &BareJid, action: &str, entry: &Entry) -> bool {
        for session in self.sessions.of(user) {
            if self.understands(&session).await && self.ask(&session, true, suggestion(action, entry)).await.is_ok() {
                return true;
            }
        }
        false
    }

    async fn understands(&self, session: &str) -> bool {
        let answer = self.ask(session, false, element("query", ns::DISCO_INFO)).await;
        let Ok(answer) = answer else {
            return false;
        };
        let info = answer.get_child("query", ns::DISCO_INFO);
        let mut features = info.into_iter().flat_map(Element::children);
        features.any(|it| it.is("feature", ns::DISCO_INFO) && it.attr("var") == Some(ns::ROSTER_EXCHANGE))
    }

    async fn ask(&self, session: &str, set: bool, payload: Element) -> Result<Element, NoAnswer> {
        let question = Question {
            from: self.gateway.itself(),
            to: session.to_owned(),
            set,
            payload: |_: &str| payload,
        };
        Ok(self.line.ask(question).await?.stanza)
    }
}

/// XEP-0144 section 3.
fn suggestion(action: &str, entry: &Entry) -> Element {
    let item = element("item", ns::ROSTER_EXCHANGE)
        .with("action", action)
        .with("jid", entry.speaker.as_str())
        .with_some("name", entry.name.as_deref());
    let item = entry.group.iter().fold(item, |item, group| {
        item.holding(element("group", ns::ROSTER_EXCHANGE).saying(group))
    });
    element("x", ns::ROSTER_EXCHANGE).holding(item)
}

fn bad_address() -> Fault {
    Fault::of(FaultKind::BadAddress)
}

#[cfg(test)]
mod tests;
