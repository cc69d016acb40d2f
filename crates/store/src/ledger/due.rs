//! What is due: the heads of lanes, destination by destination, the longest waiting first.

use crate::error::StoreError;
use crate::keys::{self, Digest, Key};
use crate::ledger::damage::Broken;
use crate::ledger::entry::Head;
use crate::ledger::{Ledger, Ready};
use crate::row;
use causeway_core::clock::Timestamp;

/// How many destinations are read at once.
const PAGE: usize = 64;

/// One walk over what is due.
struct Walk<'a> {
    ledger: &'a Ledger,
    now: Timestamp,
    room: &'a dyn Fn(&str) -> usize,
    skip: &'a dyn Fn(&str) -> bool,
    limit: usize,
    found: Vec<Ready>,
    broken: Vec<Broken>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Ledger {
    /// The deliveries whose turn has come, at most `limit`: heads of lanes that are due, at most `room` of a
    /// destination, none of a destination that `skip` names; the destination that has waited longest comes first. Rows
    /// that cannot be read are put aside on the way and noted in [`Ledger::damage`].
    pub fn ready(
        &self,
        now: Timestamp,
        skip: &dyn Fn(&str) -> bool,
        room: &dyn Fn(&str) -> usize,
        limit: usize,
    ) -> Result<Vec<Ready>, StoreError> {
        let mut walk = Walk {
            ledger: self,
            now,
            room,
            skip,
            limit,
            found: Vec::new(),
            broken: Vec::new(),
        };
        walk.destinations()?;
        if !walk.broken.is_empty() {
            self.mend(walk.broken, now)?;
        }
        Ok(walk.found)
    }

    /// When the next delivery is due, leaving out the destinations that `skip` names.
    pub fn next_due(&self, skip: &dyn Fn(&str) -> bool) -> Result<Option<Timestamp>, StoreError> {
        let (mut from, end) = (keys::nexts(), keys::end(&keys::nexts()));
        loop {
            let page = self.backend.range(&from, &end, PAGE)?;
            for (key, _) in &page {
                let (due, destination) = keys::next_parts(key).ok_or_else(|| keys::misshapen(key))?;
                // One that cannot be read counts as due, so that `ready` meets it and mends it.
                if self.name_of(&destination)?.is_none_or(|name| !skip(&name)) {
                    return Ok(Some(due));
                }
            }
            match page.last() {
                Some((key, _)) if page.len() >= PAGE => from = keys::after(key),
                _ => return Ok(None),
            }
        }
    }

    /// The name of a destination, as the first in its queue has it.
    fn name_of(&self, destination: &Digest) -> Result<Option<String>, StoreError> {
        let queue = keys::queue(destination);
        let first = self.backend.range(&queue, &keys::end(&queue), 1)?.pop();
        Ok(first
            .and_then(|(key, value)| row::read::<Head>(&key, &value).ok())
            .map(|head| head.destination))
    }
}

impl Walk<'_> {
    fn destinations(&mut self) -> Result<(), StoreError> {
        let (mut from, end) = (keys::nexts(), keys::nexts_after(self.now));
        while self.found.len() < self.limit {
            let page = self.ledger.backend.range(&from, &end, PAGE)?;
            for (key, _) in &page {
                if self.found.len() < self.limit {
                    self.destination(key)?;
                }
            }
            match page.last() {
                Some((key, _)) if page.len() >= PAGE => from = keys::after(key),
                _ => break,
            }
        }
        Ok(())
    }

    /// Takes what is due to one destination, as far as there is room.
    fn destination(&mut self, announced: &[u8]) -> Result<(), StoreError> {
        let (due, destination) = keys::next_parts(announced).ok_or_else(|| keys::misshapen(announced))?;
        let (mut from, end) = (keys::queue(&destination), keys::queue_after(&destination, self.now));
        let (mut room, mut first) = (1, true);
        while room > 0 && self.found.len() < self.limit {
            let wanted = room.min(self.limit.saturating_sub(self.found.len()));
            let page = self.ledger.backend.range(&from, &end, wanted)?;
            if first
                && page
                    .first()
                    .and_then(|(key, _)| keys::queued_parts(key))
                    .is_none_or(|(at, _)| at != due)
            {
                self.broken.push(Broken::Next(announced.to_vec()));
            }
            let Some((last, _)) = page.last() else { break };
            from = keys::after(last);
            for (key, value) in page {
                let Some(head) = self.head(&key, &value)? else { continue };
                if std::mem::take(&mut first) {
                    room = if (self.skip)(&head.destination) {
                        0
                    } else {
                        (self.room)(&head.destination)
                    };
                }
                if room > 0 {
                    room = room.saturating_sub(1);
                    self.found.push(ready(head));
                }
            }
        }
        Ok(())
    }

    /// The head under a key of the queue, if all its rows can be read.
    fn head(&mut self, key: &Key, value: &[u8]) -> Result<Option<Head>, StoreError> {
        let head =
            row::read::<Head>(key, value).and_then(|head| self.is_whole(key, &head).map(|whole| whole.then_some(head)));
        match head {
            Ok(Some(head)) => Ok(Some(head)),
            Ok(None) | Err(StoreError::Damaged(_)) => {
                self.broken.push(Broken::Head(key.clone()));
                Ok(None)
            }
            Err(fatal) => Err(fatal),
        }
    }

    /// Whether a head could be leased: all its rows can be read, it is due when the queue says so, and it is the first
    /// of its lane.
    fn is_whole(&self, key: &[u8], head: &Head) -> Result<bool, StoreError> {
        let Some(entry) = self.ledger.entry(head.envelope)? else {
            return Ok(false);
        };
        let queued = keys::queued_parts(key).is_some_and(|(due, lane)| entry.due() == Some(due) && entry.lane == lane);
        let lane = keys::lane(&entry.lane);
        let first = self.ledger.backend.range(&lane, &keys::end(&lane), 1)?.pop();
        let leads = first.and_then(|(key, _)| keys::place_in(&key)) == Some(entry.place);
        Ok(queued && leads && self.ledger.envelope(head.envelope)?.is_some())
    }
}

fn ready(head: Head) -> Ready {
    Ready {
        envelope: head.envelope,
        destination: head.destination,
        to: head.to,
    }
}
