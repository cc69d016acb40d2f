//! Arrivals: what was said becomes an envelope and a delivery, news about an earlier one moves it.

use crate::error::StoreError;
use crate::keys::{self, Digest};
use crate::ledger::entry::Entry;
use crate::ledger::files;
use crate::ledger::happen::HOPS_MAX;
use crate::ledger::pen::Pen;
use causeway_core::clock::Timestamp;
use causeway_core::delivery::{Delivery, Event, Stage};
use causeway_core::envelope::{Draft, Envelope, EnvelopeId};
use causeway_core::evidence::Report;
use causeway_core::fault::FaultKind;
use causeway_core::hop::{Hop, Step, Trust};
use causeway_core::network::{Arrival, Item, Taken};
use causeway_core::text::Line;
use std::sync::Arc;

// ---------------------------------------------------------------------------------------------------------------------

impl Pen<'_> {
    /// Takes an arrival, with one fresh id for each of its items.
    pub(crate) fn arrive(
        &mut self,
        shelf: &str,
        arrival: Arrival,
        ids: &[EnvelopeId],
    ) -> Result<Vec<Taken>, StoreError> {
        if ids.len() < arrival.items.len() {
            return Err(StoreError::BadIds);
        }
        let items = arrival.items.into_iter().zip(ids);
        let taken = items.map(|(item, id)| match item {
            Item::Post(draft) => self.post(*draft, *id, &arrival.files),
            Item::Report(report) => self.hear(&report),
        });
        let taken = taken.collect::<Result<Vec<_>, _>>()?;
        self.shelve(shelf, arrival.rows);
        Ok(taken)
    }

    fn post(&mut self, draft: Draft, id: EnvelopeId, files: &[Arc<[u8]>]) -> Result<Taken, StoreError> {
        if let Some(known) = self.known(&draft)? {
            return Ok(Taken::Known(known));
        }
        if self.batch.get(&keys::envelope(&id))?.is_some() {
            return Err(StoreError::BadIds);
        }
        for number in files::kept(&draft) {
            if let Some(bytes) = files.get(usize::from(number)) {
                self.batch.put(keys::file(&id, number), bytes);
            }
        }
        self.withdraw(&draft)?;
        self.accept(draft, id, self.name.clone())?;
        Ok(Taken::New(id))
    }

    /// The envelope that the same message became when it came before, unless that one failed: what failed may be said
    /// again, but for what its sender took back. A damaged row counts as none: rather twice than not at all.
    fn known(&mut self, draft: &Draft) -> Result<Option<EnvelopeId>, StoreError> {
        let Some(source) = draft.source.as_ref().filter(|_| draft.once) else {
            return Ok(None);
        };
        let lane = Digest::lane(&draft.from, &draft.to);
        let read = self.batch.read_id(&keys::source(source, &lane));
        let Some(id) = self.forgiving(read)? else {
            return Ok(None);
        };
        let read = self.entry(&id);
        let entry = self.forgiving(read)?;
        let counts = entry.is_some_and(|entry| match entry.delivery.stage {
            Stage::Failed { fault, .. } => fault.kind == FaultKind::Withdrawn,
            _ => true,
        });
        Ok(counts.then_some(id))
    }

    /// Writes a new envelope with all its rows.
    pub(crate) fn accept(&mut self, draft: Draft, id: EnvelopeId, who: Line) -> Result<(), StoreError> {
        let envelope = Envelope {
            id,
            accepted: self.now,
            draft,
        };
        let (from, to) = (&envelope.draft.from, &envelope.draft.to);
        let mut entry = Entry {
            delivery: Delivery::new(&envelope, self.terms),
            to: to.clone(),
            lane: Digest::lane(from, to),
            destination: (self.route)(to),
            place: self.batch.number()?,
            hops: Vec::new(),
            more_hops: 0,
            files: files::rows(&envelope.draft),
            who,
        };
        let accepted = Hop::own(self.now, Step::Accepted, entry.who.clone());
        self.record(&mut entry, accepted)?;
        self.write_fresh(&envelope, &entry)?;
        self.index(&envelope, &entry.lane)?;
        self.file(&entry)
    }

    /// Writes the rows by which an envelope and its lane are found.
    pub(crate) fn index(&mut self, Envelope { id, draft, .. }: &Envelope, lane: &Digest) -> Result<(), StoreError> {
        for key in [keys::lane_of(&draft.from, lane), keys::lane_of(&draft.to, lane)] {
            if self.batch.get(&key)?.is_none() {
                self.batch.put(key, &[]);
            }
        }
        if let Some(source) = &draft.source {
            self.batch.put_id(keys::source(source, lane), id);
        }
        Ok(())
    }

    /// Moves the delivery that a report is about, if whoever reports may.
    fn hear(&mut self, report: &Report) -> Result<Taken, StoreError> {
        let Some(entry) = self.entry(&report.about)? else {
            return Ok(Taken::Ignored);
        };
        if report.by.as_ref().is_some_and(|by| *by != entry.to) {
            return Ok(Taken::Ignored);
        }
        let event = Event::Evidence(report.evidence.clone());
        let now = self.now;
        let sign = |after: &Entry, step: Step| reported(report, after, step, now);
        Ok(self
            .happen(&entry, &[event], &sign)?
            .map_or(Taken::Ignored, |_| Taken::Heard))
    }
}

/// The hops that a report adds: its own, and one for the step that it makes where it tells of none.
fn reported(report: &Report, after: &Entry, step: Step, now: Timestamp) -> Vec<Hop> {
    let room = HOPS_MAX.saturating_sub(after.hop_count());
    let who = Line::clean(&after.to.to_string()).unwrap_or_else(|| after.who.clone());
    let claimed = Hop {
        trust: Trust::Claimed,
        ..Hop::own(now, step, who)
    };
    let untold = !report.hops.iter().any(|hop| hop.step == step);
    report
        .hops
        .iter()
        .cloned()
        .chain(untold.then_some(claimed))
        .take(room)
        .collect()
}
