//! Looking things up: envelopes, deliveries, their hops, what waits, what was said when.

use crate::backend::Pair;
use crate::error::StoreError;
use crate::keys::{self, Digest};
use crate::ledger::Ledger;
use crate::ledger::entry::Entry;
use crate::row;
use causeway_core::address::Party;
use causeway_core::delivery::Delivery;
use causeway_core::envelope::{Envelope, EnvelopeId};
use causeway_core::hop::Hop;
use causeway_core::message::MessageRef;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// How many rows are read at once.
const PAGE: usize = 256;
/// How many envelopes with one foreign id are found at most.
const FOUND_MAX: usize = 100;

// ---------------------------------------------------------------------------------------------------------------------

impl Ledger {
    /// The envelope with this id, while it is kept.
    pub fn envelope(&self, id: EnvelopeId) -> Result<Option<Envelope>, StoreError> {
        self.read(&keys::envelope(&id))
    }

    /// The delivery of the envelope with this id.
    pub fn delivery(&self, id: EnvelopeId) -> Result<Option<Delivery>, StoreError> {
        Ok(self.entry(id)?.map(|entry| entry.delivery))
    }

    /// The way of an envelope: the steps that it had behind it on arrival, then what the gateway learnt, in the order in
    /// which it learnt it. Damaged rows are left out and noted in [`Ledger::damage`].
    pub fn hops(&self, id: EnvelopeId) -> Result<Vec<Hop>, StoreError> {
        let way = self.noted(self.envelope(id))?.map(|envelope| envelope.draft.way);
        let first = self.noted(self.entry(id))?.map(|entry| entry.hops);
        let prefix = keys::hops(&id);
        let rows = self.backend.range(&prefix, &keys::end(&prefix), usize::MAX)?;
        let more = rows
            .iter()
            .filter_map(|(key, value)| self.noted(row::read(key, value).map(Some)).transpose());
        let more = more.collect::<Result<Vec<Hop>, _>>()?;
        Ok(way.into_iter().chain(first).flatten().chain(more).collect())
    }

    /// The latest envelope under an id in a side's own words from each sender to each recipient, at most a hundred.
    pub fn find(&self, source: &MessageRef) -> Result<Vec<EnvelopeId>, StoreError> {
        let prefix = keys::sources(source);
        let rows = self.backend.range(&prefix, &keys::end(&prefix), FOUND_MAX)?;
        let read = rows
            .iter()
            .filter_map(|(key, value)| self.noted(row::read_id(key, value).map(Some)).transpose());
        read.collect()
    }

    /// What a party said or was told, the latest first, at most `limit`; only to and from `with` where that is given.
    /// This reads over all that waits in its lanes.
    pub fn history(&self, party: &Party, with: Option<&Party>, limit: usize) -> Result<Vec<EnvelopeId>, StoreError> {
        let lanes = match with {
            Some(with) => vec![Digest::lane(party, with), Digest::lane(with, party)],
            None => self.lanes_of(party)?,
        };
        let mut latest = BTreeMap::new();
        for lane in &lanes {
            let past = keys::past_of(lane);
            let past = self.backend.range(&past, &keys::end(&past), limit)?.into_iter();
            latest.extend(past.filter_map(|row| Some((keys::past_in(&row.0)?, row))));
            self.each(&keys::lane(lane), &mut |row| {
                latest.extend(keys::place_in(&row.0).map(|place| (place, row)));
                shorten(&mut latest, limit);
                Ok(true)
            })?;
            shorten(&mut latest, limit);
        }
        let read = latest.values().rev();
        read.filter_map(|(key, value)| self.noted(row::read_id(key, value).map(Some)).transpose())
            .collect()
    }

    fn lanes_of(&self, party: &Party) -> Result<Vec<Digest>, StoreError> {
        let mut lanes = Vec::new();
        self.each(&keys::lanes_of(party), &mut |(key, _)| {
            lanes.extend(keys::lane_in(&key));
            Ok(true)
        })?;
        Ok(lanes)
    }

    /// The deliveries that are not over, at most `limit`: those held for an admin first, then what waits or is in flight,
    /// lane by lane. Damaged ones are left out and noted in [`Ledger::damage`].
    pub fn waiting(&self, limit: usize) -> Result<Vec<(Envelope, Delivery)>, StoreError> {
        let mut found = Vec::new();
        for all in [keys::helds(), keys::lanes()] {
            self.each(&all, &mut |(key, value)| {
                if found.len() < limit {
                    found.extend(self.noted(self.unfinished(&key, &value))?);
                }
                Ok(found.len() < limit)
            })?;
        }
        Ok(found)
    }

    /// The ids of what [`Ledger::waiting`] lists, and of those put aside that nobody has cancelled, at most `limit`; it
    /// reads neither envelopes nor deliveries.
    pub fn waiting_ids(&self, limit: usize) -> Result<Vec<EnvelopeId>, StoreError> {
        let mut found = Vec::new();
        for all in [keys::helds(), keys::asides(), keys::lanes()] {
            self.each(&all, &mut |(key, value)| {
                let id = match key.starts_with(&keys::asides()) {
                    true => keys::id_in(&key),
                    false => self.noted(row::read_id(&key, &value).map(Some))?,
                };
                found.extend(id.filter(|_| found.len() < limit));
                Ok(found.len() < limit)
            })?;
        }
        Ok(found)
    }

    /// Shows the rows that begin with `prefix` one by one, until `see` has seen enough.
    fn each(&self, prefix: &[u8], see: &mut dyn FnMut(Pair) -> Result<bool, StoreError>) -> Result<(), StoreError> {
        let (mut from, end) = (prefix.to_vec(), keys::end(prefix));
        loop {
            let page = self.backend.range(&from, &end, PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            from = keys::after(last);
            for row in page {
                if !see(row)? {
                    return Ok(());
                }
            }
        }
    }

    fn unfinished(&self, key: &[u8], value: &[u8]) -> Result<Option<(Envelope, Delivery)>, StoreError> {
        let id = row::read_id(key, value)?;
        Ok(self.envelope(id)?.zip(self.delivery(id)?))
    }

    /// The entry of a delivery.
    pub(crate) fn entry(&self, id: EnvelopeId) -> Result<Option<Entry>, StoreError> {
        Entry::read(&id, &|key| self.backend.get(key))
    }

    /// Reads one row.
    pub(crate) fn read<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        self.backend.get(key)?.map(|value| row::read(key, &value)).transpose()
    }

    /// What a read gave, or nothing when the row is damaged: then it is noted.
    fn noted<T>(&self, read: Result<Option<T>, StoreError>) -> Result<Option<T>, StoreError> {
        match read {
            Err(damage @ StoreError::Damaged(_)) => {
                self.note_damage(&damage);
                Ok(None)
            }
            other => other,
        }
    }
}

/// Leaves the `limit` rows with the largest places.
fn shorten(latest: &mut BTreeMap<u64, Pair>, limit: usize) {
    while latest.len() > limit {
        latest.pop_first();
    }
}
