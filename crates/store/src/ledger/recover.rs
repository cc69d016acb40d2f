//! The start: what was in flight when the process ended is taken up again, due times from a clock that jumped are drawn
//! near, and a lost counter is found again.

use crate::backend::Backend;
use crate::error::StoreError;
use crate::keys;
use crate::ledger::Ledger;
use crate::ledger::damage::{Broken, unreadable};
use crate::ledger::pen::Pen;
use crate::row;
use causeway_core::clock::Timestamp;
use causeway_core::delivery::Event;

/// How many rows are put right in one commit.
const PAGE: usize = 1_000;

// ---------------------------------------------------------------------------------------------------------------------

impl Ledger {
    /// Takes up everything that has an intent and no outcome.
    pub(crate) fn recover(&self, now: Timestamp) -> Result<(), StoreError> {
        let flights = keys::flights();
        loop {
            let page = self.backend.range(&flights, &keys::end(&flights), PAGE)?;
            if page.is_empty() {
                return Ok(());
            }
            let mut pen = self.pen(now);
            for (key, _) in &page {
                pen.recover(key)?;
            }
            self.write(pen)?;
        }
    }

    /// Finds the counter again when its row is lost: the number after the largest that any row has.
    pub(crate) fn count_again(&self, now: Timestamp) -> Result<(), StoreError> {
        let why = match self.read::<u64>(&keys::sequence()) {
            Ok(Some(_)) => return Ok(()),
            Ok(None) => row::damaged(&keys::sequence(), "is missing"),
            Err(damage @ StoreError::Damaged(_)) => damage,
            Err(fatal) => return Err(fatal),
        };
        let places = largest(self.backend.as_ref(), &keys::lanes(), keys::place_in)?;
        let pasts = largest(self.backend.as_ref(), &keys::pasts(), keys::past_in)?;
        let Some(largest) = places.max(pasts) else {
            // Nothing has a number, as in a new store.
            return Ok(());
        };
        self.note_damage(&why);
        let mut pen = self.pen(now);
        pen.batch.write(keys::sequence(), &largest.saturating_add(1))?;
        self.write(pen)
    }

    /// Whether the clock was ahead when the store was written. Each commit notes its time, so this is asked before the
    /// start itself commits anything.
    pub(crate) fn was_ahead(&self, now: Timestamp) -> Result<bool, StoreError> {
        match self.read::<Timestamp>(&keys::clock()) {
            Err(damage @ StoreError::Damaged(_)) => {
                self.note_damage(&damage);
                Ok(true)
            }
            read => Ok(read?.is_some_and(|last| last > now)),
        }
    }

    /// Queues again what is due further away than any wait can be. That is so only when the clock was ahead before.
    pub(crate) fn draw_near(&self, now: Timestamp) -> Result<(), StoreError> {
        let latest = now.plus(self.terms.schedule.longest());
        let (mut from, end) = (keys::nexts(), keys::end(&keys::nexts()));
        loop {
            let page = self.backend.range(&from, &end, PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            from = keys::after(last);
            for (key, _) in &page {
                let (_, destination) = keys::next_parts(key).ok_or_else(|| keys::misshapen(key))?;
                self.draw_queue_near(&destination, latest, now)?;
            }
        }
    }

    fn draw_queue_near(&self, destination: &keys::Digest, latest: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        let queue = keys::queue(destination);
        loop {
            let late = self
                .backend
                .range(&keys::queue_after(destination, latest), &keys::end(&queue), PAGE)?;
            if late.is_empty() {
                return Ok(());
            }
            self.mend(late.into_iter().map(|(key, _)| Broken::Head(key)).collect(), now)?;
        }
    }
}

/// The largest number in the keys that begin with `prefix`.
pub(crate) fn largest(
    backend: &dyn Backend,
    prefix: &[u8],
    number: fn(&[u8]) -> Option<u64>,
) -> Result<Option<u64>, StoreError> {
    let (mut from, end, mut largest) = (prefix.to_vec(), keys::end(prefix), None);
    loop {
        let page = backend.range(&from, &end, PAGE)?;
        let Some((last, _)) = page.last() else {
            return Ok(largest);
        };
        from = keys::after(last);
        largest = largest.max(page.iter().filter_map(|(key, _)| number(key)).max());
    }
}

impl Pen<'_> {
    fn recover(&mut self, key: &[u8]) -> Result<(), StoreError> {
        let id = keys::id_in(key).ok_or_else(|| keys::misshapen(key))?;
        match self.step(&id, &Event::Recovered) {
            Ok(true) => Ok(()),
            Ok(false) => {
                // Whatever still stands there is a row of the index that no delivery has.
                self.batch.delete(key.to_vec());
                Ok(())
            }
            Err(StoreError::Damaged(why)) => self.lose_flight(&id, &why, Some(unreadable())),
            Err(fatal) => Err(fatal),
        }
    }
}
