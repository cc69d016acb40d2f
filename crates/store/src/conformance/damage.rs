//! Rows that do not hold what was written there: never believed, never in the way of others.

use crate::conformance::Disk;
use crate::conformance::cast::*;
use crate::error::StoreError;
use crate::keys;
use causeway_core::envelope::EnvelopeId;
use causeway_core::hop::Step;

/// Flips a bit in the middle of a row.
fn spoil<D: Disk>(book: &Book<D>, key: &[u8]) {
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

fn aside<D: Disk>(book: &Book<D>) -> Vec<EnvelopeId> {
    book.ledger.aside(9).unwrap().into_iter().map(|(id, _)| id).collect()
}

fn goes_on_without_the_first<D: Disk>(spoilt: fn(&EnvelopeId) -> Vec<u8>) {
    let book = Book::<D>::new();
    let said = ["one", "two"].map(|words| book.say(romeo(), juliet(), words));
    let other = book.say(romeo(), friar(), "Father");
    spoil(&book, &spoilt(&said[0]));
    assert_eq!(book.due(), [other]);
    assert_eq!(aside(&book), [said[0]]);
    assert!(book.ledger.damage()[0].contains("put aside") && book.ledger.damage().is_empty());
    assert_eq!(book.due().len(), 2);
    book.carry(said[1]);
    book.carry(other);
    assert_eq!(book.ledger.next_due(&|_| false).unwrap(), None);
}

pub(crate) fn a_damaged_envelope_is_put_aside_and_its_lane_goes_on<D: Disk>() {
    goes_on_without_the_first::<D>(keys::envelope);
}

pub(crate) fn a_damaged_delivery_is_put_aside_and_its_lane_goes_on<D: Disk>() {
    goes_on_without_the_first::<D>(keys::delivery);
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

pub(crate) fn a_damaged_follower_holds_up_nobody<D: Disk>() {
    let book = Book::<D>::new();
    let said = ["one", "two", "three"].map(|words| book.say(romeo(), juliet(), words));
    spoil(&book, &keys::delivery(&said[1]));
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
    book.carry(id);
    spoil(&book, &keys::hop(&id, 1));
    assert_eq!(book.steps(id), [Step::Accepted, Step::Handed]);
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
