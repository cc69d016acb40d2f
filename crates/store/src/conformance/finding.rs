//! Finding things, quoting them, and forgetting them.

use crate::conformance::Disk;
use crate::conformance::cast::*;
use crate::ledger::{Change, Done};
use causeway_core::capability::Capabilities;
use causeway_core::delivery::{Event, Stage};
use causeway_core::emoji::Emoji;
use causeway_core::envelope::Draft;
use causeway_core::evidence::Evidence;
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::language::Tag;
use causeway_core::message::{Payload, Reference, Text};
use causeway_core::network::{Arrival, Outcome, Parcel, Quoted, Row, Taken};
use causeway_core::text::Body;

pub(crate) fn an_envelope_is_found_by_the_id_of_its_side<D: Disk>() {
    let book = Book::<D>::new();
    let id = book.new_one(under("line-1", draft(romeo(), juliet(), "O")));
    let other = book.new_one(under("line-1", draft(nurse(), juliet(), "O")));
    let mut found = book.ledger.find(&reference("line-1")).unwrap();
    found.sort();
    assert_eq!(found, [id, other]);
    assert!(book.ledger.find(&reference("line-2")).unwrap().is_empty());
}

pub(crate) fn a_history_is_newest_first<D: Disk>() {
    let book = Book::<D>::new();
    let one = book.say(romeo(), juliet(), "O");
    let two = book.say(juliet(), romeo(), "Ay me");
    let three = book.say(romeo(), friar(), "Father");
    assert_eq!(book.ledger.history(&romeo(), None, 9).unwrap(), [three, two, one]);
    assert_eq!(book.ledger.history(&romeo(), None, 2).unwrap(), [three, two]);
    assert_eq!(book.ledger.history(&friar(), None, 9).unwrap(), [three]);
    book.carry(three);
    book.carry(one);
    assert_eq!(
        book.ledger.history(&romeo(), None, 9).unwrap(),
        [three, two, one],
        "whether it is over or not"
    );
    assert_eq!(book.ledger.history(&romeo(), None, 1).unwrap(), [three]);
}

pub(crate) fn a_history_with_one_other_leaves_out_the_rest<D: Disk>() {
    let book = Book::<D>::new();
    let one = book.say(romeo(), juliet(), "O");
    book.say(romeo(), friar(), "Father");
    book.say(nurse(), juliet(), "Madam");
    let two = book.say(juliet(), romeo(), "Ay me");
    for (party, with) in [(romeo(), juliet()), (juliet(), romeo())] {
        assert_eq!(book.ledger.history(&party, Some(&with), 9).unwrap(), [two, one]);
    }
}

pub(crate) fn what_waits_is_listed<D: Disk>() {
    let mut book = Book::<D>::new();
    let poison = book.say(romeo(), friar(), "poison");
    for _ in 0..4 {
        book.lease(poison);
        book = book.reopened();
    }
    let notice = book.due()[0];
    book.carry(notice);
    let said: Vec<_> = (0..7)
        .map(|n| book.say(romeo(), juliet(), &format!("line {n}")))
        .collect();
    book.carry(said[0]);
    book.lease(said[1]);
    let all = [&[poison], &said[1..]].concat();
    for limit in [0, 1, 4, 9] {
        let waiting = book.ledger.waiting(limit).unwrap().into_iter();
        let waiting: Vec<_> = waiting.map(|(envelope, _)| envelope.id).collect();
        assert_eq!(waiting, all[..limit.min(7)]);
        assert_eq!(book.ledger.waiting_ids(limit).unwrap(), waiting);
    }
    book.step(poison, Event::Hurried);
    assert_eq!(book.ledger.waiting_ids(9).unwrap().len(), 7, "it waits again, and once");
}

pub(crate) fn a_shelf_is_read_in_order<D: Disk>() {
    let book = Book::<D>::new();
    let rows = ["b/2", "a/9", "b/1", "b/3", "c"].map(|key| Row::put(key, key.as_bytes()));
    book.arrive(Arrival::rows(rows.to_vec()));
    let keys = |prefix: &str, after: Option<&str>, limit| -> Vec<String> {
        book.ledger
            .rows("pigeon", prefix, after, limit)
            .unwrap()
            .into_iter()
            .map(|(key, _)| key)
            .collect()
    };
    assert_eq!(keys("b/", None, 9), ["b/1", "b/2", "b/3"]);
    assert_eq!(keys("b/", Some("b/1"), 1), ["b/2"]);
    assert_eq!(keys("b/", Some("a/9"), 1), ["b/1"]);
    assert_eq!(keys("", None, 9).len(), 5);
}

pub(crate) fn shelves_do_not_meet<D: Disk>() {
    let book = Book::<D>::new();
    book.arrive(Arrival::rows(vec![Row::put("cursor", *b"7")]));
    for other in ["pigeo", "pigeonx", "owl", ""] {
        assert_eq!(book.ledger.row(other, "cursor").unwrap(), None);
        assert!(book.ledger.rows(other, "", None, 9).unwrap().is_empty(), "{other}");
    }
}

fn answering(reference: Reference, draft: Draft) -> Draft {
    let text = Text {
        reply_to: Some(reference),
        ..Text::plain(Body::clean("Ay").unwrap())
    };
    Draft {
        payload: Payload::Text(text),
        ..draft
    }
}

fn quoted<D: Disk>(book: &Book<D>, draft: Draft) -> Option<Quoted> {
    let id = book.new_one(draft);
    let parcel = book.lease(id);
    let quoted = parcel.reply_to().cloned();
    book.settle(id, handed(false));
    quoted
}

pub(crate) fn an_answer_to_theirs_names_it_in_their_words<D: Disk>() {
    let book = Book::<D>::new();
    let first = book.new_one(under("line-1", draft(romeo(), juliet(), "O")));
    book.carry(first);
    let answer = answering(Reference::Ours(first), draft(juliet(), romeo(), "…"));
    assert_eq!(quoted(&book, answer), Some(Quoted::Theirs(reference("line-1"))));
}

pub(crate) fn an_answer_to_their_own_names_ours<D: Disk>() {
    let book = Book::<D>::new();
    let first = book.new_one(under("line-1", draft(romeo(), juliet(), "O")));
    book.carry(first);
    for meant in [Reference::Theirs(reference("line-1")), Reference::Ours(first)] {
        let answer = answering(meant, draft(romeo(), juliet(), "…"));
        assert_eq!(quoted(&book, answer), Some(Quoted::Ours(first)));
    }
}

pub(crate) fn an_answer_across_conversations_names_nothing<D: Disk>() {
    let book = Book::<D>::new();
    let secret = book.new_one(under("line-1", draft(romeo(), juliet(), "O")));
    book.carry(secret);
    for meant in [
        Reference::Ours(secret),
        Reference::Theirs(reference("line-1")),
        Reference::Ours(book.fresh_id()),
    ] {
        for (from, to) in [(friar(), romeo()), (nurse(), juliet()), (romeo(), friar())] {
            let answer = answering(meant.clone(), draft(from, to, "…"));
            assert_eq!(quoted(&book, answer), None);
        }
    }
}

pub(crate) fn only_own_words_are_corrected<D: Disk>() {
    let book = Book::<D>::new();
    let own = book.new_one(under("line-1", draft(romeo(), juliet(), "O")));
    book.carry(own);
    let hers = book.new_one(under("mail-1", draft(juliet(), romeo(), "Ay me")));
    book.carry(hers);
    let edit = |target| {
        let text = Text::plain(Body::clean("O Juliet").unwrap());
        Draft {
            payload: Payload::Edit { target, text },
            ..draft(romeo(), juliet(), "…")
        }
    };
    assert_eq!(
        quoted(&book, edit(Reference::Theirs(reference("line-1")))),
        Some(Quoted::Ours(own))
    );
    assert_eq!(quoted(&book, edit(Reference::Ours(hers))), None);
}

/// Every way to mean an earlier message.
fn meaning(reference: &Reference) -> [Payload; 4] {
    let target = reference.clone();
    let text = Text::plain(Body::clean("Ay").unwrap());
    let sender_name = None;
    [
        answering(target.clone(), draft(romeo(), juliet(), "…")).payload,
        Payload::Edit {
            target: target.clone(),
            text,
        },
        Payload::Retract {
            target: target.clone(),
            sender_name: sender_name.clone(),
        },
        Payload::React {
            target,
            emojis: Emoji::read_all(["👍"].into_iter()),
            sender_name,
        },
    ]
}

/// What a side that knows only words gets of a draft.
fn in_words<D: Disk>(book: &Book<D>, draft: Draft) -> Option<Parcel> {
    let id = book.new_one(draft);
    let lease = Change::Lease {
        id,
        side: Capabilities::WORDS,
        who: line("bridge.example"),
    };
    match book.commit(vec![lease]).pop() {
        Some(Done::Leased(parcel)) => {
            book.settle(id, handed(false));
            Some(parcel)
        }
        _ => None,
    }
}

/// Row W2 of the fault model.
pub(crate) fn no_reference_crosses_conversations<D: Disk>() {
    let book = Book::<D>::new();
    let secret = book.new_one(under("line-1", draft(romeo(), juliet(), "the secret")));
    book.carry(secret);
    for meant in [Reference::Ours(secret), Reference::Theirs(reference("line-1"))] {
        for (from, to) in [(friar(), romeo()), (nurse(), juliet()), (romeo(), friar())] {
            for payload in meaning(&meant) {
                if let Some(parcel) = in_words(&book, Draft::new(from.clone(), to.clone(), payload)) {
                    assert_eq!(parcel.reply_to(), None, "{parcel:?}");
                    let words = parcel.payload().text().unwrap().body.as_str();
                    assert!(!words.contains("secret"), "{words}");
                }
            }
        }
    }
}

pub(crate) fn a_reaction_means_what_the_other_said<D: Disk>() {
    let book = Book::<D>::new();
    let first = book.new_one(under("line-1", draft(romeo(), juliet(), "I come")));
    book.carry(first);
    let edit = Payload::Edit {
        target: Reference::Theirs(reference("line-1")),
        text: Text::plain(Body::clean("I come at nine").unwrap()),
    };
    let edit = book.new_one(under("line-2", Draft::new(romeo(), juliet(), edit)));
    book.carry(edit);
    for meant in [first, edit] {
        let [.., reaction] = meaning(&Reference::Ours(meant));
        let id = book.new_one(Draft::new(juliet(), romeo(), reaction));
        let parcel = book.lease(id);
        // Programs know a corrected message by the id that it had first (XEP-0308 section 3).
        assert_eq!(parcel.reply_to(), Some(&Quoted::Theirs(reference("line-1"))));
        book.settle(id, handed(false));
    }
    let [.., reaction] = meaning(&Reference::Ours(first));
    let parcel = in_words(&book, Draft::new(juliet(), romeo(), reaction)).unwrap();
    assert_eq!(parcel.payload().text().unwrap().body.as_str(), "👍 to: “I come”");
}

pub(crate) fn what_was_never_delivered_is_not_taken_back<D: Disk>() {
    let book = Book::<D>::new();
    let line = book.new_one(under("line-1", draft(romeo(), juliet(), "I hate thee")));
    book.lease(line);
    book.settle(line, Outcome::Failed(Fault::of(FaultKind::NoSuchUser), None));
    let told = book.due();
    let [_, _, retraction, _] = meaning(&Reference::Theirs(reference("line-1")));
    let retraction = Draft::new(romeo(), juliet(), retraction);
    assert!(in_words(&book, retraction).is_none());
    assert_eq!(book.due(), told, "nobody is told that nothing was to do");
}

pub(crate) fn a_correction_is_fitted_to_what_it_corrects<D: Disk>() {
    let book = Book::<D>::new();
    let first = book.new_one(under("line-1", draft(romeo(), juliet(), "Wherefor")));
    book.carry(first);
    let [_, edit, ..] = meaning(&Reference::Theirs(reference("line-1")));
    let german = Draft {
        lang: Tag::read("de-AT"),
        ..Draft::new(romeo(), juliet(), edit)
    };
    let parcel = in_words(&book, german).unwrap();
    assert_eq!(
        parcel.payload().text().unwrap().body.as_str(),
        "Korrektur:\n\n> Wherefor\nAy"
    );
    assert_eq!(parcel.reply_to(), Some(&Quoted::Ours(first)));
}

fn edit(words: &str) -> Draft {
    let payload = Payload::Edit {
        target: Reference::Theirs(reference("line-1")),
        text: Text::plain(Body::clean(words).unwrap()),
    };
    Draft::new(romeo(), juliet(), payload)
}

fn retraction() -> Draft {
    let [_, _, retraction, _] = meaning(&Reference::Theirs(reference("line-1")));
    Draft::new(romeo(), juliet(), retraction)
}

/// What Juliet gets of all that waits, where her side knows only words.
fn heard<D: Disk>(book: &Book<D>) -> Vec<String> {
    let mut heard = Vec::new();
    while let Some(id) = book.due().first().copied() {
        let lease = Change::Lease {
            id,
            side: Capabilities::WORDS,
            who: line("bridge.example"),
        };
        if let Some(Done::Leased(parcel)) = book.commit(vec![lease]).pop() {
            heard.push(parcel.payload().text().unwrap().body.as_str().to_owned());
            book.settle(id, handed(false));
        }
    }
    heard
}

pub(crate) fn what_is_corrected_before_it_left_leaves_once<D: Disk>() {
    let book = Book::<D>::new();
    let first = book.new_one(under("line-1", draft(romeo(), juliet(), "Wherefor")));
    // It was tried, and the other side certainly does not have it.
    book.lease(first);
    book.settle(first, Outcome::Failed(later(), None));
    book.new_one(draft(romeo(), juliet(), "Art thou there?"));
    for words in ["Wherefoe", "Wherefore"] {
        book.new_one(edit(words));
    }
    assert_eq!(heard(&book), ["Art thou there?", "Wherefore"]);
    // What comes now corrects what arrived.
    book.new_one(edit("Wherefore!"));
    assert_eq!(heard(&book), ["Correction:\n\n> Wherefore\nWherefore!"]);
    // The same first line once more, from an archive: its sender has taken it back.
    assert!(matches!(
        book.arrive(Arrival::post(under("line-1", draft(romeo(), juliet(), "Wherefor"))))[..],
        [Taken::Known(_)]
    ));
}

pub(crate) fn what_is_taken_back_before_it_left_never_leaves<D: Disk>() {
    let book = Book::<D>::new();
    book.new_one(under("line-1", draft(romeo(), juliet(), "I hate thee")));
    book.new_one(edit("I loathe thee"));
    book.new_one(retraction());
    assert_eq!(heard(&book), [""; 0]);
}

pub(crate) fn what_may_have_arrived_is_not_taken_out_of_the_queue<D: Disk>() {
    let book = Book::<D>::new();
    let first = book.new_one(under("line-1", draft(romeo(), juliet(), "I hate thee")));
    book.lease(first);
    book.settle(first, Outcome::InDoubt(later(), None));
    book.new_one(retraction());
    assert!(!matches!(book.stage(first), Stage::Failed { .. }));
}

pub(crate) fn nobody_takes_back_what_another_said<D: Disk>() {
    let book = Book::<D>::new();
    let first = book.new_one(under("line-1", draft(romeo(), juliet(), "I love thee")));
    for meant in [Reference::Theirs(reference("line-1")), Reference::Ours(first)] {
        for (from, to) in [(juliet(), romeo()), (nurse(), juliet()), (romeo(), friar())] {
            let [_, edit, retraction, _] = meaning(&meant);
            for payload in [edit, retraction] {
                book.new_one(Draft::new(from.clone(), to.clone(), payload));
            }
        }
    }
    assert!(matches!(book.stage(first), Stage::Queued { .. }));
}

const WEEK: u64 = 7 * 24 * 3600;

pub(crate) fn old_ones_are_forgotten<D: Disk>() {
    let book = Book::<D>::new();
    let empty = book.rows().range(b"a", b"z", 99).unwrap().len();
    let id = book.new_one(Draft {
        receipt: true,
        ..under("line-1", draft(romeo(), juliet(), "O"))
    });
    book.carry(id);
    book.hear(report(id, None, Evidence::Delivered));
    let news = book.due()[0];
    book.carry(news);
    book.wait(WEEK - 1);
    assert_eq!(book.ledger.sweep(book.now.get(), 9).unwrap(), 0);
    book.wait(2);
    assert_eq!(book.ledger.sweep(book.now.get(), 1).unwrap(), 1);
    assert_eq!(book.ledger.sweep(book.now.get(), 9).unwrap(), 1);
    assert_eq!(book.ledger.envelope(id).unwrap(), None);
    let left: Vec<_> = book
        .rows()
        .range(b"A", b"z", 99)
        .unwrap()
        .into_iter()
        .map(|(key, _)| key)
        .collect();
    // The schema, the counter, the clock, and what the courier keeps on its own shelf.
    assert_eq!(left.len(), empty + 3, "{left:?}");
}

pub(crate) fn what_is_over_can_be_erased_at_once<D: Disk>() {
    let book = Book::<D>::new();
    let over = book.new_one(under("line-1", draft(romeo(), juliet(), "O")));
    let waiting = book.say(romeo(), juliet(), "Wherefore");
    book.carry(over);
    assert_eq!(book.ledger.erase(&[over, waiting], book.now.get()).unwrap(), 1);
    assert_eq!(book.ledger.envelope(over).unwrap(), None);
    assert!(book.ledger.hops(over).unwrap().is_empty());
    assert_eq!(book.ledger.history(&romeo(), None, 9).unwrap(), [waiting]);
    book.carry(waiting);
    assert_eq!(book.ledger.erase(&[waiting], book.now.get()).unwrap(), 1);
    assert!(book.ledger.history(&romeo(), None, 9).unwrap().is_empty());
}

pub(crate) fn what_there_is_is_counted<D: Disk>() {
    use crate::ledger::count::Counts;
    let book = Book::<D>::new();
    let ids = ["O", "Romeo", "Romeo", "wherefore"].map(|words| book.say(romeo(), juliet(), words));
    book.carry(ids[0]);
    book.lease(ids[1]);
    book.settle(ids[1], handed(true));
    book.lease(ids[2]);
    let expected = Counts {
        queued: 1,
        in_flight: 1,
        handed: 1,
        delivered: 1,
        ..Counts::default()
    };
    assert_eq!(book.ledger.count().unwrap(), expected);
}

pub(crate) fn a_forgotten_id_may_come_again<D: Disk>() {
    let book = Book::<D>::new();
    let line = under("line-1", draft(romeo(), juliet(), "O"));
    let id = book.new_one(line.clone());
    book.carry(id);
    assert_eq!(book.post(line.clone()), Taken::Known(id));
    book.wait(WEEK + 1);
    book.ledger.sweep(book.now.get(), 9).unwrap();
    assert!(matches!(book.post(line), Taken::New(_)));
}

pub(crate) fn a_lane_is_remembered_as_long_as_anything_in_it<D: Disk>() {
    let book = Book::<D>::new();
    let first = book.say(romeo(), juliet(), "O");
    book.carry(first);
    book.wait(WEEK + 1);
    let second = book.say(romeo(), juliet(), "speak again");
    book.ledger.sweep(book.now.get(), 9).unwrap();
    assert_eq!(book.ledger.history(&juliet(), None, 9).unwrap(), [second]);
}

pub(crate) fn what_is_not_over_is_never_forgotten<D: Disk>() {
    let book = Book::<D>::new();
    let flying = book.say(romeo(), juliet(), "O");
    book.lease(flying);
    let waiting = book.say(romeo(), friar(), "O");
    book.lease(waiting);
    book.settle(waiting, Outcome::InDoubt(later(), None));
    book.wait(100 * WEEK);
    assert_eq!(book.ledger.sweep(book.now.get(), 9).unwrap(), 0);
    assert!(book.ledger.envelope(flying).unwrap().is_some() && book.ledger.envelope(waiting).unwrap().is_some());
}
