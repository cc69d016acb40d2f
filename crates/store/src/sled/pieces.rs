//! Long values in pieces. sled puts a page that is larger than 128 KiB into a file of its own, which it never syncs, and
//! a page holds up to about twenty rows; so no row may be longer than a piece.
//!
//! A value begins with a byte that says whether it stands there or is kept in pieces. Pieces stand under keys that no
//! row of the ledger has, and a tag in them tells the pieces of one value from those of the next under the same key.

use crate::backend::{Pair, Write};
use crate::sled::tally::{Books, Tally};
use ::sled::{Batch, Error, Tree};

/// The longest piece in bytes.
const PIECE: usize = 4096;
/// The value follows.
const WHOLE: u8 = 0;
/// The tag and the number of pieces follow.
const PIECES: u8 = 1;
/// What the keys of pieces begin with.
const SPACE: u8 = 0xff;
/// The key of the [`Tally`]; no piece has it.
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

/// A row as it is stored.
pub(super) struct Stored {
    pub(super) key: Vec<u8>,
    pub(super) stored: Vec<u8>,
    /// Whether all pieces of its value are there.
    pub(super) is_whole: bool,
}

/// At most `limit` rows between two keys as they are stored.
pub(super) fn page(tree: &Tree, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Stored>, Error> {
    let rows = tree.range(from..to).take(limit);
    let read = rows.map(|row| {
        let (key, stored) = row?;
        let is_whole = match Split::of(&stored) {
            Some(split) => whole(tree, &key, &stored)?.is_some_and(|value| crc32fast::hash(&value) == split.tag),
            None => true,
        };
        Ok(Stored {
            key: key.to_vec(),
            stored: stored.to_vec(),
            is_whole,
        })
    });
    read.collect()
}

/// Puts rows as another tree had them.
pub(super) fn put_stored(tree: &Tree, rows: &[Pair]) -> Result<(), Error> {
    let mut batch = Batch::default();
    rows.iter()
        .for_each(|(key, stored)| batch.insert(key.as_slice(), stored.as_slice()));
    tree.apply_batch(batch)
}

/// How many batches and rows were written.
pub(super) fn tally(tree: &Tree) -> Result<Tally, Error> {
    Ok(Tally::read(tree.get(COUNT)?.as_deref()))
}

/// Writes all of a batch or nothing, and counts it. What stands there already costs nothing.
pub(super) fn apply(tree: &Tree, writes: &[Write], books: &mut Books) -> Result<(), Error> {
    let mut batch = Batch::default();
    for (key, value) in writes {
        let before = tree.get(key)?;
        if let Some(old) = before.as_deref().and_then(Split::of) {
            (0..old.count).for_each(|n| batch.remove(old.key(key, n)));
        }
        let after = value.as_ref().map(|value| match value.len() > PIECE {
            true => put_pieces(&mut batch, key, value),
            false => [&[WHOLE], value.as_slice()].concat(),
        });
        if before.as_deref() == after.as_deref() {
            continue;
        }
        books.change(key, before.as_deref(), after.as_deref());
        match after {
            Some(after) => batch.insert(key.as_slice(), after),
            None => batch.remove(key.as_slice()),
        }
    }
    books.tally.batches = books.tally.batches.saturating_add(1);
    batch.insert(COUNT, books.tally.stored());
    tree.apply_batch(batch)
}

/// Puts the pieces of a long value; what stands in its place.
fn put_pieces(batch: &mut Batch, key: &[u8], value: &[u8]) -> Vec<u8> {
    let count = u32::try_from(value.len().div_ceil(PIECE)).unwrap_or(u32::MAX);
    let split = Split {
        tag: crc32fast::hash(value),
        count,
    };
    for (n, piece) in (0..count).zip(value.chunks(PIECE)) {
        batch.insert(split.key(key, n), piece);
    }
    [&[PIECES][..], &split.tag.to_be_bytes(), &count.to_be_bytes()].concat()
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
