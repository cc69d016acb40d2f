//! A pretend network on one page: the tutorial for a new adapter, and the double that tests put in a network's place.
//!
//! Its people are lower-case words. What is carried to them lies in [`Loopback::taken`]; what they say comes in through
//! [`Loopback::say`]. An oracle decides how each try ends, so that a test can make the network as bad as it likes.
//! Read it beside `docs/ADAPTER-CONTRACT.md`: every promise made there is kept here in its simplest form.

use causeway_core::address::{Contact, ForeignId, NetworkId, Party, Scope};
use causeway_core::capability::Capabilities;
use causeway_core::envelope::{Draft, EnvelopeId};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::hop::{Hop, Step};
use causeway_core::language::Words;
use causeway_core::message::Payload;
use causeway_core::network::{
    Accepted, Arrival, Courier, Finding, Handed, House, Network, Outcome, Parcel, Pending, Profile,
};
use causeway_core::text::Line;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Decides how a try ends.
pub type Oracle = Box<dyn Fn(&Parcel) -> Fate + Send + Sync>;

/// How a try ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It arrives, and the network says so.
    Arrives,
    /// It arrives, but the line breaks before the network can say so.
    ArrivesUnheard,
    /// The line breaks before it arrives, and nobody can tell.
    VanishesUnheard,
    /// Nothing ever comes back.
    Silence,
    /// The network refuses it.
    Refused(Fault),
}

/// Something that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// The id that stays the same over all tries.
    pub id: EnvelopeId,
    /// Who said it.
    pub from: Party,
    /// To whom.
    pub to: Party,
    /// What.
    pub payload: Payload,
    /// Whether it bears the mark that an earlier copy may exist.
    pub maybe_doubled: bool,
}

/// The network.
pub struct Loopback {
    profile: Profile,
    oracle: Oracle,
    taken: Mutex<Vec<Copy>>,
    house: OnceLock<House>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Loopback {
    /// A network of that name whose tries end as the oracle says.
    pub fn new(id: NetworkId, oracle: Oracle) -> Arc<Self> {
        let profile = Profile {
            title: Words::new(format!("The pretend network {id}"), format!("Das gespielte Netz {id}")),
            id,
            gateway_type: "loopback",
            address_prompt: Words::new("A name in lower-case letters", "Ein Name in Kleinbuchstaben"),
            address_field: None,
            capabilities: Capabilities {
                longest_text: 64 << 10,
                ..Capabilities::ALL
            },
            per_destination: 4,
        };
        Arc::new(Self {
            profile,
            oracle,
            taken: Mutex::default(),
            house: OnceLock::new(),
        })
    }

    /// All that arrived so far, in order.
    pub fn taken(&self) -> Vec<Copy> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The party that a name stands for.
    pub fn person(&self, name: &str) -> Result<Party, Fault> {
        Ok(Party::Foreign(Contact {
            network: self.profile.id.clone(),
            scope: Scope::Gateway,
            id: self.contact(name)?,
        }))
    }

    /// Says something; the answer comes when it is durable, and only then may the speaker forget it.
    pub fn say(&self, draft: Draft) -> Pending<'static, Result<Accepted, Fault>> {
        match self.house.get() {
            Some(house) => house.inbox.post(Arrival::post(draft)),
            None => Box::pin(async { Err(Fault::of(FaultKind::Unreachable)) }),
        }
    }

    fn take(&self, parcel: &Parcel) {
        let copy = Copy {
            id: parcel.id(),
            from: parcel.draft().from.clone(),
            to: parcel.draft().to.clone(),
            payload: parcel.payload().clone(),
            maybe_doubled: parcel.maybe_doubled(),
        };
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).push(copy);
    }

    fn hop(&self, parcel: &Parcel) -> Option<Hop> {
        Some(Hop::own(
            parcel.accepted(),
            Step::Handed,
            Line::clean(self.profile.id.as_str())?,
        ))
    }
}

impl Courier for Loopback {
    fn deliver<'a>(&'a self, parcel: &'a Parcel) -> Pending<'a, Outcome> {
        Box::pin(async move {
            let fate = (self.oracle)(parcel);
            if matches!(fate, Fate::Arrives | Fate::ArrivesUnheard) {
                self.take(parcel);
            }
            if fate == Fate::Silence {
                std::future::pending::<()>().await;
            }
            match (fate, self.hop(parcel)) {
                (Fate::Arrives, Some(hop)) => Outcome::Handed(Handed {
                    hop,
                    final_stop: false,
                    rows: Vec::new(),
                }),
                (Fate::Refused(fault), hop) => Outcome::Failed(fault, hop),
                (_, hop) => Outcome::InDoubt(Fault::of(FaultKind::Timeout), hop),
            }
        })
    }

    fn capabilities(&self) -> &Capabilities {
        &self.profile.capabilities
    }
}

impl Network for Loopback {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn contact(&self, written: &str) -> Result<ForeignId, Fault> {
        match written.bytes().all(|b| b.is_ascii_lowercase()) {
            true => ForeignId::new(written),
            false => Err(Fault::of(FaultKind::BadAddress)),
        }
    }

    fn written(&self, id: &ForeignId) -> String {
        id.as_str().to_owned()
    }

    fn destination(&self, id: &ForeignId) -> String {
        id.as_str().to_owned()
    }

    fn watch(self: Arc<Self>, house: House) -> Pending<'static, ()> {
        Box::pin(async move {
            let stop = house.tasks.stopping();
            // A second house after a restart of the task is the same house.
            let _ = self.house.set(house);
            stop.await;
        })
    }

    fn check(&self) -> Pending<'_, Vec<Finding>> {
        Box::pin(async { vec![Finding::good(self.profile.title.en.clone(), "always there")] })
    }
}
