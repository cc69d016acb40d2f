//! Flips bits in a store and cuts its files short: whatever the ledger still says is true, all damage is noticed, and a
//! repair brings the messages back.
//!
//! `CAUSEWAY_FLIPS`, `CAUSEWAY_CUTS` and `CAUSEWAY_MESSAGES` say how many; `--nocapture` shows what became of them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

mod play;

use causeway_core::delivery::Stage;
use causeway_store::repair;
use play::{Files, Play};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What became of the spoilt stores.
#[derive(Debug, Default)]
struct Tally {
    /// Refused at the start.
    refused: u32,
    /// Reported by the scrub.
    reported: u32,
    /// Nothing was reported, and nothing was wrong.
    harmless: u32,
    /// Messages that were looked for after a repair.
    wanted: u64,
    /// Those that were there.
    found: u64,
    /// Those that were there before the backup, and are not there after a repair.
    lost_from_backup: u64,
    /// Those that are held for review.
    held: u64,
    /// The most that one repair did not bring back.
    worst: u64,
}

/// One way to spoil a store.
#[derive(Debug, Clone)]
enum Harm {
    Flip { file: String, byte: usize, bit: u8 },
    Cut { file: String, len: usize },
}

// ---------------------------------------------------------------------------------------------------------------------

impl Harm {
    fn done_to(&self, files: &Files) -> Files {
        let mut files = files.clone();
        match self {
            Self::Flip { file, byte, bit } => files.get_mut(file).unwrap()[*byte] ^= 1 << bit,
            Self::Cut { file, len } => files.get_mut(file).unwrap().truncate(*len),
        }
        files
    }
}

fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).map_or(otherwise, |number| number.parse().unwrap())
}

/// A number that looks like chance and is the same in every run.
fn chance(n: usize) -> usize {
    n.wrapping_add(1)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .rotate_left(29)
        .wrapping_mul(0xbf58_476d_1ce4_e5b9)
        >> 7
}

/// The nth file to spoil: mostly the one with the data.
fn file(files: &Files, n: usize) -> String {
    let others: Vec<_> = files
        .keys()
        .filter(|name| *name != "db" && !files[*name].is_empty())
        .collect();
    match n % 10 {
        9 => others[n / 10 % others.len()].clone(),
        _ => "db".to_owned(),
    }
}

fn all(play: &Play, harms: &[Harm]) -> Tally {
    let (next, tally) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(harm) = harms.get(next.fetch_add(1, Ordering::Relaxed)) {
                    one(play, harm, &tally);
                }
            });
        }
    });
    tally.into_inner().unwrap()
}

fn one(play: &Play, harm: &Harm, tally: &Mutex<Tally>) {
    let dir = tempfile::tempdir().unwrap();
    play::write(dir.path(), &harm.done_to(&play.files));
    let noticed = match play::open(dir.path()) {
        Err(_) => {
            tally.lock().unwrap().refused += 1;
            true
        }
        Ok(ledger) => {
            let mut silent = 0;
            for said in &play.said {
                match ledger.envelope(said.envelope.id) {
                    Ok(Some(envelope)) => assert_eq!(envelope, said.envelope, "{harm:?}: wrong content"),
                    Ok(None) => silent += 1,
                    Err(_) => {}
                }
                match ledger.delivery(said.envelope.id) {
                    Ok(delivery) if delivery.as_ref() != Some(&said.delivery) => silent += 1,
                    _ => {}
                }
            }
            let wrong = ledger
                .scrub()
                .map(|found| found.wrong)
                .unwrap_or_else(|e| vec![e.to_string()]);
            assert!(
                !wrong.is_empty() || silent == 0,
                "{harm:?}: {silent} lost without a word"
            );
            let mut tally = tally.lock().unwrap();
            match wrong.is_empty() {
                true => tally.harmless += 1,
                false => tally.reported += 1,
            }
            !wrong.is_empty()
        }
    };
    if noticed {
        repaired(play, harm, dir.path(), tally);
    }
}

fn repaired(play: &Play, harm: &Harm, dir: &Path, tally: &Mutex<Tally>) {
    let backups = [play.backup.clone()];
    let done =
        repair::repair(dir, &backups, "damaged", play::needs(), play::NOW).unwrap_or_else(|e| panic!("{harm:?}: {e}"));
    let ledger = play::open(dir).unwrap_or_else(|e| panic!("{harm:?}: {e}"));
    let scrubbed = ledger.scrub().unwrap();
    let aside = ledger.aside(usize::MAX).unwrap().len();
    assert!(scrubbed.wrong.len() <= aside, "{harm:?}: {:?} {done:?}", scrubbed.wrong);
    let (mut found, mut lost_from_backup) = (0, 0);
    for (n, said) in play.said.iter().enumerate() {
        let Some(envelope) = ledger.envelope(said.envelope.id).unwrap() else {
            lost_from_backup += u64::from(n < play.in_backup);
            continue;
        };
        assert_eq!(envelope, said.envelope, "{harm:?}");
        found += 1;
        // Nothing goes out by itself that may be out.
        let stage = ledger.delivery(envelope.id).unwrap().map(|delivery| delivery.stage);
        let goes_out = matches!(stage, Some(Stage::Queued { .. } | Stage::InFlight { .. }));
        assert!(
            !goes_out || (done.whole && said.delivery.is_open()),
            "{harm:?}: {stage:?} {:?}",
            said.delivery
        );
    }
    let mut tally = tally.lock().unwrap();
    tally.wanted += play.said.len() as u64;
    tally.found += found;
    tally.lost_from_backup += lost_from_backup;
    tally.held += done.messages.held;
    tally.worst = tally.worst.max(play.said.len() as u64 - found);
}

#[test]
fn flipped_bits_are_noticed_and_a_repair_brings_all_others_back() {
    let play = Play::of(number("CAUSEWAY_MESSAGES", 1_000) as u64);
    let harms: Vec<_> = (0..number("CAUSEWAY_FLIPS", 200))
        .map(|n| {
            let file = file(&play.files, n);
            let byte = chance(n) % play.files[&file].len();
            Harm::Flip {
                file,
                byte,
                bit: (chance(n) % 8) as u8,
            }
        })
        .collect();
    let tally = all(&play, &harms);
    println!("{} flips over {} messages: {tally:?}", harms.len(), play.said.len());
    assert!(
        tally.refused > 0 && tally.reported > 0 && tally.harmless > 0,
        "{tally:?}"
    );
    assert_eq!(tally.lost_from_backup, 0);
    assert!(tally.found * 1_000 >= tally.wanted * 999, "{tally:?}");
}

#[test]
fn cut_files_are_noticed_and_a_repair_brings_the_backup_back() {
    let play = Play::of(number("CAUSEWAY_MESSAGES", 1_000) as u64);
    let harms: Vec<_> = (0..number("CAUSEWAY_CUTS", 50))
        .map(|n| {
            let file = file(&play.files, n);
            let len = chance(n) % play.files[&file].len();
            Harm::Cut { file, len }
        })
        .collect();
    let tally = all(&play, &harms);
    println!("{} cuts over {} messages: {tally:?}", harms.len(), play.said.len());
    assert!(tally.refused > 0, "{tally:?}");
    assert_eq!(tally.lost_from_backup, 0);
}
