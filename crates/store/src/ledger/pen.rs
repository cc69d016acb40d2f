//! What writes one commit: the growing batch with the time and the terms that it is written under.

use crate::backend::Write;
use crate::error::StoreError;
use crate::keys;
use crate::ledger::Route;
use crate::ledger::batch::Batch;
use crate::ledger::entry::{Entry, Fresh};
use crate::row;
use causeway_core::clock::Timestamp;
use causeway_core::envelope::{Envelope, EnvelopeId};
use causeway_core::hop::Hop;
use causeway_core::promise::Terms;
use causeway_core::text::Line;

/// How many hops stand in the row of their delivery: those of a message that needs three tries.
const HOPS_WITHIN: usize = 8;

/// The longest row in which an envelope and its delivery stand together, in bytes.
const FRESH_MAX: usize = 2048;

/// Writes one commit.
pub(crate) struct Pen<'a> {
    pub(crate) batch: Batch<'a>,
    pub(crate) terms: &'a Terms,
    pub(crate) route: &'a Route,
    pub(crate) name: &'a Line,
    pub(crate) now: Timestamp,
    /// Whether the commit notes its time.
    pub(crate) dated: bool,
    /// Sentences about damaged rows that were met and worked around.
    pub(crate) damage: Vec<String>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Pen<'_> {
    /// The entry of a delivery.
    pub(crate) fn entry(&self, id: &EnvelopeId) -> Result<Option<Entry>, StoreError> {
        Entry::read(id, &|key| self.batch.get(key))
    }

    /// An envelope.
    pub(crate) fn envelope(&self, id: &EnvelopeId) -> Result<Option<Envelope>, StoreError> {
        self.batch.read(&keys::envelope(id))
    }

    /// Writes a fresh envelope with its entry: as one row, if it is not so long that parting the two would cost more.
    pub(crate) fn write_fresh(&mut self, envelope: &Envelope, entry: &Entry) -> Result<(), StoreError> {
        let key = keys::envelope(&envelope.id);
        let fresh = Fresh { envelope, fresh: entry };
        if row::write(&key, &fresh)?.len() <= FRESH_MAX {
            return self.batch.write(key, &fresh);
        }
        self.batch.write(key, envelope)?;
        self.batch.write(keys::delivery(&envelope.id), entry)
    }

    /// Writes an entry, and parts it from its envelope when that is the first time: should its row be lost, nobody must
    /// take it for one that was never tried.
    pub(crate) fn write_entry(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let (id, key) = (entry.id(), keys::delivery(entry.id()));
        if self.batch.get(&key)?.is_none()
            && let Some(envelope) = self.envelope(id)?
        {
            self.batch.write(keys::envelope(id), &envelope)?;
        }
        self.batch.write(key, entry)
    }

    /// Records a hop; `entry` must be written afterwards. Only a long way takes rows of its own.
    pub(crate) fn record(&mut self, entry: &mut Entry, hop: Hop) -> Result<(), StoreError> {
        if entry.hops.len() < HOPS_WITHIN {
            entry.hops.push(hop);
            return Ok(());
        }
        self.batch.write(keys::hop(entry.id(), entry.more_hops), &hop)?;
        entry.more_hops = entry.more_hops.saturating_add(1);
        Ok(())
    }

    /// What a read gave, or nothing when the row is damaged and can be done without: then it is noted.
    pub(crate) fn forgiving<T>(&mut self, read: Result<Option<T>, StoreError>) -> Result<Option<T>, StoreError> {
        match read {
            Err(StoreError::Damaged(why)) => {
                self.note_damage(why);
                Ok(None)
            }
            other => other,
        }
    }

    /// Notes that a row was damaged.
    pub(crate) fn note_damage(&mut self, why: String) {
        self.damage.push(why);
    }

    /// The writes, and what was damaged.
    pub(crate) fn finish(mut self) -> Result<(Vec<Write>, Vec<String>), StoreError> {
        if self.dated && !self.batch.is_empty() {
            self.batch.write(keys::clock(), &self.now)?;
        }
        Ok((self.batch.finish()?, self.damage))
    }
}
