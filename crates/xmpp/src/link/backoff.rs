//! How long to wait before the next try to connect.

use std::time::Duration;

/// The shortest wait.
const SHORTEST: Duration = Duration::from_secs(1);
/// The longest wait.
pub(super) const LONGEST: Duration = Duration::from_secs(60);

/// The wait after try number `attempt` (from 0): 1, 2, 4 … 60 seconds, up to a quarter shorter. The name spreads the
/// domains of one server that went away for all of them at once.
pub(crate) fn wait(name: &str, attempt: u32) -> Duration {
    let full = SHORTEST
        .saturating_mul(2_u32.saturating_pow(attempt.min(6)))
        .min(LONGEST);
    let dice = name
        .bytes()
        .fold(attempt, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)))
        % 251;
    full.mul_f64(1.0 - f64::from(dice) / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_and_differ_between_domains() {
        for (attempt, seconds) in [(0, 1.0), (1, 2.0), (3, 8.0), (6, 60.0), (1000, 60.0)] {
            let wait = wait("mail.verona.example", attempt).as_secs_f64();
            assert!((seconds * 0.74..=seconds).contains(&wait), "{attempt}: {wait}");
        }
        assert_ne!(wait("mail.verona.example", 5), wait("sms.verona.example", 5));
    }
}
