//! Which earlier message a draft means, what that says by now, and what need not leave the house any more.

use crate::error::StoreError;
use crate::keys::{self, Digest};
use crate::ledger::entry::Entry;
use crate::ledger::happen::own_hop;
use crate::ledger::pen::Pen;
use crate::row;
use causeway_core::delivery::{Event, Stage};
use causeway_core::envelope::{Draft, Envelope, EnvelopeId};
use causeway_core::message::{MessageRef, Payload, Reference};
use causeway_core::network::Quoted;

/// How many messages of a conversation are looked through for corrections of one of them.
const LOOKED: usize = 100;

/// An earlier message.
pub(crate) struct Meant {
    /// The message as the other side knows it: the first, or the first of its corrections that arrived.
    envelope: Envelope,
    /// The latest correction that arrived.
    latest: Option<Payload>,
    /// Whether nothing of it arrived, and nothing will.
    pub(crate) lost: bool,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Meant {
    /// What it says by now.
    pub(crate) fn says(&self) -> &Payload {
        self.latest.as_ref().unwrap_or(&self.envelope.draft.payload)
    }

    /// How the side of a draft's recipient calls it.
    pub(crate) fn quoted(self, draft: &Draft) -> Option<Quoted> {
        let Envelope { id, draft: meant, .. } = self.envelope;
        if meant.from == draft.from {
            return Some(Quoted::Ours(id));
        }
        match meant.payload {
            // A corrected message keeps the id that it had first (XEP-0308 section 3).
            Payload::Edit {
                target: Reference::Theirs(first),
                ..
            } => Some(Quoted::Theirs(first)),
            _ => meant.source.map(Quoted::Theirs),
        }
    }
}

impl Pen<'_> {
    /// The message that a draft answers, corrects, takes back or reacts to. Only what these two said to each other is ever
    /// meant, and only one's own words are corrected and taken back.
    pub(crate) fn meant(&mut self, draft: &Draft) -> Result<Option<Meant>, StoreError> {
        let Some((reference, own_only)) = draft.payload.meant() else {
            return Ok(None);
        };
        let Some(envelope) = self.original(draft, reference, own_only)? else {
            return Ok(None);
        };
        if !own_only {
            return Ok(Some(Meant {
                envelope,
                latest: None,
                lost: false,
            }));
        }
        let is_lost = self.is_lost(&envelope.id)?;
        let mut arrived = self.corrections(draft, reference)?;
        let latest = arrived.first().map(|latest| latest.draft.payload.clone());
        Ok(Some(Meant {
            lost: is_lost && latest.is_none(),
            envelope: arrived.pop().filter(|_| is_lost).unwrap_or(envelope),
            latest,
        }))
    }

    /// Takes out of the queue what a draft corrects or takes back, and earlier corrections of that, as far as the other side
    /// certainly does not have them. What is left to say is what the draft says.
    pub(crate) fn withdraw(&mut self, draft: &Draft) -> Result<(), StoreError> {
        let Some((reference, true)) = draft.payload.meant() else {
            return Ok(());
        };
        let Some(original) = self.original(draft, reference, true)? else {
            return Ok(());
        };
        let Some(Entry { lane, place, .. }) = self.entry_or_none(&original.id)? else {
            return Ok(());
        };
        let waiting = self.envelopes(&keys::place(&lane, place), &keys::end(&keys::lane(&lane)))?;
        for envelope in waiting {
            let is_version = envelope.id == original.id || corrects(&envelope, reference);
            let entry = self.entry_or_none(&envelope.id)?.filter(|_| is_version);
            if let Some(entry) = entry {
                let now = self.now;
                let sign = |after: &Entry, step| vec![own_hop(after, step, now)];
                self.happen(&entry, &[Event::Withdrawn], &sign)?;
            }
        }
        Ok(())
    }

    fn original(&mut self, draft: &Draft, to: &Reference, own_only: bool) -> Result<Option<Envelope>, StoreError> {
        let id = match to {
            Reference::Ours(id) => Some(*id),
            Reference::Theirs(source) => self.under(draft, source)?,
        };
        let read = id.map_or(Ok(None), |id| self.envelope(&id));
        Ok(self.forgiving(read)?.filter(|Envelope { draft: earlier, .. }| {
            let same_way = earlier.from == draft.from && earlier.to == draft.to;
            let other_way = earlier.from == draft.to && earlier.to == draft.from;
            same_way || (other_way && !own_only)
        }))
    }

    /// What the same one said to the same one under an id in its own words.
    fn under(&mut self, draft: &Draft, source: &MessageRef) -> Result<Option<EnvelopeId>, StoreError> {
        let lane = Digest::lane(&draft.from, &draft.to);
        let read = self.batch.read_id(&keys::source(source, &lane));
        self.forgiving(read)
    }

    /// The corrections of a message that arrived, the latest first.
    fn corrections(&mut self, draft: &Draft, of: &Reference) -> Result<Vec<Envelope>, StoreError> {
        let past = keys::past_of(&Digest::lane(&draft.from, &draft.to));
        let mut arrived = Vec::new();
        for envelope in self.envelopes(&past, &keys::end(&past))? {
            let entry = self.entry_or_none(&envelope.id)?.filter(|_| corrects(&envelope, of));
            let has_arrived = entry.is_some_and(|entry| {
                use Stage::{Delivered, Handed, Seen};
                matches!(entry.delivery.stage, Handed { .. } | Delivered { .. } | Seen { .. })
            });
            arrived.extend(has_arrived.then_some(envelope));
        }
        Ok(arrived)
    }

    /// Whether a message never reached the other side and never will.
    fn is_lost(&mut self, id: &EnvelopeId) -> Result<bool, StoreError> {
        let entry = self.entry_or_none(id)?;
        Ok(entry
            .is_some_and(|entry| matches!(entry.delivery.stage, Stage::Failed { .. }) && entry.delivery.doubts == 0))
    }

    /// The envelopes that some rows of a lane name, at most a hundred, without those that cannot be read.
    fn envelopes(&mut self, from: &[u8], to: &[u8]) -> Result<Vec<Envelope>, StoreError> {
        let mut found = Vec::new();
        for (key, value) in self.batch.range(from, to, LOOKED)? {
            let read = row::read_id(&key, &value).map(Some);
            if let Some(id) = self.forgiving(read)? {
                let read = self.envelope(&id);
                found.extend(self.forgiving(read)?);
            }
        }
        Ok(found)
    }

    fn entry_or_none(&mut self, id: &EnvelopeId) -> Result<Option<Entry>, StoreError> {
        let read = self.entry(id);
        self.forgiving(read)
    }
}

/// Whether it is a correction of that message.
fn corrects(envelope: &Envelope, of: &Reference) -> bool {
    matches!(&envelope.draft.payload, Payload::Edit { target, .. } if target == of)
}
