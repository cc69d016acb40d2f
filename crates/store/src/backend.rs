//! The seam between the ledger and whatever keeps its bytes: four methods, and one that looks whether the other four can be believed.

use crate::error::StoreError;
use std::sync::Arc;

/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// A key and what to do with it: put a value, or take the row away.
pub type Write = (Vec<u8>, Option<Vec<u8>>);

/// Keeps rows in the order of their keys.
pub trait Backend: Send + Sync {
    /// The value under `key`.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// At most `limit` rows from `from` (inclusive) to `to` (exclusive), ascending.
    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError>;

    /// Writes all of `batch`, which has each key once, or nothing of it, also across a crash. Readers see it at once, a crash may undo it until
    /// [`Backend::flush`] has returned.
    fn commit(&self, batch: &[Write]) -> Result<(), StoreError>;

    /// Returns when everything that was committed before will survive a power cut. After an error the backend refuses
    /// all further work, because nobody knows what the disk holds.
    fn flush(&self) -> Result<(), StoreError>;

    /// Sentences about what was written and is not there any more, or not as it was written; commits go on meanwhile. A
    /// backend that cannot lose anything has nothing to say.
    fn verify(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }
}

// ---------------------------------------------------------------------------------------------------------------------

/// A backend that somebody else looks at too, for example to see how much room it has.
impl<B: Backend + ?Sized> Backend for Arc<B> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        (**self).get(key)
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        (**self).range(from, to, limit)
    }

    fn commit(&self, batch: &[Write]) -> Result<(), StoreError> {
        (**self).commit(batch)
    }

    fn flush(&self) -> Result<(), StoreError> {
        (**self).flush()
    }

    fn verify(&self) -> Result<Vec<String>, StoreError> {
        (**self).verify()
    }
}
