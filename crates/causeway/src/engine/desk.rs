//! How one adapter reaches the ledger: its inbox, its shelf, its memory.

use crate::engine::gate::Gate;
use crate::engine::keeper::Keeper;
use causeway_core::address::Party;
use causeway_core::clock::Timestamp;
use causeway_core::envelope::{Draft, Envelope, EnvelopeId};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::message::MessageRef;
use causeway_core::network::{Accepted, Arrival, Inbox, Item, Memory, Pending};
use causeway_store::{Change, Done, Ledger};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
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
    /// Who may pass.
    pub gate: Arc<Gate>,
    /// Makes ids.
    pub ids: Ids,
    /// Where the adapters' notes lie, if there is such a place.
    pub notes: Option<Arc<Path>>,
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
        let drafts = arrival.items.iter().filter_map(|item| match item {
            Item::Post(draft) => Some(draft.as_ref()),
            Item::Report(_) => None,
        });
        let mut drafts = drafts.peekable();
        let open = drafts.peek().map_or(Ok(()), |_| self.open());
        match open.and_then(|()| self.hall.gate.pass(drafts)) {
            // Nobody waits for these; they go with the group that the message goes with.
            Ok(changes) => changes
                .into_iter()
                .for_each(|change| drop(self.hall.keeper.offer(change))),
            Err(fault) => return Box::pin(async move { Err(fault) }),
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
        self.open()?;
        self.hall.gate.admit(draft)
    }
}

impl Desk {
    /// The file of a note; none for a name that is no file name.
    fn place(&self, name: &str) -> Option<PathBuf> {
        let file = format!("{}-{name}.note", self.shelf);
        let is_name = !file.contains(['/', '\0']) && !file.starts_with('.');
        self.hall
            .notes
            .as_ref()
            .filter(|_| is_name)
            .map(|notes| notes.join(file))
    }

    /// Whether anything is taken at all.
    fn open(&self) -> Result<(), Fault> {
        match self.hall.full.load(Ordering::Relaxed) {
            true => Err(Fault::of(FaultKind::Busy).saying("the gateway's disk is nearly full")),
            false => Ok(()),
        }
    }
}

impl Memory for Desk {
    fn recall(&self, id: EnvelopeId) -> Option<Envelope> {
        logged(self.hall.ledger.envelope(id)).flatten()
    }

    fn file(&self, id: EnvelopeId, number: u16) -> Option<Arc<[u8]>> {
        logged(self.hall.ledger.file(id, number)).flatten().map(Arc::from)
    }

    fn row(&self, key: &str) -> Option<Vec<u8>> {
        logged(self.hall.ledger.row(&self.shelf, key)).flatten()
    }

    fn rows(&self, prefix: &str, after: Option<&str>, limit: usize) -> Vec<(String, Vec<u8>)> {
        logged(self.hall.ledger.rows(&self.shelf, prefix, after, limit)).unwrap_or_default()
    }

    fn taken(&self, source: &MessageRef, from: &Party) -> Vec<Timestamp> {
        let ids = logged(self.hall.ledger.find(source)).unwrap_or_default();
        let envelopes = ids.into_iter().filter_map(|id| self.recall(id));
        envelopes
            .filter(|envelope| envelope.draft.from == *from)
            .map(|envelope| envelope.accepted)
            .collect()
    }

    fn note(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.place(name)?).ok()
    }

    fn keep_note(&self, name: &str, note: &[u8]) {
        let Some(place) = self.place(name) else {
            return;
        };
        let draft = place.with_extension("new");
        if let Err(e) = write_whole(&draft, note).and_then(|()| std::fs::rename(&draft, &place)) {
            tracing::warn!("the note {} was not written: {e}", place.display());
        }
    }
}

fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path)?.write_all(bytes)
}

/// A row that cannot be read is as if it were not there, but the log says so.
fn logged<T>(read: Result<T, causeway_store::StoreError>) -> Option<T> {
    read.inspect_err(|e| tracing::error!("the ledger could not be read: {e}"))
        .ok()
}
