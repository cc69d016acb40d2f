//! Repair and restoring: a new store is built from every row that can still be read, and from a backup.
//!
//! The damaged files are only read, and in the end moved aside. What is built stands beside them until it is whole and
//! durable; a repair that is cut short begins anew or, once it has begun to move files, goes on.

mod merge;
mod swap;

use crate::backend::Backend;
use crate::backup::{self, Header};
use crate::error::StoreError;
use crate::keys;
use crate::ledger::{Ledger, Route};
use crate::migrate::migrate;
use crate::sled::SledBackend;
use crate::sled::salvage::{Salvaged, salvage};
use causeway_core::clock::Timestamp;
use causeway_core::envelope::EnvelopeId;
use causeway_core::promise::Terms;
use causeway_core::text::Line;
use std::path::{Path, PathBuf};
use swap::Workshop;

pub(crate) use swap::is_unfinished;

/// Memory for the pages of each of the stores that a repair has open.
const CACHE: u64 = 16 << 20;
/// How many rows of a damaged store are written at once.
const PAGE: usize = 512;

/// What the ledger needs besides its rows.
pub struct Needs {
    /// The terms of its deliveries.
    pub terms: Terms,
    /// The destinations of parties.
    pub route: Route,
    /// The gateway's name in its hops.
    pub name: Line,
}

/// What a repair did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repaired {
    /// Where the damaged files are; `None` where there were none.
    pub aside: Option<PathBuf>,
    /// The backup that was used, and when it was taken.
    pub backup: Option<(PathBuf, Timestamp)>,
    /// Backups that could not be used, with the reasons.
    pub refused: Vec<String>,
    /// How many commits are missing at the end of the store; `None` where nobody knows.
    pub missing_commits: Option<u64>,
    /// Whether every row of the store was there as it was written.
    pub whole: bool,
    /// What became of the messages.
    pub messages: Tally,
    /// How many rows of the adapters came from the store, and how many from the backup.
    pub rows: (u64, u64),
    /// Messages of which only their traces are left, the first hundred.
    pub lost: Vec<EnvelopeId>,
}

/// How many messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// All that there are.
    pub all: u64,
    /// Those that came from the store as a whole.
    pub from_store: u64,
    /// Those of which something came from the backup.
    pub from_backup: u64,
    /// Those that were not over and are held for review, because they may have been delivered since.
    pub held: u64,
    /// Those whose record is lost: their senders are told, and they are listed as damaged.
    pub aside: u64,
    /// Those that are known to have been there, and of which nothing is left to tell anybody.
    pub lost: u64,
}

/// Rows to take messages from.
struct Source {
    rows: SledBackend,
}

// ---------------------------------------------------------------------------------------------------------------------

/// Makes a new store from the damaged one in `dir` and the first of `backups` that can be read, and moves the damaged
/// files into the directory `aside` there. Nothing is changed before all of the new store is on the disk; that takes as
/// much room as two more stores and a backup.
pub fn repair(
    dir: &Path,
    backups: &[PathBuf],
    aside: &str,
    needs: Needs,
    now: Timestamp,
) -> Result<Repaired, StoreError> {
    let workshop = Workshop::open(dir)?;
    if let Some(aside) = workshop.resume()? {
        return Ok(Repaired {
            aside: Some(aside),
            ..Repaired::default()
        });
    }
    if !dir.join("db").exists() {
        let why = format!(
            "there is none in {}; `causeway store restore` makes one from a backup",
            dir.display()
        );
        return Err(StoreError::Unreadable(why));
    }
    let mut done = Repaired::default();
    let (damaged, salvaged) = read_damaged(&workshop, dir)?;
    let counted = damaged.rows.batches();
    done.missing_commits = SledBackend::promised(dir)?.map(|promised| promised.saturating_sub(counted));
    done.whole = done.missing_commits == Some(0) && damaged.rows.is_whole()?;
    let mut backup = None;
    for file in backups.iter().filter(|_| !done.whole) {
        match read_backup(&workshop, file) {
            Ok((source, header)) => {
                done.backup = Some((file.clone(), header.taken));
                backup = Some(source);
                break;
            }
            Err(e @ StoreError::Backup(_)) => done.refused.push(e.to_string()),
            Err(other) => return Err(other),
        }
    }
    build(
        &workshop,
        Some((&damaged, &salvaged)),
        backup.as_ref(),
        needs,
        now,
        &mut done,
    )?;
    drop((damaged, backup));
    done.aside = Some(workshop.swap(Some(aside))?);
    Ok(done)
}

/// Makes a store in `dir`, which must have none, from a backup. What was not over when it was taken is held for review.
pub fn restore(dir: &Path, file: &Path, needs: Needs, now: Timestamp) -> Result<Repaired, StoreError> {
    let workshop = Workshop::open(dir)?;
    if workshop.resume()?.is_some() || workshop.has_store() {
        return Err(StoreError::Backup(format!(
            "{} already has a store; restore into an empty data directory, or use `causeway store repair`",
            dir.display()
        )));
    }
    let (backup, header) = read_backup(&workshop, file)?;
    let mut done = Repaired {
        backup: Some((file.to_owned(), header.taken)),
        ..Repaired::default()
    };
    build(&workshop, None, Some(&backup), needs, now, &mut done)?;
    drop(backup);
    workshop.swap(None)?;
    Ok(done)
}

/// Puts the rows that can be read of the store in `dir` into a store of their own.
fn read_damaged(workshop: &Workshop, dir: &Path) -> Result<(Source, Salvaged), StoreError> {
    let rows = SledBackend::open(&workshop.room("damaged")?, CACHE)?;
    let mut page = Vec::new();
    let salvaged = salvage(&dir.join("db"), &mut |key, stored| {
        page.push((key, stored));
        match page.len() < PAGE {
            true => Ok(()),
            false => rows.put_stored(&std::mem::take(&mut page)),
        }
    })?;
    rows.put_stored(&page)?;
    rows.count_anew()?;
    // Where the version is lost with its row, it is that of the program which wrote the rest.
    let known = rows.get(&keys::schema())?.map(|_| migrate(&rows));
    match known.unwrap_or(Ok(())) {
        Ok(()) | Err(StoreError::Damaged(_)) => {}
        Err(other) => return Err(other),
    }
    Ok((Source { rows }, salvaged))
}

fn read_backup(workshop: &Workshop, file: &Path) -> Result<(Source, Header), StoreError> {
    let rows = SledBackend::open(&workshop.room("backup")?, CACHE)?;
    let header = backup::load(file, &rows)?;
    migrate(&rows)?;
    Ok((Source { rows }, header))
}

fn build(
    workshop: &Workshop,
    damaged: Option<(&Source, &Salvaged)>,
    backup: Option<&Source>,
    needs: Needs,
    now: Timestamp,
    done: &mut Repaired,
) -> Result<(), StoreError> {
    let rows = SledBackend::open(&workshop.room("store")?, CACHE)?;
    let Needs { terms, route, name } = needs;
    let ledger = Ledger::open(Box::new(rows), terms, route, name, now)?;
    merge::Merge {
        ledger: &ledger,
        damaged: damaged.map(|(source, salvaged)| (&source.rows as &dyn Backend, salvaged)),
        backup: backup.map(|source| &source.rows as &dyn Backend),
        now,
        done,
    }
    .run()
}

#[cfg(test)]
mod tests;
