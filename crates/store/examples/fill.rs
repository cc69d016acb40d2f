//! Fills a store for the measurements: so many messages that wait for a server which asked to come again later.
//!
//! `fill DIR MESSAGES EACH NOW DOMAIN`: EACH messages in a conversation, NOW in milliseconds since 1970. The reader of
//! what it prints has the clock: a line `begin WHAT QUEUE COUNT` comes before COUNT steps of a kind while QUEUE messages wait, and `end` after them.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a tool that prints"
)]

use causeway_core::address::{Contact, ForeignId, NetworkId, Party, Scope};
use causeway_core::capability::Capabilities;
use causeway_core::clock::Timestamp;
use causeway_core::envelope::{Draft, EnvelopeId};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::message::{MessageRef, Payload, Text};
use causeway_core::network::{Arrival, Outcome};
use causeway_core::promise::Terms;
use causeway_core::retry::Schedule;
use causeway_core::text::{Body, Line};
use causeway_store::{Change, Ledger, SledBackend};
use std::path::Path;
use std::time::Duration;

/// What a gateway commits at once when it is busy.
const GROUP: u64 = 256;
/// How many messages are measured at a time.
const PROBE: u64 = 2_048;
/// The cache of a gateway that is not told otherwise.
const CACHE: u64 = 16 << 20;
/// Longer than any measurement.
const WAIT: Duration = Duration::from_secs(12 * 3600);

/// What people say.
const WORDS: [&str; 60] = [
    "but",
    "soft",
    "what",
    "light",
    "through",
    "yonder",
    "window",
    "breaks",
    "it",
    "is",
    "the",
    "east",
    "and",
    "juliet",
    "sun",
    "arise",
    "fair",
    "kill",
    "envious",
    "moon",
    "who",
    "already",
    "sick",
    "pale",
    "with",
    "grief",
    "that",
    "thou",
    "her",
    "maid",
    "art",
    "far",
    "more",
    "than",
    "she",
    "be",
    "not",
    "since",
    "vestal",
    "livery",
    "green",
    "none",
    "fools",
    "do",
    "wear",
    "cast",
    "off",
    "my",
    "lady",
    "love",
    "knew",
    "were",
    "speaks",
    "yet",
    "says",
    "nothing",
    "of",
    "eye",
    "discourses",
    "answer",
];

struct Filler {
    ledger: Ledger,
    each: u64,
    now: Timestamp,
    home: String,
}

// ---------------------------------------------------------------------------------------------------------------------

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| words[at].parse::<u64>().unwrap();
    let (messages, now) = (number(1), Timestamp(words[3].parse().unwrap()));
    let terms = Terms {
        schedule: Schedule::new(vec![WAIT]),
        lifetime: WAIT * 4,
        ..Terms::default()
    };
    let backend = SledBackend::open(Path::new(&words[0]), CACHE).unwrap();
    let route = Box::new(|party: &Party| match party {
        Party::Home(_) => "home".to_owned(),
        Party::Foreign(_) => "email/127.0.0.1".to_owned(),
    });
    let ledger = Ledger::open(Box::new(backend), terms, route, Line::clean("causeway").unwrap(), now).unwrap();
    let filler = Filler {
        ledger,
        each: number(2),
        now,
        home: words[4].clone(),
    };
    filler.fill(messages);
}

impl Filler {
    fn fill(&self, messages: u64) {
        let probes = [messages / 100, messages / 10, messages];
        let mut next = 0;
        for queue in probes {
            let probed = queue.saturating_sub(PROBE.min(queue / 2));
            self.arrive(next, probed);
            println!("begin arrive {queue} {}", queue - probed);
            self.arrive(probed, queue);
            println!("end");
            next = queue;
            self.put_off(queue);
        }
    }

    fn arrive(&self, from: u64, to: u64) {
        let mut at = from;
        while at < to {
            let end = to.min(at + GROUP);
            let changes = (at..end).map(|n| self.arrival(n)).collect();
            self.ledger.commit(changes, self.now).unwrap();
            at = end;
            if at % 100_000 < GROUP {
                println!("at {}", at - at % 100_000);
            }
        }
    }

    /// Tries every conversation that is due, and is asked to come again later.
    fn put_off(&self, queue: u64) {
        let mut count = 0;
        println!("begin try {queue} 0");
        loop {
            let ready = self.ledger.ready(self.now, &|_| false, &|_| 256, 256).unwrap();
            if ready.is_empty() {
                break;
            }
            count += ready.len();
            let leases = ready.iter().map(|ready| lease(ready.envelope)).collect();
            self.ledger.commit(leases, self.now).unwrap();
            let ends = ready.iter().map(|ready| put_off(ready.envelope)).collect();
            self.ledger.commit(ends, self.now).unwrap();
        }
        println!("end {count}");
    }

    fn arrival(&self, n: u64) -> Change {
        let conversation = n / self.each;
        let from = Party::Home(format!("user{}@{}", conversation % 1_000, self.home).parse().unwrap());
        let to = Party::Foreign(Contact {
            network: NetworkId::new("email").unwrap(),
            scope: Scope::Gateway,
            id: ForeignId::new(&format!("contact{conversation}@example.com")).unwrap(),
        });
        let words = words(n);
        // A machine hears of no delay, so that nothing but these messages waits.
        let text = Text {
            automatic: true,
            ..Text::plain(Body::clean(&words).unwrap())
        };
        let draft = Draft {
            source: MessageRef::new(&format!("line-{n}")),
            ..Draft::new(from, to, Payload::Text(text))
        };
        let mut bits = [0; 16];
        // Spread like random ids, and different from every other.
        bits[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        bits[8..].copy_from_slice(&n.to_be_bytes());
        Change::Arrive {
            shelf: "home".to_owned(),
            arrival: Arrival::post(draft),
            ids: vec![EnvelopeId::from_random(bits)],
        }
    }
}

/// About two hundred bytes in which hardly anything comes twice, so that nothing is gained by packing them.
fn words(n: u64) -> String {
    let mut chance = n;
    let mut word = || {
        chance = chance
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        WORDS[(chance >> 33) as usize % WORDS.len()]
    };
    (0..36).map(|_| word()).collect::<Vec<_>>().join(" ")
}

fn lease(id: EnvelopeId) -> Change {
    let side = Capabilities {
        longest_text: 1 << 20,
        ..Capabilities::WORDS
    };
    Change::Lease {
        id,
        side,
        who: Line::clean("causeway").unwrap(),
    }
}

fn put_off(id: EnvelopeId) -> Change {
    let fault = Fault::of(FaultKind::Busy)
        .for_now()
        .saying("450 4.3.2 come again later");
    Change::Settle {
        id,
        shelf: "email".to_owned(),
        outcome: Outcome::Failed(fault, None),
    }
}
