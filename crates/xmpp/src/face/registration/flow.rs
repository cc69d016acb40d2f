//! What follows when somebody registers or leaves, in the order of XEP-0100 sections 4.1 and 4.3.

use crate::address::Speaker;
use crate::face::Face;
use crate::face::presence::{absent, present};
use crate::face::roster::Entry;
use crate::link::line::Slip;
use crate::ns;
use crate::privilege::{Right, Steward};
use crate::shelf::Sight;
use crate::stanza::Outward;
use crate::xml::{Build, element};
use causeway_core::fault::Fault;
use causeway_core::language::Language;
use causeway_core::network::{Arrival, Row};
use causeway_core::registration::{Registration, Settings};
use jid::BareJid;

// ---------------------------------------------------------------------------------------------------------------------

impl Face {
    /// Registers a user, or changes his settings. `first` is said as soon as that is durable, before anything that
    /// follows from it. Gives what is left to say.
    pub(crate) async fn enroll(
        &self,
        user: &BareJid,
        settings: Settings,
        first: Vec<Outward>,
    ) -> Result<Vec<Outward>, Fault> {
        if !self.write_registration(user, settings).await? {
            return Ok(first);
        }
        tracing::info!(host = %user.domain(), "somebody registered");
        if !self.may_write_rosters(user) {
            let wish = self.wish_to_see(user);
            return Ok(first.into_iter().chain([wish]).chain(self.notes(user)).collect());
        }
        let unsaid = self.say(first).await;
        if !unsaid.is_empty() {
            return Ok(unsaid);
        }
        let greeting = match self.put_itself(user).await? {
            true => present(self, None, user.as_str()),
            false => Some(self.wish_to_see(user)),
        };
        Ok(greeting.into_iter().chain(self.notes(user)).collect())
    }

    /// Ends a registration: what the gateway knows of the user's roster goes, and so do the gateway and its contacts.
    /// `first` and the result are as for [`Face::enroll`].
    pub(crate) async fn leave(&self, user: &BareJid, first: Vec<Outward>) -> Result<Vec<Outward>, Fault> {
        let (subscriptions, mut rows) = self.shelf.left(self.house.memory.as_ref(), user);
        rows.push(Row::gone(Registration::key(&self.network.profile().id, user)));
        let _durable = self.house.inbox.post(Arrival::rows(rows)).await?;
        tracing::info!(host = %user.domain(), "somebody is registered no more");
        let contacts = subscriptions.into_iter().map(|it| it.local);
        let contacts = contacts.filter(|local| !local.is_empty()).map(Some);
        let all: Vec<Option<String>> = contacts.chain([None]).collect();
        let leaving = all.iter().flat_map(|local| self.goodbye(local.as_deref(), user));
        if !self.may_write_rosters(user) {
            return Ok(first.into_iter().chain(leaving).collect());
        }
        let unsaid = self.say(first).await;
        if !unsaid.is_empty() {
            return Ok(unsaid);
        }
        match self.clear_roster(user).await {
            // The servers tell no client that those are gone whom they took out of its roster for us.
            true => Ok(all
                .iter()
                .filter_map(|local| absent(self, local.as_deref(), user.as_str()))
                .collect()),
            false => Ok(leaving.collect()),
        }
    }

    /// XEP-0100 sections 4.3.1 and 5.2.1.
    pub(crate) fn goodbye(&self, local: Option<&str>, user: &BareJid) -> Vec<Outward> {
        let Some(speaker) = self.speaker(local) else {
            return Vec::new();
        };
        let end = |stanza_type| Outward::presence(&speaker, user.as_str(), Some(stanza_type));
        [end("unsubscribe"), end("unsubscribed")]
            .into_iter()
            .chain(absent(self, local, user.as_str()))
            .collect()
    }

    /// The gateway's wish to see when a user is online.
    pub(crate) fn wish_to_see(&self, user: &BareJid) -> Outward {
        let title = self.network.profile().title.told(self.language(user, None)).to_owned();
        request(&self.gateway.itself(), user, &title)
    }

    /// The bare JID of a contact, or of the gateway itself.
    pub(crate) fn speaker(&self, local: Option<&str>) -> Option<Speaker> {
        match local {
            Some(local) => self.gateway.contact(local),
            None => Some(self.gateway.itself()),
        }
    }

    /// Acts for users.
    pub(crate) fn steward(&self) -> Steward {
        Steward::new(&self.gateway, &self.line)
    }

    /// Whether the user's server lets the gateway read and write his roster. What cannot be read must not be written: a
    /// name that the user chose would be lost.
    pub(crate) fn may_write_rosters(&self, user: &BareJid) -> bool {
        let steward = self.steward();
        steward.may(user, Right::ReadRoster) && steward.may(user, Right::WriteRoster)
    }

    /// Says something; gives back what certainly was not said.
    pub(crate) async fn say(&self, stanzas: Vec<Outward>) -> Vec<Outward> {
        if stanzas.is_empty() {
            return stanzas;
        }
        match self.line.hand_over(stanzas.clone()).await {
            Err(Slip::Unsent(_)) => stanzas,
            Ok(()) | Err(Slip::InDoubt(_)) => Vec::new(),
        }
    }

    /// What the admins are told when somebody registers.
    fn notes(&self, user: &BareJid) -> Vec<Outward> {
        let note = |admin: BareJid| {
            let language = self.language(&admin, None);
            let words = match language {
                Language::En => format!("{user} has registered with {}.", self.gateway.as_str()),
                Language::De => format!("{user} hat sich bei {} angemeldet.", self.gateway.as_str()),
            };
            Outward::message(&self.gateway.itself(), admin.as_str(), "chat", None).holding(
                element("body", ns::COMPONENT)
                    .in_language(language.tag())
                    .saying(&words),
            )
        };
        self.contacts
            .admin
            .iter()
            .filter_map(|uri| account(uri))
            .map(note)
            .collect()
    }

    /// Whether it is a new one.
    async fn write_registration(&self, user: &BareJid, settings: Settings) -> Result<bool, Fault> {
        let _alone = self.turn.lock().await;
        let before = self.registration(user);
        let registration = Registration {
            since: before.as_ref().map_or_else(|| self.house.clock.now(), |it| it.since),
            settings,
        };
        let mut rows = vec![Row::put(
            Registration::key(&self.network.profile().id, user),
            registration.write(),
        )];
        let is_new = before.is_none();
        rows.extend(is_new.then(|| self.shelf.sees(user, Some(Sight::Asked))));
        let _durable = self.house.inbox.post(Arrival::rows(rows)).await?;
        Ok(is_new)
    }

    /// Puts the gateway itself into a roster, as if both had asked each other; whether it is there.
    async fn put_itself(&self, user: &BareJid) -> Result<bool, Fault> {
        let title = self.network.profile().title.told(self.language(user, None)).to_owned();
        let entry = Entry {
            speaker: self.gateway.itself(),
            name: Some(title),
            group: None,
            subscription: "both",
        };
        if let Err(denied) = self.put(user, &entry).await {
            tracing::warn!(host = %user.domain(), %denied, "the gateway could not put itself into a roster and asks instead");
            return Ok(false);
        }
        let rows = vec![
            self.shelf.subscribed(user, None),
            self.shelf.sees(user, Some(Sight::Granted)),
        ];
        let _durable = self.house.inbox.post(Arrival::rows(rows)).await?;
        Ok(true)
    }
}

/// A wish to see somebody's presence, with the name of whoever wishes (XEP-0172 section 4.2).
pub(crate) fn request(speaker: &Speaker, user: &BareJid, name: &str) -> Outward {
    Outward::presence(speaker, user.as_str(), Some("subscribe")).holding(element("nick", ns::NICK).saying(name))
}

/// The account that a URI names (RFC 5122 section 2.2); `None` for one that names something else.
fn account(uri: &str) -> Option<BareJid> {
    let address = uri.strip_prefix("xmpp:")?.split(['?', ';']).next()?;
    BareJid::new(address).ok().filter(|jid| jid.node().is_some())
}
