//! `causeway run`: the gateway itself, until SIGTERM or SIGINT.

use crate::assemble;
use crate::config::Config;
use crate::engine::dispatch::DRAIN;
use crate::office::Log;
use crate::supervise::{Ending, Supervisor};
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// The exit code of a process that found another one at its work.
const GAVE_WAY: u8 = 3;

/// Runs the gateway. Exit code 3: another program is logged in as its component; 2: the configuration is wrong; 1: it
/// could not start, or the store failed.
pub fn run(path: &Path) -> ExitCode {
    let config = match Config::read(path) {
        Ok(config) => config,
        Err(e) => {
            anstream::eprintln!("{e}");
            return ExitCode::from(2);
        }
    };
    let log = log(&config.log);
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(until_told(config, log)),
        Err(e) => {
            tracing::error!("no runtime: {e}");
            ExitCode::FAILURE
        }
    }
}

async fn until_told(config: Config, log: Log) -> ExitCode {
    let supervisor = Supervisor::default();
    if let Err(e) = listen(&supervisor) {
        tracing::error!("signals cannot be heard: {e}");
        return ExitCode::FAILURE;
    }
    if let Err(e) = assemble::run(config, supervisor.clone(), log).await {
        tracing::error!("{e:#}");
        return ExitCode::FAILURE;
    }
    if !supervisor.drained(DRAIN).await {
        tracing::warn!("some parts did not end in time");
    }
    match supervisor.ending() {
        Ending::Failed => ExitCode::FAILURE,
        Ending::GaveWay => ExitCode::from(GAVE_WAY),
        Ending::Asked => {
            tracing::info!("the gateway has stopped");
            ExitCode::SUCCESS
        }
    }
}

fn listen(supervisor: &Supervisor) -> std::io::Result<()> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = supervisor.clone();
    supervisor.keep_once("signals", async move {
        tokio::select! {
            _ = term.recv() => tracing::info!("asked to stop"),
            _ = int.recv() => tracing::info!("interrupted"),
            () = stop.stopped() => {}
        }
        stop.stop();
    });
    Ok(())
}

/// Begins to log, and gives what changes how much.
fn log(filter: &str) -> Log {
    let configured = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_else(|_| filter.to_owned());
    let read = |filter: &str| EnvFilter::try_new(filter).map_err(|e| e.to_string());
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(read(&configured).unwrap_or_else(|_| EnvFilter::new("info")))
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .with_filter_reloading();
    let handle = subscriber.reload_handle();
    subscriber.init();
    Arc::new(move |level| {
        let filter = read(level.unwrap_or(&configured))?;
        handle.reload(filter).map_err(|e| e.to_string())
    })
}
