//! The one place that reads the time.

use causeway_core::clock::{Clock, Timestamp};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// The system's clock, read once at the start and then carried on by the monotonic clock, so that a step of the system's
/// time neither hurries nor stops a retry; what it shows meanwhile is there to be told.
#[derive(Debug)]
pub struct SteadyClock {
    started: Instant,
    wall: Timestamp,
    latest: AtomicI64,
    /// Looks at the system's clock.
    shown: Option<fn() -> Timestamp>,
}

/// The system's clock was moved when it is as far as this from where the monotonic clock has it.
const STEP: Duration = Duration::from_secs(1);

// ---------------------------------------------------------------------------------------------------------------------

impl SteadyClock {
    /// Starts from the system's time.
    pub fn from_system() -> Self {
        Self {
            shown: Some(shown),
            ..Self::from(shown())
        }
    }

    /// Starts from a given time and never looks at the system's clock: under a paused runtime, a made-up clock.
    pub fn from(wall: Timestamp) -> Self {
        let started = Instant::now();
        Self {
            started,
            wall,
            latest: AtomicI64::new(wall.0),
            shown: None,
        }
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        let now = self.wall.plus(self.started.elapsed()).0;
        Timestamp(self.latest.fetch_max(now, Ordering::Relaxed).max(now))
    }

    fn wall(&self) -> Timestamp {
        let now = self.now();
        let moved = |shown: &Timestamp| shown.since(now).max(now.since(*shown)) >= STEP;
        self.shown.map(|shown| shown()).filter(moved).unwrap_or(now)
    }
}

/// What the system's clock shows; 1970 where it shows an earlier time.
fn shown() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    let since_1970 = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_step_of_the_systems_time_moves_the_dates_and_no_wait() {
        static SYSTEM: AtomicI64 = AtomicI64::new(1_000_000);
        let shown = || Timestamp(SYSTEM.load(Ordering::Relaxed));
        let clock = SteadyClock {
            shown: Some(shown),
            ..SteadyClock::from(shown())
        };
        for (system, wall) in [(4_000_000, 4_000_000), (0, 0), (1_005_300, 1_005_000)] {
            SYSTEM.store(system, Ordering::Relaxed);
            tokio::time::advance(Duration::from_secs(5).saturating_sub(clock.started.elapsed())).await;
            assert_eq!((clock.now(), clock.wall()), (Timestamp(1_005_000), Timestamp(wall)));
        }
    }
}
