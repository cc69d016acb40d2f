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

#[derive(Debug)]
struct Job {
    change: Change,
    done: oneshot::Sender<Answer>,
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
        let placed = self.jobs.try_send(Job { change, done }).is_ok();
        async move {
            if !placed {
                return Err(Fault::of(FaultKind::Busy));
            }
            answered(wait).await
        }
    }

    /// Waits for a place in line: for what must be written however busy the gateway is.
    pub async fn insist(&self, change: Change) -> Answer {
        let (done, wait) = oneshot::channel();
        self.jobs
            .send(Job { change, done })
            .await
            .map_err(|_| Fault::of(FaultKind::Busy))?;
        answered(wait).await
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

async fn answered(wait: oneshot::Receiver<Answer>) -> Answer {
    wait.await.unwrap_or_else(|_| Err(Fault::of(FaultKind::Busy)))
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
        let mut group = vec![first];
        while group.len() < GROUP {
            match self.jobs.try_recv() {
                Ok(job) => group.push(job),
                Err(_) => break,
            }
        }
        self.commit(group)?;
        self.news.notify_one();
        Ok(())
    }

    /// Commits a group; when one damaged row spoils it, each change goes alone, so that only its own fails.
    fn commit(&self, group: Vec<Job>) -> Result<(), StoreError> {
        let changes = group.iter().map(|job| job.change.clone()).collect();
        match self.ledger.commit(changes, self.clock.now()) {
            Ok(done) => group.into_iter().zip(done).for_each(|(job, done)| {
                self.tally.count(&job.change, &done);
                job.answer(Ok(done));
            }),
            Err(own @ (StoreError::Damaged(_) | StoreError::BadIds)) if group.len() == 1 => {
                tracing::error!("a change was not written: {own}");
                group
                    .into_iter()
                    .for_each(|job| job.answer(Err(Fault::of(FaultKind::Internal))));
            }
            Err(StoreError::Damaged(_) | StoreError::BadIds) => {
                group.into_iter().try_for_each(|job| self.commit(vec![job]))?
            }
            Err(fatal) => return Err(fatal),
        }
        Ok(())
    }
}

impl Job {
    fn answer(self, answer: Answer) {
        // Whoever asked may have been stopped; the change is written all the same.
        let _ = self.done.send(answer);
    }
}
