//! The sign of life of a link, and the windows of time in which something may have been lost, as a note of a few lines.

use causeway_core::clock::Timestamp;
use std::fmt::Write;
use std::time::Duration;

/// How long before a break a message may have been sent that was lost in it: a link that has fallen silent takes a while
/// to be noticed.
const BEFORE: Duration = Duration::from_secs(300);
/// How long after the last sign of life: the signs are a second apart, and a busy machine is late.
const AFTER: Duration = Duration::from_secs(2);
/// What may be missing of a stamp: archives may keep whole seconds.
const WHOLE: Duration = Duration::from_secs(1);
/// How many windows are kept; then the two oldest become one.
const MOST: usize = 16;

/// A span of time, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
}

/// What is known of a link's life.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Vigil {
    /// Since when the link is up, and the last sign of life.
    up: Option<(Timestamp, Timestamp)>,
    /// The oldest first.
    owed: Vec<Window>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Window {
    pub(super) fn holds(self, at: Timestamp) -> bool {
        self.from <= at && at <= self.until
    }
}

impl Vigil {
    /// Reads a note. What cannot be read is as if it were not there.
    pub(super) fn read(note: &[u8]) -> Self {
        let text = String::from_utf8_lossy(note);
        let mut vigil = Self::default();
        for line in text.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let [word, from, until] = words.as_slice() else {
                continue;
            };
            let (Ok(from), Ok(until)) = (from.parse().map(Timestamp), until.parse().map(Timestamp)) else {
                continue;
            };
            match *word {
                "up" => vigil.up = Some((from, until)),
                "owed" => vigil.owed.push(Window { from, until }),
                _ => {}
            }
        }
        vigil
    }

    /// The note: a line `up` with both ends of the link's life, and one `owed` with those of each window, in milliseconds
    /// since 1970.
    pub(super) fn written(&self) -> Vec<u8> {
        let mut text = String::new();
        // Writing to a string cannot fail.
        if let Some((since, at)) = self.up {
            let _ = writeln!(text, "up {} {}", since.0, at.0);
        }
        for window in &self.owed {
            let _ = writeln!(text, "owed {} {}", window.from.0, window.until.0);
        }
        text.into_bytes()
    }

    /// The link may be up from this time on.
    pub(super) fn born(&mut self, at: Timestamp) {
        self.up = Some((at, at));
    }

    /// The link is up at this time.
    pub(super) fn alive(&mut self, at: Timestamp) {
        let since = self.up.map_or(at, |(since, _)| since);
        self.up = Some((since, at));
    }

    /// The link broke after the last sign of life.
    pub(super) fn lost(&mut self) {
        let Some((since, at)) = self.up.take() else {
            return;
        };
        // What came before this link was up went back to its sender, or belongs to another window.
        self.owed.push(Window {
            from: at.minus(BEFORE).max(since.minus(WHOLE)),
            until: at.plus(AFTER),
        });
        if self.owed.len() > MOST {
            let oldest = self.owed.remove(0);
            if let Some(next) = self.owed.first_mut() {
                next.from = oldest.from;
            }
        }
    }

    /// The link was closed in order: nothing of this one can be lost.
    pub(super) fn goodbye(&mut self) {
        self.up = None;
    }

    /// The oldest window in which something may have been lost that was not looked for.
    pub(super) fn owed(&self) -> Option<Window> {
        self.owed.first().copied()
    }

    /// What was lost in that window was looked for.
    pub(super) fn settled(&mut self) {
        if !self.owed.is_empty() {
            self.owed.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_tells_what_was_written() {
        let mut vigil = Vigil::default();
        vigil.alive(Timestamp(1_000_000));
        vigil.lost();
        vigil.alive(Timestamp(2_000_000));
        assert_eq!(Vigil::read(&vigil.written()), vigil);
        assert_eq!(Vigil::read(b"\xffgarbage\n1 2 3\n"), Vigil::default());
    }

    #[test]
    fn what_came_shortly_before_a_break_may_be_lost_and_nothing_after_it() {
        let mut vigil = Vigil::default();
        vigil.lost();
        assert!(vigil.owed.is_empty(), "nothing was up");
        vigil.alive(Timestamp(900_000));
        vigil.alive(Timestamp(1_000_000));
        vigil.lost();
        let window = vigil.owed[0];
        assert!(window.holds(Timestamp(1_000_000)) && window.holds(Timestamp(899_000)));
        assert!(!window.holds(Timestamp(898_000)), "the link was not up");
        assert!(window.holds(Timestamp(1_001_500)) && !window.holds(Timestamp(1_003_000)));
        vigil.lost();
        assert_eq!(vigil.owed.len(), 1, "it breaks once");
    }

    #[test]
    fn of_a_long_life_only_the_end_counts() {
        let mut vigil = Vigil::default();
        vigil.alive(Timestamp(0));
        vigil.alive(Timestamp(86_400_000));
        vigil.lost();
        assert_eq!(vigil.owed[0].from, Timestamp(86_400_000).minus(BEFORE));
    }

    #[test]
    fn after_a_goodbye_nothing_is_owed() {
        let mut vigil = Vigil::default();
        vigil.alive(Timestamp(1_000_000));
        vigil.goodbye();
        vigil.lost();
        assert!(vigil.owed.is_empty());
    }

    #[test]
    fn no_more_than_a_bounded_number_of_breaks_is_remembered() {
        let mut vigil = Vigil::default();
        for n in 0..100 {
            vigil.alive(Timestamp(n * 1_000_000));
            vigil.lost();
        }
        assert_eq!(vigil.owed.len(), MOST);
        assert!(vigil.owed[MOST - 1].holds(Timestamp(99_000_000)));
        assert!(vigil.owed[0].holds(Timestamp(1_000_000)), "nothing is forgotten");
    }
}
