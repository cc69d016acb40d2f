//! `causeway store`: copies of the ledger, and what to do when it is damaged.

use super::show::count;
use super::store::owned;
use crate::assemble;
use crate::chores::backups;
use crate::clock::SteadyClock;
use crate::config::Config;
use crate::engine::dispatch::Couriers;
use crate::networks::{self, Key};
use causeway_core::address::Party;
use causeway_core::clock::{Clock, Timestamp};
use causeway_store::repair::{Needs, Repaired, repair, restore};
use clap::Subcommand;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What to do with the store. The gateway must not run meanwhile; it makes backups of its own while it does.
#[derive(Debug, Subcommand)]
pub enum Store {
    /// Read every row and say what is missing or damaged.
    Check,
    /// Copy the store into a file.
    Backup {
        /// The file; it is replaced when the whole copy is there.
        file: PathBuf,
    },
    /// Make a new store from what can be read of a damaged one and from the newest backup.
    Repair,
    /// Make a store from a backup, in a data directory that has none.
    Restore {
        /// The backup.
        file: PathBuf,
    },
}

// ---------------------------------------------------------------------------------------------------------------------

impl Store {
    /// Does it and says what came of it.
    pub fn run(&self, config: &Path) -> ExitCode {
        let config = match Config::read(config) {
            Ok(config) => config,
            Err(e) => {
                anstream::eprintln!("{e}");
                return ExitCode::from(2);
            }
        };
        match self.done(&config) {
            Ok((text, well)) => {
                anstream::println!("{text}");
                if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
            }
            Err(e) => {
                anstream::eprintln!("{e:#}");
                ExitCode::FAILURE
            }
        }
    }

    fn done(&self, config: &Config) -> anyhow::Result<(String, bool)> {
        let now = SteadyClock::from_system().now();
        let dir = &config.data_dir;
        let key = Key::open(dir)?;
        owned(dir)?;
        let wired = networks::wired(config, &key, &networks::files(config)?)?;
        let networks = assemble::by_name(wired);
        match self {
            Self::Check => {
                let (ledger, _) = assemble::ledger(config, &networks, now)?;
                let found = ledger.scrub()?;
                let more = (found.more > 0).then(|| format!("and {} more", found.more));
                let summary = format!(
                    "{}, {}",
                    count(whole(found.messages), "message"),
                    count(whole(found.rows), "row")
                );
                let well = found.wrong.is_empty();
                let verdict = if well {
                    "nothing is missing"
                } else {
                    "run `causeway store repair`"
                };
                let lines = std::iter::once(summary)
                    .chain(found.wrong)
                    .chain(more)
                    .chain([verdict.to_owned()]);
                Ok((lines.collect::<Vec<_>>().join("\n"), well))
            }
            Self::Backup { file } => {
                let (ledger, _) = assemble::ledger(config, &networks, now)?;
                let copied = ledger.backup(file, now)?;
                let text = format!(
                    "{} and {} in {}",
                    count(whole(copied.rows), "row"),
                    count(whole(copied.bytes), "byte"),
                    file.display()
                );
                Ok((text, true))
            }
            Self::Repair => {
                let mut newest_first = backups(dir);
                newest_first.reverse();
                let aside = format!("damaged-{}", now.0 / 1000);
                let done = repair(dir, &newest_first, &aside, needs(config, networks)?, now)?;
                Ok((told(&done), true))
            }
            Self::Restore { file } => {
                let done = restore(dir, file, needs(config, networks)?, now)?;
                Ok((told(&done), true))
            }
        }
    }
}

fn needs(config: &Config, networks: crate::engine::dispatch::Networks) -> anyhow::Result<Needs> {
    Ok(Needs {
        terms: config.terms.clone(),
        route: Box::new(move |party: &Party| Couriers::destination(&networks, party)),
        name: assemble::name()?,
    })
}

fn told(done: &Repaired) -> String {
    let messages = done.messages;
    let mut lines = Vec::new();
    if let Some(aside) = &done.aside {
        lines.push(format!("the damaged store is in {}", aside.display()));
    }
    if let Some((file, taken)) = &done.backup {
        lines.push(format!("the backup {} of {} was used", file.display(), moment(*taken)));
    }
    lines.extend(done.refused.iter().map(|why| format!("not used: {why}")));
    lines.push(format!(
        "{}: {} from the store, {} with something from the backup",
        count(whole(messages.all), "message"),
        messages.from_store,
        messages.from_backup
    ));
    if let Some(missing) = done.missing_commits.filter(|missing| *missing > 0) {
        lines.push(format!(
            "{} are missing at the end of the store",
            count(whole(missing), "commit")
        ));
    }
    for (n, what) in [
        (
            messages.held,
            "held, because they may have been delivered since: see `causeway queue`",
        ),
        (messages.aside, "without a record; their senders are told"),
        (messages.lost, "of which only traces are left"),
    ] {
        if n > 0 {
            lines.push(format!("{} {what}", count(whole(n), "message")));
        }
    }
    lines.extend(done.lost.iter().map(|id| format!("lost: {id}")));
    lines.join("\n")
}

fn moment(at: Timestamp) -> String {
    crate::control::answer::moment_in_seconds(at)
}

fn whole(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
