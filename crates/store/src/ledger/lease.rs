//! Leases: the intent to deliver is written before anybody knocks at the next door.

use crate::error::StoreError;
use crate::keys::{self, Digest};
use crate::ledger::Noted;
use crate::ledger::entry::{Entry, Head};
use crate::ledger::happen::own_hop;
use crate::ledger::meant::Meant;
use crate::ledger::pen::Pen;
use crate::row;
use causeway_core::capability::Capabilities;
use causeway_core::delivery::Event;
use causeway_core::envelope::{Envelope, EnvelopeId};
use causeway_core::fit::{Context, Fitted, fit};
use causeway_core::language::Tag;
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
            earlier: meant.as_ref().map(Meant::says),
            lost: meant.as_ref().is_some_and(|meant| meant.lost),
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
        let reply_to = meant.and_then(|meant| meant.quoted(&envelope.draft));
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
}
