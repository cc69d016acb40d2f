//! What happens to a delivery: the event is applied, the step recorded, the rows moved, the sender told.

use crate::error::StoreError;
use crate::keys::{self, Digest};
use crate::ledger::damage::unreadable;
use crate::ledger::entry::Entry;
use crate::ledger::pen::Pen;
use causeway_core::clock::Timestamp;
use causeway_core::delivery::{Delivery, Effects, Event, Stage};
use causeway_core::envelope::EnvelopeId;
use causeway_core::hop::{Hop, Step};
use causeway_core::network::{Handed, Outcome};
use causeway_core::promise::{self, Owed};
use causeway_core::text::Line;

/// How many hops a delivery may have before reports add no more: whoever may report could do so for ever.
pub(crate) const HOPS_MAX: usize = 1_000;

// ---------------------------------------------------------------------------------------------------------------------

impl Pen<'_> {
    /// Something happened that no other side had a word in; whether it meant anything.
    pub(crate) fn step(&mut self, id: &EnvelopeId, event: &Event) -> Result<bool, StoreError> {
        let Some(entry) = self.entry_at_hand(id, Some(unreadable()))? else {
            return if *event == Event::Cancelled {
                self.cancel_aside(id)
            } else {
                Ok(false)
            };
        };
        let now = self.now;
        let happened = self.happen(&entry, std::slice::from_ref(event), &|after, step| {
            vec![own_hop(after, step, now)]
        })?;
        if happened.is_some() && *event == Event::Cancelled {
            self.batch.delete(keys::aside(id));
        }
        Ok(happened.is_some())
    }

    /// A try ended. Its hop and its rows are kept also when a report was faster and decided the stage.
    pub(crate) fn settle(&mut self, id: &EnvelopeId, shelf: &str, outcome: Outcome) -> Result<bool, StoreError> {
        let lost = match &outcome {
            Outcome::Handed(_) => None,
            Outcome::Failed(fault, _) if !fault.retry => Some(fault.clone()),
            Outcome::Failed(..) | Outcome::InDoubt(..) => Some(unreadable()),
        };
        let (event, hop, rows) = match outcome {
            Outcome::Handed(Handed { hop, final_stop, rows }) => (Event::Handed { final_stop }, Some(hop), rows),
            Outcome::Failed(fault, hop) => (Event::Refused(fault), hop, Vec::new()),
            Outcome::InDoubt(fault, hop) => (Event::InDoubt(fault), hop, Vec::new()),
        };
        self.shelve(shelf, rows);
        let Some(mut entry) = self.entry_at_hand(id, lost)? else {
            return Ok(false);
        };
        let now = self.now;
        // Couriers read no clock: an outcome happens when it is written down.
        let hop = hop.map(|hop| Hop {
            at: hop.at.or(Some(now)),
            ..hop
        });
        let sign = |after: &Entry, step| match &hop {
            Some(hop) => vec![Hop { step, ..hop.clone() }],
            None => vec![own_hop(after, step, now)],
        };
        if self.happen(&entry, &[event], &sign)?.is_some() {
            return Ok(true);
        }
        if let Some(hop) = hop {
            self.record(&mut entry, hop)?;
            self.write_entry(&entry)?;
        }
        Ok(false)
    }

    /// Applies events one after the other and writes down where they lead; what stands between leaves no trace. `sign`
    /// words the hops of the step. Gives the new entry, or `None` when the events mean nothing in this stage.
    pub(crate) fn happen(
        &mut self,
        entry: &Entry,
        events: &[Event],
        sign: &dyn Fn(&Entry, Step) -> Vec<Hop>,
    ) -> Result<Option<Entry>, StoreError> {
        let Some((delivery, effects)) = self.applied(&entry.delivery, events) else {
            return Ok(None);
        };
        let mut after = Entry {
            delivery,
            ..entry.clone()
        };
        for hop in effects.step.map(|step| sign(&after, step)).unwrap_or_default() {
            self.record(&mut after, hop)?;
        }
        self.refile(entry, &mut after)?;
        if let Some(owed) = effects.owed {
            self.tell(&after, owed)?;
        }
        Ok(Some(after))
    }

    fn applied(&self, delivery: &Delivery, events: &[Event]) -> Option<(Delivery, Effects)> {
        let start = (delivery.clone(), Effects::default());
        events.iter().try_fold(start, |(delivery, _), event| {
            delivery.apply(event, self.now, self.terms)
        })
    }

    /// Posts the news that the sender is owed, under an id that follows from the envelope, the kind and the count: the
    /// same news is never posted twice.
    pub(crate) fn tell(&mut self, about: &Entry, owed: Owed) -> Result<(), StoreError> {
        let held = matches!(about.delivery.stage, Stage::Held { .. });
        let word = match &owed {
            Owed::Delivered => "delivered",
            Owed::Seen => "seen",
            Owed::Delayed(_) if held => "held",
            Owed::Delayed(_) => "delayed",
            Owed::Failed(_) => "failed",
        };
        let id = Digest::news(about.id(), word, about.delivery.notices);
        let read = self.envelope(about.id());
        let Some(envelope) = self.forgiving(read)? else {
            return Ok(());
        };
        match promise::news(&envelope, owed) {
            Some(draft) if self.entry(&id)?.is_none() => self.accept(draft, id, about.who.clone()),
            _ => Ok(()),
        }
    }
}

/// The hop that the gateway signs itself, with the fault that it comes from.
pub(crate) fn own_hop(after: &Entry, step: Step, now: Timestamp) -> Hop {
    let why = match (&after.delivery.stage, &after.delivery.waits_for) {
        (Stage::Failed { fault, .. } | Stage::Held { fault, .. }, _) => Some(fault),
        (Stage::Queued { .. }, Some(fault)) if matches!(step, Step::Deferred | Step::InDoubt) => Some(fault),
        _ => None,
    };
    Hop::own(now, step, after.who.clone()).saying(why.and_then(|fault| Line::clean(&fault.to_string())))
}
