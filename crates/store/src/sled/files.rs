//! The files below sled: the lock, the rights, and the sync that sled does not do.

use crate::error::StoreError;
use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Our own descriptors on a store's files.
pub(super) struct Files {
    dir: PathBuf,
    /// What sled writes its log and pages to.
    data: File,
    /// What sled writes its settings to.
    settings: File,
    /// Held as long as the store is open.
    _lock: File,
}

// ---------------------------------------------------------------------------------------------------------------------

/// Makes the directory where it is missing, closes it to others, and takes its lock.
pub(crate) fn lock(dir: &Path) -> Result<File, StoreError> {
    let doing = |what: &str| format!("{what} {}", dir.display());
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|e| StoreError::io(&doing("making the data directory"), &e))?;
    restrict(dir, 0o700)?;
    let path = dir.join("lock");
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path);
    let lock = lock.map_err(|e| StoreError::io(&doing("opening the lock file in"), &e))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked(dir.display().to_string())),
        Err(TryLockError::Error(e)) => Err(StoreError::io(&doing("locking"), &e)),
    }
}

fn restrict(path: &Path, mode: u32) -> Result<(), StoreError> {
    let restricted = std::fs::set_permissions(path, Permissions::from_mode(mode));
    restricted.map_err(|e| StoreError::io(&format!("closing {} to others", path.display()), &e))
}

impl Files {
    /// Opens the files that sled has made in `dir`, and closes them to others.
    pub(super) fn of(dir: &Path, lock: File) -> Result<Self, StoreError> {
        let open = |name: &str| {
            let path = dir.join(name);
            let file = OpenOptions::new().read(true).open(&path);
            file.map_err(|e| StoreError::io(&format!("opening {}", path.display()), &e))
        };
        let files = Self {
            dir: dir.to_owned(),
            data: open("db")?,
            settings: open("conf")?,
            _lock: lock,
        };
        files.restrict_all()?;
        Ok(files)
    }

    fn restrict_all(&self) -> Result<(), StoreError> {
        let reading = |e: io::Error| StoreError::io(&format!("listing {}", self.dir.display()), &e);
        for entry in std::fs::read_dir(&self.dir).map_err(reading)? {
            let entry = entry.map_err(reading)?;
            let is_dir = entry.file_type().map_err(reading)?.is_dir();
            restrict(&entry.path(), if is_dir { 0o700 } else { 0o600 })?;
        }
        Ok(())
    }

    /// Makes durable what was written to the log and the pages.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.synced(self.data.sync_data())
    }

    /// Makes durable also the settings, which sled writes only when it makes a store, and that the files are there.
    pub(super) fn sync_all(&self) -> Result<(), StoreError> {
        self.sync()?;
        self.synced(self.settings.sync_data())?;
        let parent = self.dir.parent().filter(|parent| !parent.as_os_str().is_empty());
        for dir in [Some(self.dir.as_path()), parent].into_iter().flatten() {
            let synced = File::open(dir).and_then(|dir| dir.sync_all());
            synced.map_err(|e| StoreError::io(&format!("syncing {}", dir.display()), &e))?;
        }
        Ok(())
    }

    fn synced(&self, synced: io::Result<()>) -> Result<(), StoreError> {
        synced.map_err(|e| StoreError::io(&format!("syncing {}", self.dir.display()), &e))
    }

    /// The bytes on the disk that a process without privileges may still fill.
    pub(super) fn free_bytes(&self) -> Result<u64, StoreError> {
        let stat = rustix::fs::statvfs(&self.dir);
        let stat =
            stat.map_err(|e| StoreError::io(&format!("asking for the room in {}", self.dir.display()), &e.into()))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}
