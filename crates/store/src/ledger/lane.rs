//! Lanes: who stands in which, who is its head, and which rows follow when a delivery moves.

use crate::backend::Pair;
use crate::error::StoreError;
use crate::keys::{self, Digest};
use crate::ledger::damage::unreadable;
use crate::ledger::entry::{Entry, Flight};
use crate::ledger::pen::Pen;
use crate::row;
use causeway_core::address::Party;
use causeway_core::delivery::Stage;
use causeway_core::envelope::EnvelopeId;
use std::time::Duration;

/// How many rows of the whole book are read at once.
const BOOK_PAGE: usize = 1_000;

// ---------------------------------------------------------------------------------------------------------------------

impl Pen<'_> {
    /// Puts a fresh entry, which is written, in its lane.
    pub(crate) fn file(&mut self, entry: &Entry) -> Result<(), StoreError> {
        self.put_on(entry)?;
        match self.leads(entry)? {
            true => self.call_head(&entry.lane, Some(entry)),
            false => Ok(()),
        }
    }

    /// Writes `after` and puts every index row right that `before` and `after` have between them.
    pub(crate) fn refile(&mut self, before: &Entry, after: &mut Entry) -> Result<(), StoreError> {
        // Also when its place was lost meanwhile.
        let led = before.in_flight() || self.leads(before)?;
        self.take_off(before, led);
        if after.finished().is_some() {
            self.drop_files(after);
        }
        if after.in_lane() && !before.in_lane() {
            after.place = self.batch.number()?;
        }
        self.put_on(after)?;
        self.write_entry(after)?;
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
        self.batch.delete(entry.standing());
        if entry.in_flight() {
            self.batch.delete(keys::flight(entry.id()));
        }
        if entry.is_held() {
            self.batch.delete(keys::held(entry.place));
        }
        if let Some(at) = entry.finished() {
            self.batch.delete(keys::finished(at, entry.id()));
        }
    }

    /// Puts all index rows of `entry` but that of a waiting head.
    pub(crate) fn put_on(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let id = *entry.id();
        self.batch.put_id(entry.standing(), &id);
        if entry.in_flight() {
            self.batch.write(
                keys::flight(&id),
                &Flight {
                    lane: entry.lane,
                    place: entry.place,
                },
            )?;
        }
        if entry.is_held() {
            self.batch.put_id(keys::held(entry.place), &id);
        }
        if let Some(at) = entry.finished() {
            self.batch.put(keys::finished(at, &id), &[]);
        }
        Ok(())
    }

    /// Queues the head of a lane, if it waits. Followers whose rows are damaged are put aside on the way, so that they
    /// hold up nobody. `known` spares reading the entry that was just written.
    pub(crate) fn call_head(&mut self, lane: &Digest, known: Option<&Entry>) -> Result<(), StoreError> {
        while let Some(first) = self.batch.first(&keys::lane(lane))? {
            let place = keys::place_in(&first.0).ok_or_else(|| keys::misshapen(&first.0))?;
            let Some(id) = self.standing_at(lane, place, &first)? else {
                continue;
            };
            let entry = match known.filter(|known| *known.id() == id) {
                Some(known) => Ok(Some(known.clone())),
                None => self.entry(&id),
            };
            let why = match entry {
                Ok(Some(entry)) => return self.queue(entry),
                Ok(None) => "its delivery is missing".to_owned(),
                Err(StoreError::Damaged(why)) => why,
                Err(fatal) => return Err(fatal),
            };
            self.set_aside(&id, lane, place, &why, Some(unreadable()))?;
        }
        Ok(())
    }

    /// Who stands at a place of a lane. When its row is damaged, the delivery that says so itself is looked for, and the
    /// row written again; where there is none, the row is taken away.
    pub(crate) fn standing_at(
        &mut self,
        lane: &Digest,
        place: u64,
        (key, value): &Pair,
    ) -> Result<Option<EnvelopeId>, StoreError> {
        let why = match row::read_id(key, value) {
            Err(StoreError::Damaged(why)) => why,
            read => return read.map(Some),
        };
        let found = self.find_entry(&|entry| entry.in_lane() && entry.lane == *lane && entry.place == place)?;
        match &found {
            Some(id) => self.batch.put_id(key.clone(), id),
            None => self.batch.delete(key.clone()),
        }
        let done = if found.is_some() {
            "it is written again"
        } else {
            "nobody stands there"
        };
        self.note_damage(format!("{why}; {done}"));
        Ok(found)
    }

    /// The delivery that `is` the one, for the day when a row that names it is damaged: this reads the whole book.
    fn find_entry(&self, is: &dyn Fn(&Entry) -> bool) -> Result<Option<EnvelopeId>, StoreError> {
        let (mut from, end) = (keys::envelopes(), keys::end(&keys::envelopes()));
        loop {
            let page = self.batch.range(&from, &end, BOOK_PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(None) };
            from = keys::after(last);
            for id in page.iter().filter_map(|(key, _)| keys::envelope_in(key)) {
                if self.entry(&id).is_ok_and(|entry| entry.is_some_and(|entry| is(&entry))) {
                    return Ok(Some(id));
                }
            }
        }
    }

    /// Puts a lane's head into the queue to its destination, if it waits. A due time that lies further away than any
    /// wait can be, and an end that lies further away than any life, come from a clock that jumped, and are drawn near.
    pub(crate) fn queue(&mut self, mut entry: Entry) -> Result<(), StoreError> {
        let Some(due) = entry.due() else { return Ok(()) };
        let latest = self.now.plus(self.terms.schedule.longest());
        let end = self.now.plus(self.longest_life(&entry));
        if due > latest || entry.delivery.expires > end {
            entry.delivery.stage = Stage::Queued { due: due.min(latest) };
            entry.delivery.expires = entry.delivery.expires.min(end);
            self.write_entry(&entry)?;
        }
        let destination = Digest::destination(&entry.destination);
        self.batch
            .write(keys::queued(&destination, due.min(latest), &entry.lane), &entry.head())?;
        self.batch.touch(destination);
        Ok(())
    }

    /// How long anything to this recipient is tried: news live longer than what is said, and only come home.
    fn longest_life(&self, entry: &Entry) -> Duration {
        match entry.to {
            Party::Home(_) => self.terms.lifetime.max(self.terms.news_lifetime),
            Party::Foreign(_) => self.terms.lifetime,
        }
    }
}
