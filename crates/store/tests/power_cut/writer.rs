//! The process whose power is cut: it takes messages, carries some, and tells after each commit what is taken.

use causeway_core::address::{Contact, ForeignId, NetworkId, Party, Scope};
use causeway_core::capability::Capabilities;
use causeway_core::clock::Timestamp;
use causeway_core::envelope::{Draft, EnvelopeId};
use causeway_core::hop::{Hop, Step};
use causeway_core::message::{MessageRef, Payload, Text};
use causeway_core::network::{Arrival, Handed, Outcome, Row};
use causeway_core::promise::Terms;
use causeway_core::text::{Body, Line};
use causeway_store::{Change, Ledger, SledBackend, StoreError};
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// The argument that makes the test a writer.
pub(crate) const WORD: &str = "write-until-the-power-is-cut";
/// The file whose writes are the acknowledgements; it is no part of the store.
pub(crate) const RECEIPTS: &str = "receipts";
/// How often the process starts.
const STARTS: u64 = 3;
/// How many commits a start makes.
const COMMITS: u64 = 70;

// ---------------------------------------------------------------------------------------------------------------------

fn line(text: &str) -> Line {
    Line::clean(text).unwrap()
}

fn id(number: u64) -> EnvelopeId {
    EnvelopeId::from_random(
        u128::from(number)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
            .to_be_bytes(),
    )
}

fn person(name: &str) -> Party {
    let id = ForeignId::new(name).unwrap();
    Party::Foreign(Contact {
        network: NetworkId::new("pigeon").unwrap(),
        scope: Scope::Gateway,
        id,
    })
}

/// What message `number` says; every tenth is long.
fn words(number: u64) -> String {
    let once = format!("line {number} of the play");
    if number.is_multiple_of(10) {
        vec![once; 900].join(", ")
    } else {
        once
    }
}

fn draft(number: u64) -> Draft {
    let text = Payload::Text(Text::plain(Body::clean(&words(number)).unwrap()));
    let source = MessageRef::new(&format!("line-{number}"));
    Draft {
        source,
        once: true,
        ..Draft::new(person("romeo"), person(&format!("juliet-{}", number % 7)), text)
    }
}

fn open(dir: &Path) -> Result<Ledger, StoreError> {
    let backend = SledBackend::open(dir, 8 << 20)?;
    let route = Box::new(|_: &Party| "capulet".to_owned());
    Ledger::open(
        Box::new(backend),
        Terms::default(),
        route,
        line("bridge.example"),
        Timestamp(1_000),
    )
}

/// Writes, and tells what is taken.
pub(crate) fn write(dir: &Path) {
    std::fs::create_dir_all(dir).unwrap();
    let mut receipts = File::create(dir.join(RECEIPTS)).unwrap();
    let mut number = 0;
    for _ in 0..STARTS {
        let ledger = open(dir).unwrap();
        for commit in 0..COMMITS {
            let arrived = (number..=number + commit % 4).collect::<Vec<_>>();
            number += arrived.len() as u64;
            let arrivals = arrived.iter().map(|number| arrive(*number));
            ledger.commit(arrivals.collect(), Timestamp(1_000)).unwrap();
            for number in arrived {
                receipts.write_all(format!("{number}\n").as_bytes()).unwrap();
            }
            carry(&ledger);
        }
    }
}

fn arrive(number: u64) -> Change {
    let rows = vec![Row::put("cursor", number.to_string())];
    let arrival = Arrival {
        rows,
        ..Arrival::post(draft(number))
    };
    Change::Arrive {
        shelf: "pigeon".to_owned(),
        arrival,
        ids: vec![id(number)],
    }
}

/// Carries what is ready, and leaves the last one in the air.
fn carry(ledger: &Ledger) {
    let ready = ledger.ready(Timestamp(1_000), &|_| false, &|_| 9, 9).unwrap();
    let side = Capabilities {
        longest_text: 100_000,
        ..Capabilities::ALL
    };
    let who = line("bridge.example");
    let leases = ready.iter().map(|r| Change::Lease {
        id: r.envelope,
        side: side.clone(),
        who: who.clone(),
    });
    ledger.commit(leases.collect(), Timestamp(1_000)).unwrap();
    let settles = ready.iter().skip(1).map(|ready| {
        let hop = Hop::own(Timestamp(1_000), Step::Handed, who.clone());
        let outcome = Outcome::Handed(Handed {
            hop,
            final_stop: false,
            rows: Vec::new(),
        });
        Change::Settle {
            id: ready.envelope,
            shelf: "pigeon".to_owned(),
            outcome,
        }
    });
    ledger.commit(settles.collect(), Timestamp(1_000)).unwrap();
}

/// Looks for what was acknowledged, and that it says what it said.
pub(crate) fn check(dir: &Path, acknowledged: &[u64]) -> Result<(), String> {
    let ledger = open(dir).map_err(|e| e.to_string())?;
    for number in acknowledged {
        let envelope = ledger.envelope(id(*number)).map_err(|e| e.to_string())?;
        let envelope = envelope.ok_or_else(|| format!("message {number} is lost"))?;
        if envelope.draft != draft(*number) {
            return Err(format!("message {number} says something else"));
        }
        let delivery = ledger.delivery(id(*number)).map_err(|e| e.to_string())?;
        delivery.ok_or_else(|| format!("the delivery of message {number} is lost"))?;
    }
    let cursor = ledger
        .row("pigeon", "cursor")
        .map_err(|e| e.to_string())?
        .unwrap_or_default();
    let cursor = String::from_utf8(cursor)
        .map_err(|e| e.to_string())?
        .parse::<u64>()
        .ok();
    if cursor < acknowledged.last().copied() {
        return Err(format!("the cursor stands at {cursor:?}"));
    }
    Ok(())
}
