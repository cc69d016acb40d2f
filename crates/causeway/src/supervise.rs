//! The one place that spawns: tasks under a name, work on deep stacks, flights of deliveries, and the word to stop.

use causeway_core::network::{Pending, Tasks};
use futures::FutureExt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::task::TaskTracker;

/// The stack of a thread that parses strangers' bytes.
const DEEP_STACK: usize = 64 << 20;

/// Starts everything that runs beside something else, and tells it to stop.
#[derive(Debug, Clone)]
pub struct Supervisor {
    stop: watch::Sender<bool>,
    ending: Arc<AtomicU8>,
    tracker: TaskTracker,
}

/// Why everything was asked to stop, the lightest reason first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Ending {
    /// Somebody wanted it.
    Asked,
    /// Another process does the work.
    GaveWay,
    /// Going on would break a promise.
    Failed,
}

/// Deliveries under way, each a task of its own, which hand in what they come back with.
#[derive(Debug)]
pub struct Flights<T> {
    set: JoinSet<T>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Default for Supervisor {
    fn default() -> Self {
        Self {
            stop: watch::Sender::new(false),
            ending: Arc::new(AtomicU8::new(Ending::Asked as u8)),
            tracker: TaskTracker::new(),
        }
    }
}

impl Supervisor {
    /// Asks everything to stop. Asking twice changes nothing.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Asks everything to stop because going on would break a promise; the process ends with an error.
    pub fn fail(&self) {
        self.end(Ending::Failed);
    }

    /// Why everything was asked to stop; the gravest reason, where there are several.
    pub fn ending(&self) -> Ending {
        let reason = self.ending.load(Ordering::Relaxed);
        [Ending::GaveWay, Ending::Failed]
            .into_iter()
            .find(|ending| *ending as u8 == reason)
            .unwrap_or(Ending::Asked)
    }

    /// Whether somebody asked to stop.
    pub fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Comes when somebody asked to stop.
    pub fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut told = self.stop.subscribe();
        async move {
            // The sender lives as long as the supervisor; when it is gone there is nothing left to wait for.
            let _ = told.wait_for(|stop| *stop).await;
        }
    }

    /// Waits until all tasks have ended, at most `patience`.
    pub async fn drained(&self, patience: Duration) -> bool {
        self.tracker.close();
        tokio::time::timeout(patience, self.tracker.wait()).await.is_ok()
    }

    /// Starts a task that runs until it ends by itself; after a panic it is made anew, after a growing pause.
    pub fn keep<F, T>(&self, name: &'static str, make: F)
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let supervisor = self.clone();
        self.spawn(async move {
            let mut pause = Duration::from_secs(1);
            while AssertUnwindSafe(async { make().await }).catch_unwind().await.is_err() {
                tracing::error!(
                    task = name,
                    "a part of the gateway failed and starts again in {} s",
                    pause.as_secs()
                );
                tokio::select! {
                    () = tokio::time::sleep(pause) => pause = (pause * 2).min(Duration::from_secs(60)),
                    () = supervisor.stopped() => return,
                }
            }
        });
    }

    /// Starts a task that is not made anew.
    pub fn keep_once(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.start(name, Box::pin(task));
    }

    /// Runs `work` on a thread of its own for as long as the process lives.
    pub fn thread(&self, name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
        std::thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
    }

    fn end(&self, ending: Ending) {
        self.ending.fetch_max(ending as u8, Ordering::Relaxed);
        self.stop();
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(task);
    }
}

impl Tasks for Supervisor {
    fn start(&self, name: &str, task: Pending<'static, ()>) {
        let name = name.to_owned();
        self.spawn(async move {
            if AssertUnwindSafe(task).catch_unwind().await.is_err() {
                tracing::error!(task = name, "a task failed; the others go on");
            }
        });
    }

    fn work(&self, name: &str, work: Box<dyn FnOnce() + Send>) -> Pending<'static, Option<()>> {
        let (done, wait) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .stack_size(DEEP_STACK)
            .spawn(move || {
                let outcome = std::panic::catch_unwind(AssertUnwindSafe(work)).ok();
                // Nobody waits any more when the asker was stopped.
                let _ = done.send(outcome);
            });
        Box::pin(async move {
            thread.ok()?;
            wait.await.ok().flatten()
        })
    }

    fn stopping(&self) -> Pending<'static, ()> {
        Box::pin(self.stopped())
    }

    fn give_way(&self) {
        self.end(Ending::GaveWay);
    }
}

impl<T: Send + 'static> Default for Flights<T> {
    fn default() -> Self {
        Self { set: JoinSet::new() }
    }
}

impl<T: Send + 'static> Flights<T> {
    /// Starts one.
    pub fn start(&mut self, flight: impl Future<Output = T> + Send + 'static) -> AbortHandle {
        self.set.spawn(flight)
    }

    /// How many are under way.
    pub fn len(&self) -> usize {
        self.set.len()
    }

    /// Whether none is under way.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// The next that comes back; waits for ever when none is under way. `None` when it panicked or was aborted.
    pub async fn next(&mut self) -> Option<T> {
        match self.set.join_next().await {
            Some(ended) => ended.ok(),
            None => std::future::pending().await,
        }
    }
}

/// A supervisor as adapters see it.
pub fn tasks(supervisor: &Supervisor) -> Arc<dyn Tasks> {
    Arc::new(supervisor.clone())
}
