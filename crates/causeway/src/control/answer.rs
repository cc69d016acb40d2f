//! Answers from the ledger.

use crate::control::ask::{Answer, Ask, Timeline, Waiting, Which};
use crate::engine::dispatch::Networks;
use causeway_core::address::{Contact, Party, Scope};
use causeway_core::clock::Timestamp;
use causeway_core::delivery::Event;
use causeway_core::envelope::EnvelopeId;
use causeway_core::message::{MessageRef, Payload};
use causeway_store::{Ledger, StoreError};
use jid::BareJid;
use std::sync::Arc;

/// The most deliveries that one order to all moves at once.
const ALL: usize = 100_000;

/// What answers are made from.
pub struct Clerk {
    /// The ledger.
    pub ledger: Arc<Ledger>,
    /// Read addresses.
    pub networks: Networks,
}

/// What is to be done besides answering.
pub type Orders = Vec<(EnvelopeId, Event)>;

// ---------------------------------------------------------------------------------------------------------------------

impl Clerk {
    /// The timelines or the queue that `ask` wants.
    pub fn answer(&self, ask: &Ask) -> Result<Answer, StoreError> {
        match ask {
            Ask::Trace { what, limit, words } => self.trace(what, *limit, *words),
            Ask::Queue { limit } => self.queue(*limit),
            Ask::Retry { .. } | Ask::Drop { .. } | Ask::Status | Ask::Check => Ok(Answer::Sorry {
                why: "this is an order, not a question".to_owned(),
            }),
        }
    }

    /// The events that an order means; an empty list where nothing fits.
    pub fn orders(&self, ask: &Ask) -> Result<Orders, StoreError> {
        let (which, event) = match ask {
            Ask::Retry { which } => (which, Event::Hurried),
            Ask::Drop { which } => (which, Event::Cancelled),
            _ => return Ok(Vec::new()),
        };
        let ids = match which {
            Which::One(text) => self.ids(text, 1)?,
            Which::All => self
                .ledger
                .waiting(None, ALL)?
                .into_iter()
                .map(|(envelope, _)| envelope.id)
                .collect(),
        };
        Ok(ids.into_iter().map(|id| (id, event.clone())).collect())
    }

    fn trace(&self, what: &str, limit: usize, words: bool) -> Result<Answer, StoreError> {
        let ids = self.ids(what, limit)?;
        let mut timelines = Vec::new();
        for id in ids {
            timelines.extend(self.timeline(id, words)?);
        }
        if timelines.is_empty() {
            let why = format!(
                "nothing is known of “{what}”: it is no id that is kept and no address that wrote or was written to"
            );
            return Ok(Answer::Sorry { why });
        }
        Ok(Answer::Timelines { timelines })
    }

    fn timeline(&self, id: EnvelopeId, words: bool) -> Result<Option<Timeline>, StoreError> {
        let (Some(envelope), Some(delivery)) = (self.ledger.envelope(id)?, self.ledger.delivery(id)?) else {
            return Ok(None);
        };
        let kind = match envelope.draft.payload {
            Payload::Text(_) => "text",
            Payload::Edit { .. } => "edit",
            Payload::News(_) => "news",
        };
        let text = envelope.draft.payload.text();
        let whole = text.map(|text| text.original.as_ref().unwrap_or(&text.body).as_str().to_owned());
        Ok(Some(Timeline {
            id,
            from: envelope.draft.from.to_string(),
            to: envelope.draft.to.to_string(),
            kind: kind.to_owned(),
            words: whole.filter(|_| words),
            delivery,
            hops: self.ledger.hops(id)?,
        }))
    }

    fn queue(&self, limit: usize) -> Result<Answer, StoreError> {
        let mut rows = self.ledger.waiting(None, limit.saturating_add(1))?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let waiting = rows
            .into_iter()
            .map(|(envelope, delivery)| Waiting {
                id: envelope.id,
                from: envelope.draft.from.to_string(),
                to: envelope.draft.to.to_string(),
                accepted: envelope.accepted.0,
                expires: delivery.expires.0,
                attempts: delivery.attempts,
                waits_for: delivery.waits_for.as_ref().map(ToString::to_string),
                stage: delivery.stage,
            })
            .collect();
        Ok(Answer::Queue { waiting, more })
    }

    /// What a text names: an id of ours, an id of a side, or everything with somebody.
    fn ids(&self, what: &str, limit: usize) -> Result<Vec<EnvelopeId>, StoreError> {
        let bare = what.trim().trim_start_matches('<').trim_end_matches('>');
        let local = bare.split('@').next().unwrap_or(bare);
        if let Some(id) = EnvelopeId::parse(local) {
            return Ok(vec![id]);
        }
        if let Some(source) = MessageRef::new(bare) {
            let found = self.ledger.find(&source)?;
            if !found.is_empty() {
                return Ok(found.into_iter().take(limit).collect());
            }
        }
        let mut ids = Vec::new();
        for party in self.parties(bare) {
            ids.extend(self.ledger.history(&party, None, limit)?);
        }
        ids.truncate(limit);
        Ok(ids)
    }

    fn parties(&self, text: &str) -> Vec<Party> {
        let home = BareJid::new(text).ok().map(Party::Home);
        let foreign = self.networks.iter().filter_map(|(id, network)| {
            let contact = Contact {
                network: id.clone(),
                scope: Scope::Gateway,
                id: network.contact(text).ok()?,
            };
            Some(Party::Foreign(contact))
        });
        home.into_iter().chain(foreign).collect()
    }
}

/// A moment for people, in UTC, to the millisecond.
pub fn moment(at: Timestamp) -> String {
    written(at, "%Y-%m-%d %H:%M:%S%.3fZ")
}

/// The same to the second.
pub fn moment_in_seconds(at: Timestamp) -> String {
    written(at, "%Y-%m-%d %H:%M:%SZ")
}

fn written(at: Timestamp, form: &str) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| "?".to_owned(), |at| at.strftime(form).to_string())
}
