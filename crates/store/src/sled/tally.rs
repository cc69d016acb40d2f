//! What sled must hold, added up as it is written.
//!
//! sled can lose a page without a word: a flipped bit in the older part of its log makes it skip what follows in the same
//! segment. So each batch brings a row up to date that has the number of batches, the number of rows, and the sum of the
//! checksums of all rows; one that is lost, or shown as it was before, makes the sum wrong.

use crate::keys::{self, Key};

/// The sums over some rows as they are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sums {
    pub(super) rows: u64,
    sum: u64,
}

/// The row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    /// How many batches were written.
    pub(super) batches: u64,
    /// All rows; `None` where the store is from before they were added up.
    pub(super) sums: Option<Sums>,
}

/// A walk over all rows, which commits keep in step with.
#[derive(Debug)]
pub(super) struct Walk {
    /// The sums of the rows below `upto`.
    pub(super) seen: Sums,
    pub(super) upto: Key,
}

/// What commits bring up to date.
#[derive(Debug, Default)]
pub(super) struct Books {
    pub(super) tally: Tally,
    pub(super) walk: Option<Walk>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Sums {
    /// One row more.
    pub(super) fn add(&mut self, key: &[u8], stored: &[u8]) {
        self.rows = self.rows.wrapping_add(1);
        self.sum = self.sum.wrapping_add(checksum(key, stored));
    }

    fn change(&mut self, key: &[u8], before: Option<&[u8]>, after: Option<&[u8]>) {
        if let Some(stored) = before {
            self.rows = self.rows.wrapping_sub(1);
            self.sum = self.sum.wrapping_sub(checksum(key, stored));
        }
        if let Some(stored) = after {
            self.add(key, stored);
        }
    }
}

impl Tally {
    /// Reads the row; no batches where it is not there.
    pub(super) fn read(stored: Option<&[u8]>) -> Self {
        let Some((batches, sums)) = stored.and_then(|stored| stored.split_first_chunk::<8>()) else {
            return Self::default();
        };
        let sums = sums.split_first_chunk::<8>().and_then(|(rows, sum)| {
            Some(Sums {
                rows: u64::from_be_bytes(*rows),
                sum: u64::from_be_bytes(*sum.first_chunk::<8>()?),
            })
        });
        Self {
            batches: u64::from_be_bytes(*batches),
            sums,
        }
    }

    /// Writes the row.
    pub(super) fn stored(&self) -> Vec<u8> {
        let sums = self.sums.map(|sums| [sums.rows, sums.sum]);
        let numbers = [self.batches].into_iter().chain(sums.into_iter().flatten());
        numbers.flat_map(u64::to_be_bytes).collect()
    }
}

impl Default for Walk {
    fn default() -> Self {
        Self {
            seen: Sums::default(),
            upto: keys::first(),
        }
    }
}

impl Books {
    /// A row changes.
    pub(super) fn change(&mut self, key: &[u8], before: Option<&[u8]>, after: Option<&[u8]>) {
        if let Some(sums) = &mut self.tally.sums {
            sums.change(key, before, after);
        }
        if let Some(walk) = self.walk.as_mut().filter(|walk| key < walk.upto.as_slice()) {
            walk.seen.change(key, before, after);
        }
    }
}

fn checksum(key: &[u8], stored: &[u8]) -> u64 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&(key.len() as u64).to_be_bytes());
    sum.update(key);
    sum.update(stored);
    sum.finalize().into()
}
