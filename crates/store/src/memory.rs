//! Rows in memory, for tests and simulations: a crash loses exactly what was not flushed.

use crate::backend::{Backend, Pair, Write};
use crate::error::StoreError;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A store in memory. Clones share their rows, so that a test can crash the store and open it again.
#[derive(Debug, Clone, Default)]
pub struct MemoryBackend {
    rows: Arc<Mutex<Rows>>,
}

/// What readers see, and how to get back to what was flushed.
#[derive(Debug, Default)]
struct Rows {
    seen: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The flushed value of each row that changed since; `None` where there was no row.
    flushed: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl MemoryBackend {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Loses everything that was committed and not flushed, as a power cut would.
    pub fn crash(&self) {
        let mut rows = self.rows();
        for (key, value) in std::mem::take(&mut rows.flushed) {
            rows.put(key, value);
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows().seen.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows().seen.is_empty()
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rows {
    /// Puts or takes away a row; returns what was there.
    fn put(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) -> Option<Vec<u8>> {
        match value {
            Some(value) => self.seen.insert(key, value),
            None => self.seen.remove(&key),
        }
    }
}

impl Backend for MemoryBackend {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.rows().seen.get(key).cloned())
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let rows = self.rows();
        let found = rows.seen.range::<[u8], _>((Bound::Included(from), Bound::Excluded(to)));
        Ok(found
            .take(limit)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect())
    }

    fn commit(&self, batch: &[Write]) -> Result<(), StoreError> {
        let mut rows = self.rows();
        for (key, value) in batch {
            let before = rows.put(key.clone(), value.clone());
            rows.flushed.entry(key.clone()).or_insert(before);
        }
        Ok(())
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.rows().flushed.clear();
        Ok(())
    }
}
