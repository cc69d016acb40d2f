//! Counting: how much the book holds of what.

use crate::backend::Pair;
use crate::error::StoreError;
use crate::keys::{self, Key};
use crate::ledger::Ledger;
use causeway_core::delivery::Stage;

/// How many rows are read at once.
const PAGE: usize = 1024;

/// How much of what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Wait for their turn.
    pub queued: usize,
    /// A try is under way.
    pub in_flight: usize,
    /// Are held for an admin.
    pub held: usize,
    /// Were put aside because their rows are damaged.
    pub damaged: usize,
    /// The next side took them.
    pub handed: usize,
    /// Reached a device or mailbox.
    pub delivered: usize,
    /// Were seen.
    pub seen: usize,
    /// Failed.
    pub failed: usize,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Ledger {
    /// Counts everything that is kept. It walks over all of it: for people who ask, never for the daily work.
    pub fn count(&self) -> Result<Counts, StoreError> {
        let in_flight = self.rows_under(&keys::flights())?;
        let mut counts = Counts {
            queued: self.rows_under(&keys::lanes())?.saturating_sub(in_flight),
            in_flight,
            held: self.rows_under(&keys::helds())?,
            damaged: self.rows_under(&keys::asides())?,
            ..Counts::default()
        };
        self.walk(&keys::finisheds(), &mut |(key, _)| {
            let id = keys::id_in(&key).ok_or_else(|| keys::misshapen(&key))?;
            // One that cannot be read is counted as put aside, or not at all.
            let stage = self.entry(id).ok().flatten().map(|entry| entry.delivery.stage);
            match stage {
                Some(Stage::Handed { .. }) => counts.handed += 1,
                Some(Stage::Delivered { .. }) => counts.delivered += 1,
                Some(Stage::Seen { .. }) => counts.seen += 1,
                Some(Stage::Failed { .. }) => counts.failed += 1,
                Some(Stage::Queued { .. } | Stage::InFlight { .. } | Stage::Held { .. }) | None => {}
            }
            Ok(())
        })?;
        Ok(counts)
    }

    fn rows_under(&self, prefix: &Key) -> Result<usize, StoreError> {
        let mut count = 0;
        self.walk(prefix, &mut |_| {
            count += 1;
            Ok(())
        })?;
        Ok(count)
    }

    fn walk(&self, prefix: &Key, see: &mut dyn FnMut(Pair) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let (mut from, end) = (prefix.clone(), keys::end(prefix));
        loop {
            let page = self.backend.range(&from, &end, PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            from = keys::after(last);
            page.into_iter().try_for_each(&mut *see)?;
        }
    }
}
