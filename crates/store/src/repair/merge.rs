//! Which row is taken from where, and what may go on.
//!
//! Only what was said, where it is, and the adapters' rows are taken; the index follows from them and is written anew.
//! What comes from a backup, or from a store that has lost anything, may have been delivered since: what was not over is
//! held, and somebody looks at it.

use crate::backend::{Backend, Pair};
use crate::error::StoreError;
use crate::keys;
use crate::ledger::damage::unreadable;
use crate::ledger::entry::Entry;
use crate::ledger::happen::own_hop;
use crate::ledger::pen::Pen;
use crate::ledger::{Ledger, largest};
use crate::repair::Repaired;
use crate::row;
use crate::sled::salvage::Salvaged;
use causeway_core::clock::Timestamp;
use causeway_core::delivery::Stage;
use causeway_core::envelope::{Envelope, EnvelopeId};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::hop::{Hop, Step};
use serde::de::DeserializeOwned;

/// How many rows are read at once, and about how many messages are written in one commit.
const PAGE: usize = 500;
/// How many lost messages are named.
const TOLD: usize = 100;
/// Why a message is listed as damaged.
const NO_DELIVERY: &str = "the store was repaired, and nothing says what became of this message";
/// Why a message is listed of which not even the words are left.
const NO_ENVELOPE: &str = "the store was repaired, and this message is lost";

/// One repair.
pub(super) struct Merge<'a> {
    pub(super) ledger: &'a Ledger,
    pub(super) damaged: Option<(&'a dyn Backend, &'a Salvaged)>,
    pub(super) backup: Option<&'a dyn Backend>,
    pub(super) now: Timestamp,
    pub(super) done: &'a mut Repaired,
}

/// What one source has of a message.
#[derive(Default)]
struct Half {
    envelope: Option<Envelope>,
    entry: Option<Entry>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl<'a> Merge<'a> {
    /// Fills the new ledger.
    pub(super) fn run(mut self) -> Result<(), StoreError> {
        self.count_on()?;
        self.shelves()?;
        let mut without_delivery = Vec::new();
        for source in self.sources() {
            self.messages(source, &mut without_delivery)?;
        }
        let mut pen = self.ledger.pen(self.now);
        for id in &without_delivery {
            pen.lay_aside(id, NO_DELIVERY, Some(unreadable()))?;
        }
        self.ledger.write(pen)?;
        self.traces()?;
        self.lanes()
    }

    /// The damaged store, then the backup.
    fn sources(&self) -> Vec<&'a dyn Backend> {
        let damaged = self.damaged.map(|(damaged, _)| damaged);
        damaged.into_iter().chain(self.backup).collect()
    }

    /// The counter goes on behind everything that ever had a number.
    fn count_on(&self) -> Result<(), StoreError> {
        let mut next = 1;
        for source in self.sources() {
            let counter: Option<u64> = read(source, &keys::sequence())?;
            let places = largest(source, &keys::lanes(), keys::place_in)?;
            let pasts = largest(source, &keys::pasts(), keys::past_in)?;
            let last = places.max(pasts).map(|last| last.saturating_add(1));
            next = counter.max(last).unwrap_or_default().max(next);
        }
        let mut pen = self.ledger.pen(self.now);
        pen.batch.write(keys::sequence(), &next)?;
        self.ledger.write(pen)
    }

    /// The adapters' rows: from the store, and those of which the store has lost sight from the backup.
    fn shelves(&mut self) -> Result<(), StoreError> {
        if let Some((damaged, _)) = self.damaged {
            self.pages(damaged, &keys::shelves(), |merge, pen, (key, value)| {
                let kept = row::unwrap(key, value).ok();
                let payload = match &kept {
                    Some(_) => kept.clone(),
                    None => payload(merge.backup, key)?,
                };
                merge.shelve(pen, key, payload, kept.is_some());
                Ok(())
            })?;
        }
        let Some(backup) = self.backup else { return Ok(()) };
        self.pages(backup, &keys::shelves(), |merge, pen, (key, value)| {
            let knows = match merge.damaged {
                Some((damaged, salvaged)) => salvaged.knows(key) || damaged.get(key)?.is_some(),
                None => false,
            };
            merge.shelve(pen, key, row::unwrap(key, value).ok().filter(|_| !knows), false);
            Ok(())
        })
    }

    fn shelve(&mut self, pen: &mut Pen<'_>, key: &[u8], payload: Option<Vec<u8>>, from_store: bool) {
        if let Some(payload) = payload {
            pen.batch.put(key.to_vec(), &payload);
            let (store, backup) = &mut self.done.rows;
            let count = if from_store { store } else { backup };
            *count = count.saturating_add(1);
        }
    }

    /// All messages of which `source` has anything, and no source before it.
    fn messages(&mut self, source: &dyn Backend, without_delivery: &mut Vec<EnvelopeId>) -> Result<(), StoreError> {
        let mut last = None;
        let is_first = self
            .damaged
            .is_some_and(|(damaged, _)| std::ptr::addr_eq(damaged, source));
        self.pages(source, &keys::envelopes(), |merge, pen, (key, _)| {
            let Some(id) = keys::id_of(key).filter(|id| last != Some(*id)) else {
                return Ok(());
            };
            last = Some(id);
            let all = keys::all_of(&id);
            let seen = match merge.damaged.filter(|_| !is_first) {
                Some((damaged, _)) => !damaged.range(&all, &keys::end(&all), 1)?.is_empty(),
                None => false,
            };
            if !seen && !merge.message(pen, &id)? {
                without_delivery.push(id);
            }
            Ok(())
        })
    }

    /// Writes one message; false when its delivery is lost, and only its words are written.
    fn message(&mut self, pen: &mut Pen<'_>, id: &EnvelopeId) -> Result<bool, StoreError> {
        let store = Half::read(self.damaged.map(|(damaged, _)| damaged), id)?;
        let copy = Half::read(self.backup, id)?;
        let later = match (&store.entry, &copy.entry) {
            (Some(store), Some(copy)) => progress(store) >= progress(copy),
            (store, _) => store.is_some(),
        };
        let from_store = later && store.envelope.is_some();
        let entry = if later { store.entry } else { copy.entry };
        let Some(envelope) = store.envelope.or(copy.envelope) else {
            let is_over = entry.is_some_and(|entry| entry.finished().is_some());
            self.lose(pen, id, is_over)?;
            return Ok(true);
        };
        let tally = &mut self.done.messages;
        tally.all = tally.all.saturating_add(1);
        let count = if from_store {
            &mut tally.from_store
        } else {
            &mut tally.from_backup
        };
        *count = count.saturating_add(1);
        let Some(entry) = entry else {
            pen.batch.write(keys::envelope(id), &envelope)?;
            self.done.messages.aside = self.done.messages.aside.saturating_add(1);
            return Ok(false);
        };
        let mut entry = self.reviewed(entry)?;
        self.more_hops(pen, &mut entry)?;
        self.files(pen, &entry)?;
        install(pen, &envelope, entry)?;
        Ok(true)
    }

    /// A delivery as it may go on. A page that is lost can show as it was before, so of a store that lost anything no
    /// delivery is certain to be where its row says.
    fn reviewed(&mut self, mut entry: Entry) -> Result<Entry, StoreError> {
        let at = self.now;
        let fault = Fault::of(FaultKind::Restored);
        if entry.in_lane() && !self.done.whole {
            if self.is_past(&entry)? {
                // It was over, and its sender was told how; only the record of that is lost.
                entry.delivery.stage = Stage::Failed { at, fault };
                return Ok(entry);
            }
            entry.delivery.doubts = entry.delivery.doubts.saturating_add(1);
            entry.delivery.stage = Stage::Held { at, fault };
            let hop = own_hop(&entry, Step::Held, at);
            entry.hops.push(hop);
        }
        if entry.is_held() {
            self.done.messages.held = self.done.messages.held.saturating_add(1);
        }
        Ok(entry)
    }

    /// Whether the damaged store knows that a delivery has left its lane, and is not held.
    fn is_past(&self, entry: &Entry) -> Result<bool, StoreError> {
        let Some((damaged, _)) = self.damaged else {
            return Ok(false);
        };
        let names = |key: Vec<u8>| Ok::<_, StoreError>(named(damaged, &key)? == Some(*entry.id()));
        Ok(names(keys::past(&entry.lane, entry.place))? && !names(keys::held(entry.place))?)
    }

    /// The hops of a long way, without those that are lost.
    fn more_hops(&self, pen: &mut Pen<'_>, entry: &mut Entry) -> Result<(), StoreError> {
        let id = *entry.id();
        let mut kept = 0;
        for n in 0..std::mem::take(&mut entry.more_hops) {
            for source in self.sources() {
                if let Some(hop) = read::<Hop>(source, &keys::hop(&id, n))? {
                    pen.batch.write(keys::hop(&id, kept), &hop)?;
                    kept = kept.saturating_add(1);
                    break;
                }
            }
        }
        entry.more_hops = kept;
        Ok(())
    }

    /// The files of one that is not over.
    fn files(&self, pen: &mut Pen<'_>, entry: &Entry) -> Result<(), StoreError> {
        for n in 0..entry.files {
            let key = keys::file(entry.id(), n);
            for source in self.sources() {
                if let Some(bytes) = payload(Some(source), &key)? {
                    pen.batch.put(key, &bytes);
                    break;
                }
            }
        }
        Ok(())
    }

    /// Messages that only the index of the damaged store still names.
    fn traces(&mut self) -> Result<(), StoreError> {
        let Some((damaged, _)) = self.damaged else {
            return Ok(());
        };
        for (prefix, is_over) in [(keys::lanes(), false), (keys::helds(), false), (keys::pasts(), true)] {
            self.pages(damaged, &prefix, |merge, pen, (key, value)| {
                let Ok(id) = row::read_id(key, value) else {
                    return Ok(());
                };
                let known =
                    pen.batch.get(&keys::envelope(&id))?.is_some() || pen.batch.get(&keys::aside(&id))?.is_some();
                if known { Ok(()) } else { merge.lose(pen, &id, is_over) }
            })?;
        }
        Ok(())
    }

    /// Counts one that is lost, and lists it for the admin unless it was over.
    fn lose(&mut self, pen: &mut Pen<'_>, id: &EnvelopeId, is_over: bool) -> Result<(), StoreError> {
        self.done.messages.lost = self.done.messages.lost.saturating_add(1);
        if self.done.lost.len() < TOLD {
            self.done.lost.push(*id);
        }
        match is_over {
            true => Ok(()),
            false => pen.batch.write(keys::aside(id), &NO_ENVELOPE),
        }
    }

    /// Puts the head of each lane into its queue.
    fn lanes(&self) -> Result<(), StoreError> {
        let (mut from, end) = (keys::lanes(), keys::end(&keys::lanes()));
        let (mut pen, mut called) = (self.ledger.pen(self.now), 0_usize);
        while let Some((key, _)) = self.ledger.backend.range(&from, &end, 1)?.pop() {
            let lane = keys::lane_at(&key).ok_or_else(|| keys::misshapen(&key))?;
            from = keys::end(&keys::lane(&lane));
            pen.call_head(&lane, None)?;
            called = called.saturating_add(1);
            if called.is_multiple_of(PAGE) {
                self.ledger
                    .write(std::mem::replace(&mut pen, self.ledger.pen(self.now)))?;
            }
        }
        self.ledger.write(pen)
    }

    /// Shows all rows of a source that begin with `prefix`, and writes each page.
    fn pages(
        &mut self,
        source: &dyn Backend,
        prefix: &[u8],
        mut each: impl FnMut(&mut Self, &mut Pen<'_>, &Pair) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let (mut from, end) = (prefix.to_vec(), keys::end(prefix));
        loop {
            let page = source.range(&from, &end, PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            from = keys::after(last);
            let mut pen = self.ledger.pen(self.now);
            for row in &page {
                each(self, &mut pen, row)?;
            }
            self.ledger.write(pen)?;
        }
    }
}

impl Half {
    fn read(source: Option<&dyn Backend>, id: &EnvelopeId) -> Result<Self, StoreError> {
        let Some(source) = source else {
            return Ok(Self::default());
        };
        Ok(Self {
            envelope: read(source, &keys::envelope(id))?,
            entry: forgiving(Entry::read(id, &|key| source.get(key)))?,
        })
    }
}

/// Writes a message with its index, but for the places in queues.
fn install(pen: &mut Pen<'_>, envelope: &Envelope, mut entry: Entry) -> Result<(), StoreError> {
    if pen.batch.get(&entry.standing())?.is_some() {
        entry.place = pen.batch.number()?;
    }
    let is_fresh = entry.delivery.attempts == 0 && entry.hops.len() == 1 && entry.in_lane();
    if is_fresh {
        pen.write_fresh(envelope, &entry)?;
    } else {
        pen.batch.write(keys::envelope(&envelope.id), envelope)?;
        pen.batch.write(keys::delivery(&envelope.id), &entry)?;
    }
    pen.put_on(&entry)?;
    let draft = &envelope.draft;
    let before = match &draft.source {
        Some(source) => pen.batch.read_id(&keys::source(source, &entry.lane))?,
        None => None,
    };
    pen.index(envelope, &entry.lane)?;
    // The latest message under an id of its side is the one that is meant by it.
    if let (Some(before), Some(source)) = (before, &draft.source)
        && pen.entry(&before)?.is_some_and(|before| before.place > entry.place)
    {
        pen.batch.put_id(keys::source(source, &entry.lane), &before);
    }
    Ok(())
}

/// How far a delivery has come: of two records of one the further is the later.
fn progress(entry: &Entry) -> (bool, usize, u32) {
    (entry.finished().is_some(), entry.hop_count(), entry.delivery.attempts)
}

fn read<T: DeserializeOwned>(source: &dyn Backend, key: &[u8]) -> Result<Option<T>, StoreError> {
    let value = source.get(key)?;
    forgiving(value.map(|value| row::read(key, &value)).transpose())
}

fn named(source: &dyn Backend, key: &[u8]) -> Result<Option<EnvelopeId>, StoreError> {
    let value = source.get(key)?;
    forgiving(value.map(|value| row::read_id(key, &value)).transpose())
}

fn payload(source: Option<&dyn Backend>, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
    let value = source.map(|source| source.get(key)).transpose()?.flatten();
    forgiving(value.map(|value| row::unwrap(key, &value)).transpose())
}

/// A damaged row is as good as none.
fn forgiving<T>(read: Result<Option<T>, StoreError>) -> Result<Option<T>, StoreError> {
    match read {
        Err(StoreError::Damaged(_)) => Ok(None),
        other => other,
    }
}
