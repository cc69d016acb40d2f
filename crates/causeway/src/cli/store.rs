//! Asks a running gateway, or opens its store when none runs.

use crate::assemble;
use crate::clock::SteadyClock;
use crate::config::Config;
use crate::control::ask::{Answer, Ask};
use crate::control::{answer::Records, socket};
use crate::networks::{self, Key};
use anyhow::bail;
use causeway_core::clock::Clock;
use causeway_store::Change;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::ExitCode;

/// Reads the config, asks, and prints: as JSON, or as `show` does, which says whether all is well.
pub fn answered(config: &Path, ask: &Ask, json: bool, show: impl Fn(&Answer) -> bool) -> ExitCode {
    let config = match Config::read(config) {
        Ok(config) => config,
        Err(e) => {
            anstream::eprintln!("{e}");
            return ExitCode::from(2);
        }
    };
    let answer = match answer(&config, ask) {
        Ok(answer) => answer,
        Err(e) => Answer::Sorry { why: format!("{e:#}") },
    };
    shown(&answer, json, show)
}

/// Prints an answer: as JSON, or as `show` does, which says whether all is well.
pub fn shown(answer: &Answer, json: bool, show: impl Fn(&Answer) -> bool) -> ExitCode {
    let well = match answer {
        _ if json => print_json(answer),
        Answer::Sorry { why } => {
            anstream::eprintln!("{why}");
            false
        }
        answer => show(answer),
    };
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print_json(answer: &Answer) -> bool {
    match serde_json::to_string_pretty(answer) {
        Ok(text) => anstream::println!("{text}"),
        Err(e) => anstream::eprintln!("{e}"),
    }
    !matches!(answer, Answer::Sorry { .. })
}

fn answer(config: &Config, ask: &Ask) -> anyhow::Result<Answer> {
    if let Some(answer) = socket::ask(&config.data_dir, ask)? {
        return Ok(answer);
    }
    if !config.data_dir.join("db").exists() {
        bail!(
            "there is no store in {}: the gateway has never run with this data_dir",
            config.data_dir.display()
        );
    }
    owned(&config.data_dir)?;
    let now = SteadyClock::from_system().now();
    let wired = networks::wired(config, &Key::open(&config.data_dir)?, &networks::files(config)?)?;
    let (ledger, _) = assemble::ledger(config, &assemble::by_name(wired.clone()), now)?;
    let records = Records {
        ledger: ledger.clone(),
        wired,
    };
    match ask {
        Ask::Retry { .. } | Ask::Drop { .. } => {
            let orders = records.orders(ask)?;
            let changes = orders
                .into_iter()
                .map(|(id, event)| Change::Step { id, event })
                .collect();
            let done = ledger.commit(changes, now)?;
            let moved = done
                .iter()
                .filter(|done| matches!(done, causeway_store::Done::Stepped(true)));
            Ok(Answer::Moved { count: moved.count() })
        }
        Ask::Status | Ask::Check | Ask::Commands { .. } | Ask::Do { .. } => Ok(Answer::Sorry {
            why: "the gateway does not run".to_owned(),
        }),
        Ask::Trace { .. } | Ask::Queue { .. } => Ok(records.answer(ask)?),
    }
}

/// Whether this process is the user that the store belongs to: anybody else, root too, would leave files behind that the
/// gateway cannot read.
pub fn owned(data_dir: &Path) -> anyhow::Result<()> {
    let (mine, theirs) = (
        std::fs::metadata("/proc/self")?.uid(),
        std::fs::metadata(data_dir)?.uid(),
    );
    match mine == theirs {
        true => Ok(()),
        false => bail!(
            "the store in {} belongs to user {theirs}, and this is user {mine}: run it as that user, for example with `sudo -u '#{theirs}'`",
            data_dir.display()
        ),
    }
}
