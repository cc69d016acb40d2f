//! Waiting with an end: the only place of the tests that reads a clock.

use anyhow::{Result, bail};
use std::time::{Duration, Instant};

/// How long a person in a scenario waits for something that should come at once.
pub const SOON: Duration = Duration::from_secs(20);

/// How long a person waits for something that passes through retries or restarts.
pub const LATER: Duration = Duration::from_secs(60);

/// A moment after which nobody waits any more.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Instant);

// ---------------------------------------------------------------------------------------------------------------------

impl Deadline {
    /// The moment after `span` from now.
    #[expect(clippy::disallowed_methods, reason = "the clock of the tests")]
    pub fn within(span: Duration) -> Self {
        Self(Instant::now() + span)
    }

    /// What is left; `None` when it is over.
    #[expect(clippy::disallowed_methods, reason = "the clock of the tests")]
    pub fn left(&self) -> Option<Duration> {
        let left = self.0.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }
}

/// Asks again and again until there is an answer; `what` is awaited says so when none comes.
pub fn until<T>(what: &str, limit: Duration, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Deadline::within(limit);
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        if deadline.left().is_none() {
            bail!("waited {limit:?} in vain for {what}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
