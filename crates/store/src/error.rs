//! What can go wrong with the store, each with what to do about it.

use std::io;

/// Why the store cannot do what was asked. All but [`StoreError::Damaged`] concern the store as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another process has it open; the path of its directory.
    #[error(
        "the data directory {0} is in use by another causeway process; stop that one, or give this one a directory of its own"
    )]
    Locked(String),
    /// A later version of the program wrote it.
    #[error(
        "the store has schema version {found}, and this program knows versions up to {known}; run the version of causeway that wrote it, or restore a backup from before the upgrade"
    )]
    Newer {
        /// The version in the store.
        found: u32,
        /// The latest version that this program knows.
        known: u32,
    },
    /// An unfinished version of the program wrote it, from before the first one that is supported.
    #[error(
        "the store has schema version {found} of an unfinished causeway, and this program reads versions from {oldest} on; let the causeway that wrote it deliver what waits, then start this one with an empty data directory"
    )]
    Older {
        /// The version in the store.
        found: u32,
        /// The earliest version that this program can bring up to date.
        oldest: u32,
    },
    /// One row does not hold what was written there. Other rows are not concerned.
    #[error("{0}; what it held is lost unless a backup has it (`causeway store repair`)")]
    Damaged(String),
    /// The store as a whole cannot be read.
    #[error("the store cannot be read: {0}; `causeway store repair` saves what can still be read of it")]
    Unreadable(String),
    /// The disk is full.
    #[error(
        "the disk with the store is full: {0}; free some space and start causeway again, nothing that was acknowledged is lost"
    )]
    Full(String),
    /// The operating system refused.
    #[error(
        "the store cannot be used: {0}; see to the disk and the rights of the data directory, then start causeway again"
    )]
    Io(String),
    /// An earlier write failed, and what the disk holds is not known until the store is opened again.
    #[error("the store stopped after a failed write ({0}); see to the disk, then start causeway again")]
    Stopped(String),
    /// A backup cannot be written or read.
    #[error("the backup: {0}")]
    Backup(String),
    /// An arrival came without one unused id for each of its items.
    #[error("an arrival needs one fresh id for each of its items; this is a defect of causeway, please report it")]
    BadIds,
}

// ---------------------------------------------------------------------------------------------------------------------

impl StoreError {
    /// What the operating system said while the store was `doing` something.
    pub(crate) fn io(doing: &str, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(format!("{doing}: {error}")),
            _ => Self::Io(format!("{doing}: {error}")),
        }
    }
}
