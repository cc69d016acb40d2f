//! How one adapter reaches the ledger: its inbox, its shelf, its memory.

use crate::engine::keeper::Keeper;
use causeway_core::envelope::{Draft, Envelope, EnvelopeId};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::network::{Accepted, Arrival, Inbox, Item, Memory, Pending};
use causeway_core::policy::Policy;
use causeway_store::{Change, Done, Ledger};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Makes fresh ids.
pub type Ids = Arc<dyn Fn() -> EnvelopeId + Send + Sync>;

/// What all desks share.
#[derive(Clone)]
pub struct Hall {
    /// Writes.
    pub keeper: Keeper,
    /// Reads.
    pub ledger: Arc<Ledger>,
    /// Who may speak.
    pub policy: Arc<Policy>,
    /// Makes ids.
    pub ids: Ids,
    /// Whether arrivals are refused because the disk is nearly full; what was accepted goes on.
    pub full: Arc<AtomicBool>,
}

/// The desk of one adapter.
#[derive(Clone)]
pub struct Desk {
    hall: Hall,
    shelf: String,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Hall {
    /// A desk whose rows stand on the shelf of that name.
    pub fn desk(&self, shelf: &str) -> Arc<Desk> {
        Arc::new(Desk {
            hall: self.clone(),
            shelf: shelf.to_owned(),
        })
    }
}

impl Inbox for Desk {
    fn post(&self, arrival: Arrival) -> Pending<'static, Result<Accepted, Fault>> {
        let admitted = arrival.items.iter().try_for_each(|item| match item {
            Item::Post(draft) => self.admit(draft),
            Item::Report(_) => Ok(()),
        });
        if let Err(fault) = admitted {
            return Box::pin(async move { Err(fault) });
        }
        let ids = arrival.items.iter().map(|_| (self.hall.ids)()).collect();
        let placed = self.hall.keeper.offer(Change::Arrive {
            shelf: self.shelf.clone(),
            arrival,
            ids,
        });
        Box::pin(async move {
            match placed.await? {
                Done::Arrived(accepted) => Ok(accepted),
                _ => Err(Fault::of(FaultKind::Internal)),
            }
        })
    }

    fn admit(&self, draft: &Draft) -> Result<(), Fault> {
        if self.hall.full.load(Ordering::Relaxed) {
            return Err(Fault::of(FaultKind::Busy).saying("the gateway's disk is nearly full"));
        }
        self.hall.policy.admit(draft)
    }
}

impl Memory for Desk {
    fn recall(&self, id: EnvelopeId) -> Option<Envelope> {
        logged(self.hall.ledger.envelope(id)).flatten()
    }

    fn row(&self, key: &str) -> Option<Vec<u8>> {
        logged(self.hall.ledger.row(&self.shelf, key)).flatten()
    }

    fn rows(&self, prefix: &str, after: Option<&str>, limit: usize) -> Vec<(String, Vec<u8>)> {
        logged(self.hall.ledger.rows(&self.shelf, prefix, after, limit)).unwrap_or_default()
    }
}

/// A row that cannot be read is as if it were not there, but the log says so.
fn logged<T>(read: Result<T, causeway_store::StoreError>) -> Option<T> {
    read.inspect_err(|e| tracing::error!("the ledger could not be read: {e}"))
        .ok()
}
