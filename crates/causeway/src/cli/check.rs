//! `causeway check`: would everything work, and what to do about what would not.

use crate::clock::SteadyClock;
use crate::config::Config;
use crate::control::ask::{Answer, Ask};
use crate::control::socket;
use crate::networks::{self, Key};
use anstyle::{AnsiColor, Style};
use causeway_core::clock::Clock;
use causeway_core::network::{Finding, Verdict};
use causeway_store::{SledBackend, StoreError};
use causeway_xmpp::Home;
use std::path::Path;
use std::process::ExitCode;

/// Prints all findings. Exit code 0: all good, warnings allowed; 1: something does not work; 2: wrong configuration.
pub fn check(path: &Path, json: bool) -> ExitCode {
    let (findings, readable) = match Config::read(path) {
        Ok(config) => (all(path, &config), true),
        Err(e) => (
            vec![Finding::bad(
                "configuration",
                e.to_string(),
                "correct this line and check again",
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
    let mut findings = vec![
        Finding::good("configuration", path.display().to_string()),
        store(config),
    ];
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => findings.extend(runtime.block_on(sides(config))),
        Err(e) => findings.push(Finding::bad("runtime", e.to_string(), "")),
    }
    findings
}

fn store(config: &Config) -> Finding {
    if let Ok(Some(Answer::Running {
        version, seconds, pid, ..
    })) = socket::ask(&config.data_dir, &Ask::Status)
    {
        return Finding::good(
            "store",
            format!("in use by a running gateway (version {version}, process {pid}, up {seconds} s)"),
        );
    }
    match SledBackend::open(&config.data_dir, config.cache) {
        Ok(_) => Finding::good("store", config.data_dir.display().to_string()),
        Err(e @ StoreError::Locked { .. }) => Finding::bad("store", e.to_string(), "stop the other process"),
        Err(e) => Finding::bad("store", e.to_string(), "see the sentence before this one"),
    }
}

async fn sides(config: &Config) -> Vec<Finding> {
    let wired = match Key::open(&config.data_dir).and_then(|key| networks::wired(config, &key)) {
        Ok(wired) => wired,
        Err(e) => return vec![Finding::bad("networks", format!("{e:#}"), "correct the configuration")],
    };
    let mut findings = match networks::domains(&wired) {
        Ok(domains) => {
            let now = SteadyClock::from_system().now();
            Home::new(config.xmpp.clone(), domains, env!("CARGO_PKG_VERSION").to_owned(), now)
                .check()
                .await
        }
        Err(e) => vec![Finding::bad("component", format!("{e:#}"), "correct the domain")],
    };
    for wired in wired {
        findings.extend(wired.network.check().await);
    }
    findings
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
    let rows = findings.iter().map(|finding| {
        let verdict = match finding.verdict {
            Verdict::Good => "good",
            Verdict::Warning => "warning",
            Verdict::Bad => "bad",
        };
        serde_json::json!({ "what": finding.what, "verdict": verdict, "seen": finding.seen, "advice": finding.advice })
    });
    anstream::println!("{:#}", serde_json::Value::Array(rows.collect()));
}
