//! Whatever happens in whatever order: the index rows follow from the deliveries, and nothing overtakes.

use super::entry::Entry;
use crate::conformance::cast::*;
use crate::keys::{self, Digest};
use crate::memory::MemoryBackend;
use causeway_core::address::Party;
use causeway_core::delivery::{Event, Stage};
use causeway_core::envelope::{Draft, EnvelopeId};
use causeway_core::evidence::Evidence;
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::network::Outcome;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// One thing that happens in a play.
#[derive(Debug, Clone)]
enum Act {
    Say { lane: usize },
    Carry { which: usize, how: How },
    Meanwhile { which: usize, event: Event },
    Restart,
    Wait { seconds: u64 },
    Sweep,
}

#[derive(Debug, Clone, Copy)]
enum How {
    Handed,
    AtTheFinalStop,
    Refused,
    Failed,
    InDoubt,
    NotYetOver,
}

/// A play with what was said in it.
struct Play {
    book: Book<MemoryBackend>,
    said: Vec<(usize, EnvelopeId)>,
    /// Those that were put aside once: they come back behind the others.
    held: BTreeSet<EnvelopeId>,
    handed: BTreeMap<usize, Vec<EnvelopeId>>,
}

// ---------------------------------------------------------------------------------------------------------------------

fn lanes() -> [(Party, Party); 5] {
    [
        (romeo(), juliet()),
        (nurse(), juliet()),
        (romeo(), friar()),
        (juliet(), romeo()),
        (friar(), nurse()),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let how = prop::sample::select(vec![
        How::Handed,
        How::Handed,
        How::AtTheFinalStop,
        How::Refused,
        How::Failed,
        How::InDoubt,
        How::NotYetOver,
        How::NotYetOver,
    ]);
    let event = prop::sample::select(vec![
        Event::Cancelled,
        Event::Hurried,
        Event::Hurried,
        Event::Expired,
        Event::Returned,
        Event::Evidence(Evidence::Delivered),
        Event::Evidence(Evidence::Seen),
        Event::Evidence(Evidence::Failed(Fault::of(FaultKind::Full))),
        Event::Evidence(Evidence::Delayed(None)),
    ]);
    prop_oneof![
        4 => (0..5usize).prop_map(|lane| Act::Say { lane }),
        6 => (any::<usize>(), how).prop_map(|(which, how)| Act::Carry { which, how }),
        2 => (any::<usize>(), event).prop_map(|(which, event)| Act::Meanwhile { which, event }),
        1 => Just(Act::Restart),
        2 => (0..20_000u64).prop_map(|seconds| Act::Wait { seconds }),
        1 => Just(Act::Sweep),
    ]
}

impl Play {
    fn new() -> Self {
        Self {
            book: Book::new(),
            said: Vec::new(),
            held: BTreeSet::new(),
            handed: BTreeMap::new(),
        }
    }

    fn then(mut self, act: Act) -> Self {
        match act {
            Act::Say { lane } => {
                let (from, to) = lanes()[lane].clone();
                let id = self.book.new_one(Draft {
                    receipt: true,
                    ..draft(from, to, "hark")
                });
                self.said.push((lane, id));
            }
            Act::Carry { which, how } => self.carry(which, how),
            Act::Meanwhile { which, event } if !self.said.is_empty() => {
                let (_, id) = self.said[which % self.said.len()];
                match event {
                    Event::Evidence(evidence) => drop(self.book.hear(report(id, None, evidence))),
                    event => drop(self.book.step(id, event)),
                }
            }
            Act::Meanwhile { .. } => {}
            Act::Restart => self.book = self.book.reopened(),
            Act::Wait { seconds } => self.book.wait(seconds),
            Act::Sweep => drop(self.book.ledger.sweep(self.book.now.get(), 3).unwrap()),
        }
        let held = self.said.iter().filter(|(_, id)| {
            let delivery = self.book.ledger.delivery(*id).unwrap();
            delivery.is_some_and(|delivery| matches!(delivery.stage, Stage::Held { .. }))
        });
        self.held.extend(held.map(|(_, id)| *id));
        self
    }

    fn carry(&mut self, which: usize, how: How) {
        let due = self.book.due();
        let Some(id) = due.get(which % due.len().max(1)).copied() else {
            return;
        };
        self.book.lease(id);
        let outcome = match how {
            How::Handed => handed(false),
            How::AtTheFinalStop => handed(true),
            How::Refused => Outcome::Failed(later(), None),
            How::Failed => Outcome::Failed(Fault::of(FaultKind::NoSuchUser), None),
            How::InDoubt => Outcome::InDoubt(later(), None),
            How::NotYetOver => return,
        };
        self.book.settle(id, outcome);
        if let (How::Handed | How::AtTheFinalStop, Some((lane, _))) =
            (how, self.said.iter().find(|(_, said)| *said == id))
        {
            self.handed.entry(*lane).or_default().push(id);
        }
    }

    /// What was handed over came in the order in which it was said.
    fn nothing_overtook(&self) -> bool {
        self.handed.iter().all(|(lane, handed)| {
            let said = self
                .said
                .iter()
                .filter(|(of, id)| of == lane && handed.contains(id) && !self.held.contains(id));
            let handed = handed.iter().filter(|id| !self.held.contains(id));
            said.map(|(_, id)| id).eq(handed)
        })
    }

    fn entries(&self) -> Vec<Entry> {
        let all = keys::envelopes();
        let rows = self.book.rows().range(&all, &keys::end(&all), usize::MAX).unwrap();
        let ids = rows.iter().filter_map(|(key, _)| keys::envelope_in(key));
        ids.map(|id| self.book.ledger.entry(id).unwrap().unwrap()).collect()
    }

    /// The keys of all index rows, as they must be.
    fn expected(&self) -> BTreeSet<Vec<u8>> {
        let (mut keys, mut heads) = (BTreeSet::new(), BTreeMap::new());
        for entry in self.entries() {
            keys.insert(match entry.in_lane() {
                true => keys::place(&entry.lane, entry.place),
                false => keys::past(&entry.lane, entry.place),
            });
            keys.extend(entry.finished().map(|at| keys::finished(at, entry.id())));
            if matches!(entry.delivery.stage, Stage::Held { .. }) {
                keys.insert(keys::held(entry.place));
            }
            let draft = self.book.envelope(*entry.id()).draft;
            keys.extend([&draft.from, &draft.to].map(|party| keys::lane_of(party, &entry.lane)));
            if entry.in_flight() {
                keys.insert(keys::flight(entry.id()));
            }
            if entry.in_lane() {
                heads
                    .entry(entry.lane)
                    .or_insert_with(BTreeMap::new)
                    .insert(entry.place, entry);
            }
        }
        let mut nexts = BTreeMap::new();
        for head in heads.values().filter_map(|lane| lane.values().next()) {
            let destination = Digest::destination(&head.destination);
            if let Some(due) = head.due() {
                keys.insert(keys::queued(&destination, due, &head.lane));
                let next = nexts.entry(destination).or_insert(due);
                *next = due.min(*next);
            }
        }
        keys.extend(
            nexts
                .into_iter()
                .map(|(destination, due)| keys::next(due, &destination)),
        );
        keys
    }

    /// The keys of all index rows, as they are.
    fn found(&self) -> BTreeSet<Vec<u8>> {
        let prefixes = [
            keys::finisheds(),
            keys::flights(),
            keys::helds(),
            keys::lanes(),
            keys::pasts(),
            keys::nexts(),
            b"q/".to_vec(),
            b"w/".to_vec(),
        ];
        let rows = prefixes
            .iter()
            .flat_map(|all| self.book.rows().range(all, &keys::end(all), usize::MAX).unwrap());
        rows.map(|(key, _)| key).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_index_follows_from_the_deliveries(acts in proptest::collection::vec(act(), 1..60)) {
        let mut play = Play::new();
        for act in acts {
            play = play.then(act.clone());
            let (expected, found) = (play.expected(), play.found());
            prop_assert!(expected == found, "after {act:?}: missing {:?}, too many {:?}",
                expected.difference(&found).map(|key| keys::readable(key)).collect::<Vec<_>>(),
                found.difference(&expected).map(|key| keys::readable(key)).collect::<Vec<_>>());
        }
        prop_assert!(play.nothing_overtook());
        prop_assert!(play.book.ledger.damage().is_empty());
        prop_assert_eq!(play.book.ledger.scrub().unwrap().wrong, [""; 0]);
    }

    #[test]
    fn the_scrub_notices_any_row_that_is_lost(acts in proptest::collection::vec(act(), 10..40), which in any::<prop::sample::Index>()) {
        let play = acts.into_iter().fold(Play::new(), Play::then);
        let rows = play.book.rows().range(&keys::first(), &keys::last(), usize::MAX).unwrap();
        // The shelves are the adapters' business: only the backend knows how many rows they had.
        let known: Vec<_> = rows.iter().filter(|(key, _)| !key.starts_with(b"c/")).collect();
        prop_assume!(known.len() > 3);
        let (key, _) = which.get(&known);
        play.book.rows().commit(&[(key.clone(), None)]).unwrap();
        prop_assert!(!play.book.ledger.scrub().unwrap().wrong.is_empty(), "without {}", keys::readable(key));
    }
}
