//! Tells subscribers that the contacts are there, page by page, at the end that they are not, and in between when the
//! gateway itself looks different.

use crate::reception::Reception;
use crate::stanza::Outward;
use causeway_core::language::Words;

/// How many are told at a time.
const PAGE: usize = 100;

/// One round through all subscribers after another.
pub(super) struct Announcements {
    round: Round,
    after: Option<String>,
    over: bool,
    /// What was said about the gateway itself.
    told: Option<Words>,
}

/// Who is told what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    /// Everybody, that the contacts and the gateway are there.
    Arriving,
    /// Those who are subscribed to the gateway itself, how it looks.
    Looking,
    /// Everybody, that all are gone.
    Leaving,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Announcements {
    /// Everybody is told that the contacts are there (XEP-0100 section 4.4.1).
    pub(super) fn arriving(reception: &Reception) -> Self {
        Self::round(Round::Arriving, reception.trouble())
    }

    /// Everybody is told that they are gone.
    pub(super) fn leaving() -> Self {
        Self::round(Round::Leaving, None)
    }

    /// Begins a round when the gateway looks different from what was said last, and all of that was said.
    pub(super) fn look(&mut self, reception: &Reception) {
        let trouble = reception.trouble();
        if self.over && self.round != Round::Leaving && self.told != trouble {
            *self = Self::round(Round::Looking, trouble);
        }
    }

    pub(super) fn are_over(&self) -> bool {
        self.over
    }

    /// The next stanzas; none when the round is over.
    pub(super) fn next(&mut self, reception: &Reception) -> Vec<Outward> {
        if self.over {
            return Vec::new();
        }
        let page = reception.subscribers(self.after.as_deref(), PAGE);
        self.over = page.len() < PAGE;
        if let Some(last) = page.last() {
            self.after = Some(last.key.clone());
        }
        page.iter()
            .filter(|subscriber| self.round != Round::Looking || subscriber.local.is_empty())
            .filter_map(|subscriber| reception.announcement(subscriber, self.round != Round::Leaving))
            .collect()
    }

    fn round(round: Round, told: Option<Words>) -> Self {
        Self {
            round,
            after: None,
            over: false,
            told,
        }
    }
}
