//! Backups: all rows of a ledger in one file, taken while the ledger works.
//!
//! The copy goes through the rows page by page, in turn with the commits. What a commit changes in the part that is
//! already copied is appended behind it. So whoever reads the file from its beginning to its end, the last word about
//! a row being the one that counts, has the rows exactly as they were when the copy ended. No commit waits longer than
//! a page takes.

mod file;

use crate::backend::{Backend, Write};
use crate::error::StoreError;
use crate::keys::{self, Key};
use crate::ledger::Ledger;
use causeway_core::clock::Timestamp;
use file::{Reader, Word, Writer};
use std::path::Path;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

pub use file::Header;

/// How many rows are copied in one turn.
const PAGE: usize = 256;
/// The time between two turns, in which commits come first.
const PAUSE: Duration = Duration::from_millis(1);

/// A backup that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// How many rows and changes of rows it has.
    pub rows: u64,
    /// Its size in bytes.
    pub bytes: u64,
}

/// A copy that is being taken.
pub(crate) struct Copying {
    file: Writer,
    /// The rows below this key are in the file.
    upto: Key,
    /// Why the file is worth nothing: no commit fails because of that.
    failed: Option<StoreError>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Ledger {
    /// Writes all rows into `file`, which is replaced only when the whole copy is on the disk. Blocks for as long as
    /// that takes; commits go on meanwhile.
    pub fn backup(&self, file: &Path, now: Timestamp) -> Result<Copied, StoreError> {
        self.begin_copy(file, now)?;
        let copied = self.copy_all();
        let copying = self.copying().take();
        copied?;
        match copying {
            Some(Copying { failed: Some(e), .. }) => Err(e),
            Some(copying) => copying.file.finish(),
            None => Err(busy()),
        }
    }

    fn begin_copy(&self, file: &Path, now: Timestamp) -> Result<(), StoreError> {
        let mut copying = self.copying();
        if copying.is_some() {
            return Err(busy());
        }
        *copying = Some(Copying {
            file: Writer::begin(file, now)?,
            upto: keys::first(),
            failed: None,
        });
        Ok(())
    }

    fn copy_all(&self) -> Result<(), StoreError> {
        loop {
            let turn = self.turn();
            let more = match self.copying().as_mut() {
                Some(copying) => copying.page(self.backend.as_ref())?,
                None => false,
            };
            drop(turn);
            if !more {
                return Ok(());
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// The copy that is being taken learns what a commit changed.
    pub(crate) fn tell_copy(&self, writes: &[Write]) {
        if let Some(copying) = self.copying().as_mut() {
            copying.follow(writes);
        }
    }

    fn copying(&self) -> MutexGuard<'_, Option<Copying>> {
        self.copying.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Copying {
    /// Copies the next page; whether there is more.
    fn page(&mut self, backend: &dyn Backend) -> Result<bool, StoreError> {
        let page = backend.range(&self.upto, &keys::last(), PAGE)?;
        for (key, value) in &page {
            self.file.put(key, value)?;
        }
        self.upto = page.last().map_or_else(keys::last, |(key, _)| keys::after(key));
        Ok(!page.is_empty() && self.failed.is_none())
    }

    fn follow(&mut self, writes: &[Write]) {
        let behind = writes.iter().filter(|(key, _)| *key < self.upto);
        let mut words = behind.map(|(key, value)| match value {
            Some(value) => self.file.put(key, value),
            None => self.file.delete(key),
        });
        if self.failed.is_none() {
            self.failed = words.find_map(Result::err);
        }
    }
}

/// Reads the whole of a backup into an empty backend, and says when it was taken. Nothing can be said of what is in the
/// backend after an error.
pub(crate) fn load(file: &Path, into: &dyn Backend) -> Result<Header, StoreError> {
    let mut reader = Reader::open(file)?;
    let mut batch = std::collections::BTreeMap::new();
    while let Word::Row(key, value) = reader.next()? {
        batch.insert(key, value);
        if batch.len() >= PAGE {
            into.commit(&std::mem::take(&mut batch).into_iter().collect::<Vec<_>>())?;
        }
    }
    into.commit(&batch.into_iter().collect::<Vec<_>>())?;
    Ok(reader.header)
}

/// When a backup was taken, if `file` begins like one; the rest of it is not looked at.
pub fn header(file: &Path) -> Result<Header, StoreError> {
    Ok(Reader::open(file)?.header)
}

fn busy() -> StoreError {
    StoreError::Backup("another one is being written at this moment".to_owned())
}

#[cfg(test)]
mod tests;
