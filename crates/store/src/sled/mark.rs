//! How many commits were promised, kept beside sled.
//!
//! sled takes a damaged record for the torn end of its log and drops everything behind it without a word: 43 of 100
//! flipped bits did that. So each batch counts itself in a row, and after each sync the count is written to a file of
//! our own. At the start a store that counts less than the file has lost what was promised, and is refused. The file needs
//! no sync: after a power cut it may only be behind the store.

use crate::error::StoreError;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The name of the file.
pub(super) const NAME: &str = "mark";

/// The file.
pub(super) struct Mark {
    path: PathBuf,
    file: File,
}

// ---------------------------------------------------------------------------------------------------------------------

/// What the mark of the store in `dir` promises, without touching it; `None` where there is none that is whole.
pub(super) fn promised(dir: &Path) -> Result<Option<u64>, StoreError> {
    let path = dir.join(NAME);
    match std::fs::read(&path) {
        Ok(bytes) => Ok(bytes.first_chunk::<12>().and_then(number)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(StoreError::io(&format!("reading {}", path.display()), &e)),
    }
}

fn number(bytes: &[u8; 12]) -> Option<u64> {
    let (number, sum) = bytes.split_first_chunk::<8>()?;
    (crc32fast::hash(number).to_be_bytes() == sum).then_some(u64::from_be_bytes(*number))
}

impl Mark {
    /// Opens the mark of the store in `dir`.
    pub(super) fn of(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join(NAME);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path);
        let file = file.map_err(|e| StoreError::io(&format!("opening {}", path.display()), &e))?;
        Ok(Self { path, file })
    }

    /// Compares the mark with the number of commits that the store counts.
    pub(super) fn check(&self, counted: u64) -> Result<(), StoreError> {
        let promised = self.read().map_err(|e| self.error("reading", &e))?;
        if counted >= promised {
            return Ok(());
        }
        Err(StoreError::Unreadable(format!(
            "its last {} commits are missing; should that be meant, as after restoring an older copy, remove {} to go on without them",
            promised.saturating_sub(counted),
            self.path.display()
        )))
    }

    /// Notes that so many commits are durable.
    pub(super) fn set(&self, promised: u64) -> Result<(), StoreError> {
        let number = promised.to_be_bytes();
        let sum = crc32fast::hash(&number).to_be_bytes();
        let written = self.file.write_all_at(&[number.as_slice(), &sum].concat(), 0);
        written.map_err(|e| self.error("writing", &e))
    }

    /// The number in the file; nothing was promised where it holds none that is whole.
    fn read(&self) -> io::Result<u64> {
        let mut bytes = [0; 12];
        match self.file.read_exact_at(&mut bytes, 0) {
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
            read => read?,
        }
        Ok(number(&bytes).unwrap_or(0))
    }

    fn error(&self, doing: &str, error: &io::Error) -> StoreError {
        StoreError::io(&format!("{doing} {}", self.path.display()), error)
    }
}
