//! What must be done now and then: forget what is old, watch the room on the disk, tell of damage.

use crate::engine::gate::Gate;
use crate::engine::keeper::Keeper;
use crate::supervise::Supervisor;
use causeway_core::clock::Clock;
use causeway_store::{Ledger, SledBackend};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Below this many free bytes on its disk the gateway takes nothing in; what it has goes on.
const RESERVE: u64 = 64 << 20;
/// How many finished deliveries are forgotten in one go.
const SWEEP: usize = 200;
/// The time between two rounds.
const ROUND: Duration = Duration::from_secs(10);
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
}

// ---------------------------------------------------------------------------------------------------------------------

impl Chores {
    /// Does the rounds until the supervisor says stop.
    pub async fn run(self, supervisor: Supervisor) {
        tokio::select! {
            () = self.rounds(&supervisor) => {}
            () = self.watch() => {}
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
