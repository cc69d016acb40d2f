//! Looking things up: envelopes, deliveries, their hops, what waits, what was said when.

use crate::error::StoreError;
use crate::keys::{self, Digest};
use crate::ledger::Ledger;
use crate::ledger::batch::Batch;
use crate::ledger::entry::{Entry, Told};
use crate::row;
use causeway_core::address::Party;
use causeway_core::delivery::Delivery;
use causeway_core::envelope::{Envelope, EnvelopeId};
use causeway_core::hop::Hop;
use causeway_core::message::MessageRef;
use serde::de::DeserializeOwned;

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
        Ok(self.read::<Entry>(&keys::delivery(&id))?.map(|entry| entry.delivery))
    }

    /// The way of an envelope: the steps that it had behind it on arrival, then what the gateway learnt, in the order in
    /// which it learnt it. Damaged rows are left out and noted in [`Ledger::damage`].
    pub fn hops(&self, id: EnvelopeId) -> Result<Vec<Hop>, StoreError> {
        let way = self.noted(self.envelope(id))?.map(|envelope| envelope.draft.way);
        let prefix = keys::hops(&id);
        let rows = self.backend.range(&prefix, &keys::end(&prefix), usize::MAX)?;
        let own = rows
            .iter()
            .filter_map(|(key, value)| self.noted(row::read(key, value).map(Some)).transpose());
        let own = own.collect::<Result<Vec<Hop>, _>>()?;
        Ok(way.into_iter().flatten().chain(own).collect())
    }

    /// The latest envelope under an id in a side's own words from each sender to each recipient, at most a hundred.
    pub fn find(&self, source: &MessageRef) -> Result<Vec<EnvelopeId>, StoreError> {
        let prefix = keys::sources(source);
        let rows = self.backend.range(&prefix, &keys::end(&prefix), FOUND_MAX)?;
        let read = rows
            .iter()
            .filter_map(|(key, value)| self.noted(row::read(key, value).map(Some)).transpose());
        read.collect()
    }

    /// What a party said or was told, the latest first, at most `limit`; only to and from `with` where that is given,
    /// which reads over what was said with others.
    pub fn history(&self, party: &Party, with: Option<&Party>, limit: usize) -> Result<Vec<EnvelopeId>, StoreError> {
        let with = with.map(Digest::party);
        let all = keys::history(party);
        let (mut from, end, mut found) = (all.clone(), keys::end(&all), Vec::new());
        while found.len() < limit {
            let page = self.backend.range(&from, &end, PAGE.min(limit))?;
            let Some((last, _)) = page.last() else { break };
            from = keys::after(last);
            for (key, value) in &page {
                let told = self.noted(row::read::<Told>(key, value).map(Some))?;
                found.extend(
                    told.filter(|told| with.is_none_or(|with| told.with == with))
                        .map(|told| told.envelope),
                );
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    /// The deliveries that are not over, waiting, in flight or held, in the order of their coming, at most `limit`;
    /// those behind the delivery `after` only. Damaged ones are left out and noted in [`Ledger::damage`].
    pub fn waiting(&self, after: Option<EnvelopeId>, limit: usize) -> Result<Vec<(Envelope, Delivery)>, StoreError> {
        let (mut from, end) = (self.opens_after(after)?, keys::end(&keys::opens()));
        let mut found = Vec::new();
        while found.len() < limit {
            let page = self
                .backend
                .range(&from, &end, PAGE.min(limit.saturating_sub(found.len())))?;
            let Some((last, _)) = page.last() else { break };
            from = keys::after(last);
            for (key, value) in &page {
                found.extend(self.noted(self.unfinished(key, value))?);
            }
        }
        Ok(found)
    }

    /// The ids of what [`Ledger::waiting`] lists, and of those put aside that nobody has cancelled, at most `limit`; it
    /// reads neither envelopes nor deliveries.
    pub fn waiting_ids(&self, after: Option<EnvelopeId>, limit: usize) -> Result<Vec<EnvelopeId>, StoreError> {
        let (mut from, end) = (self.opens_after(after)?, keys::end(&keys::opens()));
        let mut found = Vec::new();
        while found.len() < limit {
            let wanted = PAGE.min(limit.saturating_sub(found.len()));
            let page = self.backend.range(&from, &end, wanted)?;
            let Some((last, _)) = page.last() else { break };
            from = keys::after(last);
            for (key, value) in &page {
                found.extend(self.noted(row::read::<EnvelopeId>(key, value).map(Some))?);
            }
        }
        Ok(found)
    }

    /// Where the deliveries behind `after` begin. One that is forgotten lies before all that are not.
    fn opens_after(&self, after: Option<EnvelopeId>) -> Result<Vec<u8>, StoreError> {
        let Some(id) = after else { return Ok(keys::opens()) };
        let open = match self.read::<Entry>(&keys::delivery(&id)) {
            Ok(entry) => entry.map(|entry| keys::open(entry.order)),
            Err(StoreError::Damaged(_)) => Batch::new(self.backend.as_ref()).open_of(&id)?,
            Err(fatal) => return Err(fatal),
        };
        Ok(open.map_or_else(keys::opens, |open| keys::after(&open)))
    }

    fn unfinished(&self, key: &[u8], value: &[u8]) -> Result<Option<(Envelope, Delivery)>, StoreError> {
        let id: EnvelopeId = row::read(key, value)?;
        Ok(self.envelope(id)?.zip(self.delivery(id)?))
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
