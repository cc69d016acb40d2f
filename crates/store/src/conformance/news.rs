//! Reports, and what a sender is told.

use crate::conformance::Disk;
use crate::conformance::cast::*;
use causeway_core::delivery::Stage;
use causeway_core::envelope::{Draft, EnvelopeId};
use causeway_core::evidence::{Evidence, Report};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::hop::{Hop, Step, Trust};
use causeway_core::message::{Happened, Payload};
use causeway_core::network::{Outcome, Taken};

fn asking(words: &str) -> Draft {
    Draft {
        receipt: true,
        ..under("line-1", draft(romeo(), juliet(), words))
    }
}

/// What Romeo is about to be told about `id`.
fn told<D: Disk>(book: &Book<D>, id: EnvelopeId) -> Vec<Happened> {
    let waiting = book.ledger.waiting(100).unwrap();
    let news = waiting
        .into_iter()
        .filter_map(|(envelope, _)| match envelope.draft.payload {
            Payload::News(news) if news.about == id && envelope.draft.to == romeo() => Some(news.what),
            _ => None,
        });
    news.collect()
}

pub(crate) fn a_final_stop_is_told_to_who_asked<D: Disk>() {
    let book = Book::<D>::new();
    let id = book.new_one(asking("Wherefore"));
    book.lease(id);
    book.settle(id, handed(true));
    assert_eq!(told(&book, id), [Happened::Delivered]);
    let news = book.envelope(book.due()[0]);
    assert_eq!((&news.draft.from, &news.draft.to), (&juliet(), &romeo()));
    let Payload::News(news) = news.draft.payload else {
        panic!("no news")
    };
    assert_eq!(
        (news.their_id, news.first_words.as_str()),
        (Some(reference("line-1")), "Wherefore")
    );
}

pub(crate) fn nobody_is_told_who_did_not_ask<D: Disk>() {
    let book = Book::<D>::new();
    let id = book.say(romeo(), juliet(), "O");
    book.lease(id);
    book.settle(id, handed(true));
    assert!(told(&book, id).is_empty());
}

pub(crate) fn the_first_delay_is_told<D: Disk>() {
    let book = Book::<D>::new();
    let id = book.new_one(asking("O"));
    for _ in 0..3 {
        book.lease(id);
        book.settle(id, Outcome::Failed(later(), None));
        book.wait(1800);
    }
    assert_eq!(told(&book, id), [Happened::Delayed(Some(later()))]);
}

pub(crate) fn a_failure_is_told_once<D: Disk>() {
    let book = Book::<D>::new();
    let id = book.new_one(asking("O"));
    let fault = Fault::of(FaultKind::NoSuchUser);
    book.lease(id);
    book.settle(id, Outcome::Failed(fault.clone(), None));
    assert_eq!(
        book.hear(report(id, None, Evidence::Failed(fault.clone()))),
        Taken::Ignored
    );
    assert_eq!(told(&book, id), [Happened::Failed(fault)]);
}

pub(crate) fn news_about_news_is_never_told<D: Disk>() {
    let book = Book::<D>::new();
    let id = book.new_one(asking("O"));
    book.lease(id);
    book.settle(id, handed(true));
    let news = book.due()[0];
    book.lease(news);
    book.settle(news, Outcome::Failed(Fault::of(FaultKind::NoSuchUser), None));
    assert!(book.ledger.waiting(9).unwrap().is_empty());
}

pub(crate) fn a_report_from_the_wrong_party_is_ignored<D: Disk>() {
    let book = Book::<D>::new();
    let id = book.new_one(asking("O"));
    book.carry(id);
    let steps = book.steps(id);
    assert_eq!(
        book.hear(report(id, Some(friar()), Evidence::Delivered)),
        Taken::Ignored
    );
    assert_eq!(book.steps(id), steps);
    assert_eq!(book.hear(report(id, Some(juliet()), Evidence::Delivered)), Taken::Heard);
    assert!(matches!(book.stage(id), Stage::Delivered { .. }));
}

pub(crate) fn a_report_about_nothing_is_ignored<D: Disk>() {
    let book = Book::<D>::new();
    assert_eq!(
        book.hear(report(book.fresh_id(), None, Evidence::Delivered)),
        Taken::Ignored
    );
}

pub(crate) fn a_report_brings_its_hops<D: Disk>() {
    let book = Book::<D>::new();
    let id = book.new_one(asking("O"));
    book.carry(id);
    let hop = Hop {
        trust: Trust::Claimed,
        ..Hop::own(DAWN, Step::Delivered, line("mx.capulet"))
    };
    let report = Report {
        hops: vec![hop.clone()],
        ..report(id, None, Evidence::Delivered)
    };
    assert_eq!(book.hear(report), Taken::Heard);
    assert_eq!(book.ledger.hops(id).unwrap()[3..], [hop]);
    assert_eq!(told(&book, id), [Happened::Delivered]);
}

pub(crate) fn a_report_without_hops_gets_a_claimed_one<D: Disk>() {
    let book = Book::<D>::new();
    let id = book.new_one(asking("O"));
    book.carry(id);
    book.hear(report(id, Some(juliet()), Evidence::Seen));
    let hops = book.ledger.hops(id).unwrap();
    assert_eq!(
        (hops[3].step, hops[3].trust, &hops[3].who),
        (Step::Seen, Trust::Claimed, &line("juliet@capulet"))
    );
}

pub(crate) fn a_report_may_overtake_the_outcome<D: Disk>() {
    let book = Book::<D>::new();
    let first = book.new_one(asking("O"));
    let second = book.say(romeo(), juliet(), "two");
    book.lease(first);
    assert_eq!(
        book.hear(report(first, Some(juliet()), Evidence::Delivered)),
        Taken::Heard
    );
    assert!(book.due().contains(&second));
    assert!(!book.settle(first, handed(false)), "the stage is higher already");
    assert!(matches!(book.stage(first), Stage::Delivered { .. }));
    assert_eq!(
        book.ledger.hops(first).unwrap().last().unwrap().who,
        line("gate.capulet")
    );
    book.carry(second);
}

pub(crate) fn endless_reports_do_not_grow_the_book<D: Disk>() {
    let book = Book::<D>::new();
    let id = book.new_one(asking("O"));
    book.carry(id);
    let report = report(id, None, Evidence::Relayed);
    for _ in 0..21 {
        let changes = (0..50).map(|_| book.arrival(causeway_core::network::Arrival::report(report.clone())));
        book.commit(changes.collect());
    }
    assert_eq!(book.steps(id).len(), 1_000);
}
