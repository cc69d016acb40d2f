//! What the gateway writes into its log above the level of debugging, for tests to read.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, set_default};
use tracing::{Event, Level, Metadata, Subscriber};

/// The log of the thread on which it was opened, until it is dropped.
pub(crate) struct Journal {
    lines: Arc<Mutex<Vec<String>>>,
    _open: DefaultGuard,
}

struct Scribe(Arc<Mutex<Vec<String>>>);

struct Entry(String);

// ---------------------------------------------------------------------------------------------------------------------

impl Journal {
    pub(crate) fn open() -> Self {
        let lines = Arc::default();
        let _open = set_default(Scribe(Arc::clone(&lines)));
        Self { lines, _open }
    }

    /// That it says all this, and names nobody in any line.
    pub(crate) fn says_without_names(&self, said: &[&str]) {
        let lines = self.lines.lock().unwrap();
        for words in said {
            assert!(lines.iter().any(|line| line.contains(words)), "{words}: {lines:?}");
        }
        assert!(lines.iter().all(|line| !line.contains('@')), "{lines:?}");
    }
}

impl Subscriber for Scribe {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut entry = Entry(String::new());
        event.record(&mut entry);
        self.0.lock().unwrap().push(entry.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Visit for Entry {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}
