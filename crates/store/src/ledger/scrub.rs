//! The scrub: every row is read, and held against the rows that must go with it.

use crate::backend::Pair;
use crate::error::StoreError;
use crate::keys::{self, Digest, Kind};
use crate::ledger::Ledger;
use crate::ledger::entry::{Entry, Flight, Head};
use crate::row;
use causeway_core::clock::Timestamp;
use causeway_core::envelope::{Envelope, EnvelopeId};
use causeway_core::hop::Hop;
use std::time::Duration;

/// How many rows are looked at in one turn.
const PAGE: usize = 256;
/// The time between two turns, in which commits come first.
const PAUSE: Duration = Duration::from_millis(1);
/// How many sentences are told.
const TOLD: usize = 100;

/// What a scrub found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scrubbed {
    /// How many messages there are.
    pub messages: u64,
    /// How many rows.
    pub rows: u64,
    /// What is wrong, the first hundred sentences.
    pub wrong: Vec<String>,
    /// How many more there are.
    pub more: u64,
}

/// A scrub under way; the turn to write is held over each page.
struct Scrub<'a> {
    ledger: &'a Ledger,
    found: Scrubbed,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Ledger {
    /// Reads all rows and says what is missing, damaged or does not fit, and what the backend itself has lost. Commits
    /// go on meanwhile; nothing is changed.
    pub fn scrub(&self) -> Result<Scrubbed, StoreError> {
        let mut scrub = Scrub {
            ledger: self,
            found: Scrubbed::default(),
        };
        for wrong in self.backend.verify()? {
            scrub.tell(format!("the store has lost something: {wrong}"));
        }
        let mut from = keys::first();
        loop {
            let turn = self.turn();
            let page = self.backend.range(&from, &keys::last(), PAGE)?;
            let Some((last, _)) = page.last() else { break };
            from = keys::after(last);
            for row in &page {
                scrub.row(row)?;
            }
            drop(turn);
            std::thread::sleep(PAUSE);
        }
        for key in [keys::schema(), keys::sequence(), keys::clock()] {
            if scrub.found.messages > 0 && self.backend.get(&key)?.is_none() {
                scrub.tell(row::damaged(&key, "is missing").to_string());
            }
        }
        Ok(scrub.found)
    }
}

impl Scrub<'_> {
    fn tell(&mut self, wrong: String) {
        match self.found.wrong.len() < TOLD {
            true => self.found.wrong.push(wrong),
            false => self.found.more = self.found.more.saturating_add(1),
        }
    }

    fn row(&mut self, row: &Pair) -> Result<(), StoreError> {
        self.found.rows = self.found.rows.saturating_add(1);
        let looked = self.look(row);
        match looked {
            Ok(true) => Ok(()),
            Ok(false) => {
                self.tell(row::damaged(&row.0, "belongs to nothing that is there").to_string());
                Ok(())
            }
            Err(StoreError::Damaged(why)) => {
                self.tell(why);
                Ok(())
            }
            Err(fatal) => Err(fatal),
        }
    }

    /// Whether a row fits what it belongs to.
    fn look(&mut self, (key, value): &Pair) -> Result<bool, StoreError> {
        let payload = row::unwrap(key, value)?;
        let entry_at = |id: Result<EnvelopeId, StoreError>| self.ledger.entry(id?);
        let named = || row::read_id(key, value);
        match keys::kind(key).ok_or_else(|| keys::misshapen(key))? {
            Kind::Envelope(id) => self.message(&id).map(|()| true),
            Kind::Delivery(id) | Kind::Aside(id) => Ok(self.ledger.backend.get(&keys::envelope(&id))?.is_some()),
            Kind::Hop(id, n) => {
                row::parse::<Hop>(key, &payload)?;
                Ok(self.ledger.entry(id)?.is_some_and(|entry| n < entry.more_hops))
            }
            Kind::File(id, n) => Ok(self.ledger.entry(id)?.is_some_and(|entry| n < entry.files)),
            Kind::Flight(id) => {
                let flight: Flight = row::parse(key, &payload)?;
                let entry = self.ledger.entry(id)?.filter(Entry::in_flight);
                Ok(entry.is_some_and(|entry| (entry.lane, entry.place) == (flight.lane, flight.place)))
            }
            Kind::Standing => Ok(entry_at(named())?.is_some_and(|entry| entry.standing() == *key)),
            Kind::Held(place) => Ok(entry_at(named())?.is_some_and(|entry| entry.is_held() && entry.place == place)),
            Kind::Finished(at, id) => Ok(self.ledger.entry(id)?.and_then(|entry| entry.finished()) == Some(at)),
            Kind::Queued(due, lane) => self.queued(due, &lane, &row::parse(key, &payload)?),
            Kind::Next(due, destination) => {
                let queue = keys::queue(&destination);
                let first = self.ledger.backend.range(&queue, &keys::end(&queue), 1)?.pop();
                let first = first.and_then(|(key, _)| keys::queued_parts(&key));
                Ok(first.is_some_and(|(at, _)| at == due))
            }
            Kind::Source => {
                let envelope = self.ledger.envelope(named()?)?;
                Ok(envelope.is_some_and(|envelope| source_of(&envelope).as_ref() == Some(key)))
            }
            Kind::LaneOf(lane) => Ok(self.is_any(&keys::lane(&lane))? || self.is_any(&keys::past_of(&lane))?),
            Kind::Shelf | Kind::Meta => Ok(true),
        }
    }

    /// Looks for everything that a message must have.
    fn message(&mut self, id: &EnvelopeId) -> Result<(), StoreError> {
        self.found.messages = self.found.messages.saturating_add(1);
        if self.ledger.backend.get(&keys::aside(id))?.is_some() {
            self.tell(format!(
                "the message {id} was put aside as damaged; `causeway queue` lists it"
            ));
            return Ok(());
        }
        let missing = |key: &[u8]| row::damaged(key, "is missing");
        let envelope = self.ledger.envelope(*id)?.ok_or_else(|| missing(&keys::envelope(id)))?;
        let entry = self.ledger.entry(*id)?.ok_or_else(|| missing(&keys::delivery(id)))?;
        let draft = &envelope.draft;
        let lanes = [&draft.from, &draft.to].map(|party| keys::lane_of(party, &entry.lane));
        let hops = (0..entry.more_hops).map(|n| keys::hop(id, n));
        let expected = lanes
            .into_iter()
            .chain([entry.standing()])
            .chain(hops)
            .chain(source_of(&envelope))
            .chain(entry.finished().map(|at| keys::finished(at, id)))
            .chain(entry.is_held().then(|| keys::held(entry.place)))
            .chain(entry.in_flight().then(|| keys::flight(id)))
            .chain(self.places_in_queue(&entry)?);
        for key in expected {
            if self.ledger.backend.get(&key)?.is_none() {
                self.tell(missing(&key).to_string());
            }
        }
        Ok(())
    }

    /// The rows of a waiting head in the queue to its destination.
    fn places_in_queue(&self, entry: &Entry) -> Result<Vec<Vec<u8>>, StoreError> {
        let Some(due) = entry.due().filter(|_| self.leads(entry).unwrap_or(false)) else {
            return Ok(Vec::new());
        };
        let destination = Digest::destination(&entry.destination);
        let queue = keys::queue(&destination);
        let first = self.ledger.backend.range(&queue, &keys::end(&queue), 1)?.pop();
        let first = first.and_then(|(key, _)| keys::queued_parts(&key));
        let announced = keys::next(first.map_or(due, |(due, _)| due), &destination);
        Ok(vec![keys::queued(&destination, due, &entry.lane), announced])
    }

    fn queued(&self, due: Timestamp, lane: &Digest, head: &Head) -> Result<bool, StoreError> {
        let Some(entry) = self.ledger.entry(head.envelope)? else {
            return Ok(false);
        };
        Ok(entry.due() == Some(due) && entry.lane == *lane && entry.head() == *head && self.leads(&entry)?)
    }

    fn leads(&self, entry: &Entry) -> Result<bool, StoreError> {
        let lane = keys::lane(&entry.lane);
        let first = self.ledger.backend.range(&lane, &keys::end(&lane), 1)?.pop();
        Ok(first.and_then(|(key, _)| keys::place_in(&key)) == Some(entry.place))
    }

    fn is_any(&self, prefix: &[u8]) -> Result<bool, StoreError> {
        Ok(!self.ledger.backend.range(prefix, &keys::end(prefix), 1)?.is_empty())
    }
}

/// The key under which the id that its side gave a message is found.
fn source_of(Envelope { draft, .. }: &Envelope) -> Option<Vec<u8>> {
    let source = draft.source.as_ref()?;
    Some(keys::source(source, &Digest::lane(&draft.from, &draft.to)))
}
