//! How far the mailbox was read: what to read next after whatever the server did to its UIDs.

use crate::config::FirstContact;
use crate::imap::connection::Listed;
use causeway_core::clock::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// So many deaths of the process with one mail in hand are allowed; after that it is put aside.
pub(crate) const DEATHS_ALLOWED: u32 = 2;

/// So far the clocks of the gateway and of the IMAP server may differ, so that nothing is taken for known that came
/// after the first contact.
const SKEW: Duration = Duration::from_secs(3600);

/// The row of the mailbox; it is written with each mail that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// The mailbox' UIDVALIDITY (RFC 9051 section 2.3.1.1).
    pub(crate) uid_validity: u32,
    /// The first UID that was not taken.
    pub(crate) next: u32,
    /// The first UID that was taken but perhaps not tidied away.
    pub(crate) untidied: u32,
    /// The newest INTERNALDATE that was taken: where UIDs cannot be trusted, what is older is known.
    pub(crate) newest: Timestamp,
    /// After the UIDs went wrong: the mails below this one are taken only when they are not older than `newest`.
    pub(crate) doubtful_below: u32,
}

/// The row of the mail that is being read, written before it is looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InHand {
    /// The mailbox' UIDVALIDITY.
    pub(crate) uid_validity: u32,
    /// The mail.
    pub(crate) uid: u32,
    /// How often the process died with it in hand.
    pub(crate) deaths: u32,
}

/// What SELECT says about UIDs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Selected {
    /// UIDVALIDITY.
    pub(crate) uid_validity: u32,
    /// UIDNEXT.
    pub(crate) uid_next: u32,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Cursor {
    /// Where to go on: from the row, if there is one and the UIDs are still those.
    pub(crate) fn resume(kept: Option<Self>, selected: Selected, first_contact: FirstContact, now: Timestamp) -> Self {
        let Selected { uid_validity, uid_next } = selected;
        match (kept, first_contact) {
            (Some(kept), _) if kept.uid_validity == uid_validity && kept.next <= uid_next => kept,
            // New UIDs, or UIDs that ran backwards (illegal, but seen): all mails are looked at again, those that came
            // before what was taken last are left, and the ledger knows the others by their Message-ID.
            (Some(kept), _) => Self {
                uid_validity,
                next: 1,
                // Most of these were never ours to tidy away.
                untidied: uid_next,
                newest: kept.newest,
                doubtful_below: uid_next,
            },
            (None, FirstContact::Skip) => Self {
                uid_validity,
                next: uid_next,
                untidied: uid_next,
                newest: now.minus(SKEW),
                doubtful_below: 0,
            },
            (None, FirstContact::Import) => Self {
                uid_validity,
                next: 1,
                untidied: 1,
                newest: Timestamp(i64::MIN),
                doubtful_below: 0,
            },
        }
    }

    /// Whether a mail is to be taken.
    pub(crate) fn wants(&self, listed: &Listed) -> bool {
        let known = listed.uid < self.doubtful_below && listed.arrived.is_some_and(|arrived| arrived < self.newest);
        listed.uid >= self.next && !known
    }

    /// The cursor behind a mail.
    pub(crate) fn past(&self, listed: &Listed) -> Self {
        Self {
            next: listed.uid.saturating_add(1),
            newest: match listed.uid < self.doubtful_below {
                // While looking again nothing becomes known by date that was not before.
                true => self.newest,
                false => listed.arrived.map_or(self.newest, |arrived| self.newest.max(arrived)),
            },
            ..*self
        }
    }

    /// What was taken before a crash but perhaps not tidied away, as sets without the mails put aside.
    pub(crate) fn left_over(&self, aside: &[u32]) -> Vec<String> {
        let mut sets = Vec::new();
        let mut first = self.untidied;
        let mut stops: Vec<u32> = aside
            .iter()
            .copied()
            .filter(|uid| (first..self.next).contains(uid))
            .collect();
        stops.sort_unstable();
        for stop in stops.into_iter().chain([self.next]) {
            if first < stop {
                sets.push(range(first, stop - 1));
            }
            first = stop.saturating_add(1);
        }
        sets
    }

    /// The cursor once all that was taken is tidied away.
    pub(crate) fn tidied(&self) -> Self {
        Self {
            untidied: self.untidied.max(self.next),
            ..*self
        }
    }
}

impl InHand {
    /// The row for the next mail: deaths count on for the mail that was in hand when the process died.
    pub(crate) fn take_up(before: Option<Self>, uid_validity: u32, uid: u32) -> Self {
        let same = before.filter(|before| (before.uid_validity, before.uid) == (uid_validity, uid));
        Self {
            uid_validity,
            uid,
            deaths: same.map_or(0, |same| same.deaths),
        }
    }

    /// The row as the process found it at its start: it had died with this mail in hand.
    pub(crate) fn after_death(self) -> Self {
        Self {
            deaths: self.deaths.saturating_add(1),
            ..self
        }
    }

    /// Whether the mail is to be put aside.
    pub(crate) fn is_poison(&self) -> bool {
        self.deaths >= DEATHS_ALLOWED
    }
}

/// UIDs in ascending order as a set in few words (RFC 9051 section 9, `sequence-set`).
pub(crate) fn set_of(uids: &[u32]) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for uid in uids {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*uid) => *last = *uid,
            _ => ranges.push((*uid, *uid)),
        }
    }
    let written: Vec<String> = ranges.into_iter().map(|(first, last)| range(first, last)).collect();
    written.join(",")
}

fn range(first: u32, last: u32) -> String {
    match first == last {
        true => first.to_string(),
        false => format!("{first}:{last}"),
    }
}

#[cfg(test)]
mod tests;
