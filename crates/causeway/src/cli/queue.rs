//! `causeway queue`: what waits and why; try it again, or stop it and tell its sender.

use crate::cli::{show, store};
use crate::clock::SteadyClock;
use crate::control::ask::{Answer, Ask, Which};
use causeway_core::clock::Clock;
use causeway_core::envelope::EnvelopeId;
use clap::{Args, Subcommand};
use std::path::Path;
use std::process::ExitCode;

/// What waits and why.
#[derive(Debug, Args)]
pub struct Queue {
    /// How many at most.
    #[arg(short = 'n', long, default_value_t = 50)]
    limit: usize,
    #[command(subcommand)]
    order: Option<Order>,
}

/// What to do with it.
#[derive(Debug, Subcommand)]
enum Order {
    /// Try it now.
    Retry(Target),
    /// Stop it; its sender gets an error.
    Drop(Target),
}

/// One message or all.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Target {
    /// The gateway's id of the message.
    #[arg(value_parser = envelope_id)]
    id: Option<EnvelopeId>,
    /// Everything that waits, 100,000 at a time; `drop --all` leaves notices of failures alone.
    #[arg(long)]
    all: bool,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Queue {
    /// Prints the queue or carries the order out.
    pub fn run(self, config: &Path, json: bool) -> ExitCode {
        let (ask, done) = match self.order {
            None => (Ask::Queue { limit: self.limit }, ""),
            Some(Order::Retry(target)) => (Ask::Retry { which: target.which() }, "due now"),
            Some(Order::Drop(target)) => (Ask::Drop { which: target.which() }, "stopped"),
        };
        store::answered(config, &ask, json, |answer| match answer {
            Answer::Queue { waiting, more, damaged } => {
                let now = SteadyClock::from_system().now();
                waiting
                    .iter()
                    .for_each(|row| anstream::println!("{}\n", show::waiting(row, now)));
                for (id, why) in damaged {
                    anstream::println!("{id}  damaged: {why}\n");
                }
                match (waiting.len(), more) {
                    (0, _) => anstream::println!("Nothing waits."),
                    (n, true) => anstream::println!("The first {n}; -n shows more."),
                    (n, false) => anstream::println!("{n} in all."),
                }
                true
            }
            Answer::Moved { count: 0 } => {
                anstream::eprintln!("nothing like that waits; `causeway queue` shows what does");
                false
            }
            Answer::Moved { count } => {
                anstream::println!("{}: {done}.", show::count(*count, "message"));
                true
            }
            _ => false,
        })
    }
}

impl Target {
    fn which(self) -> Which {
        self.id.map_or(Which::All, Which::One)
    }
}

fn envelope_id(text: &str) -> Result<EnvelopeId, String> {
    EnvelopeId::parse(text)
        .ok_or_else(|| "not the gateway's id of a message; `causeway queue` shows the ids".to_owned())
}
