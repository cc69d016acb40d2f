//! The made-up world: what survives a power cut, how one life of the process runs, and the judgement at the end.

use causeway::clock::SteadyClock;
use causeway::engine::desk::Hall;
use causeway::engine::dispatch::{Couriers, Dispatch, Networks};
use causeway::engine::gate::Gate;
use causeway::engine::keeper::keeper;
use causeway::supervise::{Supervisor, tasks};
use causeway_core::address::{NetworkId, Party};
use causeway_core::capability::Capabilities;
use causeway_core::clock::{Clock, Timestamp};
use causeway_core::delivery::Stage;
use causeway_core::envelope::{Draft, EnvelopeId};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::limit::Limits;
use causeway_core::message::{Happened, MessageRef, Payload, Text};
use causeway_core::network::{Arrival, Courier, Files, House, Inbox, Network, Outcome, Parcel, Pending, Taken};
use causeway_core::policy::Policy;
use causeway_core::promise::Terms;
use causeway_core::text::{Body, Line};
use causeway_loopback::{Copy, Fate, Loopback};
use causeway_store::{Backend, Ledger, MemoryBackend, StoreError};
use jid::BareJid;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;

/// How bad the networks are.
#[derive(Clone, Copy)]
pub(crate) struct Faults {
    /// In percent of the tries.
    trouble: u64,
    /// Nobody can be reached at this name.
    dead: Option<&'static str>,
    /// Nobody ever answers anything.
    silent: bool,
}

/// Everything that is still there after a power cut.
pub(crate) struct World {
    backend: MemoryBackend,
    dice: Arc<Dice>,
    faults: Faults,
    now: Timestamp,
    commits: Arc<AtomicUsize>,
    /// What arrived, over all lives: beyond, and at home.
    beyond: Arc<Mutex<Vec<Copy>>>,
    home: Arc<Mutex<Vec<Copy>>>,
    /// What the speakers still have to say, and what was acknowledged to them.
    unsaid: Vec<Draft>,
    acknowledged: BTreeMap<EnvelopeId, Draft>,
    end: Vec<(EnvelopeId, Stage, u32)>,
    /// When the process is asked to stop.
    stop_after: Option<Duration>,
    /// How long home is closed after a start.
    home_closed: Duration,
    /// How long something said is tried.
    lifetime: Duration,
    tries_to_nobody: Arc<AtomicUsize>,
}

/// Home with a door that opens at some time.
struct Doorway {
    home: Arc<Loopback>,
    clock: Arc<SteadyClock>,
    opens: Timestamp,
}

/// A small generator of repeatable chance (xorshift).
struct Dice(AtomicU64);

/// A store whose power fails after so many commits.
struct Fuse {
    inner: MemoryBackend,
    left: Option<AtomicUsize>,
    commits: Arc<AtomicUsize>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Faults {
    pub(crate) fn silence() -> Self {
        Self {
            silent: true,
            ..Self::none()
        }
    }

    pub(crate) fn none() -> Self {
        Self {
            trouble: 0,
            dead: None,
            silent: false,
        }
    }

    pub(crate) fn some() -> Self {
        Self {
            trouble: 30,
            dead: None,
            silent: false,
        }
    }

    pub(crate) fn nobody_home() -> Self {
        Self {
            dead: Some("nurse@example.org"),
            ..Self::none()
        }
    }

    pub(crate) fn dead_network() -> Self {
        Self {
            trouble: 0,
            dead: Some("tybalt"),
            silent: false,
        }
    }
}

impl World {
    pub(crate) fn new(seed: u64, faults: Faults) -> Self {
        let network = Loopback::new(pigeon(), Box::new(|_| Fate::Arrives));
        let mut unsaid = Vec::new();
        for line in 0..6 {
            for (user, name) in [("romeo", "juliet"), ("romeo", "tybalt"), ("nurse", "juliet")] {
                let home = Party::Home(BareJid::new(&format!("{user}@example.org")).unwrap());
                let person = network.person(name).unwrap();
                unsaid.push(words(home.clone(), person.clone(), line));
                unsaid.push(words(person, home, line));
            }
        }
        Self {
            backend: MemoryBackend::default(),
            dice: Arc::new(Dice(AtomicU64::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1))),
            faults,
            now: Timestamp(1_700_000_000_000),
            commits: Arc::default(),
            beyond: Arc::default(),
            home: Arc::default(),
            unsaid,
            acknowledged: BTreeMap::new(),
            end: Vec::new(),
            stop_after: None,
            home_closed: Duration::ZERO,
            lifetime: Terms::default().lifetime,
            tries_to_nobody: Arc::default(),
        }
    }

    /// Where all that is said is one conversation.
    pub(crate) fn conversation(seed: u64, lines: u32) -> Self {
        let mut world = Self::new(seed, Faults::none());
        let romeo = Party::Home(BareJid::new("romeo@example.org").unwrap());
        let network = Loopback::new(pigeon(), Box::new(|_| Fate::Arrives));
        let juliet = network.person("juliet").unwrap();
        world.unsaid = (0..lines)
            .map(|line| words(juliet.clone(), romeo.clone(), line))
            .collect();
        world
    }

    /// Home is away after each start until everything said is out of time.
    pub(crate) fn home_opens_too_late(&mut self) {
        self.lifetime = Duration::from_secs(60);
        self.home_closed = self.lifetime * 2;
    }

    /// Time goes by while no process runs.
    pub(crate) fn pass(&mut self, span: Duration) {
        self.now = self.now.plus(span);
    }

    /// How often anything was carried to where nobody can be reached.
    pub(crate) fn tries_to_nobody(&self) -> usize {
        self.tries_to_nobody.load(Ordering::Relaxed)
    }

    /// One life of the process: until its power is cut after `cut` commits, or until nothing is left to do.
    pub(crate) fn live(&mut self, cut: Option<usize>) {
        self.backend.crash();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(self.life(cut));
        self.now = self.now.plus(Duration::from_secs(30));
    }

    /// One life that ends in order, some time after its start.
    pub(crate) fn live_until_stopped(&mut self, after: Duration) {
        self.stop_after = Some(after);
        self.live(None);
        self.stop_after = None;
    }

    /// The networks become better or worse.
    pub(crate) fn becomes(&mut self, faults: Faults) {
        self.faults = faults;
    }

    async fn life(&mut self, cut: Option<usize>) {
        let clock = Arc::new(SteadyClock::from(self.now));
        let fuse = Fuse {
            inner: self.backend.clone(),
            left: cut.map(AtomicUsize::new),
            commits: self.commits.clone(),
        };
        let beyond = self.pretend(pigeon(), &self.beyond);
        let home = Arc::new(Doorway {
            home: self.pretend(NetworkId::new("home").unwrap(), &self.home),
            clock: clock.clone(),
            opens: clock.now().plus(self.home_closed),
        });
        let networks: Networks = BTreeMap::from([(pigeon(), beyond.clone() as Arc<dyn Network>)]);
        let routes = networks.clone();
        let route = Box::new(move |party: &Party| Couriers::destination(&routes, party));
        let name = Line::clean("causeway").unwrap();
        let terms = Terms {
            lifetime: self.lifetime,
            ..Terms::default()
        };
        let Ok(ledger) = Ledger::open(Box::new(fuse), terms, route, name.clone(), clock.now()) else {
            return;
        };
        let (ledger, news, supervisor) = (Arc::new(ledger), Arc::new(Notify::new()), Supervisor::default());
        let (keeper, writer) = keeper(ledger.clone(), clock.clone(), news.clone());
        let dice = self.dice.clone();
        let hall = Hall {
            keeper: keeper.clone(),
            ledger: ledger.clone(),
            gate: Arc::new(Gate::new(policy(), Limits::default(), ledger.clone(), clock.clone())),
            ids: Arc::new(move || dice.id()),
            notes: None,
            full: Arc::default(),
        };
        let couriers = Couriers { home, networks };
        let dispatch = Dispatch {
            ledger: ledger.clone(),
            keeper,
            couriers,
            clock: clock.clone(),
            news,
            name,
        };
        let desk = hall.desk("pigeon");
        let house = House {
            inbox: desk.clone(),
            memory: desk.clone(),
            clock: clock.clone(),
            tasks: tasks(&supervisor),
            files: Files::without_web(),
        };
        tokio::select! {
            // The store has failed: the power is cut, whatever was under way.
            _ = writer.run() => {}
            () = dispatch.run(supervisor.clone()) => {}
            // It returns at a stop; the dispatcher then still has things to end.
            () = async { beyond.watch(house).await; std::future::pending().await } => {}
            () = self.speak(desk.as_ref(), &ledger, &supervisor) => {}
        }
        self.now = clock.now();
    }

    /// Says everything that is not yet acknowledged, and waits until nothing waits any more.
    async fn speak(&mut self, inbox: &dyn Inbox, ledger: &Ledger, supervisor: &Supervisor) {
        let posts: Vec<_> = self
            .unsaid
            .iter()
            .map(|draft| (draft.clone(), inbox.post(Arrival::post(draft.clone()))))
            .collect();
        for (draft, post) in posts {
            match post.await {
                Ok(accepted) => {
                    let [Taken::New(id) | Taken::Known(id)] = accepted.taken() else {
                        panic!("{accepted:?}")
                    };
                    self.unsaid.retain(|other| *other != draft);
                    self.acknowledged.insert(*id, draft);
                }
                // Only a cut of the power keeps a post from being taken.
                Err(_) => std::future::pending().await,
            }
        }
        if let Some(after) = self.stop_after {
            tokio::time::sleep(after).await;
            supervisor.stop();
            // The dispatcher ends this life.
            std::future::pending::<()>().await;
        }
        while !ledger.waiting(1).unwrap().is_empty() {
            tokio::time::sleep(Duration::from_secs(20)).await;
        }
        let stages = self.acknowledged.keys().filter_map(|id| ledger.delivery(*id).unwrap());
        self.end = stages
            .map(|delivery| (delivery.envelope, delivery.stage, delivery.doubts))
            .collect();
    }

    fn pretend(&self, id: NetworkId, taken: &Arc<Mutex<Vec<Copy>>>) -> Arc<Loopback> {
        let (dice, faults, taken) = (self.dice.clone(), self.faults, taken.clone());
        let tries_to_nobody = self.tries_to_nobody.clone();
        Loopback::new(
            id,
            Box::new(move |parcel| {
                tries_to_nobody.fetch_add(usize::from(faults.is_dead(parcel)), Ordering::Relaxed);
                let fate = faults.fate(parcel, &dice);
                if matches!(fate, Fate::Arrives | Fate::ArrivesUnheard) {
                    taken.lock().unwrap().push(copy(parcel));
                }
                fate
            }),
        )
    }

    pub(crate) fn commits(&self) -> usize {
        self.commits.load(Ordering::Relaxed)
    }

    pub(crate) fn given_up(&self) -> usize {
        self.end
            .iter()
            .filter(|(_, stage, _)| matches!(stage, Stage::Failed { .. }))
            .count()
    }

    /// The judgement: every acknowledged message has a fate, in order, and no copy without its mark.
    pub(crate) fn judge(&self) {
        assert!(self.unsaid.is_empty(), "{} were never taken", self.unsaid.len());
        assert_eq!(
            self.end.len(),
            self.acknowledged.len(),
            "an acknowledged message is not in the ledger"
        );
        let all: Vec<Copy> = self
            .beyond
            .lock()
            .unwrap()
            .iter()
            .chain(self.home.lock().unwrap().iter())
            .cloned()
            .collect();
        for (id, stage, doubts) in &self.end {
            let copies: Vec<_> = all.iter().filter(|copy| copy.id == *id).collect();
            match stage {
                Stage::Handed { .. } => {
                    assert!(!copies.is_empty(), "{id} counts as handed over, but nobody has it");
                    assert!(
                        copies.iter().skip(1).all(|copy| copy.maybe_doubled),
                        "{id} was doubled without a mark"
                    );
                    assert!(
                        copies.len() <= *doubts as usize + 1,
                        "{id}: {} copies, {doubts} doubts",
                        copies.len()
                    );
                }
                Stage::Failed { .. } => assert!(
                    all.iter().any(|copy| is_failure_of(copy, *id)),
                    "{id} failed, and its sender was not told"
                ),
                other => panic!("{id} ended as {other:?}"),
            }
        }
        self.judge_order(&all);
    }

    /// Within a lane, first copies come in the order of their acceptance.
    fn judge_order(&self, all: &[Copy]) {
        let mut lanes: BTreeMap<String, (Vec<u32>, BTreeSet<EnvelopeId>)> = BTreeMap::new();
        for copy in all {
            let Some(draft) = self.acknowledged.get(&copy.id) else {
                continue;
            };
            let (lines, seen) = lanes
                .entry(format!("{} {}", draft.from.key(), draft.to.key()))
                .or_default();
            if seen.insert(copy.id) {
                lines.push(
                    draft
                        .source
                        .as_ref()
                        .unwrap()
                        .as_str()
                        .rsplit('-')
                        .next()
                        .unwrap()
                        .parse()
                        .unwrap(),
                );
            }
        }
        for (lane, (lines, _)) in lanes {
            assert!(lines.is_sorted(), "overtaken in {lane:?}: {lines:?}");
        }
    }
}

impl Courier for Doorway {
    fn deliver<'a>(&'a self, parcel: &'a Parcel) -> Pending<'a, Outcome> {
        self.home.deliver(parcel)
    }

    fn capabilities(&self) -> &Capabilities {
        self.home.capabilities()
    }

    fn is_open(&self) -> bool {
        self.clock.now() >= self.opens
    }
}

impl Faults {
    fn is_dead(&self, parcel: &Parcel) -> bool {
        self.dead.is_some_and(|name| parcel.draft().to.to_string() == name)
    }

    fn fate(&self, parcel: &Parcel, dice: &Dice) -> Fate {
        if self.silent {
            return Fate::Silence;
        }
        if self.is_dead(parcel) {
            return Fate::Refused(Fault::of(FaultKind::Unreachable));
        }
        if dice.below(100) >= self.trouble {
            return Fate::Arrives;
        }
        match dice.below(5) {
            0 => Fate::ArrivesUnheard,
            1 => Fate::VanishesUnheard,
            // News of a failure must reach somebody in the end, or the judgement would ask for news of news.
            2 if parcel.payload().text().is_some() => Fate::Refused(Fault::of(FaultKind::NoSuchUser)),
            _ => Fate::Refused(Fault::of(FaultKind::Deferred)),
        }
    }
}

impl Dice {
    fn below(&self, n: u64) -> u64 {
        let mut x = self.0.load(Ordering::Relaxed);
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.0.store(x, Ordering::Relaxed);
        x % n
    }

    fn id(&self) -> EnvelopeId {
        EnvelopeId::from_random(std::array::from_fn(|_| self.below(256) as u8))
    }
}

impl Fuse {
    /// Whether there is still power for one more.
    fn burn(&self) -> Result<(), StoreError> {
        let dead = || StoreError::Stopped("the power is cut".to_owned());
        let Some(left) = &self.left else { return Ok(()) };
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))
            .map(drop)
            .map_err(|_| dead())
    }
}

impl Backend for Fuse {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get(key)
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
        self.inner.range(from, to, limit)
    }

    fn commit(&self, batch: &[(Vec<u8>, Option<Vec<u8>>)]) -> Result<(), StoreError> {
        self.inner.commit(batch)
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.burn()?;
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.inner.flush()
    }
}

fn pigeon() -> NetworkId {
    NetworkId::new("pigeon").unwrap()
}

fn words(from: Party, to: Party, line: u32) -> Draft {
    let source = MessageRef::new(&format!("{from}-to-{to}-{line}")).unwrap();
    let text = Text::plain(Body::clean(&format!("line {line}")).unwrap());
    Draft {
        source: Some(source),
        once: true,
        ..Draft::new(from, to, Payload::Text(text))
    }
}

fn copy(parcel: &Parcel) -> Copy {
    Copy {
        id: parcel.id(),
        from: parcel.draft().from.clone(),
        to: parcel.draft().to.clone(),
        payload: parcel.payload().clone(),
        maybe_doubled: parcel.maybe_doubled(),
    }
}

fn is_failure_of(copy: &Copy, id: EnvelopeId) -> bool {
    matches!(&copy.payload, Payload::News(news) if news.about == id && matches!(news.what, Happened::Failed(_)))
}

fn policy() -> Policy {
    Policy {
        allow: vec!["example.org".into()],
        deny: Vec::new(),
        longest_text: 1 << 20,
    }
}
