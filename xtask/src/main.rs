//! The project's own tasks: `cargo xtask demo`, `cargo xtask test`, `cargo xtask ci`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that talks to people on a terminal"
)]

mod apt;
mod bench;
mod cargo;
mod demo;
mod gates;
mod stage_lights;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <task>

  demo [--keep] [--ejabberd]   real servers in a temporary directory, one conversation, both timelines;
                               --keep leaves all running for your own clients until Ctrl-C
  test [ARGUMENTS]             every test of the workspace, with real servers; ARGUMENTS go to `cargo test`
  check                        format, lints, documentation, house rules, licences
  ci                           check, then test
  bench [--quick] [PART]       how fast it is on this machine, each path beside the same one without the gateway;
                               --quick takes two minutes; PART is accept, out, in, rest, growth or large

demo and test install missing Debian packages first.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (task, rest) = match arguments.split_first() {
        Some((task, rest)) => (task.as_str(), rest),
        None => ("help", [].as_slice()),
    };
    let done = match task {
        "demo" => demo::Wishes::read(rest).and_then(demo::demo),
        "test" => gates::test(rest),
        "check" => gates::check(),
        "ci" => gates::check().and_then(|()| gates::test(rest)),
        "bench" => bench::Wishes::read(rest).and_then(|wishes| bench::bench(&wishes, rest)),
        "help" | "-h" | "--help" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(anyhow::anyhow!("no task is called “{other}”\n\n{HELP}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\n{error:#}");
            ExitCode::FAILURE
        }
    }
}
