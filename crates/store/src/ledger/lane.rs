//! Lanes: who stands in which, who is its head, and which rows follow when a delivery moves.

use crate::error::StoreError;
use crate::keys::{self, Digest};
use crate::ledger::damage::unreadable;
use crate::ledger::entry::{Entry, Flight};
use crate::ledger::pen::Pen;
use causeway_core::delivery::Stage;
use causeway_core::envelope::EnvelopeId;

// ---------------------------------------------------------------------------------------------------------------------

impl Pen<'_> {
    /// Writes `after` and puts every index row right that `before` and `after` have between them.
    pub(crate) fn refile(&mut self, before: Option<&Entry>, after: &mut Entry) -> Result<(), StoreError> {
        let led = match before {
            // Also when its place was lost meanwhile.
            Some(before) => before.in_flight() || self.leads(before)?,
            None => false,
        };
        if let Some(before) = before {
            self.take_off(before, led);
        }
        if after.in_lane() && !before.is_some_and(Entry::in_lane) {
            after.place = self.batch.number()?;
        }
        self.put_on(after)?;
        let moved_on = led && !after.in_lane();
        if moved_on || self.leads(after)? {
            self.call_head(&after.lane, Some(after))
        } else {
            Ok(())
        }
    }

    /// Whether `entry` is the head of its lane.
    pub(crate) fn leads(&self, entry: &Entry) -> Result<bool, StoreError> {
        let first = self.batch.first(&keys::lane(&entry.lane))?;
        let place = first.and_then(|(key, _)| keys::place_in(&key));
        Ok(entry.in_lane() && place == Some(entry.place))
    }

    /// Takes away all index rows of `entry`.
    fn take_off(&mut self, entry: &Entry, led: bool) {
        if let Some(due) = entry.due().filter(|_| led) {
            let destination = Digest::destination(&entry.destination);
            self.batch.delete(keys::queued(&destination, due, &entry.lane));
            self.batch.touch(destination);
        }
        if entry.in_lane() {
            self.batch.delete(keys::place(&entry.lane, entry.place));
        }
        if entry.in_flight() {
            self.batch.delete(keys::flight(entry.id()));
        }
        match entry.finished() {
            Some(at) => self.batch.delete(keys::finished(at, entry.id())),
            None => self.batch.delete(keys::open(entry.order)),
        }
    }

    /// Puts all index rows of `entry` but that of a waiting head.
    fn put_on(&mut self, entry: &mut Entry) -> Result<(), StoreError> {
        let id = *entry.id();
        if entry.in_lane() {
            self.batch.write(keys::place(&entry.lane, entry.place), &id)?;
        }
        if entry.in_flight() {
            self.batch.write(
                keys::flight(&id),
                &Flight {
                    lane: entry.lane,
                    place: entry.place,
                },
            )?;
        }
        match entry.finished() {
            Some(at) => self.batch.put(keys::finished(at, &id), &[]),
            None => self.batch.write(keys::open(entry.order), &id)?,
        }
        self.batch.write(keys::delivery(&id), entry)
    }

    /// Queues the head of a lane, if it waits. Followers whose rows are damaged are put aside on the way, so that they
    /// hold up nobody. `known` spares reading the entry that was just written.
    pub(crate) fn call_head(&mut self, lane: &Digest, known: Option<&Entry>) -> Result<(), StoreError> {
        while let Some((key, value)) = self.batch.first(&keys::lane(lane))? {
            let place = keys::place_in(&key).ok_or_else(|| keys::misshapen(&key))?;
            match self.follower(&key, &value, known) {
                Ok((_, Some(entry))) => return self.queue(entry),
                Ok((id, None)) => self.set_aside(Some(id), lane, place, "its delivery is missing", Some(unreadable())),
                Err((id, StoreError::Damaged(why))) => self.set_aside(id, lane, place, &why, Some(unreadable())),
                Err((_, fatal)) => return Err(fatal),
            }?;
        }
        Ok(())
    }

    /// Who stands at a place of a lane; the error knows the id as far as it could be read.
    #[allow(
        clippy::type_complexity,
        reason = "the two halves are taken apart at the one place that calls it"
    )]
    fn follower(
        &self,
        key: &[u8],
        value: &[u8],
        known: Option<&Entry>,
    ) -> Result<(EnvelopeId, Option<Entry>), (Option<EnvelopeId>, StoreError)> {
        let id: EnvelopeId = crate::row::read(key, value).map_err(|e| (None, e))?;
        if let Some(known) = known.filter(|known| *known.id() == id) {
            return Ok((id, Some(known.clone())));
        }
        self.entry(&id).map(|entry| (id, entry)).map_err(|e| (Some(id), e))
    }

    /// Puts a lane's head into the queue to its destination, if it waits. A due time that lies further away than any
    /// wait can be comes from a clock that jumped, and is drawn near.
    pub(crate) fn queue(&mut self, mut entry: Entry) -> Result<(), StoreError> {
        let Some(due) = entry.due() else { return Ok(()) };
        let latest = self.now.plus(self.terms.schedule.longest());
        if due > latest {
            entry.delivery.stage = Stage::Queued { due: latest };
            self.batch.write(keys::delivery(entry.id()), &entry)?;
        }
        let destination = Digest::destination(&entry.destination);
        self.batch
            .write(keys::queued(&destination, due.min(latest), &entry.lane), &entry.head())?;
        self.batch.touch(destination);
        Ok(())
    }
}
