//! Answers from the ledger.

use crate::control::ask::{Answer, Ask, Timeline, Waiting, Which};
use crate::engine::keeper::Keeper;
use crate::networks::Wired;
use causeway_core::address::{Contact, Party, Scope, unescape_local};
use causeway_core::clock::Timestamp;
use causeway_core::delivery::Event;
use causeway_core::envelope::EnvelopeId;
use causeway_core::message::{Happened, MessageRef, Payload};
use causeway_store::{Change, Done, Ledger, StoreError};
use jid::Jid;
use std::sync::Arc;

/// How many news there may be between two things said before a listing by address misses some.
const NEWS_BETWEEN: usize = 8;
/// The most deliveries that one order to all moves at once.
const ALL: usize = 100_000;

/// What answers are made from.
pub struct Records {
    /// The ledger.
    pub ledger: Arc<Ledger>,
    /// Read addresses.
    pub wired: Vec<Wired>,
}

/// What is to be done besides answering.
pub type Orders = Vec<(EnvelopeId, Event)>;

// ---------------------------------------------------------------------------------------------------------------------

impl Records {
    /// The timelines or the queue that `ask` wants.
    pub fn answer(&self, ask: &Ask) -> Result<Answer, StoreError> {
        match ask {
            Ask::Trace { what, limit, words } => self.trace(what, *limit, *words),
            Ask::Queue { limit } => self.queue(*limit),
            Ask::Retry { .. } | Ask::Drop { .. } | Ask::Status | Ask::Check | Ask::Commands { .. } | Ask::Do { .. } => {
                Ok(Answer::Sorry {
                    why: "this is an order, not a question".to_owned(),
                })
            }
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
            Which::One(id) => vec![*id],
            Which::All => self.ledger.waiting_ids(ALL)?,
        };
        let ids = match (which, &event) {
            (Which::All, Event::Cancelled) => self.without_news(ids)?,
            _ => ids,
        };
        Ok(ids.into_iter().map(|id| (id, event.clone())).collect())
    }

    /// Nobody would ever learn of a failure whose notice is dropped, so that takes an order of its own.
    fn without_news(&self, ids: Vec<EnvelopeId>) -> Result<Vec<EnvelopeId>, StoreError> {
        let mut kept = Vec::new();
        for id in ids {
            if self
                .ledger
                .envelope(id)?
                .is_none_or(|envelope| envelope.draft.payload.text().is_some())
            {
                kept.push(id);
            }
        }
        Ok(kept)
    }

    fn trace(&self, what: &str, limit: usize, words: bool) -> Result<Answer, StoreError> {
        let ids = self.ids(what, limit)?;
        let mut timelines = Vec::new();
        for id in ids {
            timelines.extend(self.timeline(id, words)?);
        }
        timelines.truncate(limit);
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
        let (kind, about) = match &envelope.draft.payload {
            Payload::Text(_) => ("text", None),
            Payload::Edit { .. } => ("correction", None),
            Payload::Retract { .. } => ("retraction", None),
            Payload::React { .. } => ("reaction", None),
            Payload::News(news) => (happened(&news.what), Some(news.about)),
        };
        let text = envelope.draft.payload.text();
        let whole = text.map(|text| text.original.as_ref().unwrap_or(&text.body).as_str().to_owned());
        Ok(Some(Timeline {
            id,
            from: envelope.draft.from.to_string(),
            to: envelope.draft.to.to_string(),
            kind: kind.to_owned(),
            about,
            words: whole.filter(|_| words),
            delivery,
            hops: self.ledger.hops(id)?,
        }))
    }

    fn queue(&self, limit: usize) -> Result<Answer, StoreError> {
        let mut rows = self.ledger.waiting(limit.saturating_add(1))?;
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
        let damaged = self.ledger.aside(limit)?;
        Ok(Answer::Queue { waiting, more, damaged })
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
            ids.extend(self.said(&party, limit)?);
        }
        Ok(ids)
    }

    /// The latest that was said with a party, newest first. News about it are left out: they stand in its timeline.
    fn said(&self, party: &Party, limit: usize) -> Result<Vec<EnvelopeId>, StoreError> {
        let mut said = Vec::new();
        for id in self.ledger.history(party, None, limit.saturating_mul(NEWS_BETWEEN))? {
            let envelope = self.ledger.envelope(id)?;
            if said.len() < limit && envelope.is_some_and(|envelope| envelope.draft.payload.text().is_some()) {
                said.push(id);
            }
        }
        Ok(said)
    }

    /// Whom a text can mean: somebody at home, or a contact by its own address or by its JID here.
    pub fn parties(&self, text: &str) -> Vec<Party> {
        let jid = Jid::new(text).map(|jid| jid.to_bare()).ok();
        let foreign = self.wired.iter().filter_map(|wired| {
            let here = jid.as_ref().filter(|jid| jid.domain().as_str() == wired.domain);
            let local = here.and_then(|jid| unescape_local(jid.node()?.as_str()));
            let id = wired.network.contact(local.as_deref().unwrap_or(text)).ok()?;
            let network = wired.network.profile().id.clone();
            Some(Party::Foreign(Contact {
                network,
                scope: Scope::Gateway,
                id,
            }))
        });
        jid.clone().map(Party::Home).into_iter().chain(foreign).collect()
    }
}

/// Carries orders out and gives how many deliveries they moved.
pub async fn carried_out(keeper: &Keeper, orders: Orders) -> usize {
    tracing::info!("{} deliveries are moved on an admin's order", orders.len());
    let steps = orders
        .into_iter()
        .map(|(id, event)| keeper.insist(Change::Step { id, event }));
    let done = futures::future::join_all(steps).await;
    done.iter()
        .filter(|done| matches!(done, Ok(Done::Stepped(true))))
        .count()
}

fn happened(what: &Happened) -> &'static str {
    match what {
        Happened::Delivered => "receipt",
        Happened::Seen => "marker",
        Happened::Delayed(_) => "delay notice",
        Happened::Failed(_) => "failure notice",
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

/// A moment in a form of [`jiff::fmt::strtime`].
pub fn written(at: Timestamp, form: &str) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| "?".to_owned(), |at| at.strftime(form).to_string())
}
