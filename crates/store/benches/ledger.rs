//! How fast the ledger takes and carries, and how it stands with a million rows. `cargo bench -p causeway-store`;
//! a number as argument is the count of held messages, each of which has ten rows.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a measurement prints and reads the clock"
)]

use causeway_core::address::{Contact, ForeignId, NetworkId, Party, Scope};
use causeway_core::capability::Capabilities;
use causeway_core::clock::Timestamp;
use causeway_core::envelope::{Draft, EnvelopeId};
use causeway_core::hop::{Hop, Step};
use causeway_core::message::{MessageRef, Payload, Text};
use causeway_core::network::{Arrival, Handed, Outcome};
use causeway_core::promise::Terms;
use causeway_core::text::{Body, Line};
use causeway_store::{Backend, Change, Ledger, MemoryBackend, SledBackend};
use std::path::Path;
use std::time::Instant;

const NOW: Timestamp = Timestamp(1_700_000_000_000);
/// The cache that a gateway has if nobody says otherwise.
const CACHE: u64 = 32 << 20;
/// How many changes a busy gateway commits at once.
const GROUP: u64 = 64;

// ---------------------------------------------------------------------------------------------------------------------

fn main() {
    let held = std::env::args()
        .filter_map(|arg| arg.parse().ok())
        .next()
        .unwrap_or(100_000);
    println!("group commits of arrivals, a real sync each");
    for group in [1, 8, GROUP, 256] {
        let dir = tempfile::tempdir_in(".").unwrap();
        let ledger = open(Box::new(SledBackend::open(dir.path(), CACHE).unwrap()));
        arrivals(
            &format!("sled, groups of {group}"),
            &ledger,
            group,
            (group * 120).min(8_000),
            0,
        );
    }
    arrivals(
        "memory, groups of 64",
        &open(Box::new(MemoryBackend::new())),
        GROUP,
        8_000,
        0,
    );
    println!("whole lives: accepted, leased, handed; {GROUP} in a group");
    let dir = tempfile::tempdir_in(".").unwrap();
    lives(&open(Box::new(SledBackend::open(dir.path(), CACHE).unwrap())), 4_000);
    println!("{held} held messages");
    let dir = tempfile::tempdir_in(".").unwrap();
    backlog(dir.path(), held);
}

fn open(backend: Box<dyn Backend>) -> Ledger {
    let route = |to: &Party| to.to_string().rsplit('@').next().unwrap_or_default().to_owned();
    Ledger::open(
        backend,
        Terms::default(),
        Box::new(route),
        Line::clean("bridge.example").unwrap(),
        NOW,
    )
    .unwrap()
}

fn id(number: u64) -> EnvelopeId {
    let bits = u128::from(number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    EnvelopeId::from_random(bits.to_be_bytes())
}

fn person(name: &str) -> Party {
    let id = ForeignId::new(name).unwrap();
    Party::Foreign(Contact {
        network: NetworkId::new("pigeon").unwrap(),
        scope: Scope::Gateway,
        id,
    })
}

/// One line from one of a thousand people to one of a thousand others at one of fifty houses.
fn arrive(number: u64) -> Change {
    let (from, to) = (
        format!("romeo-{}@verona", number % 1_000),
        format!("juliet-{0}@house-{1}", number % 997, number % 50),
    );
    let text = Text::plain(Body::clean(&"But soft, what light through yonder window breaks? ".repeat(4)).unwrap());
    let draft = Draft::new(person(&from), person(&to), Payload::Text(text));
    let draft = Draft {
        source: MessageRef::new(&format!("line-{number}")),
        once: true,
        ..draft
    };
    Change::Arrive {
        shelf: "pigeon".to_owned(),
        arrival: Arrival::post(draft),
        ids: vec![id(number)],
    }
}

fn arrivals(what: &str, ledger: &Ledger, group: u64, count: u64, first: u64) {
    let begun = Instant::now();
    for start in (first..first + count).step_by(usize::try_from(group).unwrap()) {
        let changes = (start..(start + group).min(first + count)).map(arrive).collect();
        ledger.commit(changes, NOW).unwrap();
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "  {what}: {:.0} messages/s, {:.2} ms a commit",
        count as f64 / seconds,
        seconds * 1e3 * group as f64 / count as f64
    );
}

fn lives(ledger: &Ledger, count: u64) {
    let begun = Instant::now();
    for start in (0..count).step_by(usize::try_from(GROUP).unwrap()) {
        ledger
            .commit((start..start + GROUP).map(arrive).collect(), NOW)
            .unwrap();
        carry(ledger);
    }
    println!("  sled: {:.0} messages/s", count as f64 / begun.elapsed().as_secs_f64());
}

/// Carries what is ready; gives how many.
fn carry(ledger: &Ledger) -> usize {
    let who = Line::clean("bridge.example").unwrap();
    let side = Capabilities {
        longest_text: 100_000,
        ..Capabilities::ALL
    };
    let ready = ledger.ready(NOW, &|_| false, &|_| usize::MAX, 64).unwrap();
    let lease = |id| Change::Lease {
        id,
        side: side.clone(),
        who: who.clone(),
    };
    ledger
        .commit(ready.iter().map(|ready| lease(ready.envelope)).collect(), NOW)
        .unwrap();
    let settle = |id| {
        let hop = Hop::own(NOW, Step::Handed, who.clone());
        let outcome = Outcome::Handed(Handed {
            hop,
            final_stop: false,
            rows: Vec::new(),
        });
        Change::Settle {
            id,
            shelf: "pigeon".to_owned(),
            outcome,
        }
    };
    ledger
        .commit(ready.iter().map(|ready| settle(ready.envelope)).collect(), NOW)
        .unwrap();
    ready.len()
}

fn backlog(dir: &Path, count: u64) {
    let ledger = open(Box::new(SledBackend::open(dir, CACHE).unwrap()));
    let quarter = count / 4;
    for part in 0..4 {
        arrivals(
            &format!("filling, part {} of 4", part + 1),
            &ledger,
            512,
            quarter,
            part * quarter,
        );
    }
    println!("  resident: {} MiB, on disk: {} MiB", resident(), on_disk(dir) >> 20);
    timed("closing", || drop(ledger));
    let ledger = timed("opening", || open(Box::new(SledBackend::open(dir, CACHE).unwrap())));
    println!("  resident: {} MiB", resident());
    timed("what is next", || ledger.next_due(&|_| false).unwrap());
    timed("the first 64 ready", || {
        ledger.ready(NOW, &|_| false, &|_| 2, 64).unwrap().len()
    });
    timed("carrying 64", || carry(&ledger));
    timed("carrying 64 again", || carry(&ledger));
    timed("a page of 100 that wait", || ledger.waiting(100).unwrap().len());
    timed("a history of 20", || {
        ledger.history(&person("romeo-7@verona"), None, 20).unwrap().len()
    });
    timed("one new message", || {
        ledger.commit(vec![arrive(count + 1)], NOW).unwrap().len()
    });
    println!("  resident: {} MiB, on disk: {} MiB", resident(), on_disk(dir) >> 20);
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let done = work();
    println!("  {what}: {:.1} ms", begun.elapsed().as_secs_f64() * 1e3);
    done
}

/// The resident memory of this process in MiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1024
}

fn on_disk(dir: &Path) -> u64 {
    std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum()
}
