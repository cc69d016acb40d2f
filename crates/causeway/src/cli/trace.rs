//! `causeway trace`: the way of one message, or of the latest with somebody.

use crate::cli::{show, store};
use crate::control::ask::{Answer, Ask};
use clap::Args;
use std::path::Path;
use std::process::ExitCode;

/// The way of one message, or of the latest with somebody.
#[derive(Debug, Args)]
pub struct Trace {
    /// The gateway's id of a message, a stanza id, a Message-ID, a JID or a foreign address.
    what: String,
    /// How many messages at most.
    #[arg(short = 'n', long, default_value_t = 5)]
    limit: usize,
    /// Show the words of the messages too, uncut.
    #[arg(long)]
    words: bool,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Trace {
    /// Prints the timelines, newest last.
    pub fn run(self, config: &Path, json: bool) -> ExitCode {
        let ask = Ask::Trace {
            what: self.what,
            limit: self.limit,
            words: self.words,
        };
        store::answered(config, &ask, json, |answer| match answer {
            Answer::Timelines { timelines } => {
                timelines
                    .iter()
                    .rev()
                    .for_each(|timeline| anstream::println!("{}", show::timeline(timeline)));
                true
            }
            _ => false,
        })
    }
}
