//! Long values in pieces. sled puts a page that is larger than 128 KiB into a file of its own, which it never syncs, and
//! a page holds up to about twenty rows; so no row may be longer than a piece.
//!
//! A value begins with a byte that says whether it stands there or is kept in pieces. Pieces stand under keys that no
//! row of the ledger has, and a tag in them tells the pieces of one value from those of the next under the same key.

use crate::backend::{Pair, Write};
use ::sled::{Batch, Error, Tree};

/// The longest piece in bytes.
const PIECE: usize = 4096;
/// The value follows.
const WHOLE: u8 = 0;
/// The tag and the number of pieces follow.
const PIECES: u8 = 1;
/// What the keys of pieces begin with.
const SPACE: u8 = 0xff;
/// The key of the number of batches; no piece has it.
const COUNT: &[u8] = &[SPACE];
/// How often a value is read again that changed under the reader's eyes.
const READS: usize = 1_000;

/// Where the pieces of a value are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Split {
    tag: u32,
    count: u32,
}

// ---------------------------------------------------------------------------------------------------------------------

/// The value under `key`.
pub(super) fn get(tree: &Tree, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    for _ in 0..READS {
        let Some(stored) = tree.get(key)? else { return Ok(None) };
        if let Some(value) = whole(tree, key, &stored)? {
            return Ok(Some(value));
        }
    }
    // A piece is missing for good. What is left lets the row's own checksum fail.
    Ok(Some(Vec::new()))
}

/// The rows between two keys.
pub(super) fn range(tree: &Tree, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Pair>, Error> {
    let mut found = Vec::new();
    for row in tree.range(from..to).take(limit) {
        let (key, stored) = row?;
        let value = match whole(tree, &key, &stored)? {
            Some(value) => Some(value),
            None => get(tree, &key)?,
        };
        found.extend(value.map(|value| (key.to_vec(), value)));
    }
    Ok(found)
}

/// How many batches were written.
pub(super) fn count(tree: &Tree) -> Result<u64, Error> {
    let stored = tree.get(COUNT)?;
    let number = stored.and_then(|stored| stored.first_chunk::<8>().copied());
    Ok(number.map_or(0, u64::from_be_bytes))
}

/// Writes all of a batch or nothing, and counts it. What stands there already costs nothing.
pub(super) fn apply(tree: &Tree, writes: &[Write], count: u64) -> Result<(), Error> {
    let mut batch = Batch::default();
    batch.insert(COUNT, &count.to_be_bytes());
    for (key, value) in writes {
        let stored = tree.get(key)?;
        if let Some(old) = stored.as_deref().and_then(Split::of) {
            (0..old.count).for_each(|n| batch.remove(old.key(key, n)));
        }
        match value {
            Some(value) if value.len() > PIECE => put_pieces(&mut batch, key, value),
            Some(value) => {
                let value = [&[WHOLE], value.as_slice()].concat();
                if stored.is_none_or(|stored| stored != value) {
                    batch.insert(key.as_slice(), value);
                }
            }
            None if stored.is_some() => batch.remove(key.as_slice()),
            None => {}
        }
    }
    tree.apply_batch(batch)
}

fn put_pieces(batch: &mut Batch, key: &[u8], value: &[u8]) {
    let count = u32::try_from(value.len().div_ceil(PIECE)).unwrap_or(u32::MAX);
    let split = Split {
        tag: crc32fast::hash(value),
        count,
    };
    for (n, piece) in (0..count).zip(value.chunks(PIECE)) {
        batch.insert(split.key(key, n), piece);
    }
    batch.insert(
        key,
        [&[PIECES][..], &split.tag.to_be_bytes(), &count.to_be_bytes()].concat(),
    );
}

/// The value that is stored whole or in pieces; `None` when a piece is not there.
fn whole(tree: &Tree, key: &[u8], stored: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let Some(split) = Split::of(stored) else {
        return Ok(Some(stored.strip_prefix(&[WHOLE]).unwrap_or_default().to_vec()));
    };
    let mut value = Vec::new();
    for n in 0..split.count {
        match tree.get(split.key(key, n))? {
            Some(piece) => value.extend_from_slice(&piece),
            None => return Ok(None),
        }
    }
    Ok(Some(value))
}

impl Split {
    fn of(stored: &[u8]) -> Option<Self> {
        let (tag, count) = stored.strip_prefix(&[PIECES])?.split_first_chunk::<4>()?;
        let (count, _) = count.split_first_chunk::<4>()?;
        Some(Self {
            tag: u32::from_be_bytes(*tag),
            count: u32::from_be_bytes(*count),
        })
    }

    fn key(self, key: &[u8], n: u32) -> Vec<u8> {
        [&[SPACE], key, &self.tag.to_be_bytes(), &n.to_be_bytes()].concat()
    }
}
