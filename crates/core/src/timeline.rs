//! How long each step of a message's way took, and how far the clocks behind it can be compared.

use crate::clock::Timestamp;
use crate::hop::{Hop, Step, Trust};
use std::time::Duration;

/// One step with the time since the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lap {
    /// The step.
    pub hop: Hop,
    /// The time since the step before; `None` for the first one, and where a time is missing.
    pub took: Option<Duration>,
    /// How much earlier this step claims to be than the one before: the clocks differ, `took` is then zero.
    pub skew: Option<Duration>,
    /// Whether both times are exact to the millisecond; others have a resolution of one second.
    pub exact: bool,
}

/// A whole way in a few figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// How many other servers had it.
    pub servers: usize,
    /// How many handovers say whether they were encrypted, and how many of those were.
    pub encrypted: (usize, usize),
    /// From the first trusted time to the last.
    pub total: Option<Duration>,
    /// Whether both ends of `total` are exact to the millisecond.
    pub exact: bool,
}

// ---------------------------------------------------------------------------------------------------------------------

/// The laps of a way, in its order.
pub fn laps(hops: &[Hop]) -> Vec<Lap> {
    let mut before: Option<(Timestamp, bool)> = None;
    hops.iter()
        .map(|hop| {
            let own = hop.trust == Trust::Own;
            let (took, skew, exact) = match (before, hop.at) {
                (Some((then, then_own)), Some(at)) => {
                    let skew = (at < then).then(|| then.since(at)).filter(|d| !d.is_zero());
                    // One-second clocks round down: what lies within a second is no skew.
                    let skew = skew.filter(|d| own && then_own || *d >= Duration::from_secs(1));
                    (Some(at.since(then)), skew, own && then_own)
                }
                _ => (None, None, true),
            };
            before = hop.at.map(|at| (at, own)).or(before);
            Lap {
                hop: hop.clone(),
                took,
                skew,
                exact,
            }
        })
        .collect()
}

/// The figures of a way. `Written` is the author's own clock and no server.
pub fn summary(hops: &[Hop]) -> Summary {
    let relays = || {
        hops.iter()
            .filter(|hop| matches!(hop.step, Step::Relayed | Step::Handed))
    };
    let believed = |hop: &&Hop| hop.trust != Trust::Claimed && hop.step != Step::Written;
    let times = || {
        hops.iter()
            .filter(believed)
            .filter_map(|hop| Some((hop.at?, hop.trust == Trust::Own)))
    };
    let ends = times().min().zip(times().max());
    Summary {
        servers: relays().count(),
        encrypted: (
            relays().filter(|hop| hop.tls == Some(true)).count(),
            relays().filter(|hop| hop.tls.is_some()).count(),
        ),
        total: ends.map(|((first, _), (last, _))| last.since(first)),
        exact: ends.is_some_and(|((_, first), (_, last))| first && last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Line;

    fn hop(seconds: i64, step: Step, trust: Trust) -> Hop {
        let who = Line::clean("mx.example.org").unwrap();
        Hop {
            trust,
            ..Hop::own(Timestamp(seconds * 1000), step, who)
        }
    }

    #[test]
    fn a_clock_that_is_late_shows_as_a_difference_and_not_as_a_negative_time() {
        let way = [
            hop(100, Step::Relayed, Trust::Claimed),
            hop(95, Step::Relayed, Trust::Trusted),
            hop(97, Step::Accepted, Trust::Own),
        ];
        let laps = laps(&way);
        assert_eq!(laps[1].took, Some(Duration::ZERO));
        assert_eq!(laps[1].skew, Some(Duration::from_secs(5)));
        assert_eq!(laps[2].took, Some(Duration::from_secs(2)));
        assert_eq!(
            summary(&way).total,
            Some(Duration::from_secs(2)),
            "the claimed time does not count"
        );
    }

    #[test]
    fn a_step_without_a_time_breaks_nothing() {
        let lost = Hop {
            at: None,
            ..hop(0, Step::Relayed, Trust::Claimed)
        };
        let laps = laps(&[
            hop(1, Step::Written, Trust::Claimed),
            lost,
            hop(4, Step::Accepted, Trust::Own),
        ]);
        assert_eq!(
            laps.iter().map(|lap| lap.took.map(|d| d.as_secs())).collect::<Vec<_>>(),
            [None, None, Some(3)]
        );
    }
}
