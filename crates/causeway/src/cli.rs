//! The command line: what people and programs can ask of the gateway.

pub mod check;
pub mod init;
pub mod mend;
pub mod order;
pub mod queue;
pub mod run;
pub mod show;
pub mod store;
pub mod trace;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// A bridge between XMPP and other messaging systems.
#[derive(Debug, Parser)]
#[command(name = "causeway", version, about, max_term_width = 110)]
pub struct Args {
    /// The configuration.
    #[arg(
        short,
        long,
        global = true,
        default_value = "/etc/causeway/bridge.toml",
        env = "CAUSEWAY_CONFIG"
    )]
    config: PathBuf,
    /// Answers as JSON, for programs.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway until it is told to stop.
    Run,
    /// Look whether everything would work, and say what to do about what would not.
    Check,
    /// Write a bridge.toml and the lines to paste into the XMPP server.
    Init(init::Init),
    /// Show the way of one message, or of the latest with somebody.
    Trace(trace::Trace),
    /// Show what waits and why; try it again or stop it.
    Queue(queue::Queue),
    /// Give the running gateway an order; without a name, list what there is.
    Do(order::Order),
    /// Show who is registered.
    Users,
    /// Show how much there is of what.
    Stats,
    /// Copy the store, look whether it is whole, and mend it; while the gateway does not run.
    #[command(subcommand)]
    Store(mend::Store),
}

// ---------------------------------------------------------------------------------------------------------------------

/// Runs one command. The exit code is 0 when it did what it should, 1 when something is wrong, 2 for a wrong
/// configuration or command line, 3 when another program is logged in as the gateway's component.
pub fn main(args: Args) -> ExitCode {
    match args.command {
        Command::Run => run::run(&args.config),
        Command::Check => check::check(&args.config, args.json),
        Command::Init(init) => init.run(),
        Command::Trace(trace) => trace.run(&args.config, args.json),
        Command::Queue(queue) => queue.run(&args.config, args.json),
        Command::Do(order) => order.run(&args.config, args.json),
        Command::Users => order::Order::of("users").run(&args.config, args.json),
        Command::Stats => order::Order::of("statistics").run(&args.config, args.json),
        Command::Store(store) => store.run(&args.config),
    }
}
