//! The one place that reads the time.

use causeway_core::clock::{Clock, Timestamp};
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::time::Instant;

/// The wall clock, read once at the start and then carried on by the monotonic clock, so that a step of the system's
/// time neither hurries nor stops a retry. Under a paused runtime it is a made-up clock.
#[derive(Debug)]
pub struct SteadyClock {
    started: Instant,
    wall: Timestamp,
    latest: AtomicI64,
}

// ---------------------------------------------------------------------------------------------------------------------

impl SteadyClock {
    /// Starts from the system's time.
    pub fn from_system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the clock")]
        let since_1970 = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Self::from(Timestamp(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Starts from a given time.
    pub fn from(wall: Timestamp) -> Self {
        let started = Instant::now();
        Self {
            started,
            wall,
            latest: AtomicI64::new(wall.0),
        }
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        let now = self.wall.plus(self.started.elapsed()).0;
        Timestamp(self.latest.fetch_max(now, Ordering::Relaxed).max(now))
    }
}
