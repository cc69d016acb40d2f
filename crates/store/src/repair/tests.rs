use super::*;
use crate::conformance::cast::*;
use crate::conformance::{Directory, Disk};
use causeway_core::delivery::{Event, Stage};
use causeway_core::network::{Arrival, Row};
use std::fs;

fn needs() -> Needs {
    Needs {
        terms: Terms::default(),
        route: Box::new(route),
        name: line("bridge.example"),
    }
}

/// A book with one handed over, one held back at the gate, one waiting behind it, and a row of an adapter.
fn book() -> (Book<Directory>, [EnvelopeId; 3]) {
    let book = Book::<Directory>::new();
    let ids = [("one", juliet()), ("two", friar()), ("three", friar())].map(|(text, to)| book.say(romeo(), to, text));
    book.carry(ids[0]);
    book.lease(ids[1]);
    book.settle(ids[1], causeway_core::network::Outcome::Failed(later(), None));
    book.arrive(Arrival {
        rows: vec![Row::put("cursor", *b"7")],
        ..Arrival::default()
    });
    (book, ids)
}

fn opened(dir: &Path) -> Ledger {
    loop {
        match SledBackend::open(dir, 8 << 20) {
            Err(StoreError::Io(why)) if why.contains("acquire lock") => std::thread::yield_now(),
            backend => return open_ledger(Box::new(backend.unwrap()), DAWN).unwrap(),
        }
    }
}

fn held(ledger: &Ledger, id: EnvelopeId) -> bool {
    let delivery = ledger.delivery(id).unwrap().unwrap();
    assert!(delivery.doubts > 0 || !matches!(delivery.stage, Stage::Held { .. }));
    matches!(delivery.stage, Stage::Held { .. })
}

#[test]
fn what_a_backup_brings_back_is_held_unless_it_was_over() {
    let (book, ids) = book();
    let (backup, empty) = (tempfile::tempdir().unwrap(), Directory::fresh());
    let file = backup.path().join("verona");
    book.ledger.backup(&file, DAWN).unwrap();
    let done = restore(empty.path(), &file, needs(), DAWN).unwrap();
    // The delay of the second was told, and that news waits too.
    assert_eq!((done.messages.all, done.messages.held), (4, 3));
    let ledger = opened(empty.path());
    assert_eq!(ids.map(|id| held(&ledger, id)), [false, true, true]);
    assert!(ledger.ready(DAWN, &|_| false, &|_| 9, 9).unwrap().is_empty());
    assert_eq!(ledger.next_due(&|_| false).unwrap(), None);
    assert_eq!(ledger.waiting(9).unwrap().len(), 3);
    assert_eq!(ledger.row("pigeon", "cursor").unwrap().as_deref(), Some(&b"7"[..]));
    assert_eq!(ledger.scrub().unwrap().wrong, [""; 0]);
    for id in ids {
        assert_eq!(ledger.envelope(id).unwrap().unwrap(), book.envelope(id));
    }
}

#[test]
fn what_is_held_goes_out_when_it_is_released_and_says_that_it_may_be_doubled() {
    let (book, ids) = book();
    let (backup, empty) = (tempfile::tempdir().unwrap(), Directory::fresh());
    let file = backup.path().join("verona");
    book.ledger.backup(&file, DAWN).unwrap();
    restore(empty.path(), &file, needs(), DAWN).unwrap();
    let ledger = opened(empty.path());
    let hurry = crate::Change::Step {
        id: ids[2],
        event: Event::Hurried,
    };
    ledger.commit(vec![hurry], DAWN).unwrap();
    let ready = ledger.ready(DAWN, &|_| false, &|_| 9, 9).unwrap();
    assert_eq!(ready.iter().map(|ready| ready.envelope).collect::<Vec<_>>(), [ids[2]]);
    let done = ledger.commit(vec![book.lease_change(ids[2])], DAWN).unwrap().pop();
    assert!(matches!(done, Some(crate::Done::Leased(parcel)) if parcel.maybe_doubled()));
    // What is said next has a place behind everything that ever had one.
    let next = ledger.commit(vec![book.arrival(Arrival::post(draft(romeo(), friar(), "four")))], DAWN);
    assert!(next.is_ok());
    assert_eq!(ledger.scrub().unwrap().wrong, [""; 0]);
}

#[test]
fn a_backup_is_only_restored_where_there_is_no_store() {
    let (book, _) = book();
    let backup = tempfile::tempdir().unwrap();
    let file = backup.path().join("verona");
    book.ledger.backup(&file, DAWN).unwrap();
    let disk = book.put_away();
    let refused = restore(disk.path(), &file, needs(), DAWN);
    assert!(matches!(refused, Err(StoreError::Backup(why)) if why.contains("already has a store")));
    opened(disk.path());
}

#[test]
fn a_store_that_is_whole_goes_on_as_it_was_after_a_repair() {
    let (book, ids) = book();
    let stages = ids.map(|id| book.stage(id));
    let disk = book.put_away();
    let done = repair(disk.path(), &[], "damaged-at-dawn", needs(), DAWN).unwrap();
    assert!(
        done.whole && done.missing_commits == Some(0) && done.messages.held == 0,
        "{done:?}"
    );
    assert_eq!(done.aside, Some(disk.path().join("damaged-at-dawn")));
    let ledger = opened(disk.path());
    assert_eq!(ids.map(|id| ledger.delivery(id).unwrap().unwrap().stage), stages);
    assert_eq!(ledger.scrub().unwrap().wrong, [""; 0]);
}

#[test]
fn a_repair_never_touches_the_damaged_files() {
    let (book, _) = book();
    let disk = book.put_away();
    let db = disk.path().join("db");
    let mut bytes = fs::read(&db).unwrap();
    let middle = bytes.len() / 3;
    bytes[middle..middle + 2_000].fill(0x5a);
    fs::write(&db, &bytes).unwrap();
    repair(disk.path(), &[], "aside", needs(), DAWN).unwrap();
    assert_eq!(fs::read(disk.path().join("aside/db")).unwrap(), bytes);
    opened(disk.path());
}

#[test]
fn of_a_store_that_is_gone_everything_comes_from_the_newest_backup_that_is_whole() {
    let (book, ids) = book();
    let backups = tempfile::tempdir().unwrap();
    let [newest, older] = ["2", "1"].map(|name| backups.path().join(name));
    book.ledger.backup(&older, DAWN).unwrap();
    fs::write(&newest, &fs::read(&older).unwrap()[..300]).unwrap();
    let disk = book.put_away();
    fs::write(disk.path().join("db"), b"").unwrap();
    let done = repair(disk.path(), &[newest, older.clone()], "aside", needs(), DAWN).unwrap();
    assert_eq!((done.backup, done.refused.len()), (Some((older, DAWN)), 1));
    assert_eq!(
        (done.messages.from_store, done.messages.from_backup, done.rows),
        (0, 4, (0, 2))
    );
    let ledger = opened(disk.path());
    assert_eq!(ids.map(|id| held(&ledger, id)), [false, true, true]);
    assert_eq!(ledger.scrub().unwrap().wrong, [""; 0]);
}

#[test]
fn a_message_of_which_only_the_words_are_left_is_listed_and_its_sender_told() {
    let (book, ids) = book();
    let lost = keys::delivery(&ids[1]);
    book.rows().commit(&[(lost, None)]).unwrap();
    // Another row is lost unnoticed, so that the store is not taken for whole.
    let disk = book.put_away();
    fs::remove_file(disk.path().join("mark")).unwrap();
    let done = repair(disk.path(), &[], "aside", needs(), DAWN).unwrap();
    assert_eq!((done.messages.aside, done.missing_commits), (1, None));
    let ledger = opened(disk.path());
    assert_eq!(ledger.aside(9).unwrap()[0].0, ids[1]);
    let told = ledger.waiting(9).unwrap();
    assert!(
        told.iter()
            .any(|(envelope, _)| envelope.draft.to == romeo() && envelope.draft.payload.text().is_none())
    );
}

#[test]
fn a_repair_that_dies_while_it_moves_files_goes_on() {
    for moved in 0..6 {
        let (book, ids) = book();
        let disk = book.put_away();
        let dir = disk.path();
        let workshop = Workshop::open(dir).unwrap();
        let (damaged, salvaged) = read_damaged(&workshop, dir).unwrap();
        let mut done = Repaired {
            whole: true,
            ..Repaired::default()
        };
        build(&workshop, Some((&damaged, &salvaged)), None, needs(), DAWN, &mut done).unwrap();
        drop((damaged, workshop));
        // The plan is there, and some files are where they belong.
        fs::write(dir.join("repair/plan"), "aside").unwrap();
        fs::create_dir(dir.join("aside")).unwrap();
        let steps: [&[&str]; 6] = [
            &[],
            &["db"],
            &["db", "conf"],
            &["db", "conf", "mark"],
            &["all"],
            &["all", "db"],
        ];
        for name in ["db", "conf", "mark"]
            .iter()
            .filter(|name| steps[moved].contains(name) || moved >= 4)
        {
            fs::rename(dir.join(name), dir.join("aside").join(name)).unwrap();
        }
        if moved >= 4 {
            for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
                if entry.file_name().to_string_lossy().starts_with("snap.") || entry.file_name() == "blobs" {
                    fs::rename(entry.path(), dir.join("aside").join(entry.file_name())).unwrap();
                }
            }
            fs::write(dir.join("repair/moved"), b"").unwrap();
        }
        if moved == 5 {
            fs::rename(dir.join("repair/store/db"), dir.join("db")).unwrap();
        }
        let refused = SledBackend::open(dir, 8 << 20).map(drop).unwrap_err().to_string();
        assert!(refused.contains("cut short"), "{refused}");
        let resumed = repair(dir, &[], "another-name", needs(), DAWN).unwrap();
        assert_eq!(resumed.aside, Some(dir.join("aside")));
        let ledger = opened(dir);
        assert!(
            ids.iter().all(|id| ledger.envelope(*id).unwrap().is_some()),
            "step {moved}"
        );
        assert!(!dir.join("repair").exists());
    }
}
