//! A house for tests: an inbox that remembers, a memory that can be filled, a clock that stands still.

use causeway_core::address::{Contact, ForeignId, NetworkId, Party, Scope};
use causeway_core::clock::{Clock, Timestamp};
use causeway_core::envelope::{Draft, Envelope, EnvelopeId};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::message::{Payload, Text};
use causeway_core::network::{Accepted, Arrival, Files, House, Inbox, Item, Memory, Pending, Row, Taken, Tasks};
use causeway_core::text::Body;
use jid::BareJid;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

/// What the test sees of the house.
pub(crate) struct Rooms {
    /// What was posted, in order.
    pub(crate) posted: Mutex<Vec<Arrival>>,
    /// The rows of the shelf.
    pub(crate) rows: Mutex<BTreeMap<String, Vec<u8>>>,
    /// The envelopes that are remembered.
    pub(crate) envelopes: Mutex<BTreeMap<EnvelopeId, Envelope>>,
    /// What the next post answers; it is durable only when this opens.
    pub(crate) verdict: Mutex<Option<Fault>>,
    /// While `true` nothing becomes durable.
    pub(crate) held: watch::Sender<bool>,
    /// Asks to stop.
    pub(crate) stop: watch::Sender<bool>,
}

pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000_000);

impl Rooms {
    pub(crate) fn open() -> Arc<Self> {
        Arc::new(Self {
            posted: Mutex::default(),
            rows: Mutex::default(),
            envelopes: Mutex::default(),
            verdict: Mutex::default(),
            held: watch::Sender::new(false),
            stop: watch::Sender::new(false),
        })
    }

    pub(crate) fn house(self: &Arc<Self>) -> House {
        House {
            inbox: self.clone(),
            memory: self.clone(),
            clock: self.clone(),
            tasks: self.clone(),
            files: Files::without_web(),
        }
    }

    /// Remembers that Romeo wrote to Juliet.
    pub(crate) fn remember(&self, id: EnvelopeId, text: Text) -> Envelope {
        let draft = Draft::new(romeo(), juliet(), Payload::Text(text));
        let envelope = Envelope {
            id,
            accepted: NOW,
            draft,
        };
        self.envelopes.lock().unwrap().insert(id, envelope.clone());
        envelope
    }

    /// All drafts that were posted.
    pub(crate) fn drafts(&self) -> Vec<Draft> {
        let posted = self.posted.lock().unwrap();
        let items = posted.iter().flat_map(|arrival| arrival.items.clone());
        items
            .filter_map(|item| match item {
                Item::Post(draft) => Some(*draft),
                Item::Report(_) => None,
            })
            .collect()
    }

    fn take(&self, arrival: Arrival) -> Vec<Taken> {
        let mut rows = self.rows.lock().unwrap();
        for Row { key, value } in &arrival.rows {
            match value {
                Some(value) => rows.insert(key.clone(), value.clone()),
                None => rows.remove(key),
            };
        }
        let taken = arrival.items.iter().map(|_| Taken::Heard).collect();
        self.posted.lock().unwrap().push(arrival);
        taken
    }
}

pub(crate) fn id(bits: u8) -> EnvelopeId {
    EnvelopeId::from_random([bits; 16])
}

pub(crate) fn jid(text: &str) -> BareJid {
    BareJid::new(text).unwrap()
}

pub(crate) fn romeo() -> Party {
    Party::Home(jid("romeo@example.org"))
}

pub(crate) fn juliet() -> Party {
    Party::Foreign(Contact {
        network: NetworkId::new("email").unwrap(),
        scope: Scope::Gateway,
        id: ForeignId::new("juliet@example.com").unwrap(),
    })
}

pub(crate) fn words(text: &str) -> Text {
    Text::plain(Body::clean(text).unwrap())
}

impl Inbox for Rooms {
    #[expect(clippy::disallowed_methods, reason = "this inbox stands in for the store")]
    fn post(&self, arrival: Arrival) -> Pending<'static, Result<Accepted, Fault>> {
        let verdict = self.verdict.lock().unwrap().clone();
        let taken = match verdict {
            Some(fault) => Err(fault),
            None => Ok(self.take(arrival)),
        };
        let mut held = self.held.subscribe();
        Box::pin(async move {
            held.wait_for(|held| !held).await.unwrap();
            taken.map(Accepted::sealed_by_the_store)
        })
    }

    /// Everybody at home but Tybalt.
    fn admit(&self, draft: &Draft) -> Result<(), Fault> {
        match draft.to.home().map(|user| user.as_str()) {
            Some("tybalt@example.org") => Err(Fault::of(FaultKind::NotAllowed)),
            _ => Ok(()),
        }
    }
}

impl Memory for Rooms {
    fn recall(&self, id: EnvelopeId) -> Option<Envelope> {
        self.envelopes.lock().unwrap().get(&id).cloned()
    }

    fn row(&self, key: &str) -> Option<Vec<u8>> {
        self.rows.lock().unwrap().get(key).cloned()
    }

    fn rows(&self, prefix: &str, after: Option<&str>, limit: usize) -> Vec<(String, Vec<u8>)> {
        let rows = self.rows.lock().unwrap();
        rows.iter()
            .filter(|(key, _)| key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after))
            .take(limit)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }
}

impl Clock for Rooms {
    fn now(&self) -> Timestamp {
        NOW
    }
}

impl Tasks for Rooms {
    fn start(&self, name: &str, _task: Pending<'static, ()>) {
        panic!("{name} is not needed in these tests");
    }

    fn work(&self, _name: &str, work: Box<dyn FnOnce() + Send>) -> Pending<'static, Option<()>> {
        let done = std::thread::Builder::new()
            .stack_size(64 << 20)
            .spawn(work)
            .unwrap()
            .join();
        Box::pin(async move { done.ok() })
    }

    fn stopping(&self) -> Pending<'static, ()> {
        let mut stop = self.stop.subscribe();
        Box::pin(async move {
            let _ = stop.wait_for(|stop| *stop).await;
        })
    }

    fn give_way(&self) {
        panic!("nobody else does the work in these tests");
    }
}
