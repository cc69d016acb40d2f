//! The traits between the engine and the sides: what an adapter offers, and what it may ask of the house.

use crate::address::{ForeignId, NetworkId, Party};
use crate::capability::Capabilities;
use crate::card::Card;
use crate::clock::{Clock, Timestamp};
use crate::envelope::{Draft, Envelope, EnvelopeId};
use crate::evidence::Report;
use crate::fault::{Fault, FaultKind};
use crate::file::Link;
use crate::fit::Fitted;
use crate::hop::Hop;
use crate::language::Words;
use crate::message::{MessageRef, Payload};
use crate::text::Line;
use jid::BareJid;
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// A future that a trait object gives.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One thing that an adapter brings in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// Something said.
    Post(Box<Draft>),
    /// News about an earlier delivery.
    Report(Report),
}

/// Everything that one acknowledgement upstream covers; it becomes durable as a whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Arrival {
    /// What came, in order.
    pub items: Vec<Item>,
    /// Rows of the adapter's own that belong to it, for example a cursor.
    pub rows: Vec<Row>,
    /// The files that its messages keep: what a draft calls [`crate::file::Place::Kept`] is the one with that number here.
    pub files: Vec<Arc<[u8]>>,
}

/// One row of an adapter's shelf. Keys of one adapter never meet those of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The key.
    pub key: String,
    /// The value; `None` takes the row away.
    pub value: Option<Vec<u8>>,
}

/// What became of one [`Item`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// A new envelope.
    New(EnvelopeId),
    /// The same message had come before.
    Known(EnvelopeId),
    /// A report that moved its delivery.
    Heard,
    /// A report about nothing that is known, or by somebody else than the recipient, or one that says nothing more.
    Ignored,
}

/// Proof that an arrival is durable: whoever acknowledges upstream must hold one.
#[derive(Debug)]
#[must_use = "it is the licence to acknowledge"]
pub struct Accepted {
    taken: Vec<Taken>,
}

/// One leased delivery, fitted to its recipient's side, on its way through a courier.
#[derive(Debug)]
pub struct Parcel {
    envelope: Envelope,
    fitted: Fitted,
    attempt: u32,
    doubts: u32,
    reply_to: Option<Quoted>,
}

/// The message that a parcel answers, in words that its recipient's side understands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Quoted {
    /// One that the recipient's side made itself.
    Theirs(MessageRef),
    /// One that the gateway brought there, under an id that derives from this.
    Ours(EnvelopeId),
}

/// How a try ended. Nothing is ever taken for delivered by default: a task that dies counts as in doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an outcome that nobody writes down is a lost message"]
pub enum Outcome {
    /// The next side has it.
    Handed(Handed),
    /// It does not have it.
    Failed(Fault, Option<Hop>),
    /// The line broke after the last byte: try again under the same id.
    InDoubt(Fault, Option<Hop>),
}

/// A parcel that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handed {
    /// The step, in the next side's words.
    pub hop: Hop,
    /// Whether there is nothing behind it that could still fail.
    pub final_stop: bool,
    /// Rows of the adapter's own to keep with it.
    pub rows: Vec<Row>,
}

/// What a network is, as data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its short name.
    pub id: NetworkId,
    /// The type of its disco identity in the category `gateway` (XEP-0030, the registry of service discovery identities).
    pub gateway_type: &'static str,
    /// Its name for people.
    pub title: Words,
    /// How an address there looks, as a prompt for people.
    pub address_prompt: Words,
    /// The name that cards and directories have for such an address (RFC 6350 section 6.4, XEP-0055 section 8.2), where
    /// they have one.
    pub address_field: Option<&'static str>,
    /// What it can carry.
    pub capabilities: Capabilities,
    /// How many deliveries may be under way to one destination.
    pub per_destination: usize,
}

/// What a health check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What was looked at.
    pub what: String,
    /// How it is.
    pub verdict: Verdict,
    /// What was seen.
    pub seen: String,
    /// What to do about it; empty when nothing needs doing.
    pub advice: String,
}

/// The three grades of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Good,
    /// It works, but something is missing.
    Warning,
    /// It does not work.
    Bad,
}

/// Hands parcels over.
pub trait Courier: Send + Sync {
    /// Tries once. The courier bounds the time itself; the engine drops the future only when the process stops, which
    /// counts as in doubt.
    fn deliver<'a>(&'a self, parcel: &'a Parcel) -> Pending<'a, Outcome>;

    /// What the recipients of this courier can carry.
    fn capabilities(&self) -> &Capabilities;

    /// Whether trying makes sense at this moment. While it does not, deliveries wait without a counted try.
    fn is_open(&self) -> bool {
        true
    }
}

/// A network beyond the gateway.
pub trait Network: Courier {
    /// What it is.
    fn profile(&self) -> &Profile;

    /// Reads an address as people type it or as an unescaped local part names it.
    fn contact(&self, written: &str) -> Result<ForeignId, Fault>;

    /// The written form of an address for the local part of a JID, not yet escaped.
    fn written(&self, id: &ForeignId) -> String;

    /// What a slow or broken server would hold up: deliveries to one destination share its bound.
    fn destination(&self, id: &ForeignId) -> String;

    /// What a user knows about a contact. It reads at most a few rows.
    fn card(&self, _user: &BareJid, _contact: &ForeignId) -> Card {
        Card::default()
    }

    /// Where rows about a user stand on this adapter's shelf: their keys, and, ending in `/`, the beginnings of keys.
    fn about(&self, _user: &BareJid) -> Vec<String> {
        Vec::new()
    }

    /// What keeps everything from leaving at this moment, in words for users, as far as it is known.
    fn trouble(&self) -> Option<Words> {
        None
    }

    /// Listens and posts until `house` says stop.
    fn watch(self: Arc<Self>, house: House) -> Pending<'static, ()>;

    /// Looks whether it would work.
    fn check(&self) -> Pending<'_, Vec<Finding>>;
}

/// Takes what adapters bring in.
pub trait Inbox: Send + Sync {
    /// Takes an arrival. The place in line is taken at the call, not at the first poll, so that two calls in a row keep
    /// their order. The fault says why it was not taken: then nothing of it was.
    fn post(&self, arrival: Arrival) -> Pending<'static, Result<Accepted, Fault>>;

    /// Looks whether a message between these two would be taken, for protocols that answer before the content comes.
    fn admit(&self, draft: &Draft) -> Result<(), Fault>;
}

/// Reads what was written down.
pub trait Memory: Send + Sync {
    /// The envelope with this id, while it is kept.
    fn recall(&self, id: EnvelopeId) -> Option<Envelope>;

    /// A row of this adapter's shelf.
    fn row(&self, key: &str) -> Option<Vec<u8>>;

    /// The file with this number that came with an envelope, while that is on its way. Memories without a place for files
    /// have none.
    fn file(&self, _id: EnvelopeId, _number: u16) -> Option<Arc<[u8]>> {
        None
    }

    /// The rows of this adapter's shelf whose key begins with `prefix`, in the order of their keys, at most `limit`,
    /// those after the key `after` only.
    fn rows(&self, prefix: &str, after: Option<&str>, limit: usize) -> Vec<(String, Vec<u8>)>;

    /// When messages were taken that had this id in the words of their side, from this party, as far as they are kept.
    fn taken(&self, _source: &MessageRef, _from: &Party) -> Vec<Timestamp> {
        Vec::new()
    }

    /// A note of this adapter's: a few bytes beside the ledger that are written often and never waited for. It outlives
    /// the process, also a killed one, but not always the power. Memories without a place for notes have none.
    fn note(&self, _name: &str) -> Option<Vec<u8>> {
        None
    }

    /// Writes a note, whole or not at all.
    fn keep_note(&self, _name: &str, _note: &[u8]) {}
}

/// Runs what must run beside the caller.
pub trait Tasks: Send + Sync {
    /// Starts a task under a name; its panic disturbs nobody and is logged.
    fn start(&self, name: &str, task: Pending<'static, ()>);

    /// Runs work that takes long or needs a deep stack on a thread of its own; `None` when it panicked.
    fn work(&self, name: &str, work: Box<dyn FnOnce() + Send>) -> Pending<'static, Option<()>>;

    /// Comes when the process is asked to stop.
    fn stopping(&self) -> Pending<'static, ()>;

    /// Asks the whole process to stop because another one does its work, which going on would disturb.
    fn give_way(&self);
}

/// What was fetched from the web.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The bytes, as they came.
    pub bytes: Vec<u8>,
    /// What the server calls them.
    pub media_type: Option<Line>,
}

/// A file on its way to the web.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Put<'a> {
    /// Where to.
    pub link: &'a Link,
    /// What the receiving service asked to be told besides, name and value.
    pub headers: &'a [(String, String)],
    /// What it is.
    pub media_type: &'a str,
    /// It.
    pub bytes: &'a Arc<[u8]>,
}

/// Reaches out to the web for all adapters, under one set of rules: which hosts, which addresses, how much, how long.
pub trait Web: Send + Sync {
    /// Fetches what a link from a stranger leads to, at most `most` bytes. [`FaultKind::TooLarge`] when it is more,
    /// [`FaultKind::Refused`] when the rules forbid to look. The sentence is for the log: told to the stranger, it would
    /// say what the gateway can reach.
    fn fetch<'a>(&'a self, link: &'a Link, most: u64) -> Pending<'a, Result<Fetched, Fault>>;

    /// Puts a file where a service at home said (XEP-0363 section 5).
    fn put<'a>(&'a self, put: Put<'a>) -> Pending<'a, Result<(), Fault>>;

    /// Whether the rules allow to fetch from the host of this link, as far as its name tells.
    fn follows(&self, link: &Link) -> bool;
}

/// What adapters need for the files that come with messages.
#[derive(Clone)]
pub struct Files {
    /// The way to the web.
    pub web: Arc<dyn Web>,
    /// The largest file that is carried, in bytes.
    pub largest: u64,
    /// How many files of one message are carried.
    pub most: usize,
}

/// A web that nobody can reach.
struct NoWeb;

/// What the house gives an adapter.
#[derive(Clone)]
pub struct House {
    /// Takes what it brings.
    pub inbox: Arc<dyn Inbox>,
    /// Its memory.
    pub memory: Arc<dyn Memory>,
    /// Its clock.
    pub clock: Arc<dyn Clock>,
    /// Its helpers.
    pub tasks: Arc<dyn Tasks>,
    /// The way of its files.
    pub files: Files,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Accepted {
    /// Only the store may call this, after the commit is durable; clippy refuses it everywhere else.
    #[doc(hidden)]
    pub fn sealed_by_the_store(taken: Vec<Taken>) -> Self {
        Self { taken }
    }

    /// What became of each item, in the order of the arrival.
    pub fn taken(&self) -> &[Taken] {
        &self.taken
    }
}

impl Parcel {
    /// Only the store may call this, for a delivery that it leased; clippy refuses it everywhere else.
    #[doc(hidden)]
    pub fn sealed_by_the_store(
        envelope: Envelope,
        fitted: Fitted,
        attempt: u32,
        doubts: u32,
        reply_to: Option<Quoted>,
    ) -> Self {
        Self {
            envelope,
            fitted,
            attempt,
            doubts,
            reply_to,
        }
    }

    /// The id that all outward ids derive from.
    pub fn id(&self) -> EnvelopeId {
        self.envelope.id
    }

    /// Who speaks, to whom, when.
    pub fn draft(&self) -> &Draft {
        &self.envelope.draft
    }

    /// When the gateway took it.
    pub fn accepted(&self) -> Timestamp {
        self.envelope.accepted
    }

    /// What to carry: never the draft's own payload.
    pub fn payload(&self) -> &Payload {
        self.fitted.payload()
    }

    /// What a retraction or a reaction says to people whose programs know no such thing.
    pub fn words(&self) -> Option<&str> {
        self.fitted.words()
    }

    /// The number of this try, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Whether an earlier try may already have arrived.
    pub fn maybe_doubled(&self) -> bool {
        self.doubts > 0
    }

    /// The message that this one answers.
    pub fn reply_to(&self) -> Option<&Quoted> {
        self.reply_to.as_ref()
    }
}

impl Arrival {
    /// One thing said and nothing else.
    pub fn post(draft: Draft) -> Self {
        Self {
            items: vec![Item::Post(Box::new(draft))],
            ..Self::default()
        }
    }

    /// One report and nothing else.
    pub fn report(report: Report) -> Self {
        Self {
            items: vec![Item::Report(report)],
            ..Self::default()
        }
    }

    /// Rows and nothing else.
    pub fn rows(rows: Vec<Row>) -> Self {
        Self {
            rows,
            ..Self::default()
        }
    }
}

impl Row {
    /// A row to put.
    pub fn put(key: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        Self {
            key: key.into(),
            value: Some(value.into()),
        }
    }

    /// A row to take away.
    pub fn gone(key: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            value: None,
        }
    }
}

impl Files {
    /// Files of usual size, and no web to fetch or put them.
    pub fn without_web() -> Self {
        Self {
            web: Arc::new(NoWeb),
            largest: 20 << 20,
            most: 20,
        }
    }
}

impl Web for NoWeb {
    fn fetch<'a>(&'a self, _: &'a Link, _: u64) -> Pending<'a, Result<Fetched, Fault>> {
        Box::pin(async { Err(Fault::of(FaultKind::Refused)) })
    }

    fn put<'a>(&'a self, _: Put<'a>) -> Pending<'a, Result<(), Fault>> {
        Box::pin(async { Err(Fault::of(FaultKind::Refused)) })
    }

    fn follows(&self, _: &Link) -> bool {
        false
    }
}

impl Finding {
    /// All is well.
    pub fn good(what: impl Into<String>, seen: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            verdict: Verdict::Good,
            seen: seen.into(),
            advice: String::new(),
        }
    }

    /// It works, but.
    pub fn warning(what: impl Into<String>, seen: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            verdict: Verdict::Warning,
            seen: seen.into(),
            advice: advice.into(),
        }
    }

    /// It does not work.
    pub fn bad(what: impl Into<String>, seen: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            verdict: Verdict::Bad,
            seen: seen.into(),
            advice: advice.into(),
        }
    }
}
