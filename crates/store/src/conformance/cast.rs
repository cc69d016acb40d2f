//! The people and the props: Romeo and the Nurse at home, Juliet and Friar Laurence beyond, and a book to write in.

use crate::backend::{Backend, Pair, Write};
use crate::conformance::Disk;
use crate::error::StoreError;
use crate::ledger::{Change, Done, Ledger, Ready};
use causeway_core::address::{Contact, ForeignId, NetworkId, Party, Scope};
use causeway_core::capability::Capabilities;
use causeway_core::clock::Timestamp;
use causeway_core::delivery::{Delivery, Event, Stage};
use causeway_core::envelope::{Draft, Envelope, EnvelopeId};
use causeway_core::evidence::{Evidence, Report};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::hop::{Hop, Step};
use causeway_core::message::{MessageRef, Payload, Text};
use causeway_core::network::{Arrival, Handed, Item, Outcome, Parcel, Row, Taken};
use causeway_core::promise::Terms;
use causeway_core::text::{Body, Line};
use jid::BareJid;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The time when the play begins.
pub(crate) const DAWN: Timestamp = Timestamp(1_700_000_000_000);

/// A ledger on a disk, with a clock that moves by hand.
pub(crate) struct Book<D> {
    pub(crate) disk: D,
    pub(crate) now: Cell<Timestamp>,
    ids: Cell<u64>,
    backend: Arc<dyn Backend>,
    pub(crate) ledger: Ledger,
}

/// A backend that dies after so many commits.
pub(crate) struct Fuse {
    backend: Box<dyn Backend>,
    left: AtomicU32,
}

/// A backend that a test keeps a hand on.
struct Shared(Arc<dyn Backend>);

impl Backend for Shared {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(key)
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        self.0.range(from, to, limit)
    }

    fn commit(&self, batch: &[Write]) -> Result<(), StoreError> {
        self.0.commit(batch)
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.0.flush()
    }

    fn verify(&self) -> Result<Vec<String>, StoreError> {
        self.0.verify()
    }
}

// ---------------------------------------------------------------------------------------------------------------------

impl Fuse {
    pub(crate) fn of(backend: Box<dyn Backend>, commits: u32) -> Self {
        Self {
            backend,
            left: AtomicU32::new(commits),
        }
    }
}

impl Backend for Fuse {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.backend.get(key)
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        self.backend.range(from, to, limit)
    }

    fn commit(&self, batch: &[Write]) -> Result<(), StoreError> {
        let left = self.left.fetch_sub(1, Ordering::Relaxed);
        if left == 0 {
            return Err(StoreError::Stopped("told to die".to_owned()));
        }
        self.backend.commit(batch)
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.backend.flush()
    }
}

pub(crate) fn line(text: &str) -> Line {
    Line::clean(text).unwrap()
}

pub(crate) fn reference(id: &str) -> MessageRef {
    MessageRef::new(id).unwrap()
}

pub(crate) fn romeo() -> Party {
    Party::Home(BareJid::new("romeo@example.org").unwrap())
}

pub(crate) fn nurse() -> Party {
    Party::Home(BareJid::new("nurse@example.org").unwrap())
}

/// Somebody beyond, at a house: the house is the destination.
pub(crate) fn beyond(name: &str, house: &str) -> Party {
    Party::Foreign(Contact {
        network: NetworkId::new("pigeon").unwrap(),
        scope: Scope::Gateway,
        id: ForeignId::new(&format!("{name}@{house}")).unwrap(),
    })
}

pub(crate) fn juliet() -> Party {
    beyond("juliet", "capulet")
}

pub(crate) fn friar() -> Party {
    beyond("laurence", "cell")
}

pub(crate) fn route(to: &Party) -> String {
    match to.contact() {
        None => "home".to_owned(),
        Some(contact) => contact.id.as_str().split('@').nth(1).unwrap_or("nowhere").to_owned(),
    }
}

pub(crate) fn words(text: &str) -> Payload {
    Payload::Text(Text::plain(Body::clean(text).unwrap()))
}

pub(crate) fn draft(from: Party, to: Party, text: &str) -> Draft {
    Draft::new(from, to, words(text))
}

/// A draft that came under an id of its side.
pub(crate) fn under(id: &str, draft: Draft) -> Draft {
    Draft {
        source: Some(reference(id)),
        once: true,
        ..draft
    }
}

pub(crate) fn side() -> Capabilities {
    Capabilities {
        longest_text: 10_000,
        ..Capabilities::ALL
    }
}

pub(crate) fn later() -> Fault {
    Fault::of(FaultKind::Deferred).saying("the gate is shut")
}

pub(crate) fn handed(final_stop: bool) -> Outcome {
    let hop = Hop::own(DAWN, Step::Relayed, line("gate.capulet")).saying(Some(line("250 taken")));
    Outcome::Handed(Handed {
        hop,
        final_stop,
        rows: vec![Row::put("taken", *b"yes")],
    })
}

pub(crate) fn report(about: EnvelopeId, by: Option<Party>, evidence: Evidence) -> Report {
    Report {
        about,
        by,
        evidence,
        hops: Vec::new(),
    }
}

pub(crate) fn open_ledger(backend: Box<dyn Backend>, now: Timestamp) -> Result<Ledger, StoreError> {
    Ledger::open(backend, Terms::default(), Box::new(route), line("bridge.example"), now)
}

impl<D: Disk> Book<D> {
    /// An empty book.
    pub(crate) fn new() -> Self {
        let disk = D::fresh();
        let backend: Arc<dyn Backend> = Arc::from(disk.backend());
        let ledger = open_ledger(Box::new(Shared(backend.clone())), DAWN).unwrap();
        Self {
            disk,
            now: Cell::new(DAWN),
            ids: Cell::new(0),
            backend,
            ledger,
        }
    }

    /// The process dies and starts again.
    pub(crate) fn reopened(self) -> Self {
        let Self {
            disk,
            now,
            ids,
            backend,
            ledger,
        } = self;
        drop(ledger);
        drop(backend);
        let backend: Arc<dyn Backend> = Arc::from(disk.backend());
        let ledger = open_ledger(Box::new(Shared(backend.clone())), now.get()).unwrap();
        Self {
            disk,
            now,
            ids,
            backend,
            ledger,
        }
    }

    /// The process ends; the disk stays.
    pub(crate) fn put_away(self) -> D {
        self.disk
    }

    /// The bytes below the ledger.
    pub(crate) fn rows(&self) -> &dyn Backend {
        self.backend.as_ref()
    }

    pub(crate) fn wait(&self, seconds: u64) {
        self.now
            .set(self.now.get().plus(std::time::Duration::from_secs(seconds)));
    }

    pub(crate) fn fresh_id(&self) -> EnvelopeId {
        self.ids.set(self.ids.get() + 1);
        let mut bits = [0; 16];
        bits[8..].copy_from_slice(&self.ids.get().to_be_bytes());
        EnvelopeId::from_random(bits)
    }

    pub(crate) fn commit(&self, changes: Vec<Change>) -> Vec<Done> {
        self.ledger.commit(changes, self.now.get()).unwrap()
    }

    pub(crate) fn arrival(&self, arrival: Arrival) -> Change {
        let ids = arrival.items.iter().map(|_| self.fresh_id()).collect();
        Change::Arrive {
            shelf: "pigeon".to_owned(),
            arrival,
            ids,
        }
    }

    pub(crate) fn arrive(&self, arrival: Arrival) -> Vec<Taken> {
        match self.commit(vec![self.arrival(arrival)]).pop() {
            Some(Done::Arrived(accepted)) => accepted.taken().to_vec(),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn post(&self, draft: Draft) -> Taken {
        self.arrive(Arrival {
            items: vec![Item::Post(Box::new(draft))],
            ..Arrival::default()
        })[0]
    }

    pub(crate) fn say(&self, from: Party, to: Party, text: &str) -> EnvelopeId {
        self.new_one(draft(from, to, text))
    }

    pub(crate) fn new_one(&self, draft: Draft) -> EnvelopeId {
        match self.post(draft) {
            Taken::New(id) => id,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn hear(&self, report: Report) -> Taken {
        self.arrive(Arrival::report(report))[0]
    }

    pub(crate) fn lease_change(&self, id: EnvelopeId) -> Change {
        Change::Lease {
            id,
            side: side(),
            who: line("bridge.example"),
        }
    }

    pub(crate) fn try_lease(&self, id: EnvelopeId) -> Option<Parcel> {
        match self.commit(vec![self.lease_change(id)]).pop() {
            Some(Done::Leased(parcel)) => Some(parcel),
            Some(Done::NotLeased) => None,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn lease(&self, id: EnvelopeId) -> Parcel {
        self.try_lease(id)
            .unwrap_or_else(|| panic!("{id} was not leased: {:?}", self.delivery(id)))
    }

    pub(crate) fn settle(&self, id: EnvelopeId, outcome: Outcome) -> bool {
        let change = Change::Settle {
            id,
            shelf: "pigeon".to_owned(),
            outcome,
        };
        matches!(self.commit(vec![change]).pop(), Some(Done::Stepped(true)))
    }

    /// Leases and hands over.
    pub(crate) fn carry(&self, id: EnvelopeId) {
        self.lease(id);
        assert!(self.settle(id, handed(false)));
    }

    pub(crate) fn step(&self, id: EnvelopeId, event: Event) -> bool {
        matches!(
            self.commit(vec![Change::Step { id, event }]).pop(),
            Some(Done::Stepped(true))
        )
    }

    pub(crate) fn ready(&self) -> Vec<Ready> {
        self.ledger
            .ready(self.now.get(), &|_| false, &|_| usize::MAX, 1_000)
            .unwrap()
    }

    pub(crate) fn due(&self) -> Vec<EnvelopeId> {
        self.ready().into_iter().map(|ready| ready.envelope).collect()
    }

    pub(crate) fn delivery(&self, id: EnvelopeId) -> Delivery {
        self.ledger.delivery(id).unwrap().unwrap()
    }

    pub(crate) fn stage(&self, id: EnvelopeId) -> Stage {
        self.delivery(id).stage
    }

    pub(crate) fn envelope(&self, id: EnvelopeId) -> Envelope {
        self.ledger.envelope(id).unwrap().unwrap()
    }

    pub(crate) fn steps(&self, id: EnvelopeId) -> Vec<Step> {
        self.ledger.hops(id).unwrap().into_iter().map(|hop| hop.step).collect()
    }
}
