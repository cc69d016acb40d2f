//! What the house may ask of home about its users: who is registered, what is kept about somebody, to forget him, to tell
//! them all something.

use crate::home::Home;
use crate::ns;
use crate::shelf::Shelf;
use crate::stanza::Outward;
use crate::xml::{Build, element};
use causeway_core::address::NetworkId;
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::registration::{Acquaintance, Registration};
use jid::BareJid;

/// How many rows are read at once.
const PAGE: usize = 500;
/// How many are told something in one go.
const AT_ONCE: usize = 50;

/// Somebody who is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// Who.
    pub user: BareJid,
    /// With which network.
    pub network: NetworkId,
    /// Since when, and what he wants.
    pub registration: Registration,
}

/// How an announcement is sent (RFC 6121 section 5.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announcement {
    /// Kept for who is away.
    Message,
    /// For who is there; nobody answers it.
    Headline,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Home {
    /// Everybody who is registered, network by network.
    pub fn registered(&self) -> Vec<Registered> {
        let Some(house) = self.house() else { return Vec::new() };
        let mut all = Vec::new();
        for station in self.stations() {
            let network = &station.network.profile().id;
            let prefix = Registration::prefix(network);
            let mut after: Option<String> = None;
            loop {
                let page = house.memory.rows(&prefix, after.as_deref(), PAGE);
                after = page.last().map(|(key, _)| key.clone());
                all.extend(page.iter().filter_map(|(key, row)| {
                    Some(Registered {
                        user: BareJid::new(key.strip_prefix(&prefix)?).ok()?,
                        network: network.clone(),
                        registration: Registration::read(row)?,
                    })
                }));
                if after.is_none() {
                    break;
                }
            }
        }
        all
    }

    /// Where rows about a user stand on the shelf of home: their keys, and, ending in `/`, the beginnings of keys.
    pub fn about(&self, user: &BareJid) -> Vec<String> {
        let stations = self.stations().iter().flat_map(|station| {
            let registration = Registration::key(&station.network.profile().id, user);
            let own = Shelf::new(&station.gateway).about(user);
            std::iter::once(registration).chain(own)
        });
        stations
            .chain(Shelf::about_everywhere(user))
            .chain([Acquaintance::prefix(user)])
            .collect()
    }

    /// Ends a user's registrations, and takes the gateway and its contacts out of his roster. The rows that remain are
    /// the house's to take away.
    pub async fn leave(&self, user: &BareJid) -> Result<(), Fault> {
        for station in self.stations() {
            let Some(face) = station.face.get().filter(|face| face.registration(user).is_some()) else {
                continue;
            };
            let rest = face.leave(user, Vec::new()).await?;
            face.say(rest).await;
        }
        Ok(())
    }

    /// Tells everybody who is registered with a network, or with any; gives to how many the server took it.
    pub async fn announce(&self, network: Option<&NetworkId>, words: &str, how: Announcement) -> Result<usize, Fault> {
        let all = self.registered();
        let mut told = 0;
        for station in self.stations() {
            let id = &station.network.profile().id;
            if network.is_some_and(|network| network != id) {
                continue;
            }
            let users: Vec<&Registered> = all.iter().filter(|registered| registered.network == *id).collect();
            for some in users.chunks(AT_ONCE) {
                let letters = some.iter().map(|registered| {
                    Outward::message(&station.gateway.itself(), registered.user.as_str(), how.as_str(), None)
                        .holding(element("body", ns::COMPONENT).saying(words))
                });
                let taken = station.line.hand_over(letters.collect()).await;
                taken.map_err(|_| Fault::of(FaultKind::Unreachable).saying(&format!("{told} were told before")))?;
                told += some.len();
            }
        }
        Ok(told)
    }
}

impl Announcement {
    fn as_str(self) -> &'static str {
        match self {
            Self::Message => "normal",
            Self::Headline => "headline",
        }
    }
}
