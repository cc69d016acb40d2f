//! Rows that do not hold what was written there: never believed, never in the way of others.

use crate::conformance::Disk;
use crate::conformance::cast::*;
use crate::error::StoreError;
use crate::keys;
use causeway_core::delivery::{Event, Stage};
use causeway_core::envelope::{Draft, EnvelopeId};
use causeway_core::fault::FaultKind;
use causeway_core::message::{Happened, Payload};
use causeway_core::network::Outcome;

/// Flips a bit in the middle of a row.
pub(super) fn spoil<D: Disk>(book: &Book<D>, key: &[u8]) {
    let mut value = book
        .rows()
        .get(key)
        .unwrap()
        .unwrap_or_else(|| panic!("no {}", keys::readable(key)));
    let middle = value.len() / 2;
    value[middle] ^= 4;
    book.rows().commit(&[(key.to_vec(), Some(value))]).unwrap();
    book.rows().flush().unwrap();
}

/// The one row that begins with `prefix`.
fn only<D: Disk>(book: &Book<D>, prefix: &[u8]) -> Vec<u8> {
    let rows = book.rows().range(prefix, &keys::end(prefix), 9).unwrap();
    assert_eq!(rows.len(), 1);
    rows[0].0.clone()
}

/// Takes a row away.
fn lose<D: Disk>(book: &Book<D>, key: Vec<u8>) {
    book.rows().commit(&[(key, None)]).unwrap();
    book.rows().flush().unwrap();
}

/// The faults that Romeo was told of.
fn told<D: Disk>(book: &Book<D>) -> Vec<(EnvelopeId, FaultKind)> {
    let said = book.ledger.history(&romeo(), None, 99).unwrap();
    let payloads = said.into_iter().map(|id| book.ledger.envelope(id));
    let news = payloads.filter_map(|envelope| match envelope.ok()??.draft.payload {
        Payload::News(news) => Some(news),
        _ => None,
    });
    news.filter_map(|news| match news.what {
        Happened::Failed(fault) => Some((news.about, fault.kind)),
        _ => None,
    })
    .collect()
}

fn aside<D: Disk>(book: &Book<D>) -> Vec<EnvelopeId> {
    book.ledger.aside(9).unwrap().into_iter().map(|(id, _)| id).collect()
}

/// Says something that is tried once: from then on its delivery has a row of its own.
fn say_and_try<D: Disk>(book: &Book<D>, text: &str) -> EnvelopeId {
    let id = book.say(romeo(), juliet(), text);
    try_once(book, id);
    id
}

fn try_once<D: Disk>(book: &Book<D>, id: EnvelopeId) {
    book.lease(id);
    assert!(book.step(id, Event::Returned));
}

fn goes_on_without_the_first<D: Disk>(tried: bool, spoilt: fn(&EnvelopeId) -> Vec<u8>) {
    let book = Book::<D>::new();
    let said = ["one", "two"].map(|words| book.say(romeo(), juliet(), words));
    if tried {
        try_once(&book, said[0]);
    }
    let other = book.say(romeo(), friar(), "Father");
    spoil(&book, &spoilt(&said[0]));
    assert_eq!(book.due(), [other]);
    assert_eq!(aside(&book), [said[0]]);
    assert!(book.ledger.damage()[0].contains("put aside") && book.ledger.damage().is_empty());
    let due = book.due();
    assert!(due.contains(&said[1]) && due.contains(&other));
    for news in due.into_iter().filter(|id| *id != said[1] && *id != other) {
        book.carry(news);
    }
    book.carry(said[1]);
    book.carry(other);
    assert_eq!(book.ledger.next_due(&|_| false).unwrap(), None);
}

pub(crate) fn a_damaged_envelope_is_put_aside_and_its_lane_goes_on<D: Disk>() {
    goes_on_without_the_first::<D>(false, keys::envelope);
    goes_on_without_the_first::<D>(true, keys::envelope);
}

pub(crate) fn a_damaged_delivery_is_put_aside_and_its_lane_goes_on<D: Disk>() {
    goes_on_without_the_first::<D>(true, keys::delivery);
}

pub(crate) fn a_damaged_place_in_the_queue_is_mended<D: Disk>() {
    for prefix in [b"q/", b"l/"] {
        let book = Book::<D>::new();
        let id = book.say(romeo(), juliet(), "one");
        let key = only(&book, prefix);
        spoil(&book, &key);
        if prefix == b"q/" {
            assert!(book.due().is_empty());
            assert_eq!(book.due(), [id], "it was mended on the way");
            book.carry(id);
        } else {
            book.carry(id);
        }
    }
}

pub(crate) fn a_damaged_place_of_a_follower_is_found_again<D: Disk>() {
    let book = Book::<D>::new();
    let said = ["one", "two", "three"].map(|words| book.say(romeo(), juliet(), words));
    let lane = book.rows().range(b"l/", b"l0", 9).unwrap();
    spoil(&book, &lane[1].0);
    for id in said {
        assert_eq!(book.due(), [id]);
        book.carry(id);
    }
    assert!(book.ledger.damage()[0].contains("written again") && aside(&book).is_empty());
}

pub(crate) fn a_damaged_follower_holds_up_nobody<D: Disk>() {
    let book = Book::<D>::new();
    let said = ["one", "two", "three"].map(|words| book.say(romeo(), juliet(), words));
    spoil(&book, &keys::envelope(&said[1]));
    book.carry(said[0]);
    assert_eq!(aside(&book), [said[1]]);
    book.carry(said[2]);
}

pub(crate) fn a_damaged_flight_frees_its_lane<D: Disk>() {
    let book = Book::<D>::new();
    let said = ["one", "two"].map(|words| book.say(romeo(), juliet(), words));
    book.lease(said[0]);
    spoil(&book, &keys::delivery(&said[0]));
    let book = book.reopened();
    assert_eq!(aside(&book), [said[0]]);
    book.carry(said[1]);
}

pub(crate) fn a_damaged_hop_is_left_out<D: Disk>() {
    let book = Book::<D>::new();
    let id = book.say(romeo(), juliet(), "one");
    for _ in 0..5 {
        book.lease(id);
        book.settle(id, Outcome::Failed(later(), None));
        book.wait(6 * 3600);
    }
    let mut way = book.steps(id);
    spoil(&book, &keys::hop(&id, 1));
    way.remove(9);
    assert_eq!(book.steps(id), way);
    assert_eq!(book.ledger.damage().len(), 1);
}

pub(crate) fn a_damaged_row_spoils_only_its_own_change<D: Disk>() {
    let book = Book::<D>::new();
    let said = [juliet(), friar()].map(|to| book.say(romeo(), to, "one"));
    spoil(&book, &keys::envelope(&said[0]));
    let both = said.map(|id| book.lease_change(id)).to_vec();
    let refused = book.ledger.commit(both, DAWN);
    assert!(matches!(refused, Err(StoreError::Damaged(_))), "{refused:?}");
    book.lease(said[1]);
}

pub(crate) fn an_outcome_of_a_damaged_delivery_frees_its_lane<D: Disk>() {
    let book = Book::<D>::new();
    let said = ["one", "two"].map(|words| book.say(romeo(), juliet(), words));
    book.lease(said[0]);
    spoil(&book, &keys::delivery(&said[0]));
    assert!(!book.settle(said[0], handed(false)));
    assert_eq!(aside(&book), [said[0]]);
    assert!(
        book.ledger.row("pigeon", "taken").unwrap().is_some(),
        "the courier's rows are kept"
    );
    assert!(told(&book).is_empty(), "it was handed over");
    book.carry(said[1]);
}

pub(crate) fn a_damaged_delivery_that_comes_back_frees_its_lane<D: Disk>() {
    let book = Book::<D>::new();
    let said = ["one", "two"].map(|words| book.say(romeo(), juliet(), words));
    book.lease(said[0]);
    spoil(&book, &keys::delivery(&said[0]));
    assert!(!book.step(said[0], Event::Returned));
    assert_eq!(aside(&book), [said[0]]);
    book.carry(said[1]);
}

pub(crate) fn a_lane_goes_on_although_its_flight_is_damaged_too<D: Disk>() {
    let book = Book::<D>::new();
    let said = ["one", "two"].map(|words| book.say(romeo(), juliet(), words));
    book.lease(said[0]);
    spoil(&book, &keys::delivery(&said[0]));
    spoil(&book, &keys::flight(&said[0]));
    assert!(!book.settle(said[0], handed(false)));
    assert_eq!(aside(&book), [said[0]]);
    book.carry(said[1]);
}

pub(crate) fn an_outcome_frees_a_lane_whose_head_lost_its_place<D: Disk>() {
    let book = Book::<D>::new();
    let said = ["one", "two"].map(|words| book.say(romeo(), juliet(), words));
    let lane = book.rows().range(b"l/", b"l0", 9).unwrap();
    book.lease(said[0]);
    lose(&book, lane[0].0.clone());
    assert!(book.settle(said[0], handed(false)));
    assert_eq!(book.due(), [said[1]]);
}

pub(crate) fn a_stale_flight_is_dropped_and_its_delivery_stays<D: Disk>() {
    let book = Book::<D>::new();
    let id = book.say(romeo(), juliet(), "one");
    book.lease(id);
    let flight = keys::flight(&id);
    let row = book.rows().get(&flight).unwrap();
    book.settle(id, handed(false));
    book.rows().commit(&[(flight, row)]).unwrap();
    book.rows().flush().unwrap();
    let book = book.reopened();
    assert!(aside(&book).is_empty() && told(&book).is_empty());
    assert!(matches!(book.stage(id), Stage::Handed { .. }));
}

pub(crate) fn a_head_that_lost_its_place_is_given_it_again<D: Disk>() {
    for followers in [0, 1] {
        let book = Book::<D>::new();
        let id = book.say(romeo(), juliet(), "one");
        let place = only(&book, b"l/");
        for _ in 0..followers {
            book.say(romeo(), juliet(), "two");
        }
        lose(&book, place.clone());
        assert!(book.due().is_empty(), "nothing is offered that cannot be leased");
        assert!(book.rows().get(&place).unwrap().is_some());
        assert_eq!(book.due(), [id]);
        book.carry(id);
    }
}

pub(crate) fn a_stale_place_in_the_queue_is_mended<D: Disk>() {
    let book = Book::<D>::new();
    let id = book.say(romeo(), juliet(), "one");
    let stale = [only(&book, b"q/"), only(&book, b"n/")].map(|key| {
        let value = book.rows().get(&key).unwrap();
        (key, value)
    });
    book.lease(id);
    book.settle(id, Outcome::Failed(later(), None));
    book.rows().commit(&stale).unwrap();
    book.rows().flush().unwrap();
    assert!(!book.due().contains(&id), "it is not due");
    assert!(
        stale
            .iter()
            .all(|(key, _)| book.rows().get(key).unwrap().is_none() || key.starts_with(b"n/"))
    );
    book.wait(24 * 3600);
    assert!(book.due().contains(&id));
    book.carry(id);
}

pub(crate) fn the_counter_is_found_again<D: Disk>() {
    for spoilt in [true, false] {
        let book = Book::<D>::new();
        let said = ["one", "two"].map(|words| book.say(romeo(), juliet(), words));
        let before: u64 =
            crate::row::read(&keys::sequence(), &book.rows().get(&keys::sequence()).unwrap().unwrap()).unwrap();
        if spoilt {
            spoil(&book, &keys::sequence())
        } else {
            lose(&book, keys::sequence())
        }
        let book = book.reopened();
        assert!(book.ledger.damage().iter().any(|why| why.contains("sequence")));
        let after: u64 =
            crate::row::read(&keys::sequence(), &book.rows().get(&keys::sequence()).unwrap().unwrap()).unwrap();
        assert_eq!(after, before);
        let last = book.say(romeo(), juliet(), "three");
        assert_eq!(
            book.ledger.history(&romeo(), None, 9).unwrap(),
            [last, said[1], said[0]]
        );
        for id in [said[0], said[1], last] {
            assert_eq!(book.due(), [id]);
            book.carry(id);
        }
    }
}

pub(crate) fn a_damaged_clock_keeps_no_store_from_opening<D: Disk>() {
    let book = Book::<D>::new();
    let id = book.say(romeo(), juliet(), "one");
    spoil(&book, &keys::clock());
    let book = book.reopened();
    assert_eq!(book.ledger.damage().len(), 1);
    book.carry(id);
}

pub(crate) fn the_sender_of_one_put_aside_is_told_once<D: Disk>() {
    let book = Book::<D>::new();
    let id = say_and_try(&book, "one");
    spoil(&book, &keys::delivery(&id));
    book.due();
    book.due();
    let book = book.reopened();
    assert_eq!(told(&book), [(id, FaultKind::Internal)]);
    assert_eq!(aside(&book), [id]);
}

pub(crate) fn one_put_aside_can_be_cancelled<D: Disk>() {
    for (tried, spoilt) in [
        (true, keys::delivery as fn(&EnvelopeId) -> Vec<u8>),
        (true, keys::envelope),
        (false, keys::envelope),
    ] {
        let book = Book::<D>::new();
        let id = book.say(romeo(), juliet(), "one");
        if tried {
            try_once(&book, id);
        }
        spoil(&book, &spoilt(&id));
        book.due();
        assert!(book.ledger.waiting_ids(9).unwrap().contains(&id));
        assert!(book.step(id, Event::Cancelled));
        assert!(aside(&book).is_empty());
        assert!(!book.ledger.waiting_ids(9).unwrap().contains(&id));
        book.wait(8 * 24 * 3600);
        book.ledger.sweep(book.now.get(), 9).unwrap();
        assert_eq!(book.rows().get(&keys::delivery(&id)).unwrap(), None);
    }
}

pub(crate) fn the_same_message_as_a_damaged_one_is_taken<D: Disk>() {
    let book = Book::<D>::new();
    let line: Draft = under("line-1", draft(romeo(), juliet(), "O"));
    let id = book.new_one(line.clone());
    try_once(&book, id);
    spoil(&book, &keys::delivery(&id));
    book.due();
    assert_ne!(book.new_one(line), id);
}

pub(crate) fn a_delivery_that_is_lost_is_not_taken_for_a_fresh_one<D: Disk>() {
    let book = Book::<D>::new();
    let id = book.say(romeo(), juliet(), "one");
    book.lease(id);
    book.settle(id, Outcome::InDoubt(later(), None));
    lose(&book, keys::delivery(&id));
    book.wait(6 * 3600);
    assert!(!book.due().contains(&id), "it would go out again without its mark");
    assert_eq!(aside(&book), [id]);
    assert_eq!(told(&book), [(id, FaultKind::Internal)]);
}
