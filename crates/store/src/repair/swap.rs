//! The workshop of a repair, and how the new store takes the place of the old one, also when the process dies over it.
//!
//! When all is built and durable, a plan is written. As long as there is one the data directory is neither the old store
//! nor the new one, and nobody opens it; whoever repairs next goes on with the plan.

use crate::error::StoreError;
use crate::sled::files;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Where the work is done, in the data directory.
const NAME: &str = "repair";
/// The plan: the name of the directory for the old files, if there are any.
const PLAN: &str = "plan";
/// There as soon as all old files are moved.
const MOVED: &str = "moved";

/// The place where a repair works; the data directory is locked as long as it is there.
pub(super) struct Workshop {
    dir: PathBuf,
    _lock: File,
}

// ---------------------------------------------------------------------------------------------------------------------

/// Whether a repair has begun to move the files of `dir`, and not ended.
pub(crate) fn is_unfinished(dir: &Path) -> bool {
    dir.join(NAME).join(PLAN).exists()
}

impl Workshop {
    /// Locks a data directory and clears the work of a repair away that was cut short before it had a plan.
    pub(super) fn open(dir: &Path) -> Result<Self, StoreError> {
        let workshop = Self {
            _lock: files::lock(dir)?,
            dir: dir.to_owned(),
        };
        if !is_unfinished(dir) {
            workshop.clear().map_err(|e| workshop.error(&e))?;
        }
        Ok(workshop)
    }

    /// Whether the data directory has a store.
    pub(super) fn has_store(&self) -> bool {
        ["db", "conf"].iter().any(|name| self.dir.join(name).exists())
    }

    /// An empty directory to work in.
    pub(super) fn room(&self, name: &str) -> Result<PathBuf, StoreError> {
        let room = self.place().join(name);
        let made = match room.exists() {
            true => std::fs::remove_dir_all(&room),
            false => Ok(()),
        };
        let made = made.and_then(|()| DirBuilder::new().recursive(true).mode(0o700).create(&room));
        made.map_err(|e| self.error(&e))?;
        Ok(room)
    }

    /// Goes on with a plan that was cut short; gives where the old files are, if there was one.
    pub(super) fn resume(&self) -> Result<Option<PathBuf>, StoreError> {
        match is_unfinished(&self.dir) {
            true => self.carry_out().map(Some).map_err(|e| self.error(&e)),
            false => Ok(None),
        }
    }

    /// Puts what was built in the room `store` in the place of the old store, whose files go to the directory `aside`.
    pub(super) fn swap(&self, aside: Option<&str>) -> Result<PathBuf, StoreError> {
        self.plan(aside.unwrap_or_default())
            .and_then(|()| self.carry_out())
            .map_err(|e| self.error(&e))
    }

    fn plan(&self, aside: &str) -> io::Result<()> {
        sync_dir(&self.place().join("store"))?;
        let draft = self.place().join("plan.new");
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)?;
        file.write_all(aside.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(draft, self.place().join(PLAN))?;
        sync_dir(&self.place())?;
        sync_dir(&self.dir)
    }

    /// Every step may be done twice.
    fn carry_out(&self) -> io::Result<PathBuf> {
        let (plan, moved) = (self.place().join(PLAN), self.place().join(MOVED));
        let aside = self.dir.join(std::fs::read_to_string(&plan)?);
        if !moved.exists() {
            if aside != self.dir.join("") {
                DirBuilder::new().recursive(true).mode(0o700).create(&aside)?;
                self.move_store(&self.dir, &aside)?;
            }
            File::create(&moved)?.sync_all()?;
            sync_dir(&self.place())?;
        }
        self.move_store(&self.place().join("store"), &self.dir)?;
        std::fs::remove_file(&plan)?;
        sync_dir(&self.place())?;
        self.clear()?;
        Ok(aside)
    }

    fn move_store(&self, from: &Path, to: &Path) -> io::Result<()> {
        for entry in std::fs::read_dir(from)? {
            let name = entry?.file_name();
            let text = name.to_string_lossy();
            if ["db", "conf", "mark", "blobs"].contains(&text.as_ref()) || text.starts_with("snap.") {
                std::fs::rename(from.join(&name), to.join(&name))?;
            }
        }
        sync_dir(from)?;
        sync_dir(to)
    }

    fn clear(&self) -> io::Result<()> {
        match std::fs::remove_dir_all(self.place()) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }

    fn place(&self) -> PathBuf {
        self.dir.join(NAME)
    }

    fn error(&self, error: &io::Error) -> StoreError {
        StoreError::io(&format!("repairing {}", self.dir.display()), error)
    }
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
