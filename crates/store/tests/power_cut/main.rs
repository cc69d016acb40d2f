//! Power cuts: everything that was acknowledged before one is there after it.
//!
//! The test runs itself as a child under `strace` (Debian package `strace`), which records every write and sync of the
//! store and every acknowledgement in one order. Then it cuts the power at random points of that record, builds the
//! files as a disk may hold them, opens the ledger on them and looks for what was acknowledged.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test with its own main, because it also runs as the child that it watches"
)]

mod disk;
mod trace;
mod writer;

use disk::{Barrier, Cut, Kept};
use std::path::Path;
use std::process::{Command, ExitCode};
use trace::Happening;

/// How many times the power is cut.
const CUTS: u64 = 100;
/// What a disk may hold of the writes that no sync covers.
const DISKS: [Kept; 3] = [Kept::Nothing, Kept::Half, Kept::All];

// ---------------------------------------------------------------------------------------------------------------------

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    if let [_, word, dir] = args.as_slice()
        && word == writer::WORD
    {
        writer::write(Path::new(dir));
        return ExitCode::SUCCESS;
    }
    let record = record();
    nothing_acknowledged_is_lost(&record);
    without_our_barrier_it_would_be(&record);
    ExitCode::SUCCESS
}

/// Runs the writer under `strace`.
fn record() -> Vec<Happening> {
    let dir = tempfile::tempdir().unwrap();
    let (store, log) = (dir.path().join("store"), dir.path().join("trace"));
    let status = Command::new("strace")
        .args(["-f", "-xx", "-s", "8388608", "-e", trace::CALLS, "-o"])
        .arg(&log)
        .arg(std::env::current_exe().unwrap())
        .arg(writer::WORD)
        .arg(&store)
        .status()
        .expect("this test needs strace: apt-get install strace");
    assert!(status.success(), "the writer failed: {status}");
    let record = trace::read(&std::fs::read_to_string(&log).unwrap(), &store);
    let acknowledged = record
        .iter()
        .filter(|happening| matches!(happening, Happening::Acknowledged { .. }))
        .count();
    assert!(
        acknowledged >= 300,
        "only {acknowledged} acknowledgements in the record"
    );
    record
}

fn nothing_acknowledged_is_lost(record: &[Happening]) {
    let bad = outcomes(record, Barrier::AsItWas);
    assert!(bad.is_empty(), "{} of {} states are bad: {bad:#?}", bad.len(), CUTS * 3);
    println!(
        "power_cut: {CUTS} cuts on {} kinds of disk, nothing acknowledged was lost",
        DISKS.len()
    );
}

/// Shows that the test can fail: the same record, with sled's own syncs only.
fn without_our_barrier_it_would_be(record: &[Happening]) {
    let bad = outcomes(record, Barrier::WithoutOurs);
    assert!(
        !bad.is_empty(),
        "the store would survive without its fdatasync, so this test shows nothing"
    );
    println!(
        "power_cut: without our fdatasync {} of {} states would be bad",
        bad.len(),
        CUTS * 3
    );
}

/// What went wrong after each cut.
fn outcomes(record: &[Happening], barrier: Barrier) -> Vec<String> {
    let mut bad = Vec::new();
    for seed in 1..=CUTS {
        for kept in DISKS {
            let cut = Cut::at(record, seed, barrier, kept);
            let dir = tempfile::tempdir().unwrap();
            cut.build(dir.path());
            let found = std::panic::catch_unwind(|| writer::check(dir.path(), &cut.acknowledged));
            match found {
                Ok(Ok(())) => {}
                Ok(Err(what)) => bad.push(format!("cut {seed} at {}, {kept:?} kept: {what}", cut.at)),
                Err(_) => bad.push(format!("cut {seed} at {}, {kept:?} kept: a panic", cut.at)),
            }
        }
    }
    bad
}
