//! The program.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    causeway::cli::main(causeway::cli::Args::parse())
}
