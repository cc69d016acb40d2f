//! Rows on disk, in one sled tree, with a sync that is one.
//!
//! sled 0.34's `flush` calls `sync_file_range` on Linux, which orders nothing to the disk's own cache and writes no
//! metadata. So each [`Backend::flush`] is followed by an `fdatasync` of sled's file through a descriptor of our own.
//! A failed sync is never repeated: the kernel may have dropped the pages, and a second try would lie.

pub(crate) mod files;
mod keepsake;
mod leftovers;
mod mark;
mod pieces;
pub(crate) mod salvage;
mod tally;
mod verify;

use crate::backend::{Backend, Pair, Write};
use crate::error::StoreError;
use crate::repair;
use files::Files;
use keepsake::Keepsake;
use mark::Mark;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use tally::Books;

/// A store in a directory.
pub struct SledBackend {
    /// `None` only while it is being dropped.
    tree: Option<::sled::Db>,
    files: Files,
    mark: Mark,
    /// What was written, added up.
    books: Mutex<Books>,
    /// Held by whoever looks at all rows.
    walking: Mutex<()>,
    /// Why the store must not be used any more.
    stopped: OnceLock<String>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl SledBackend {
    /// Opens the store in `dir`, which is made when it is missing, and locks it against other processes. `cache_bytes`
    /// bounds the memory for pages.
    pub fn open(dir: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        let lock = files::lock(dir)?;
        if repair::is_unfinished(dir) {
            let why = format!(
                "a repair of {} was cut short, and goes on when it is begun again",
                dir.display()
            );
            return Err(StoreError::Unreadable(why));
        }
        leftovers::remove(dir)?;
        let mut keepsake = Keepsake::take(dir)?;
        match Self::open_locked(dir, cache_bytes, lock) {
            Ok(backend) => {
                keepsake.forget()?;
                Ok(backend)
            }
            Err(refused) => {
                keepsake.put_back()?;
                Err(refused)
            }
        }
    }

    fn open_locked(dir: &Path, cache_bytes: u64, lock: File) -> Result<Self, StoreError> {
        let config = ::sled::Config::new()
            .path(dir)
            .cache_capacity(cache_bytes)
            .flush_every_ms(None);
        let opened = catch_unwind(AssertUnwindSafe(|| config.open()));
        let tree = match opened {
            Ok(Ok(tree)) => tree,
            Ok(Err(error)) => return Err(said(&format!("opening {}", dir.display()), &error)),
            Err(_) => {
                return Err(StoreError::Unreadable(format!(
                    "{} does not hold a whole store",
                    dir.display()
                )));
            }
        };
        let files = Files::of(dir, lock)?;
        // A mark says that the settings below it are durable.
        files.sync_all()?;
        let mark = Mark::of(dir)?;
        files.sync_all()?;
        let backend = Self {
            tree: Some(tree),
            files,
            mark,
            books: Mutex::default(),
            walking: Mutex::default(),
            stopped: OnceLock::new(),
        };
        let mut tally = backend.with("reading the number of commits", pieces::tally)?;
        backend.mark.check(tally.batches)?;
        if tally.sums.is_none() {
            tally.sums = Some(backend.add_up()?);
        }
        backend.books().tally = tally;
        Ok(backend)
    }

    /// The bytes on the store's disk that a process without privileges may still fill.
    pub fn free_bytes(&self) -> Result<u64, StoreError> {
        self.files.free_bytes()
    }

    /// How many batches were written.
    pub(crate) fn batches(&self) -> u64 {
        self.books().tally.batches
    }

    /// How many batches the mark of the store in `dir` promises; `None` when it cannot be read.
    pub(crate) fn promised(dir: &Path) -> Result<Option<u64>, StoreError> {
        mark::promised(dir)
    }

    /// Puts rows as another store had them stored. They are not durable before the next flush, and not counted before
    /// [`SledBackend::count_anew`].
    pub(crate) fn put_stored(&self, rows: &[Pair]) -> Result<(), StoreError> {
        self.with("writing rows", |tree| pieces::put_stored(tree, rows))
    }

    /// Believes what the rows that were put say of their number.
    pub(crate) fn count_anew(&self) -> Result<(), StoreError> {
        self.books().tally = self.with("reading the number of commits", pieces::tally)?;
        Ok(())
    }

    /// Whether all rows are as they were written.
    pub(crate) fn is_whole(&self) -> Result<bool, StoreError> {
        Ok(self.books().tally.sums.is_some() && self.verified()?.is_empty())
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `work` with the tree unless the store has stopped; an error of sled or a panic in it stops it.
    fn with<T>(
        &self,
        doing: &str,
        work: impl FnOnce(&::sled::Tree) -> Result<T, ::sled::Error>,
    ) -> Result<T, StoreError> {
        if let Some(why) = self.stopped.get() {
            return Err(StoreError::Stopped(why.clone()));
        }
        let Some(tree) = &self.tree else {
            return Err(StoreError::Stopped("it was closed".to_owned()));
        };
        match catch_unwind(AssertUnwindSafe(|| work(tree))) {
            Ok(done) => done.map_err(|e| self.stop(said(doing, &e))),
            Err(_) => Err(self.stop(StoreError::Unreadable(format!(
                "{doing} met something that sled cannot handle"
            )))),
        }
    }

    /// Refuses all further work because of `error`.
    fn stop(&self, error: StoreError) -> StoreError {
        let _ = self.stopped.set(error.to_string());
        error
    }
}

impl Backend for SledBackend {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.with("reading a row", |tree| pieces::get(tree, key))
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        if from >= to {
            return Ok(Vec::new());
        }
        self.with("reading rows", |tree| pieces::range(tree, from, to, limit))
    }

    fn commit(&self, batch: &[Write]) -> Result<(), StoreError> {
        let mut books = self.books();
        self.with("writing rows", |tree| pieces::apply(tree, batch, &mut books))
    }

    fn flush(&self) -> Result<(), StoreError> {
        let count = self.books().tally.batches;
        let flushed = self.with("writing to the disk", |tree| tree.flush().map(drop));
        let durable = flushed
            .and_then(|()| self.files.sync())
            .and_then(|()| self.mark.set(count));
        durable.map_err(|e| self.stop(e))
    }

    fn verify(&self) -> Result<Vec<String>, StoreError> {
        self.verified()
    }
}

impl Drop for SledBackend {
    /// sled writes and may panic when it is dropped; by then everything that was promised is durable.
    fn drop(&mut self) {
        let tree = self.tree.take();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(tree)));
    }
}

/// What sled said while it was `doing` something.
fn said(doing: &str, error: &::sled::Error) -> StoreError {
    match error {
        ::sled::Error::Io(error) => StoreError::io(doing, error),
        other => StoreError::Unreadable(format!("{doing}: {other}")),
    }
}

#[cfg(test)]
mod tests;
