//! The process dies and comes back; the clock jumps; the store is from tomorrow.

use crate::conformance::Disk;
use crate::conformance::cast::*;
use crate::error::StoreError;
use crate::{keys, row};
use causeway_core::clock::Timestamp;
use causeway_core::delivery::Stage;
use causeway_core::fault::FaultKind;
use causeway_core::hop::Step;
use causeway_core::message::{Happened, Payload};
use causeway_core::network::Outcome;
use std::time::Duration;

pub(crate) fn an_intent_without_outcome_is_taken_up_again<D: Disk>() {
    let book = Book::<D>::new();
    let id = book.say(romeo(), juliet(), "O");
    book.lease(id);
    let book = book.reopened();
    assert_eq!(book.due(), [id]);
    let parcel = book.lease(id);
    assert_eq!((parcel.id(), parcel.attempt(), parcel.maybe_doubled()), (id, 2, true));
    assert_eq!(
        book.steps(id),
        [Step::Accepted, Step::Tried, Step::Recovered, Step::Tried]
    );
}

pub(crate) fn what_was_acknowledged_is_there_after_a_restart<D: Disk>() {
    let book = Book::<D>::new();
    let said: Vec<_> = (0..50)
        .map(|n| book.say(romeo(), juliet(), &format!("line {n}")))
        .collect();
    let book = book.reopened();
    for id in said {
        book.carry(id);
    }
}

pub(crate) fn one_that_dies_again_and_again_is_held<D: Disk>() {
    let mut book = Book::<D>::new();
    let id = book.say(romeo(), juliet(), "poison");
    for _ in 0..4 {
        book.lease(id);
        book = book.reopened();
    }
    let Stage::Held { fault, .. } = book.stage(id) else {
        panic!("{:?}", book.stage(id))
    };
    assert_eq!(fault.kind, FaultKind::Poison);
    let waiting = book.ledger.waiting(9).unwrap();
    assert_eq!(waiting[0].0.id, id, "it stays on the list");
    assert!(matches!(&waiting[1].0.draft.payload, Payload::News(news) if matches!(news.what, Happened::Delayed(_))));
}

pub(crate) fn a_clock_that_was_ahead_holds_up_nothing<D: Disk>() {
    let book = Book::<D>::new();
    book.wait(10 * 365 * 24 * 3600);
    let ids = [juliet(), friar()].map(|to| {
        let id = book.say(romeo(), to, "O");
        book.lease(id);
        book.settle(id, Outcome::Failed(later(), None));
        (id, book.say(romeo(), juliet(), "and more"))
    });
    // One that was in flight makes the start write before it looks at the others.
    let flying = book.say(nurse(), friar(), "Father");
    book.lease(flying);
    book.now.set(DAWN);
    let book = book.reopened();
    book.wait(6 * 3600);
    for (first, _) in ids {
        assert!(book.due().contains(&first));
        book.carry(first);
    }
    assert!(
        book.due().contains(&ids[0].1) || !book.due().is_empty(),
        "the follower's time was drawn near too"
    );
    book.wait(6 * 3600);
    book.carry(ids[0].1);
    book.wait(6 * 3600);
    book.carry(ids[1].1);
}

pub(crate) fn a_clock_that_was_ahead_gives_nobody_a_longer_life<D: Disk>() {
    let book = Book::<D>::new();
    book.wait(10 * 365 * 24 * 3600);
    let ids = [(romeo(), juliet()), (romeo(), juliet()), (juliet(), romeo())].map(|(from, to)| book.say(from, to, "O"));
    book.now.set(DAWN);
    let book = book.reopened();
    for _ in 0..9 * 6 {
        for id in book.due() {
            book.lease(id);
            book.settle(id, Outcome::Failed(later(), None));
        }
        book.wait(4 * 3600);
    }
    for id in ids {
        assert!(
            matches!(book.stage(id), Stage::Failed { .. }),
            "{:?}",
            book.delivery(id)
        );
    }
}

pub(crate) fn a_start_that_dies_while_it_draws_due_times_near_is_repeated<D: Disk>() {
    let book = Book::<D>::new();
    book.wait(10 * 365 * 24 * 3600);
    let ids = [juliet(), friar()].map(|to| book.say(romeo(), to, "O"));
    for id in ids {
        book.lease(id);
        book.settle(id, Outcome::Failed(later(), None));
    }
    let flying = book.say(nurse(), friar(), "Father");
    book.lease(flying);
    let disk = book.put_away();
    for commits in 0..3 {
        let fuse = Fuse::of(disk.backend(), commits);
        assert!(open_ledger(Box::new(fuse), DAWN).is_err(), "after {commits} commits");
    }
    let ledger = open_ledger(disk.backend(), DAWN.plus(Duration::from_secs(60))).unwrap();
    let due = ledger.next_due(&|_| false).unwrap();
    assert!(due <= Some(DAWN.plus(Duration::from_secs(5 * 3600))), "{due:?}");
    let ready = ledger
        .ready(DAWN.plus(Duration::from_secs(6 * 3600)), &|_| false, &|_| 9, 9)
        .unwrap();
    for id in ids.into_iter().chain([flying]) {
        assert!(ready.iter().any(|ready| ready.envelope == id), "{ready:?}");
    }
}

fn refused<D: Disk>(version: u32) -> Option<StoreError> {
    let disk = D::fresh();
    let backend = disk.backend();
    let value = row::write(&keys::schema(), &version).unwrap();
    backend.commit(&[(keys::schema(), Some(value))]).unwrap();
    backend.flush().unwrap();
    open_ledger(backend, DAWN).err()
}

pub(crate) fn a_newer_store_is_refused<D: Disk>() {
    assert_eq!(refused::<D>(7), Some(StoreError::Newer { found: 7, known: 2 }));
}

pub(crate) fn a_store_of_an_unfinished_version_is_refused<D: Disk>() {
    assert_eq!(refused::<D>(1), Some(StoreError::Older { found: 1, oldest: 2 }));
}

pub(crate) fn order_survives_a_clock_that_goes_back<D: Disk>() {
    let book = Book::<D>::new();
    let first = book.say(romeo(), juliet(), "one");
    book.now.set(Timestamp(0));
    let book = book.reopened();
    let second = book.say(romeo(), juliet(), "two");
    assert!(book.try_lease(second).is_none());
    assert_eq!(book.ledger.history(&romeo(), None, 9).unwrap(), [second, first]);
    book.wait(6 * 3600);
    book.carry(first);
    book.carry(second);
}
