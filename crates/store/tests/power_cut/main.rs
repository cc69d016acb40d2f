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

use disk::{Barrier, Cut, Dice, Kept};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, ExitCode};
use trace::Happening;

/// How many times the power is cut at random.
const CUTS: usize = 100;
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
    let (states, bad) = outcomes(record, Barrier::AsItWas);
    assert!(bad.is_empty(), "{} of {states} states are bad: {bad:#?}", bad.len());
    println!("power_cut: {states} states of the disk, nothing acknowledged was lost");
}

/// Shows that the test can fail: the same record, with sled's own syncs only.
fn without_our_barrier_it_would_be(record: &[Happening]) {
    let (states, bad) = outcomes(record, Barrier::WithoutOurs);
    assert!(
        !bad.is_empty(),
        "the store would survive without its fdatasync, so this test shows nothing"
    );
    println!(
        "power_cut: without our fdatasync {} of {states} states would be bad",
        bad.len()
    );
}

/// Where the power is cut: at random, and after each single step of each start. Starts are short and delicate; cuts at
/// random hardly ever hit them.
fn places(record: &[Happening]) -> BTreeSet<usize> {
    let mut dice = Dice::of(1);
    let mut places: BTreeSet<usize> = (0..CUTS).map(|_| dice.below(record.len())).collect();
    let mut starting = false;
    for (n, happening) in record.iter().enumerate() {
        match happening {
            Happening::Opened { file } if file == "lock" => starting = true,
            Happening::Acknowledged { .. } => starting = false,
            _ => {}
        }
        if starting {
            places.insert(n);
        }
    }
    places
}

/// How many states were looked at, and what went wrong.
fn outcomes(record: &[Happening], barrier: Barrier) -> (usize, Vec<String>) {
    let (places, mut bad) = (places(record), Vec::new());
    for at in &places {
        for kept in DISKS {
            let cut = Cut::at(record, *at, barrier, kept);
            let dir = tempfile::tempdir().unwrap();
            cut.build(dir.path());
            let found = std::panic::catch_unwind(|| writer::check(dir.path(), &cut.acknowledged));
            match found {
                Ok(Ok(())) => {}
                Ok(Err(what)) => bad.push(format!("cut at {at}, {kept:?} kept: {what}")),
                Err(_) => bad.push(format!("cut at {at}, {kept:?} kept: a panic")),
            }
        }
    }
    (places.len() * DISKS.len(), bad)
}
