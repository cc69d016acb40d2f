//! What must be done now and then: forget what is old, watch the room on the disk, tell of damage, keep a copy.

use crate::engine::gate::Gate;
use crate::engine::keeper::Keeper;
use crate::supervise::{Supervisor, tasks};
use causeway_core::clock::{Clock, Timestamp};
use causeway_store::backup::header;
use causeway_store::{Ledger, SledBackend};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Below this many free bytes on its disk the gateway takes nothing in; what it has goes on.
const RESERVE: u64 = 64 << 20;
/// The directory of the copies, below that of the store.
const BACKUPS: &str = "backup";
/// How many finished deliveries are forgotten in one go.
const SWEEP: usize = 200;
/// The time between two rounds.
const ROUND: Duration = Duration::from_secs(10);
/// How long after a start the first copy is made, when beginning is done.
const FIRST_COPY: Duration = Duration::from_secs(600);
/// The time between two looks at the disk, in which others must not be able to fill the reserve.
const LOOK: Duration = Duration::from_secs(1);

/// Who does the chores, and with what.
pub struct Chores {
    /// The store below the ledger.
    pub backend: Arc<SledBackend>,
    /// The ledger.
    pub ledger: Arc<Ledger>,
    /// The gate, which counts senders.
    pub gate: Arc<Gate>,
    /// Writes.
    pub keeper: Keeper,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Set while the disk is nearly full.
    pub full: Arc<AtomicBool>,
    /// The directory of the store.
    pub data_dir: PathBuf,
    /// The time between two copies of the store.
    pub backup_every: Duration,
    /// How many copies are kept; none are made where that is none.
    pub keep_backups: usize,
}

/// The copies in a data directory, oldest first.
pub fn backups(data_dir: &Path) -> Vec<PathBuf> {
    let found = std::fs::read_dir(data_dir.join(BACKUPS))
        .into_iter()
        .flatten()
        .flatten();
    let mut files: Vec<(Timestamp, PathBuf)> = found
        .filter_map(|entry| Some((header(&entry.path()).ok()?.taken, entry.path())))
        .collect();
    files.sort();
    files.into_iter().map(|(_, file)| file).collect()
}

// ---------------------------------------------------------------------------------------------------------------------

impl Chores {
    /// Does the rounds until the supervisor says stop.
    pub async fn run(self, supervisor: Supervisor) {
        tokio::select! {
            () = self.rounds(&supervisor) => {}
            () = self.watch() => {}
            () = self.copy_now_and_then(&supervisor) => {}
        }
    }

    async fn copy_now_and_then(&self, supervisor: &Supervisor) {
        if self.keep_backups == 0 {
            return std::future::pending().await;
        }
        loop {
            let newest = backups(&self.data_dir).pop().and_then(|file| header(&file).ok());
            let age = newest.map(|header| self.clock.now().since(header.taken));
            let wait = age.map_or(FIRST_COPY, |age| self.backup_every.saturating_sub(age).max(FIRST_COPY));
            tokio::time::sleep(wait).await;
            let (ledger, dir, keep, now) = (
                self.ledger.clone(),
                self.data_dir.clone(),
                self.keep_backups,
                self.clock.now(),
            );
            let work = Box::new(move || {
                if let Err(e) = copy(&ledger, &dir, keep, now) {
                    tracing::error!("the store was not copied: {e}");
                }
            });
            tasks(supervisor).work("backup", work).await;
            // Where it failed, it is not tried again and again.
            tokio::time::sleep(FIRST_COPY).await;
        }
    }

    async fn watch(&self) {
        loop {
            self.look_at_disk();
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn rounds(&self, supervisor: &Supervisor) {
        let mut counted = None;
        loop {
            for sentence in self.ledger.damage() {
                tracing::error!("the ledger is damaged: {sentence}");
            }
            match self.ledger.sweep(self.clock.now(), SWEEP) {
                Ok(SWEEP) if !supervisor.is_stopping() => {
                    tokio::task::yield_now().await;
                    continue;
                }
                Ok(0) => {}
                Ok(n) => tracing::debug!("{n} old messages are forgotten"),
                Err(e) => tracing::error!("old messages could not be forgotten: {e}"),
            }
            counted = self.forget_quiet_senders(counted).await;
            tokio::select! {
                () = tokio::time::sleep(ROUND) => {}
                () = supervisor.stopped() => return,
            }
        }
    }

    /// One page of them; gives where to go on.
    async fn forget_quiet_senders(&self, after: Option<String>) -> Option<String> {
        match self.gate.idle(after.as_deref(), self.clock.now()) {
            Ok((change, last)) => {
                if let Some(change) = change {
                    // Where it was not written, the next time round finds the rows again.
                    let _ = self.keeper.insist(change).await;
                }
                last
            }
            Err(e) => {
                tracing::error!("the counts of senders could not be read: {e}");
                None
            }
        }
    }

    fn look_at_disk(&self) {
        let is_full = self.backend.free_bytes().is_ok_and(|free| free < RESERVE);
        if self.full.swap(is_full, Ordering::Relaxed) != is_full {
            match is_full {
                true => tracing::error!(
                    "less than {} MiB are free on the store's disk: nothing new is accepted",
                    RESERVE >> 20
                ),
                false => tracing::info!("there is room again on the store's disk"),
            }
        }
    }
}

/// Makes one copy, and removes the oldest beyond `keep`.
fn copy(ledger: &Ledger, data_dir: &Path, keep: usize, now: Timestamp) -> anyhow::Result<()> {
    let dir = data_dir.join(BACKUPS);
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
    let copied = ledger.backup(&dir.join(format!("{}.backup", now.0 / 1000)), now)?;
    tracing::info!(rows = copied.rows, bytes = copied.bytes, "the store was copied");
    let all = backups(data_dir);
    for old in all.iter().take(all.len().saturating_sub(keep)) {
        std::fs::remove_file(old)?;
    }
    Ok(())
}
