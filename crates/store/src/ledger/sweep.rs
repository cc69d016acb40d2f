//! Forgetting: finished deliveries grow old, and then all their rows go.

use crate::error::StoreError;
use crate::keys::{self, Digest};
use crate::ledger::Ledger;
use crate::ledger::entry::Entry;
use crate::ledger::pen::Pen;
use causeway_core::clock::Timestamp;
use causeway_core::envelope::{Draft, Envelope, EnvelopeId};

// ---------------------------------------------------------------------------------------------------------------------

impl Ledger {
    /// Forgets finished deliveries that are older than the terms' retention, the oldest first, at most `limit` in one
    /// commit; gives how many.
    pub fn sweep(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let _turn = self.turn();
        let mut pen = self.pen(now);
        let old = keys::finisheds_from(now.minus(self.terms.retention));
        let rows = self.backend.range(&keys::finisheds(), &old, limit)?;
        for (key, _) in &rows {
            pen.forget(key)?;
        }
        self.write(pen)?;
        Ok(rows.len())
    }

    /// Forgets those of them that are over, before they are old; gives how many.
    pub fn erase(&self, ids: &[EnvelopeId], now: Timestamp) -> Result<usize, StoreError> {
        let _turn = self.turn();
        let mut pen = self.pen(now);
        let mut count = 0;
        for id in ids {
            let read = pen.entry(id);
            let Some(at) = pen.forgiving(read)?.and_then(|entry| entry.finished()) else {
                continue;
            };
            pen.forget(&keys::finished(at, id))?;
            count += 1;
        }
        self.write(pen)?;
        Ok(count)
    }
}

impl Pen<'_> {
    /// Takes away all rows of a finished delivery, as far as they can still be told.
    fn forget(&mut self, key: &[u8]) -> Result<(), StoreError> {
        let id = keys::id_in(key).ok_or_else(|| keys::misshapen(key))?;
        let (entry, envelope) = (self.entry(&id), self.envelope(&id));
        let (entry, envelope) = (self.forgiving(entry)?, self.forgiving(envelope)?);
        if let Some(entry) = &entry {
            self.batch.delete(entry.standing());
        }
        if let Some((entry, envelope)) = entry.zip(envelope) {
            self.forget_source(&entry, &envelope)?;
            self.forget_lane(&entry.lane, &envelope.draft)?;
        }
        for all in [keys::all_of(&id), keys::files(&id)] {
            for (row, _) in self.batch.range(&all, &keys::end(&all), usize::MAX)? {
                self.batch.delete(row);
            }
        }
        self.batch.delete(key.to_vec());
        self.batch.delete(keys::aside(&id));
        Ok(())
    }

    fn forget_source(&mut self, entry: &Entry, Envelope { id, draft, .. }: &Envelope) -> Result<(), StoreError> {
        let Some(source) = &draft.source else { return Ok(()) };
        let key = keys::source(source, &entry.lane);
        let read = self.batch.read_id(&key);
        // A later message may have come under the same id.
        if self.forgiving(read)?.is_none_or(|latest| latest == *id) {
            self.batch.delete(key);
        }
        Ok(())
    }

    /// Nobody is asked any more about a lane in which nothing is left.
    fn forget_lane(&mut self, lane: &Digest, draft: &Draft) -> Result<(), StoreError> {
        for left in [keys::lane(lane), keys::past_of(lane)] {
            if self.batch.first(&left)?.is_some() {
                return Ok(());
            }
        }
        self.batch.delete(keys::lane_of(&draft.from, lane));
        self.batch.delete(keys::lane_of(&draft.to, lane));
        Ok(())
    }
}
