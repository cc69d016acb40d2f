//! The book of everything that was said and what became of it: every promise of the gateway is a row here first.
//!
//! All changes go through [`Ledger::commit`], which makes a group of them durable with one sync. A change is decided in
//! memory over the rows as they are (`pen`, `batch`), by subject: `arrive`, `lease`, `happen`, `lane`, `sweep`, `damage`.
//! Reading needs no turn: `due` for the dispatcher, `look` for everybody else.

mod arrive;
pub(crate) mod batch;
pub(crate) mod count;
pub(crate) mod damage;
mod due;
pub(crate) mod entry;
mod files;
pub(crate) mod happen;
mod lane;
mod lease;
mod look;
mod meant;
pub(crate) mod pen;
mod recover;
mod scrub;
mod sweep;

use crate::backend::Backend;
use crate::backup::Copying;
use crate::error::StoreError;
use crate::ledger::batch::Batch;
use crate::migrate::migrate;
use causeway_core::address::Party;
use causeway_core::capability::Capabilities;
use causeway_core::clock::Timestamp;
use causeway_core::delivery::Event;
use causeway_core::envelope::EnvelopeId;
use causeway_core::network::{Accepted, Arrival, Outcome, Parcel, Taken};
use causeway_core::promise::Terms;
use causeway_core::text::Line;
use lease::Leased;
use pen::Pen;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub(crate) use recover::largest;
pub use scrub::Scrubbed;

/// Tells the destination of a party: deliveries to one destination share its bound.
pub type Route = Box<dyn Fn(&Party) -> String + Send + Sync>;

/// The ledger. Reads may come from any thread; commits take turns.
pub struct Ledger {
    pub(crate) backend: Box<dyn Backend>,
    terms: Terms,
    route: Route,
    name: Line,
    /// Whether commits note their time: not before due times from a clock that was ahead are drawn near.
    dated: bool,
    turn: Mutex<()>,
    /// The backup that is being taken.
    pub(crate) copying: Mutex<Option<Copying>>,
    damage: Mutex<Vec<String>>,
}

/// A delivery whose turn has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// Its envelope.
    pub envelope: EnvelopeId,
    /// The destination whose bound it shares.
    pub destination: String,
    /// Who gets it.
    pub to: Party,
}

/// One thing to write down.
#[derive(Debug, Clone)]
pub enum Change {
    /// An adapter brings something.
    Arrive {
        /// The shelf for its rows.
        shelf: String,
        /// What it brings.
        arrival: Arrival,
        /// One fresh id for each of its items.
        ids: Vec<EnvelopeId>,
    },
    /// A try is to begin.
    Lease {
        /// The delivery.
        id: EnvelopeId,
        /// What its recipient's side can carry.
        side: Capabilities,
        /// The gateway's name in the hop.
        who: Line,
    },
    /// The next in a lane is to begin in the commit that ends the try before it, if no other lane comes first.
    Follow {
        /// The delivery whose try ended.
        id: EnvelopeId,
        /// What their recipient's side can carry.
        side: Capabilities,
        /// The gateway's name in the hop.
        who: Line,
    },
    /// A try has ended.
    Settle {
        /// The delivery.
        id: EnvelopeId,
        /// The shelf for the courier's rows.
        shelf: String,
        /// How.
        outcome: Outcome,
    },
    /// Something happened in the house: it expired, was cancelled, hurried or returned.
    Step {
        /// The delivery.
        id: EnvelopeId,
        /// What.
        event: Event,
    },
}

/// What became of a [`Change`]; it exists only when that is durable.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "a parcel is the usual case, and is moved twice in its life"
)]
pub enum Done {
    /// The licence to acknowledge.
    Arrived(Accepted),
    /// The parcel to carry.
    Leased(Parcel),
    /// It was not its turn, or its recipient's side needs nothing of it and it is over.
    NotLeased,
    /// Whether the outcome or the event meant anything in the stage that the delivery was in.
    Stepped(bool),
}

/// What became of a change, before that is durable.
pub(crate) enum Noted {
    Arrived(Vec<Taken>),
    Leased(Box<Leased>),
    NotLeased,
    Stepped(bool),
}

// ---------------------------------------------------------------------------------------------------------------------

impl Ledger {
    /// Opens the ledger: brings the schema up to date or refuses a newer one, takes up what was in flight, and draws
    /// due times near that come from a clock which was ahead. `name` signs the gateway's own hops.
    pub fn open(
        backend: Box<dyn Backend>,
        terms: Terms,
        route: Route,
        name: Line,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        migrate(backend.as_ref())?;
        let mut ledger = Self {
            backend,
            terms,
            route,
            name,
            dated: false,
            turn: Mutex::new(()),
            copying: Mutex::new(None),
            damage: Mutex::new(Vec::new()),
        };
        let ahead = ledger.was_ahead(now)?;
        ledger.count_again(now)?;
        ledger.recover(now)?;
        if ahead {
            ledger.draw_near(now)?;
        }
        ledger.dated = true;
        Ok(ledger)
    }

    /// Writes a group of changes, in order, with one sync; the answers exist only when all of it is durable. Later changes
    /// see the earlier ones. After [`StoreError::Damaged`] and [`StoreError::BadIds`] nothing of the group was written
    /// and the ledger goes on; after any other error it must be opened again.
    pub fn commit(&self, changes: Vec<Change>, now: Timestamp) -> Result<Vec<Done>, StoreError> {
        let _turn = self.turn();
        let mut pen = self.pen(now);
        let noted = changes
            .into_iter()
            .map(|change| pen.note(change))
            .collect::<Result<Vec<_>, _>>()?;
        self.write(pen)?;
        Ok(noted.into_iter().map(seal).collect())
    }

    /// Waits for the turn to write.
    pub(crate) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn pen(&self, now: Timestamp) -> Pen<'_> {
        Pen {
            batch: Batch::new(self.backend.as_ref()),
            terms: &self.terms,
            route: &self.route,
            name: &self.name,
            now,
            dated: self.dated,
            damage: Vec::new(),
        }
    }

    /// Makes durable what a pen wrote.
    pub(crate) fn write(&self, pen: Pen<'_>) -> Result<(), StoreError> {
        let (writes, damage) = pen.finish()?;
        if !writes.is_empty() {
            self.backend.commit(&writes)?;
            self.backend.flush()?;
            self.tell_copy(&writes);
        }
        self.damage
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(damage);
        Ok(())
    }

    /// Notes a damaged row that a read went around.
    pub(crate) fn note_damage(&self, damage: &StoreError) {
        self.damage
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(damage.to_string());
    }
}

impl Pen<'_> {
    fn note(&mut self, change: Change) -> Result<Noted, StoreError> {
        Ok(match change {
            Change::Arrive { shelf, arrival, ids } => Noted::Arrived(self.arrive(&shelf, arrival, &ids)?),
            Change::Lease { id, side, who } => self.lease(&id, &side, who)?,
            Change::Follow { id, side, who } => self.follow(&id, &side, who)?,
            Change::Settle { id, shelf, outcome } => Noted::Stepped(self.settle(&id, &shelf, outcome)?),
            Change::Step { id, event } => Noted::Stepped(self.step(&id, &event)?),
        })
    }
}

/// Gives out what only a durable commit may give.
#[allow(
    clippy::disallowed_methods,
    reason = "this is the one place where something has just become durable"
)]
fn seal(noted: Noted) -> Done {
    match noted {
        Noted::Arrived(taken) => Done::Arrived(Accepted::sealed_by_the_store(taken)),
        Noted::Leased(leased) => {
            let Leased {
                envelope,
                fitted,
                attempt,
                doubts,
                reply_to,
            } = *leased;
            Done::Leased(Parcel::sealed_by_the_store(envelope, fitted, attempt, doubts, reply_to))
        }
        Noted::NotLeased => Done::NotLeased,
        Noted::Stepped(moved) => Done::Stepped(moved),
    }
}

#[cfg(test)]
mod tests;
