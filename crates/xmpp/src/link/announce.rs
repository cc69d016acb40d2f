//! Tells subscribers that the contacts are there, page by page, and at the end that they are not.

use crate::reception::Reception;
use crate::stanza::Outward;

/// How many are told at a time.
const PAGE: usize = 100;

/// One round through all subscribers.
pub(super) struct Announcements {
    is_there: bool,
    after: Option<String>,
    over: bool,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Announcements {
    /// Everybody is told that the contacts are there (XEP-0100 section 4.4.2).
    pub(super) fn arriving() -> Self {
        Self {
            is_there: true,
            after: None,
            over: false,
        }
    }

    /// Everybody is told that they are gone.
    pub(super) fn leaving() -> Self {
        Self {
            is_there: false,
            ..Self::arriving()
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
            .filter_map(|subscriber| reception.announcement(subscriber, self.is_there))
            .collect()
    }
}
