//! A store of some thousand messages in every state, with a backup from before the last fifth of them.

use causeway_core::address::{Contact, ForeignId, NetworkId, Party, Scope};
use causeway_core::capability::{Capabilities, Reactions};
use causeway_core::clock::Timestamp;
use causeway_core::delivery::Delivery;
use causeway_core::envelope::{Draft, Envelope, EnvelopeId};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::hop::{Hop, Step};
use causeway_core::message::{MessageRef, Payload, Text};
use causeway_core::network::{Arrival, Handed, Outcome, Row};
use causeway_core::promise::Terms;
use causeway_core::text::{Body, Line};
use causeway_store::repair::Needs;
use causeway_store::{Change, Ledger, SledBackend, StoreError};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The time of everything.
pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000_000);
/// How many come in one commit.
const GROUP: u64 = 20;

/// The files of a store by their names.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// One message as the store must have it.
pub(crate) struct Said {
    pub(crate) envelope: Envelope,
    pub(crate) delivery: Delivery,
}

pub(crate) struct Play {
    pub(crate) files: Files,
    pub(crate) backup: PathBuf,
    pub(crate) said: Vec<Said>,
    pub(crate) in_backup: usize,
    _dir: tempfile::TempDir,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Play {
    /// Plays it with so many messages, over several starts.
    pub(crate) fn of(messages: u64) -> Self {
        let in_backup = messages * 4 / 5 / GROUP * GROUP;
        let dir = tempfile::tempdir().unwrap();
        let (store, backup) = (dir.path().join("store"), dir.path().join("backup"));
        let mut ledger = open(&store).unwrap();
        for first in (0..messages).step_by(GROUP as usize) {
            if first == in_backup {
                ledger.backup(&backup, NOW).unwrap();
            }
            if first % (messages / 4) == 0 {
                drop(ledger);
                ledger = reopened(&store);
            }
            let arrivals = (first..first + GROUP).map(arrive).collect();
            ledger.commit(arrivals, NOW).unwrap();
            carry(&ledger, first);
        }
        assert_eq!(ledger.scrub().unwrap().wrong, [""; 0]);
        drop(ledger);
        // One start more puts back what was in flight, so that the next one changes nothing.
        drop(reopened(&store));
        let ledger = reopened(&store);
        let said = (0..messages).map(|n| Said {
            envelope: ledger.envelope(id(n)).unwrap().unwrap(),
            delivery: ledger.delivery(id(n)).unwrap().unwrap(),
        });
        let said = said.collect();
        drop(ledger);
        Self {
            files: read(&store),
            backup,
            said,
            in_backup: usize::try_from(in_backup).unwrap(),
            _dir: dir,
        }
    }
}

fn line(text: &str) -> Line {
    Line::clean(text).unwrap()
}

fn id(number: u64) -> EnvelopeId {
    EnvelopeId::from_random(
        u128::from(number + 1)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
            .to_be_bytes(),
    )
}

fn person(name: &str) -> Party {
    Party::Foreign(Contact {
        network: NetworkId::new("pigeon").unwrap(),
        scope: Scope::Gateway,
        id: ForeignId::new(name).unwrap(),
    })
}

fn arrive(number: u64) -> Change {
    let words = format!("line {number} of the play, ").repeat(if number.is_multiple_of(50) {
        900
    } else {
        1 + number as usize % 9
    });
    let draft = Draft {
        source: MessageRef::new(&format!("line-{number}")),
        once: true,
        ..Draft::new(
            person(&format!("romeo-{}", number % 31)),
            person(&format!("juliet-{}", number % 7)),
            Payload::Text(Text::plain(Body::clean(&words).unwrap())),
        )
    };
    Change::Arrive {
        shelf: "pigeon".to_owned(),
        arrival: Arrival {
            rows: vec![
                Row::put("cursor", number.to_string()),
                Row::put(format!("thread-{number}"), "thread"),
            ],
            ..Arrival::post(draft)
        },
        ids: vec![id(number)],
    }
}

/// Of what is ready most is handed over, some has to wait, and some fails.
fn carry(ledger: &Ledger, seed: u64) {
    let ready = ledger.ready(NOW, &|_| false, &|_| 99, 15).unwrap();
    let side = Capabilities {
        edits: true,
        retractions: true,
        reactions: Reactions::Shown,
        unkept: true,
        receipts: true,
        longest_text: 100_000,
    };
    let leases = ready.iter().map(|ready| Change::Lease {
        id: ready.envelope,
        side: side.clone(),
        who: line("bridge.example"),
    });
    ledger.commit(leases.collect(), NOW).unwrap();
    let settles = ready.iter().skip(1).enumerate().map(|(n, ready)| {
        let outcome = match (n as u64 + seed) % 15 {
            0 => Outcome::Failed(Fault::of(FaultKind::Deferred), None),
            1 => Outcome::Failed(Fault::of(FaultKind::NoSuchUser), None),
            _ => Outcome::Handed(Handed {
                hop: Hop::own(NOW, Step::Handed, line("gate.capulet")),
                final_stop: false,
                rows: Vec::new(),
            }),
        };
        Change::Settle {
            id: ready.envelope,
            shelf: "pigeon".to_owned(),
            outcome,
        }
    });
    ledger.commit(settles.collect(), NOW).unwrap();
}

/// What a ledger needs besides its rows.
pub(crate) fn needs() -> Needs {
    Needs {
        terms: Terms::default(),
        route: Box::new(|_| "capulet".to_owned()),
        name: line("bridge.example"),
    }
}

/// Opens the ledger in a directory.
pub(crate) fn open(dir: &Path) -> Result<Ledger, StoreError> {
    let backend = SledBackend::open(dir, 8 << 20)?;
    let Needs { terms, route, name } = needs();
    Ledger::open(Box::new(backend), terms, route, name, NOW)
}

/// The threads of a sled that was just dropped may hold its file a moment longer.
fn reopened(dir: &Path) -> Ledger {
    loop {
        match open(dir) {
            Err(StoreError::Io(why)) if why.contains("acquire lock") => std::thread::yield_now(),
            opened => return opened.unwrap(),
        }
    }
}

/// Writes the files of a store into a directory.
pub(crate) fn write(dir: &Path, files: &Files) {
    fs::create_dir(dir.join("blobs")).unwrap();
    files
        .iter()
        .for_each(|(name, bytes)| fs::write(dir.join(name), bytes).unwrap());
}

fn read(dir: &Path) -> Files {
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.is_file());
    files
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                fs::read(&path).unwrap(),
            )
        })
        .collect()
}
