//! Points in time and spans as plain numbers; who reads the clock is somebody else's business.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// Reads the time. The program has one real clock; tests have made-up ones.
pub trait Clock: Send + Sync {
    /// The time by which the gateway waits and keeps its books: that of the start, carried on steadily. Never earlier than
    /// a value it returned before.
    fn now(&self) -> Timestamp;

    /// The time that people elsewhere are told: what the system's clock shows at this moment, wherever it was moved. The
    /// same as [`Clock::now`] as long as it was not.
    fn wall(&self) -> Timestamp {
        self.now()
    }
}

impl Timestamp {
    /// This moment plus `span`, stopping at the end of the representable range.
    pub fn plus(self, span: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// This moment minus `span`, stopping at the start of the representable range.
    pub fn minus(self, span: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// The time from `earlier` to this moment; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}
