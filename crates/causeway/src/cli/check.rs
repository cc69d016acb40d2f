//! `causeway check`: would everything work, and what to do about what would not.

use crate::cli::store::owned;
use crate::clock::SteadyClock;
use crate::config::Config;
use crate::control::ask::{Answer, Ask};
use crate::control::socket;
use crate::networks::{self, Key};
use anstyle::{AnsiColor, Style};
use causeway_core::clock::Clock;
use causeway_core::command::Clerks;
use causeway_core::network::{Finding, Verdict};
use causeway_store::{SledBackend, StoreError};
use causeway_xmpp::Home;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// Prints all findings. Exit code 0: all good, warnings allowed; 1: something does not work; 2: wrong configuration.
pub fn check(path: &Path, json: bool) -> ExitCode {
    let (findings, readable) = match Config::read(path) {
        Ok(config) => (all(path, &config), true),
        Err(e) => (
            vec![Finding::bad(
                "configuration",
                e.to_string(),
                "put this right and check again",
            )],
            false,
        ),
    };
    match json {
        true => print_json(&findings),
        false => findings.iter().for_each(print),
    }
    match findings.iter().any(|finding| finding.verdict == Verdict::Bad) {
        _ if !readable => ExitCode::from(2),
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}

fn all(path: &Path, config: &Config) -> Vec<Finding> {
    let configuration = Finding::good("configuration", path.display().to_string());
    let found = match socket::ask(&config.data_dir, &Ask::Check) {
        Ok(Some(Answer::Findings { findings })) => [vec![running(config)], findings].concat(),
        _ => [vec![store(config)], by_itself(config)].concat(),
    };
    [vec![configuration], found].concat()
}

fn running(config: &Config) -> Finding {
    let seen = match socket::ask(&config.data_dir, &Ask::Status) {
        Ok(Some(Answer::Running {
            version, seconds, pid, ..
        })) => {
            format!("a gateway runs and answers for itself: version {version}, process {pid}, up {seconds} s")
        }
        _ => "a gateway runs and answers for itself".to_owned(),
    };
    Finding::good("store", seen)
}

fn store(config: &Config) -> Finding {
    if config.data_dir.exists()
        && let Err(e) = owned(&config.data_dir)
    {
        return Finding::bad("store", e.to_string(), "run the check as the gateway's user");
    }
    match SledBackend::open(&config.data_dir, config.cache) {
        Ok(_) => Finding::good("store", config.data_dir.display().to_string()),
        Err(e @ StoreError::Locked { .. }) => Finding::bad("store", e.to_string(), "stop the other process"),
        Err(e) => Finding::bad("store", e.to_string(), "see the sentence before this one"),
    }
}

/// The sides as this process finds them, when no gateway runs.
fn by_itself(config: &Config) -> Vec<Finding> {
    let looked = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(sides(config)));
    looked.unwrap_or_else(|e| vec![Finding::bad("sides", format!("{e:#}"), "correct the configuration")])
}

async fn sides(config: &Config) -> anyhow::Result<Vec<Finding>> {
    let wired = networks::wired(config, &Key::open(&config.data_dir)?, &networks::files(config)?)?;
    let now = SteadyClock::from_system().now();
    let home = Home::new(
        config.xmpp.clone(),
        networks::domains(&wired)?,
        Arc::new(Clerks::default()),
        env!("CARGO_PKG_VERSION").to_owned(),
        now,
    );
    Ok(socket::findings(&home, &wired).await)
}

fn print(finding: &Finding) {
    let (style, mark): (Style, _) = match finding.verdict {
        Verdict::Good => (AnsiColor::Green.on_default(), "good"),
        Verdict::Warning => (AnsiColor::Yellow.on_default(), "warning"),
        Verdict::Bad => (AnsiColor::Red.on_default(), "bad"),
    };
    anstream::println!("{style}{mark:<8}{style:#}{}: {}", finding.what, finding.seen);
    if !finding.advice.is_empty() {
        anstream::println!("        → {}", finding.advice);
    }
}

fn print_json(findings: &[Finding]) {
    match serde_json::to_string_pretty(findings) {
        Ok(text) => anstream::println!("{text}"),
        Err(e) => anstream::eprintln!("{e}"),
    }
}
