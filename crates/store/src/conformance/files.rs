//! Files that come with messages.

use crate::conformance::Disk;
use crate::conformance::cast::*;
use crate::conformance::damage::spoil;
use crate::keys;
use causeway_core::delivery::Event;
use causeway_core::envelope::{Draft, EnvelopeId};
use causeway_core::file::{Attachment, FileName, Place};
use causeway_core::message::{Payload, Text};
use causeway_core::network::{Arrival, Item, Taken};
use causeway_core::text::Body;
use std::sync::Arc;

/// A letter that keeps the files with these numbers.
fn letter(to: causeway_core::address::Party, kept: &[u16]) -> Draft {
    let attachment = |number: &u16| Attachment {
        name: FileName::clean("rose.png").unwrap(),
        media_type: None,
        size: None,
        place: Place::Kept(*number),
    };
    let text = Text {
        attachments: kept.iter().map(attachment).collect(),
        ..Text::plain(Body::clean("Look!").unwrap())
    };
    Draft::new(juliet(), to, Payload::Text(text))
}

/// Bytes that look like nothing, as pictures do.
fn picture(length: usize) -> Arc<[u8]> {
    let noise = |n: u32| (n.wrapping_mul(2_654_435_761) >> 24) as u8;
    (0..u32::try_from(length).unwrap()).map(noise).collect()
}

fn post<D: Disk>(book: &Book<D>, drafts: Vec<Draft>, files: Vec<Arc<[u8]>>) -> Vec<EnvelopeId> {
    let items = drafts.into_iter().map(|draft| Item::Post(Box::new(draft))).collect();
    let arrival = Arrival {
        items,
        files,
        ..Arrival::default()
    };
    let id = |taken| match taken {
        Taken::New(id) => id,
        other => panic!("{other:?}"),
    };
    book.arrive(arrival).into_iter().map(id).collect()
}

fn file<D: Disk>(book: &Book<D>, id: EnvelopeId, number: u16) -> Option<Vec<u8>> {
    book.ledger.file(id, number).unwrap()
}

fn rows<D: Disk>(book: &Book<D>, id: EnvelopeId) -> usize {
    let all = keys::files(&id);
    book.rows().range(&all, &keys::end(&all), 99).unwrap().len()
}

pub(crate) fn files_are_there_until_the_delivery_is_over<D: Disk>() {
    let book = Book::<D>::new();
    let files = [picture(20 << 20), picture(10), Arc::from([])];
    let id = post(&book, vec![letter(romeo(), &[0, 1, 2])], files.to_vec())[0];
    book.lease(id);
    for (number, bytes) in (0..).zip(&files) {
        assert_eq!(file(&book, id, number).as_deref(), Some(&**bytes));
    }
    assert_eq!(file(&book, id, 3), None);
    book.settle(id, handed(false));
    assert_eq!((file(&book, id, 0), rows(&book, id)), (None, 0));
}

pub(crate) fn files_outlive_the_process<D: Disk>() {
    let book = Book::<D>::new();
    let id = post(&book, vec![letter(romeo(), &[0])], vec![picture(300_000)])[0];
    let book = book.reopened();
    assert_eq!(file(&book, id, 0).as_deref(), Some(&*picture(300_000)));
    book.wait(30 * 24 * 3600);
    book.ledger.sweep(book.now.get(), 99).unwrap();
    assert_eq!(rows(&book, id), 1, "what waits is never forgotten");
}

pub(crate) fn a_message_keeps_only_its_own_files<D: Disk>() {
    let book = Book::<D>::new();
    let drafts = vec![letter(romeo(), &[0]), letter(nurse(), &[1, 7])];
    let ids = post(&book, drafts, vec![picture(10), picture(20)]);
    assert_eq!([rows(&book, ids[0]), rows(&book, ids[1])], [1, 1]);
    assert_eq!(file(&book, ids[1], 1).as_deref(), Some(&*picture(20)));
    assert_eq!(file(&book, ids[1], 7), None, "nobody brought it");
}

pub(crate) fn files_of_what_failed_are_gone<D: Disk>() {
    let book = Book::<D>::new();
    let id = post(&book, vec![letter(romeo(), &[0])], vec![picture(10)])[0];
    assert!(book.step(id, Event::Cancelled));
    assert_eq!(rows(&book, id), 0);
}

pub(crate) fn files_of_a_lost_delivery_go_with_it<D: Disk>() {
    let book = Book::<D>::new();
    let id = post(&book, vec![letter(romeo(), &[0])], vec![picture(10)])[0];
    book.lease(id);
    spoil(&book, &keys::delivery(&id));
    assert!(!book.settle(id, handed(false)));
    assert!(book.step(id, Event::Cancelled));
    book.wait(30 * 24 * 3600);
    book.ledger.sweep(book.now.get(), 99).unwrap();
    assert_eq!(rows(&book, id), 0);
}

pub(crate) fn a_damaged_file_spoils_nothing_else<D: Disk>() {
    let book = Book::<D>::new();
    let id = post(&book, vec![letter(romeo(), &[0, 1])], vec![picture(10), picture(20)])[0];
    spoil(&book, &keys::file(&id, 0));
    assert!(book.ledger.file(id, 0).is_err());
    assert_eq!(file(&book, id, 1).as_deref(), Some(&*picture(20)));
    book.carry(id);
    assert_eq!(rows(&book, id), 0);
}
