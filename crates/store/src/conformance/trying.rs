//! Arrivals, leases and outcomes.

use crate::conformance::Disk;
use crate::conformance::cast::*;
use crate::error::StoreError;
use crate::ledger::{Change, Done};
use causeway_core::capability::Capabilities;
use causeway_core::delivery::{Event, Stage};
use causeway_core::envelope::Draft;
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::hop::{Hop, Step, Trust};
use causeway_core::network::{Arrival, Item, Outcome, Row, Taken};

pub(crate) fn an_arrival_is_taken_once<D: Disk>() {
    let book = Book::<D>::new();
    let line = under("line-1", draft(romeo(), juliet(), "O"));
    let id = book.new_one(line.clone());
    assert_eq!(book.post(line.clone()), Taken::Known(id));
    let book = book.reopened();
    assert_eq!(book.post(line), Taken::Known(id));
    assert_eq!(book.ledger.waiting(9).unwrap().len(), 1);
}

pub(crate) fn an_id_that_is_not_unique_proves_nothing<D: Disk>() {
    let book = Book::<D>::new();
    let line = Draft {
        once: false,
        ..under("1", draft(romeo(), juliet(), "O"))
    };
    assert_ne!(book.new_one(line.clone()), book.new_one(line));
}

pub(crate) fn the_same_id_from_another_is_another_message<D: Disk>() {
    let book = Book::<D>::new();
    book.new_one(under("line-1", draft(romeo(), juliet(), "O")));
    book.new_one(under("line-1", draft(nurse(), juliet(), "O")));
    book.new_one(under("line-1", draft(romeo(), friar(), "O")));
}

pub(crate) fn rows_and_messages_are_one<D: Disk>() {
    let book = Book::<D>::new();
    let items = vec![
        Item::Post(Box::new(draft(juliet(), romeo(), "Ay me"))),
        Item::Post(Box::new(draft(juliet(), romeo(), "O Romeo"))),
    ];
    let taken = book.arrive(Arrival {
        items,
        rows: vec![Row::put("cursor", *b"2")],
        ..Arrival::default()
    });
    assert!(matches!(taken[..], [Taken::New(_), Taken::New(_)]));
    assert_eq!(book.ledger.row("pigeon", "cursor").unwrap().as_deref(), Some(&b"2"[..]));
    book.arrive(Arrival::rows(vec![Row::gone("cursor")]));
    assert_eq!(book.ledger.row("pigeon", "cursor").unwrap(), None);
}

pub(crate) fn a_lease_is_given_once<D: Disk>() {
    let book = Book::<D>::new();
    let id = book.say(romeo(), juliet(), "O");
    let parcel = book.lease(id);
    assert_eq!((parcel.id(), parcel.attempt(), parcel.maybe_doubled()), (id, 1, false));
    assert_eq!(parcel.draft(), &draft(romeo(), juliet(), "O"));
    assert!(book.try_lease(id).is_none());
    assert!(matches!(book.stage(id), Stage::InFlight { .. }));
}

pub(crate) fn a_lease_before_its_time_is_refused<D: Disk>() {
    let book = Book::<D>::new();
    let id = book.say(romeo(), juliet(), "O");
    book.lease(id);
    book.settle(id, Outcome::Failed(later(), None));
    assert!(book.try_lease(id).is_none());
    assert!(book.try_lease(book.fresh_id()).is_none(), "one that nobody knows");
}

pub(crate) fn a_refused_try_comes_back_later<D: Disk>() {
    let book = Book::<D>::new();
    let id = book.say(romeo(), juliet(), "O");
    book.lease(id);
    let hop = Hop::own(DAWN, Step::Relayed, line("gate.capulet")).saying(Some(line("451 not yet")));
    assert!(book.settle(id, Outcome::Failed(later(), Some(hop))));
    assert_eq!(book.delivery(id).waits_for, Some(later()));
    book.wait(600);
    assert_eq!(book.lease(id).attempt(), 2);
    assert_eq!(
        book.steps(id),
        [Step::Accepted, Step::Tried, Step::Deferred, Step::Tried]
    );
}

pub(crate) fn a_doubt_marks_the_next_try<D: Disk>() {
    let book = Book::<D>::new();
    let id = book.say(romeo(), juliet(), "O");
    book.lease(id);
    assert!(book.settle(id, Outcome::InDoubt(Fault::of(FaultKind::Timeout), None)));
    book.wait(600);
    assert!(book.lease(id).maybe_doubled());
    let hops = book.ledger.hops(id).unwrap();
    let doubt = hops.iter().find(|hop| hop.step == Step::InDoubt).unwrap();
    assert_eq!(doubt.said, Some(line("The next server did not answer in time")));
}

pub(crate) fn a_returned_try_does_not_count<D: Disk>() {
    let book = Book::<D>::new();
    let id = book.say(romeo(), juliet(), "O");
    book.lease(id);
    assert!(book.step(id, Event::Returned));
    assert_eq!(book.due(), [id]);
    assert_eq!(book.lease(id).attempt(), 1);
}

pub(crate) fn what_a_side_cannot_carry_fails_at_once<D: Disk>() {
    let book = Book::<D>::new();
    let id = book.new_one(Draft {
        receipt: true,
        ..draft(romeo(), juliet(), "O")
    });
    book.lease(id);
    book.settle(id, handed(true));
    let news = book.due()[0];
    let side = Capabilities {
        receipts: false,
        ..side()
    };
    let done = book.commit(vec![Change::Lease {
        id: news,
        side,
        who: line("bridge.example"),
    }]);
    assert!(matches!(done[..], [Done::NotLeased]));
    let Stage::Failed { fault, .. } = book.stage(news) else {
        panic!("{:?}", book.stage(news))
    };
    assert_eq!(fault.kind, FaultKind::NotSupported);
    assert_eq!(book.steps(news), [Step::Accepted, Step::Failed]);
    assert!(book.due().is_empty());
}

pub(crate) fn an_outcome_keeps_its_hop_and_its_rows<D: Disk>() {
    let book = Book::<D>::new();
    let id = book.say(romeo(), juliet(), "O");
    book.carry(id);
    let hops = book.ledger.hops(id).unwrap();
    let steps: Vec<Step> = hops.iter().map(|hop| hop.step).collect();
    assert_eq!(steps, [Step::Accepted, Step::Tried, Step::Handed]);
    assert_eq!(
        (&hops[2].who, &hops[2].said),
        (&line("gate.capulet"), &Some(line("250 taken")))
    );
    assert_eq!((&hops[0].who, hops[0].trust), (&line("bridge.example"), Trust::Own));
    assert_eq!(
        book.ledger.row("pigeon", "taken").unwrap().as_deref(),
        Some(&b"yes"[..])
    );
}

pub(crate) fn an_expired_one_fails_with_its_reason<D: Disk>() {
    let book = Book::<D>::new();
    let id = book.say(romeo(), juliet(), "O");
    book.lease(id);
    book.settle(id, Outcome::Failed(later(), None));
    book.wait(25 * 3600);
    assert!(book.due().contains(&id));
    assert!(book.step(id, Event::Expired));
    let Stage::Failed { fault, .. } = book.stage(id) else {
        panic!("{:?}", book.stage(id))
    };
    assert_eq!(fault.kind, FaultKind::Expired);
    assert!(fault.to_string().contains("the gate is shut"), "{fault}");
}

pub(crate) fn an_arrival_without_ids_is_refused<D: Disk>() {
    let book = Book::<D>::new();
    let arrival = Arrival::post(draft(romeo(), juliet(), "O"));
    let change = Change::Arrive {
        shelf: "pigeon".into(),
        arrival,
        ids: Vec::new(),
    };
    assert_eq!(book.ledger.commit(vec![change], DAWN).unwrap_err(), StoreError::BadIds);
    let taken = book.say(romeo(), juliet(), "O");
    let arrival = Arrival::post(draft(romeo(), juliet(), "O"));
    let change = Change::Arrive {
        shelf: "pigeon".into(),
        arrival,
        ids: vec![taken],
    };
    assert_eq!(book.ledger.commit(vec![change], DAWN).unwrap_err(), StoreError::BadIds);
}

pub(crate) fn what_failed_may_be_said_again_under_its_id<D: Disk>() {
    let book = Book::<D>::new();
    let line = under("line-1", draft(romeo(), juliet(), "O"));
    let first = book.new_one(line.clone());
    book.lease(first);
    book.settle(first, Outcome::Failed(Fault::of(FaultKind::NoSuchUser), None));
    let again = book.new_one(line.clone());
    assert_eq!(book.ledger.find(&reference("line-1")).unwrap(), [again]);
    assert_eq!(book.post(line), Taken::Known(again), "the second one waits");
    book.carry(again);
}

pub(crate) fn a_long_way_is_kept_in_order<D: Disk>() {
    let book = Book::<D>::new();
    let id = book.say(romeo(), juliet(), "O");
    let mut way = vec![Step::Accepted];
    for _ in 0..4 {
        book.lease(id);
        book.settle(id, Outcome::Failed(later(), None));
        book.wait(5 * 3600);
        way.extend([Step::Tried, Step::Deferred]);
    }
    book.carry(id);
    way.extend([Step::Tried, Step::Handed]);
    assert_eq!(book.steps(id), way);
}

pub(crate) fn a_long_message_is_carried_too<D: Disk>() {
    let book = Book::<D>::new();
    // Hardly anything in it can be packed.
    let long: String = (0..9_000u32)
        .map(|n| char::from(b'a' + (n.wrapping_mul(2_654_435_761) >> 24) as u8 % 26))
        .collect();
    let id = book.say(romeo(), juliet(), &long);
    let book = book.reopened();
    assert_eq!(book.envelope(id).draft.payload, words(&long));
    book.carry(id);
    assert_eq!(book.envelope(id).draft.payload, words(&long));
    assert_eq!(book.steps(id), [Step::Accepted, Step::Tried, Step::Handed]);
}
