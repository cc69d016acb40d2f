//! What one commit will write, readable while it grows: later changes of a group see the earlier ones.

use crate::backend::{Backend, Pair, Write};
use crate::error::StoreError;
use crate::keys::{self, Digest, Key};
use crate::row;
use causeway_core::envelope::EnvelopeId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};

/// How many rows are read at once when the first ones were taken away in the same batch.
const PAGE: usize = 64;

/// The writes of one commit over the rows of the backend.
pub(crate) struct Batch<'a> {
    backend: &'a dyn Backend,
    writes: BTreeMap<Key, Option<Vec<u8>>>,
    /// The counter after the numbers that this batch took.
    counter: Option<u64>,
    /// The destinations whose queue this batch touched.
    queues: BTreeSet<Digest>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl<'a> Batch<'a> {
    /// An empty batch.
    pub(crate) fn new(backend: &'a dyn Backend) -> Self {
        Self {
            backend,
            writes: BTreeMap::new(),
            counter: None,
            queues: BTreeSet::new(),
        }
    }

    /// Whether nothing would be written.
    pub(crate) fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// The wrapped value under `key`.
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.writes.get(key) {
            Some(written) => Ok(written.clone()),
            None => self.backend.get(key),
        }
    }

    /// What is under `key`.
    pub(crate) fn read<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        self.get(key)?.map(|value| row::read(key, &value)).transpose()
    }

    /// The id under `key`.
    pub(crate) fn read_id(&self, key: &[u8]) -> Result<Option<EnvelopeId>, StoreError> {
        self.get(key)?.map(|value| row::read_id(key, &value)).transpose()
    }

    /// Puts something under `key`.
    pub(crate) fn write<T: Serialize>(&mut self, key: Key, value: &T) -> Result<(), StoreError> {
        let value = row::write(&key, value)?;
        self.writes.insert(key, Some(value));
        Ok(())
    }

    /// Puts bytes under `key`.
    pub(crate) fn put(&mut self, key: Key, payload: &[u8]) {
        let value = row::wrap(&key, payload);
        self.writes.insert(key, Some(value));
    }

    /// Puts an id under `key`.
    pub(crate) fn put_id(&mut self, key: Key, id: &EnvelopeId) {
        self.put(key, id.as_bytes());
    }

    /// Takes the row away.
    pub(crate) fn delete(&mut self, key: Key) {
        self.writes.insert(key, None);
    }

    /// Says that the queue to a destination changes, so that its earliest due time is put right at the end.
    pub(crate) fn touch(&mut self, destination: Digest) {
        self.queues.insert(destination);
    }

    /// The next number of the store's one counter: order never comes from a clock.
    pub(crate) fn number(&mut self) -> Result<u64, StoreError> {
        let number = match self.counter {
            Some(number) => number,
            None => self.read(&keys::sequence())?.unwrap_or(1),
        };
        self.counter = Some(number.saturating_add(1));
        Ok(number)
    }

    /// The first row that begins with `prefix`.
    pub(crate) fn first(&self, prefix: &[u8]) -> Result<Option<Pair>, StoreError> {
        Ok(self.range(prefix, &keys::end(prefix), 1)?.pop())
    }

    /// At most `limit` rows from `from` (inclusive) to `to` (exclusive), ascending.
    pub(crate) fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        let (mut found, mut from, mut page) = (Vec::new(), from.to_vec(), limit);
        while from.as_slice() < to && found.len() < limit {
            let rows = self.backend.range(&from, to, page)?;
            let upper = match rows.last() {
                Some((key, _)) if rows.len() >= page => keys::after(key),
                _ => to.to_vec(),
            };
            found.extend(self.overlaid(rows, &from, &upper, limit.saturating_sub(found.len())));
            (from, page) = (upper, PAGE.max(limit));
        }
        Ok(found)
    }

    /// The rows of the backend between two keys with this batch's writes laid over them.
    fn overlaid(&self, rows: Vec<Pair>, from: &[u8], to: &[u8], limit: usize) -> Vec<Pair> {
        let mut over = self.writes.range(from.to_vec()..to.to_vec()).peekable();
        if over.peek().is_none() {
            return rows.into_iter().take(limit).collect();
        }
        let mut merged: BTreeMap<Key, Vec<u8>> = rows
            .into_iter()
            .filter(|(key, _)| !self.writes.contains_key(key))
            .take(limit)
            .collect();
        let written = over.filter_map(|(key, value)| Some((key.clone(), value.clone()?)));
        merged.extend(written.take(limit));
        merged.into_iter().take(limit).collect()
    }

    /// The finished list of writes.
    pub(crate) fn finish(mut self) -> Result<Vec<Write>, StoreError> {
        for destination in std::mem::take(&mut self.queues) {
            self.put_next(&destination)?;
        }
        if let Some(counter) = self.counter {
            self.write(keys::sequence(), &counter)?;
        }
        Ok(self.writes.into_iter().collect())
    }

    /// Brings the earliest due time of a destination in line with its queue.
    fn put_next(&mut self, destination: &Digest) -> Result<(), StoreError> {
        let queue = keys::queue(destination);
        let due = |row: Option<&Pair>| row.and_then(|(key, _)| keys::queued_parts(key)).map(|(due, _)| due);
        let before = due(self.backend.range(&queue, &keys::end(&queue), 1)?.first());
        let after = due(self.first(&queue)?.as_ref());
        if let Some(before) = before.filter(|_| before != after) {
            self.delete(keys::next(before, destination));
        }
        if let Some(after) = after.filter(|_| before != after) {
            self.put(keys::next(after, destination), &[]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryBackend;
    use proptest::prelude::*;

    fn key(n: u8) -> Key {
        vec![b'k', n]
    }

    proptest! {
        #[test]
        fn a_batch_reads_as_if_it_were_written(
            stored in proptest::collection::btree_set(0u8..40, 0..40),
            writes in proptest::collection::vec((0u8..40, any::<bool>()), 0..40),
            limit in 1usize..50,
            from in 0u8..40,
        ) {
            let backend = MemoryBackend::new();
            for n in &stored {
                backend.commit(&[(key(*n), Some(row::wrap(&key(*n), b"old")))]).unwrap();
            }
            let mut batch = Batch::new(&backend);
            for (n, put) in writes {
                if put { batch.put(key(n), b"new") } else { batch.delete(key(n)) }
            }
            let (from, to) = (key(from), key(40));
            let seen = batch.range(&from, &to, limit).unwrap();
            let writes = batch.finish().unwrap();
            backend.commit(&writes).unwrap();
            prop_assert_eq!(seen, backend.range(&from, &to, limit).unwrap());
        }
    }
}
