//! When to try again: a schedule that depends on nothing but the number of tries and the id.

use crate::clock::Timestamp;
use crate::envelope::EnvelopeId;
use std::time::Duration;

/// The waits after the first, second, … failed try; the last one repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    waits: Vec<Duration>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Schedule {
    /// A schedule of these waits. An empty list means one minute.
    pub fn new(waits: Vec<Duration>) -> Self {
        Self { waits }
    }

    /// When to try again after try number `attempt` (from 1) failed at `now`: the scheduled wait, up to a fifth longer
    /// or shorter by the envelope's own bits, so that deliveries that failed together do not come back together.
    pub fn next(&self, id: &EnvelopeId, attempt: u32, now: Timestamp) -> Timestamp {
        let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        let wait = self
            .waits
            .get(index)
            .or(self.waits.last())
            .copied()
            .unwrap_or(Duration::from_secs(60));
        let dice = id
            .as_bytes()
            .iter()
            .fold(attempt, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(*byte)))
            % 401;
        now.plus(wait.mul_f64(0.8 + f64::from(dice) / 1000.0))
    }

    /// The longest wait that this schedule can give; stored due times further away than that come from a clock that jumped.
    pub fn longest(&self) -> Duration {
        self.waits
            .iter()
            .max()
            .copied()
            .unwrap_or(Duration::from_secs(60))
            .mul_f64(1.2)
    }
}

impl Default for Schedule {
    /// 1, 5, 15, 30 minutes, then 1, 2, 4 hours and every 4 hours.
    fn default() -> Self {
        Self::new(
            [1, 5, 15, 30, 60, 120, 240]
                .map(|minutes| Duration::from_secs(minutes * 60))
                .to_vec(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_within_a_fifth() {
        let schedule = Schedule::default();
        for seed in 0..=255u8 {
            let id = EnvelopeId::from_random([seed; 16]);
            for (attempt, minutes) in [(1, 1), (2, 5), (7, 240), (50, 240)] {
                let wait = schedule.next(&id, attempt, Timestamp(0)).0;
                let exact = minutes * 60_000;
                assert!(
                    (exact * 8 / 10..=exact * 12 / 10).contains(&wait),
                    "attempt {attempt}: {wait} ms"
                );
            }
        }
    }
}
