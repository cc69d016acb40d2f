//! The start: what was in flight when the process ended is taken up again, and due times from a clock that jumped are
//! drawn near.

use crate::error::StoreError;
use crate::keys;
use crate::ledger::Ledger;
use crate::ledger::damage::Broken;
use crate::ledger::pen::Pen;
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

    /// Queues again what is due further away than any wait can be. That is so only when the clock was ahead before.
    pub(crate) fn draw_near(&self, now: Timestamp) -> Result<(), StoreError> {
        if self.read::<Timestamp>(&keys::clock())?.is_none_or(|last| last <= now) {
            return Ok(());
        }
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

impl Pen<'_> {
    fn recover(&mut self, key: &[u8]) -> Result<(), StoreError> {
        let id = keys::id_in(key).ok_or_else(|| keys::misshapen(key))?;
        match self.step(&id, &Event::Recovered) {
            Ok(true) => Ok(()),
            Ok(false) => self.lose_flight(&id, "it is in flight in the index only"),
            Err(StoreError::Damaged(why)) => self.lose_flight(&id, &why),
            Err(fatal) => Err(fatal),
        }
    }
}
