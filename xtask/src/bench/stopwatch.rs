//! Moments and spans, and what many of them say together.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Many spans.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spans(Vec<Duration>);

// ---------------------------------------------------------------------------------------------------------------------

/// This moment.
#[expect(clippy::disallowed_methods, reason = "what measures reads the clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "what measures reads the clock")]
pub(crate) fn wall() -> u128 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis()
}

/// How many a second.
pub(crate) fn rate(count: usize, span: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / span.as_secs_f64().max(1e-9)
}

/// A span in milliseconds.
pub(crate) fn ms(span: Duration) -> f64 {
    span.as_secs_f64() * 1_000.0
}

impl Spans {
    /// The span that `percent` of them do not exceed; zero without any.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        sorted
            .get((sorted.len() * percent / 100).min(last))
            .copied()
            .unwrap_or_default()
    }

    /// The middle one.
    pub(crate) fn p50(&self) -> Duration {
        self.percentile(50)
    }

    /// One of a hundred is longer.
    pub(crate) fn p99(&self) -> Duration {
        self.percentile(99)
    }
}

impl FromIterator<Duration> for Spans {
    fn from_iter<I: IntoIterator<Item = Duration>>(spans: I) -> Self {
        Self(spans.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_spans_that_were_seen() {
        let spans: Spans = (1..=100).map(Duration::from_millis).collect();
        assert_eq!((ms(spans.p50()), ms(spans.p99())), (51.0, 100.0));
        assert_eq!(Spans::default().p99(), Duration::ZERO);
    }
}
