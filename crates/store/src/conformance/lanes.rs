//! Order: nothing overtakes what was said before it in the same lane, and no lane waits for another.

use crate::conformance::Disk;
use crate::conformance::cast::*;
use crate::ledger::{Change, Done};
use causeway_core::clock::Timestamp;
use causeway_core::delivery::{Event, Stage};
use causeway_core::envelope::EnvelopeId;
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::network::{Arrival, Outcome};

pub(crate) fn a_lane_keeps_its_order<D: Disk>() {
    let book = Book::<D>::new();
    let said = ["But soft", "what light", "through yonder window breaks"].map(|w| book.say(romeo(), juliet(), w));
    for id in said {
        assert_eq!(book.due(), [id]);
        book.carry(id);
    }
    assert!(book.due().is_empty());
}

pub(crate) fn lanes_do_not_wait_for_each_other<D: Disk>() {
    let book = Book::<D>::new();
    let first = book.say(romeo(), juliet(), "I come anon");
    let other = book.say(romeo(), friar(), "Good morrow, father");
    let back = book.say(juliet(), romeo(), "Good night");
    book.lease(first);
    assert_eq!(book.due().len(), 2);
    book.carry(other);
    book.carry(back);
}

pub(crate) fn a_retry_holds_up_its_own_lane_only<D: Disk>() {
    let book = Book::<D>::new();
    let first = book.say(romeo(), juliet(), "one");
    let second = book.say(romeo(), juliet(), "two");
    let other = book.say(nurse(), juliet(), "madam");
    book.lease(first);
    book.settle(first, Outcome::Failed(later(), None));
    let beyond: Vec<_> = book.ready().into_iter().filter(|ready| ready.to == juliet()).collect();
    assert_eq!(beyond.iter().map(|ready| ready.envelope).collect::<Vec<_>>(), [other]);
    assert!(book.try_lease(second).is_none());
    book.wait(3600);
    assert!(book.due().contains(&first) && !book.due().contains(&second));
}

pub(crate) fn what_failed_lets_the_next_one_go<D: Disk>() {
    let book = Book::<D>::new();
    let first = book.say(romeo(), juliet(), "one");
    let second = book.say(romeo(), juliet(), "two");
    book.lease(first);
    book.settle(first, Outcome::Failed(Fault::of(FaultKind::NoSuchUser), None));
    assert!(matches!(book.stage(first), Stage::Failed { .. }));
    assert!(book.due().contains(&second));
}

pub(crate) fn the_middle_of_a_lane_can_be_cancelled<D: Disk>() {
    let book = Book::<D>::new();
    let said = ["one", "two", "three"].map(|words| book.say(romeo(), juliet(), words));
    assert!(book.step(said[1], Event::Cancelled));
    assert!(!book.step(said[1], Event::Cancelled), "once is enough");
    book.carry(said[0]);
    book.carry(said[2]);
}

pub(crate) fn a_held_one_leaves_its_lane_and_comes_back_at_the_end<D: Disk>() {
    let mut book = Book::<D>::new();
    let said = ["poison", "two", "three"].map(|words| book.say(romeo(), juliet(), words));
    for _ in 0..4 {
        book.lease(said[0]);
        book = book.reopened();
    }
    assert!(matches!(book.stage(said[0]), Stage::Held { .. }));
    book.lease(said[1]);
    assert!(book.step(said[0], Event::Hurried));
    assert!(book.try_lease(said[0]).is_none(), "it stands behind the others");
    assert!(book.settle(said[1], handed(false)));
    book.carry(said[2]);
    book.carry(said[0]);
}

pub(crate) fn a_group_sees_its_own_changes<D: Disk>() {
    let book = Book::<D>::new();
    let (first, second) = (book.arrival(one("one")), book.arrival(one("two")));
    let ids = [&first, &second].map(|change| match change {
        Change::Arrive { ids, .. } => ids[0],
        other => panic!("{other:?}"),
    });
    let settle = Change::Settle {
        id: ids[0],
        shelf: "pigeon".into(),
        outcome: handed(false),
    };
    let leases = [ids[0], ids[1]].map(|id| book.lease_change(id));
    let [lease_first, lease_second] = leases;
    let too_early = book.lease_change(ids[1]);
    let done = book.commit(vec![first, second, too_early, lease_first, settle, lease_second]);
    assert!(matches!(
        done[..],
        [
            Done::Arrived(_),
            Done::Arrived(_),
            Done::NotLeased,
            Done::Leased(_),
            Done::Stepped(true),
            Done::Leased(_)
        ]
    ));
    assert!(book.due().is_empty());
}

fn one(words: &str) -> Arrival {
    Arrival::post(draft(romeo(), juliet(), words))
}

pub(crate) fn the_bound_of_a_destination_is_kept<D: Disk>() {
    let book = Book::<D>::new();
    for name in ["juliet", "tybalt", "paris", "peter"] {
        book.say(romeo(), beyond(name, "capulet"), "hark");
        book.say(romeo(), beyond(name, "montague"), "hark");
    }
    let room = |to: &str| if to == "capulet" { 3 } else { 1 };
    let ready = book.ledger.ready(DAWN, &|_| false, &room, 100).unwrap();
    assert_eq!(ready.iter().filter(|ready| ready.destination == "capulet").count(), 3);
    assert_eq!(ready.len(), 4);
    assert_eq!(book.ledger.ready(DAWN, &|_| false, &room, 2).unwrap().len(), 2);
}

pub(crate) fn a_skipped_destination_is_passed_over<D: Disk>() {
    let book = Book::<D>::new();
    book.say(romeo(), juliet(), "hark");
    let friars = book.say(romeo(), friar(), "hark");
    let skip = |to: &str| to == "capulet";
    let ready = book.ledger.ready(DAWN, &skip, &|_| 9, 100).unwrap();
    assert_eq!(ready.iter().map(|ready| ready.envelope).collect::<Vec<_>>(), [friars]);
    book.lease(friars);
    assert_eq!(book.ledger.next_due(&skip).unwrap(), None);
    assert_eq!(book.ledger.next_due(&|_| false).unwrap(), Some(DAWN));
}

pub(crate) fn the_longest_waiting_destination_comes_first<D: Disk>() {
    let book = Book::<D>::new();
    let mut said = Vec::new();
    for house in ["zeta", "alpha", "mu"] {
        said.push(book.say(romeo(), beyond("somebody", house), "hark"));
        book.wait(1);
    }
    assert_eq!(book.due(), said);
}

pub(crate) fn the_next_due_time_is_known<D: Disk>() {
    let book = Book::<D>::new();
    assert_eq!(book.ledger.next_due(&|_| false).unwrap(), None);
    let id = book.say(romeo(), juliet(), "hark");
    assert_eq!(book.ledger.next_due(&|_| false).unwrap(), Some(DAWN));
    book.lease(id);
    assert_eq!(book.ledger.next_due(&|_| false).unwrap(), None);
    book.settle(id, Outcome::Failed(later(), None));
    let Stage::Queued { due } = book.stage(id) else {
        panic!("{:?}", book.stage(id))
    };
    assert_eq!(book.ledger.next_due(&|to| to == "home").unwrap(), Some(due));
    assert!(book.step(id, Event::Hurried));
    assert_eq!(
        book.ledger.next_due(&|to| to == "home").unwrap(),
        Some(Timestamp(DAWN.0))
    );
}

/// Settles a delivery and lets the next one of its lane begin in the same commit.
fn follow<D: Disk>(book: &Book<D>, id: EnvelopeId, outcome: Outcome) -> Option<EnvelopeId> {
    let settle = Change::Settle {
        id,
        shelf: "pigeon".to_owned(),
        outcome,
    };
    let follow = Change::Follow {
        id,
        side: side(),
        who: line("bridge.example"),
    };
    match book.commit(vec![settle, follow]).pop() {
        Some(Done::Leased(parcel)) => Some(parcel.id()),
        Some(Done::NotLeased) => None,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn the_next_begins_as_the_one_before_it_ends<D: Disk>() {
    let book = Book::<D>::new();
    let said = ["one", "two", "three"].map(|words| book.say(romeo(), juliet(), words));
    book.lease(said[0]);
    assert_eq!(follow(&book, said[0], handed(false)), Some(said[1]));
    assert!(matches!(book.stage(said[0]), Stage::Handed { .. }));
    let refused = Outcome::Failed(Fault::of(FaultKind::NoSuchUser), None);
    assert_eq!(follow(&book, said[1], refused), Some(said[2]));
    assert_eq!(follow(&book, said[2], handed(false)), None, "nobody is left");
}

pub(crate) fn nobody_begins_before_one_that_has_to_wait<D: Disk>() {
    let book = Book::<D>::new();
    let said = ["one", "two"].map(|words| book.say(romeo(), juliet(), words));
    book.lease(said[0]);
    assert_eq!(follow(&book, said[0], Outcome::Failed(later(), None)), None);
    assert!(book.try_lease(said[1]).is_none());
}

pub(crate) fn nobody_begins_before_another_lane_that_has_waited_longer<D: Disk>() {
    let book = Book::<D>::new();
    let first = book.say(romeo(), juliet(), "one");
    let other = book.say(nurse(), juliet(), "Madam!");
    book.wait(1);
    book.say(romeo(), juliet(), "two");
    book.lease(first);
    assert_eq!(follow(&book, first, handed(false)), None);
    assert_eq!(book.due()[0], other);
}
