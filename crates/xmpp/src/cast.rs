//! Who plays in the tests: a house made of paper, and the pigeon post as its network.

pub(crate) mod journal;
pub(crate) mod nurse;

use crate::address::Gateway;
use crate::config::Contacts;
use crate::face::Face;
use crate::face::attention::Attention;
use crate::face::presence::Sessions;
use crate::link::line::line;
use crate::shelf::Shelf;
use causeway_core::address::{Contact, ForeignId, NetworkId, Party, Scope};
use causeway_core::capability::Capabilities;
use causeway_core::card::{Card, Picture, uri};
use causeway_core::clock::{Clock, Timestamp};
use causeway_core::command::Clerks;
use causeway_core::envelope::{Draft, Envelope, EnvelopeId};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::fit::{Context, fit};
use causeway_core::language::Words;
use causeway_core::message::{MessageRef, Payload, Text};
use causeway_core::network::{
    Accepted, Arrival, Courier, Files, Finding, House, Inbox, Item, Memory, Network, Outcome, Parcel, Pending, Profile,
    Quoted, Taken, Tasks,
};
use causeway_core::policy::Policy;
use causeway_core::text::{Body, Line};
use jid::BareJid;
use minidom::Element;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

/// The component domain of the pigeon post.
pub(crate) const DOMAIN: &str = "pigeon.verona.example";
/// The evening of the ball, as the made-up clock has it.
pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// The bytes of files by their message and number.
type KeptFiles = BTreeMap<(EnvelopeId, u16), Arc<[u8]>>;

/// A network whose addresses are `name@loft`, in lower case.
pub(crate) struct PigeonPost {
    profile: Profile,
    trouble: Option<Words>,
}

/// Keeps what it is given; takes no message that contains the word `poison`.
#[derive(Default)]
pub(crate) struct Paper {
    pub(crate) arrivals: Mutex<Vec<Arrival>>,
    pub(crate) rows: Mutex<BTreeMap<String, Vec<u8>>>,
    pub(crate) notes: Mutex<BTreeMap<String, Vec<u8>>>,
    /// The files that came with messages.
    pub(crate) files: Mutex<KeptFiles>,
    /// While this is true, nothing that is posted gets durable.
    pub(crate) slow: watch::Sender<bool>,
}

/// The paper house with its bell for closing time.
pub(crate) struct Props {
    pub(crate) paper: Arc<Paper>,
    pub(crate) house: House,
    pub(crate) stop: watch::Sender<bool>,
    /// Whether the gateway stopped because another one does its work.
    pub(crate) given_way: Arc<AtomicBool>,
    /// Whom to write to about the gateway.
    pub(crate) contacts: Arc<Contacts>,
}

/// A clock that stands still.
struct Stopped;

/// Rings when the process stops.
struct Bell {
    bell: watch::Sender<bool>,
    given_way: Arc<AtomicBool>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Props {
    pub(crate) fn new() -> Self {
        let paper = Arc::new(Paper::default());
        let (stop, _) = watch::channel(false);
        let given_way = Arc::new(AtomicBool::new(false));
        let house = House {
            inbox: paper.clone(),
            memory: paper.clone(),
            clock: Arc::new(Stopped),
            tasks: Arc::new(Bell {
                bell: stop.clone(),
                given_way: given_way.clone(),
            }),
            files: Files::without_web(),
        };
        Self {
            paper,
            house,
            stop,
            given_way,
            contacts: Arc::default(),
        }
    }

    pub(crate) fn face(&self) -> Face {
        let gateway = gateway();
        Face {
            shelf: Shelf::new(&gateway),
            gateway,
            network: Arc::new(PigeonPost::new()),
            house: self.house.clone(),
            office: Arc::new(Clerks::default()),
            line: line().0,
            sessions: Sessions::default(),
            turn: Arc::default(),
            attention: Attention::default(),
            contacts: self.contacts.clone(),
            version: "1.2.3".into(),
            started: NOW.minus(std::time::Duration::from_secs(3600)),
        }
    }
}

impl Paper {
    /// The words of every message that was written down, in order.
    pub(crate) fn words(&self) -> Vec<String> {
        let arrivals = self.arrivals.lock().unwrap();
        let items = arrivals.iter().flat_map(|arrival| &arrival.items);
        items
            .filter_map(|item| match item {
                Item::Post(draft) => draft.payload.text().map(|text| text.body.as_str().to_owned()),
                Item::Report(_) => None,
            })
            .collect()
    }

    fn write(&self, arrival: Arrival) -> Result<Accepted, Fault> {
        for item in &arrival.items {
            if let Item::Post(draft) = item {
                self.admit(draft)?;
            }
        }
        let mut rows = self.rows.lock().unwrap();
        for row in &arrival.rows {
            match &row.value {
                Some(value) => rows.insert(row.key.clone(), value.clone()),
                None => rows.remove(&row.key),
            };
        }
        let taken = vec![Taken::Heard; arrival.items.len()];
        self.arrivals.lock().unwrap().push(arrival);
        #[expect(clippy::disallowed_methods, reason = "the paper house plays the store")]
        Ok(Accepted::sealed_by_the_store(taken))
    }
}

impl Inbox for Paper {
    fn post(&self, arrival: Arrival) -> Pending<'static, Result<Accepted, Fault>> {
        let result = self.write(arrival);
        let mut slow = self.slow.subscribe();
        Box::pin(async move {
            let _ = slow.wait_for(|slow| !slow).await;
            result
        })
    }

    fn admit(&self, draft: &Draft) -> Result<(), Fault> {
        let policy = Policy {
            allow: vec!["verona.example".into()],
            deny: vec!["tybalt@verona.example".into()],
            longest_text: 100_000,
        };
        policy.admit(draft)?;
        match draft.payload.text() {
            Some(text) if text.body.as_str().contains("poison") => {
                Err(Fault::of(FaultKind::Refused).saying("no poison in the post"))
            }
            _ => Ok(()),
        }
    }
}

impl Memory for Paper {
    fn recall(&self, _: EnvelopeId) -> Option<Envelope> {
        None
    }

    fn row(&self, key: &str) -> Option<Vec<u8>> {
        self.rows.lock().unwrap().get(key).cloned()
    }

    fn file(&self, id: EnvelopeId, number: u16) -> Option<Arc<[u8]>> {
        self.files.lock().unwrap().get(&(id, number)).cloned()
    }

    fn rows(&self, prefix: &str, after: Option<&str>, limit: usize) -> Vec<(String, Vec<u8>)> {
        let rows = self.rows.lock().unwrap();
        rows.range(prefix.to_owned()..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .filter(|(key, _)| after.is_none_or(|after| key.as_str() > after))
            .take(limit)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    fn taken(&self, source: &MessageRef, from: &Party) -> Vec<Timestamp> {
        let arrivals = self.arrivals.lock().unwrap();
        let items = arrivals.iter().flat_map(|arrival| &arrival.items);
        let same = |draft: &&Draft| draft.source.as_ref() == Some(source) && draft.from == *from;
        items
            .filter_map(|item| match item {
                Item::Post(draft) => Some(draft.as_ref()),
                Item::Report(_) => None,
            })
            .filter(same)
            .map(|_| NOW)
            .collect()
    }

    fn note(&self, name: &str) -> Option<Vec<u8>> {
        self.notes.lock().unwrap().get(name).cloned()
    }

    fn keep_note(&self, name: &str, note: &[u8]) {
        self.notes.lock().unwrap().insert(name.to_owned(), note.to_owned());
    }
}

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        NOW
    }
}

impl Tasks for Bell {
    fn start(&self, _: &str, _: Pending<'static, ()>) {
        panic!("home starts nothing beside itself");
    }

    fn work(&self, _: &str, work: Box<dyn FnOnce() + Send>) -> Pending<'static, Option<()>> {
        work();
        Box::pin(async { Some(()) })
    }

    fn stopping(&self) -> Pending<'static, ()> {
        let mut bell = self.bell.subscribe();
        Box::pin(async move {
            let _ = bell.wait_for(|rings| *rings).await;
        })
    }

    fn give_way(&self) {
        self.given_way.store(true, Ordering::Relaxed);
        self.bell.send_replace(true);
    }
}

impl PigeonPost {
    pub(crate) fn new() -> Self {
        Self::in_trouble(None)
    }

    /// While no pigeon can fly.
    pub(crate) fn in_trouble(trouble: Option<Words>) -> Self {
        Self {
            trouble,
            profile: Profile {
                id: NetworkId::new("pigeon").unwrap(),
                gateway_type: "pigeon",
                title: Words::new("Pigeon post", "Taubenpost"),
                address_prompt: Words::new("name@loft", "Name@Schlag"),
                address_field: Some("email"),
                capabilities: Capabilities::WORDS,
                per_destination: 1,
            },
        }
    }
}

impl Courier for PigeonPost {
    fn deliver<'a>(&'a self, _: &'a Parcel) -> Pending<'a, Outcome> {
        Box::pin(async { Outcome::Failed(Fault::of(FaultKind::NotSupported), None) })
    }

    fn capabilities(&self) -> &Capabilities {
        &self.profile.capabilities
    }
}

impl Network for PigeonPost {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn contact(&self, written: &str) -> Result<ForeignId, Fault> {
        assert!(!written.contains("panic"), "the pigeon has been shot");
        let written = written.replace('%', "@").to_lowercase();
        match written.split_once('@') {
            Some((name, loft)) if !name.is_empty() && !loft.is_empty() && !loft.contains('@') => {
                ForeignId::new(&written)
            }
            _ => Err(Fault::of(FaultKind::BadAddress)),
        }
    }

    fn written(&self, id: &ForeignId) -> String {
        id.as_str().to_owned()
    }

    fn destination(&self, id: &ForeignId) -> String {
        id.as_str().to_owned()
    }

    /// Romeo knows Juliet; the crier hears nobody.
    fn card(&self, user: &BareJid, contact: &ForeignId) -> Card {
        let (knows, id) = (*user == romeo() && *contact == juliet().id, contact.as_str());
        Card {
            name: knows.then(|| Line::clean("Juliet Capulet")).flatten(),
            addresses: vec![uri("mailto", id), uri("pigeon", id)],
            picture: knows
                .then(|| Picture::png(include_bytes!("face/avatar/juliet.png")))
                .flatten(),
            no_reply: id.starts_with("crier@"),
            last_heard: knows.then(|| NOW.minus(std::time::Duration::from_secs(90))),
        }
    }

    fn trouble(&self) -> Option<Words> {
        self.trouble.clone()
    }

    fn watch(self: Arc<Self>, _: House) -> Pending<'static, ()> {
        Box::pin(async {})
    }

    fn check(&self) -> Pending<'_, Vec<Finding>> {
        Box::pin(async { Vec::new() })
    }
}

/// The gateway of the pigeon post.
pub(crate) fn gateway() -> Gateway {
    Gateway::new(&BareJid::new(DOMAIN).unwrap())
}

/// Juliet, as pigeons know her.
pub(crate) fn juliet() -> Contact {
    Contact {
        network: NetworkId::new("pigeon").unwrap(),
        scope: Scope::Gateway,
        id: ForeignId::new("juliet@capulet").unwrap(),
    }
}

pub(crate) fn romeo() -> BareJid {
    BareJid::new("romeo@verona.example").unwrap()
}

/// A stanza as it comes from the server; the namespace goes without saying.
pub(crate) fn stanza(xml: &str) -> Element {
    let name_end = xml.find([' ', '>', '/']).unwrap();
    let (name, rest) = xml.split_at(name_end);
    format!("{name} xmlns='jabber:component:accept'{rest}").parse().unwrap()
}

/// A parcel from Juliet to Romeo, leased for the first time.
pub(crate) fn parcel(payload: Payload) -> Parcel {
    leased(
        Draft::new(Party::Foreign(juliet()), Party::Home(romeo()), payload),
        0,
        None,
    )
}

/// A parcel of a draft that the gateway took at [`NOW`].
pub(crate) fn leased(draft: Draft, doubts: u32, reply_to: Option<Quoted>) -> Parcel {
    let earlier = Payload::Text(Text::plain(Body::clean("I come").unwrap()));
    let context = Context {
        earlier: Some(&earlier),
        ..Context::default()
    };
    let fitted = fit(&draft.payload, &crate::courier::capabilities(), &context).unwrap();
    let envelope = Envelope {
        id: EnvelopeId::from_random([7; 16]),
        accepted: NOW,
        draft,
    };
    #[expect(clippy::disallowed_methods, reason = "the paper house plays the store")]
    Parcel::sealed_by_the_store(envelope, fitted, 1, doubts, reply_to)
}
