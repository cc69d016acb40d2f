//! The only writer of the ledger: takes changes from everywhere and commits them in groups, one sync for many.

use causeway_core::clock::Clock;
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::network::{Outcome, Taken};
use causeway_store::{Change, Done, Ledger, StoreError};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{Notify, mpsc, oneshot};

/// The most changes that wait for the writer.
const WAITING: usize = 8192;
/// The most changes in one commit.
const GROUP: usize = 512;

type Answer = Result<Done, Fault>;

/// Hands changes to the writer.
#[derive(Debug, Clone)]
pub struct Keeper {
    jobs: mpsc::Sender<Job>,
    tally: Arc<Tally>,
}

/// How much went through since the start; only what is durable counts.
#[derive(Debug, Default)]
pub struct Tally {
    accepted: AtomicU64,
    handed: AtomicU64,
}

/// The writer itself, to be run once, on a thread or as a task.
pub struct Writer {
    jobs: mpsc::Receiver<Job>,
    ledger: Arc<Ledger>,
    clock: Arc<dyn Clock>,
    /// Told after each commit, because something may be due.
    news: Arc<Notify>,
    tally: Arc<Tally>,
}

/// Changes that go in one commit, and who waits for it.
#[derive(Debug)]
struct Job {
    changes: Vec<Change>,
    done: oneshot::Sender<Vec<Answer>>,
}

// ---------------------------------------------------------------------------------------------------------------------

/// A keeper and its writer.
pub fn keeper(ledger: Arc<Ledger>, clock: Arc<dyn Clock>, news: Arc<Notify>) -> (Keeper, Writer) {
    let (sender, jobs) = mpsc::channel(WAITING);
    let tally = Arc::new(Tally::default());
    let writer = Writer {
        jobs,
        ledger,
        clock,
        news,
        tally: tally.clone(),
    };
    (Keeper { jobs: sender, tally }, writer)
}

impl Keeper {
    /// Takes a place in line at once, or says that the gateway is busy; the answer comes when the change is durable.
    pub fn offer(&self, change: Change) -> impl Future<Output = Answer> + Send + use<> {
        let (done, wait) = oneshot::channel();
        let changes = vec![change];
        let placed = self.jobs.try_send(Job { changes, done }).is_ok();
        async move {
            if !placed {
                return Err(Fault::of(FaultKind::Busy));
            }
            one(&mut wait.await.unwrap_or_default().into_iter())
        }
    }

    /// Waits for a place in line: for what must be written however busy the gateway is.
    pub async fn insist(&self, change: Change) -> Answer {
        one(&mut self.wait_for(vec![change]).await)
    }

    /// The same for a change and another one that comes right behind it: one commit for both. Should the second not be
    /// possible, the first is written all the same.
    pub async fn insist_on_both(&self, first: Change, second: Change) -> (Answer, Answer) {
        let mut answers = self.wait_for(vec![first, second]).await;
        (one(&mut answers), one(&mut answers))
    }

    async fn wait_for(&self, changes: Vec<Change>) -> impl Iterator<Item = Answer> + use<> {
        let (done, wait) = oneshot::channel();
        let answers = match self.jobs.send(Job { changes, done }).await {
            Ok(()) => wait.await.unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        answers.into_iter()
    }

    /// How much went through since the start.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }
}

impl Tally {
    /// How many messages were written down.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// How many the next side took.
    pub fn handed(&self) -> u64 {
        self.handed.load(Ordering::Relaxed)
    }

    fn count(&self, change: &Change, done: &Done) {
        match (change, done) {
            (_, Done::Arrived(accepted)) => {
                let new = accepted.taken().iter().filter(|taken| matches!(taken, Taken::New(_)));
                self.accepted
                    .fetch_add(u64::try_from(new.count()).unwrap_or_default(), Ordering::Relaxed);
            }
            (
                Change::Settle {
                    outcome: Outcome::Handed(_),
                    ..
                },
                Done::Stepped(true),
            ) => {
                self.handed.fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        }
    }
}

/// The next answer. There is none when the writer is gone.
fn one(answers: &mut impl Iterator<Item = Answer>) -> Answer {
    answers.next().unwrap_or_else(|| Err(Fault::of(FaultKind::Busy)))
}

impl Writer {
    /// Writes until all keepers are gone; the error is fatal: the store must not be used any more.
    pub fn run_on_thread(mut self) -> Result<(), StoreError> {
        while let Some(first) = self.jobs.blocking_recv() {
            self.write(first)?;
        }
        Ok(())
    }

    /// The same as a task, for a store that never blocks.
    pub async fn run(mut self) -> Result<(), StoreError> {
        while let Some(first) = self.jobs.recv().await {
            self.write(first)?;
        }
        Ok(())
    }

    fn write(&mut self, first: Job) -> Result<(), StoreError> {
        let (mut changes, mut group) = (first.changes.len(), vec![first]);
        while changes < GROUP {
            let Ok(job) = self.jobs.try_recv() else { break };
            changes += job.changes.len();
            group.push(job);
        }
        self.commit(group)?;
        self.news.notify_one();
        Ok(())
    }

    /// Commits a group; when one damaged row spoils it, each change goes alone, so that only its own fails.
    fn commit(&self, group: Vec<Job>) -> Result<(), StoreError> {
        let changes = group.iter().flat_map(|job| job.changes.iter().cloned()).collect();
        match self.ledger.commit(changes, self.clock.now()) {
            Ok(done) => {
                let mut done = done.into_iter();
                for job in group {
                    let answers = job.changes.iter().zip(done.by_ref());
                    let answers = answers.map(|(change, done)| self.counted(change, done)).collect();
                    job.answer(answers);
                }
            }
            Err(StoreError::Damaged(_) | StoreError::BadIds) => {
                for job in group {
                    let answers = job
                        .changes
                        .iter()
                        .map(|change| self.alone(change))
                        .collect::<Result<_, _>>()?;
                    job.answer(answers);
                }
            }
            Err(fatal) => return Err(fatal),
        }
        Ok(())
    }

    fn alone(&self, change: &Change) -> Result<Answer, StoreError> {
        match self.ledger.commit(vec![change.clone()], self.clock.now()) {
            Ok(done) => Ok(one(&mut done.into_iter().map(|done| self.counted(change, done)))),
            Err(own @ (StoreError::Damaged(_) | StoreError::BadIds)) => {
                tracing::error!("a change was not written: {own}");
                Ok(Err(Fault::of(FaultKind::Internal)))
            }
            Err(fatal) => Err(fatal),
        }
    }

    fn counted(&self, change: &Change, done: Done) -> Answer {
        self.tally.count(change, &done);
        Ok(done)
    }
}

impl Job {
    fn answer(self, answers: Vec<Answer>) {
        // Whoever asked may have been stopped; the changes are written all the same.
        let _ = self.done.send(answers);
    }
}
