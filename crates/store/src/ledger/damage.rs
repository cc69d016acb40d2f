//! Damaged rows: whoever cannot be read is put aside with a reason, and holds up nobody.

use crate::backend::Pair;
use crate::error::StoreError;
use crate::keys::{self, Digest};
use crate::ledger::Ledger;
use crate::ledger::entry::{Entry, Flight, Head};
use crate::ledger::pen::Pen;
use crate::row;
use causeway_core::clock::Timestamp;
use causeway_core::envelope::{Envelope, EnvelopeId};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::promise::{self, Owed};

/// Something in a queue that the dispatcher could not use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The waiting head of a lane cannot be read; the key of its row in the queue.
    Head(Vec<u8>),
    /// A destination is announced under a due time that none of its lanes has; the key of the announcement.
    Next(Vec<u8>),
}

// ---------------------------------------------------------------------------------------------------------------------

impl Ledger {
    /// The deliveries that were put aside because their rows are damaged, with the reasons, at most `limit`.
    pub fn aside(&self, limit: usize) -> Result<Vec<(EnvelopeId, String)>, StoreError> {
        let all = keys::asides();
        let rows = self.backend.range(&all, &keys::end(&all), limit)?;
        let read = rows.into_iter().filter_map(|(key, value)| {
            let why = row::read(&key, &value).unwrap_or_else(|e| e.to_string());
            keys::id_in(&key).map(|id| (id, why))
        });
        Ok(read.collect())
    }

    /// Sentences about damaged rows that were met since the last call, for the log.
    pub fn damage(&self) -> Vec<String> {
        std::mem::take(&mut *self.damage.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Puts right what the dispatcher could not use.
    pub(crate) fn mend(&self, broken: Vec<Broken>, now: Timestamp) -> Result<(), StoreError> {
        let _turn = self.turn();
        let mut pen = self.pen(now);
        for broken in broken {
            match broken {
                Broken::Head(key) => pen.mend_head(&key)?,
                Broken::Next(key) => pen.mend_next(key)?,
            }
        }
        self.write(pen)
    }
}

impl Pen<'_> {
    /// The delivery that something happens to. When one in flight cannot be read its lane is freed, and its sender told
    /// of `lost`.
    pub(crate) fn entry_at_hand(&mut self, id: &EnvelopeId, lost: Option<Fault>) -> Result<Option<Entry>, StoreError> {
        let read = match self.entry(id) {
            Ok(None) => Err(row::damaged(&keys::delivery(id), "is missing")),
            read => read,
        };
        let gone = match read {
            Err(StoreError::Damaged(why)) => why,
            read => return read,
        };
        if self.batch.get(&keys::flight(id))?.is_some() {
            self.lose_flight(id, &gone, lost)?;
        }
        Ok(None)
    }

    /// Ends a delivery that was put aside and cannot be read; whether there was one. It grows old like any other that
    /// is over.
    pub(crate) fn cancel_aside(&mut self, id: &EnvelopeId) -> Result<bool, StoreError> {
        if self.batch.get(&keys::aside(id))?.is_none() {
            return Ok(false);
        }
        self.batch.delete(keys::aside(id));
        self.batch.put(keys::finished(self.now, id), &[]);
        Ok(true)
    }

    /// Takes a delivery that cannot be read out of its lane, says so, and tells its sender of `lost` as long as its
    /// envelope can be read.
    pub(crate) fn set_aside(
        &mut self,
        id: &EnvelopeId,
        lane: &Digest,
        place: u64,
        why: &str,
        lost: Option<Fault>,
    ) -> Result<(), StoreError> {
        self.batch.delete(keys::place(lane, place));
        self.note_damage(format!("a delivery was put aside: {why}"));
        self.lay_aside(id, why, lost)
    }

    /// Lists a delivery as damaged, and tells its sender of `lost` as long as its envelope can be read.
    pub(crate) fn lay_aside(&mut self, id: &EnvelopeId, why: &str, lost: Option<Fault>) -> Result<(), StoreError> {
        self.batch.delete(keys::flight(id));
        self.batch.write(keys::aside(id), &why)?;
        let read = self.envelope(id);
        let envelope = self.forgiving(read)?;
        let news = envelope
            .zip(lost)
            .and_then(|(envelope, fault)| promise::news(&envelope, Owed::Failed(fault)));
        let Some(draft) = news else { return Ok(()) };
        let news = Digest::news(id, "aside", 0);
        match self.batch.get(&keys::envelope(&news))? {
            Some(_) => Ok(()),
            None => self.accept(draft, news, self.name.clone()),
        }
    }

    /// Takes a row out of the queue that could not be used, and queues the right head of its lane instead. A reader may
    /// have seen half of a commit: what is right by the time of one's turn is left alone.
    fn mend_head(&mut self, key: &[u8]) -> Result<(), StoreError> {
        let (due, lane) = keys::queued_parts(key).ok_or_else(|| keys::misshapen(key))?;
        let Some(value) = self.batch.get(key)? else {
            return Ok(());
        };
        let head: Option<Head> = row::read(key, &value).ok();
        if let Some(head) = &head {
            self.give_place(&head.envelope, &lane)?;
        }
        let Some(first) = self.batch.first(&keys::lane(&lane))? else {
            self.drop_head(key);
            return Ok(());
        };
        let place = keys::place_in(&first.0).ok_or_else(|| keys::misshapen(&first.0))?;
        let Some(id) = self.standing_at(&lane, place, &first)? else {
            self.drop_head(key);
            return self.call_head(&lane, None);
        };
        match self.whole(&id) {
            Ok(entry) if self.is_queued_as(&entry, due, head) => Ok(()),
            Ok(entry) => {
                self.drop_head(key);
                self.queue(entry)
            }
            Err(StoreError::Damaged(why)) => {
                self.drop_head(key);
                self.set_aside(&id, &lane, place, &why, Some(unreadable()))?;
                self.call_head(&lane, None)
            }
            Err(fatal) => Err(fatal),
        }
    }

    /// Writes a delivery's place in its lane again when that row is lost.
    fn give_place(&mut self, id: &EnvelopeId, lane: &Digest) -> Result<(), StoreError> {
        let entry = match self.entry(id) {
            Ok(Some(entry)) if entry.in_lane() && entry.lane == *lane => entry,
            // Whoever stands first is looked at next.
            Ok(_) | Err(StoreError::Damaged(_)) => return Ok(()),
            Err(fatal) => return Err(fatal),
        };
        let key = keys::place(lane, entry.place);
        let read = self.batch.read_id(&key);
        if self.forgiving(read)?.is_some_and(|there| there == *id) {
            return Ok(());
        }
        self.note_damage(row::damaged(&key, "was lost and is written again").to_string());
        self.batch.put_id(key, id);
        Ok(())
    }

    fn is_queued_as(&self, entry: &Entry, due: Timestamp, head: Option<Head>) -> bool {
        let near = due <= self.now.plus(self.terms.schedule.longest());
        near && entry.due() == Some(due) && head == Some(entry.head())
    }

    /// The entry of a delivery whose rows can all be read.
    fn whole(&self, id: &EnvelopeId) -> Result<Entry, StoreError> {
        let missing = |key: Vec<u8>| row::damaged(&key, "is missing");
        let entry = self.entry(id)?.ok_or_else(|| missing(keys::delivery(id)))?;
        self.envelope(id)?.ok_or_else(|| missing(keys::envelope(id)))?;
        Ok(entry)
    }

    fn drop_head(&mut self, key: &[u8]) {
        self.batch.delete(key.to_vec());
        if let Some(destination) = keys::queue_of(key) {
            self.batch.touch(destination);
        }
    }

    /// Takes away the announcement of a destination unless it is the right one.
    fn mend_next(&mut self, key: Vec<u8>) -> Result<(), StoreError> {
        let (due, destination) = keys::next_parts(&key).ok_or_else(|| keys::misshapen(&key))?;
        if self.batch.get(&key)?.is_none() {
            return Ok(());
        }
        let first = self.batch.first(&keys::queue(&destination))?;
        let right = first.and_then(|(key, _)| keys::queued_parts(&key)).map(|(due, _)| due);
        if right != Some(due) {
            self.batch.delete(key);
            if let Some(right) = right {
                self.batch.put(keys::next(right, &destination), &[]);
            }
        }
        Ok(())
    }

    /// Frees the lane of a delivery in flight whose own row is damaged; its place is told by the row of the flight.
    pub(crate) fn lose_flight(&mut self, id: &EnvelopeId, why: &str, lost: Option<Fault>) -> Result<(), StoreError> {
        let flight: Result<Option<Flight>, _> = self.batch.read(&keys::flight(id));
        match self.forgiving(flight)? {
            Some(Flight { lane, place }) => {
                self.set_aside(id, &lane, place, why, lost)?;
                self.call_head(&lane, None)
            }
            None => {
                self.note_damage(format!("a delivery in flight was put aside: {why}"));
                self.lay_aside(id, why, lost)?;
                let read = self.envelope(id);
                match self.forgiving(read)? {
                    Some(envelope) => self.leave_lane(&envelope),
                    None => Ok(()),
                }
            }
        }
    }

    /// Frees the lane whose head was in flight, when nothing but the envelope tells which one that is.
    fn leave_lane(&mut self, Envelope { id, draft, .. }: &Envelope) -> Result<(), StoreError> {
        let lane = Digest::lane(&draft.from, &draft.to);
        let first = self.batch.first(&keys::lane(&lane))?;
        let stands = |(key, value): &Pair| row::read_id(key, value).is_ok_and(|first| first == *id);
        if let Some((key, _)) = first.filter(stands) {
            self.batch.delete(key);
        }
        self.call_head(&lane, None)
    }
}

/// What the sender of a delivery hears whose rows are damaged.
pub(crate) fn unreadable() -> Fault {
    Fault::of(FaultKind::Internal)
        .for_good()
        .saying("its record in the gateway is damaged")
}
