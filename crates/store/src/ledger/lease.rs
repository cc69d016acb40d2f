//! Leases: the intent to deliver is written before anybody knocks at the next door.

use crate::error::StoreError;
use crate::keys::{self, Digest};
use crate::ledger::Noted;
use crate::ledger::entry::{Entry, Head};
use crate::ledger::happen::own_hop;
use crate::ledger::pen::Pen;
use crate::row;
use causeway_core::capability::Capabilities;
use causeway_core::delivery::{Event, Stage};
use causeway_core::envelope::{Draft, Envelope, EnvelopeId};
use causeway_core::fit::{Context, Fitted, fit};
use causeway_core::language::Tag;
use causeway_core::message::{MessageRef, Payload, Reference};
use causeway_core::network::Quoted;
use causeway_core::text::Line;

/// What a parcel is made from once the lease is durable.
pub(crate) struct Leased {
    pub(crate) envelope: Envelope,
    pub(crate) fitted: Fitted,
    pub(crate) attempt: u32,
    pub(crate) doubts: u32,
    pub(crate) reply_to: Option<Quoted>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Pen<'_> {
    /// Leases a delivery if it is its turn. What its recipient's side cannot carry at all fails at once.
    pub(crate) fn lease(&mut self, id: &EnvelopeId, side: &Capabilities, who: Line) -> Result<Noted, StoreError> {
        let Some(entry) = self.entry(id)?.map(|entry| Entry { who, ..entry }) else {
            return Ok(Noted::NotLeased);
        };
        if !self.is_its_turn(&entry)? {
            return Ok(Noted::NotLeased);
        }
        let envelope = self
            .envelope(id)?
            .ok_or_else(|| row::damaged(&keys::envelope(id), "is missing"))?;
        let now = self.now;
        let sign = |after: &Entry, step| vec![own_hop(after, step, now)];
        let meant = self.meant(&envelope.draft)?;
        let context = Context {
            earlier: meant.as_ref().map(|meant| &meant.draft.payload),
            lost: meant.as_ref().map_or(Ok(false), |meant| self.is_lost(&meant.id))?,
            language: envelope.draft.lang.as_ref().and_then(Tag::language).unwrap_or_default(),
        };
        let fitted = match fit(&envelope.draft.payload, side, &context) {
            Ok(fitted) => fitted,
            Err(fault) => {
                self.happen(&entry, &[Event::Leased, Event::Refused(fault.for_good())], &sign)?;
                return Ok(Noted::NotLeased);
            }
        };
        let Some(after) = self.happen(&entry, &[Event::Leased], &sign)? else {
            return Ok(Noted::NotLeased);
        };
        let reply_to = meant.and_then(|meant| quoted(&envelope.draft, meant));
        let (attempt, doubts) = (after.delivery.attempts, after.delivery.doubts);
        Ok(Noted::Leased(Box::new(Leased {
            envelope,
            fitted,
            attempt,
            doubts,
            reply_to,
        })))
    }

    /// Leases the one behind `id` in its lane where [`Ledger::ready`] would offer just that one first: no other lane to
    /// their destination has waited longer.
    ///
    /// [`Ledger::ready`]: crate::Ledger::ready
    pub(crate) fn follow(&mut self, id: &EnvelopeId, side: &Capabilities, who: Line) -> Result<Noted, StoreError> {
        let Some(entry) = self.entry(id)? else {
            return Ok(Noted::NotLeased);
        };
        let queue = keys::queue(&Digest::destination(&entry.destination));
        let Some((key, value)) = self.batch.first(&queue)? else {
            return Ok(Noted::NotLeased);
        };
        let head: Head = row::read(&key, &value)?;
        let same_lane = keys::queued_parts(&key).is_some_and(|(_, lane)| lane == entry.lane);
        if same_lane && head.envelope != *id {
            self.lease(&head.envelope, side, who)
        } else {
            Ok(Noted::NotLeased)
        }
    }

    fn is_its_turn(&self, entry: &Entry) -> Result<bool, StoreError> {
        Ok(entry.due().is_some_and(|due| due <= self.now) && self.leads(entry)?)
    }

    /// The message that a draft answers, corrects, takes back or reacts to. Only what these two said to each other is ever
    /// meant, and only one's own words are corrected and taken back.
    fn meant(&mut self, draft: &Draft) -> Result<Option<Envelope>, StoreError> {
        let Some((reference, own_only)) = draft.payload.meant() else {
            return Ok(None);
        };
        let id = match reference {
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

    /// Whether a message never reached the other side and never will.
    fn is_lost(&mut self, id: &EnvelopeId) -> Result<bool, StoreError> {
        let read = self.entry(id);
        let entry = self.forgiving(read)?;
        Ok(entry
            .is_some_and(|entry| matches!(entry.delivery.stage, Stage::Failed { .. }) && entry.delivery.doubts == 0))
    }
}

/// How the recipient's side calls the message that is meant.
fn quoted(draft: &Draft, meant: Envelope) -> Option<Quoted> {
    match meant.draft.from == draft.from {
        true => Some(Quoted::Ours(meant.id)),
        false => match meant.draft.payload {
            // A corrected message keeps the id that it had first (XEP-0308 section 3).
            Payload::Edit {
                target: Reference::Theirs(first),
                ..
            } => Some(Quoted::Theirs(first)),
            _ => meant.draft.source.map(Quoted::Theirs),
        },
    }
}
