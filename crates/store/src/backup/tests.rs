use super::*;
use crate::backend::Pair;
use crate::conformance::cast::*;
use crate::memory::MemoryBackend;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

fn place() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("verona");
    (dir, file)
}

fn all(backend: &dyn Backend) -> Vec<Pair> {
    backend.range(&keys::first(), &keys::last(), usize::MAX).unwrap()
}

fn loaded(file: &Path) -> Result<MemoryBackend, StoreError> {
    let backend = MemoryBackend::new();
    load(file, &backend).map(|_| backend)
}

#[test]
fn a_backup_has_every_row() {
    let (_dir, file) = place();
    let book = Book::<MemoryBackend>::new();
    for n in 0..300 {
        book.say(romeo(), juliet(), &format!("line {n} {}", "sweet ".repeat(n)));
    }
    let copied = book.ledger.backup(&file, DAWN).unwrap();
    assert_eq!(all(&loaded(&file).unwrap()), all(book.rows()));
    assert_eq!(copied.bytes, fs::metadata(&file).unwrap().len());
    assert_eq!(header(&file).unwrap().taken, DAWN);
}

#[test]
fn a_backup_is_closed_to_others_and_leaves_nothing_beside_it() {
    let (dir, file) = place();
    Book::<MemoryBackend>::new().ledger.backup(&file, DAWN).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn what_happens_during_the_copy_is_in_it() {
    let (_dir, file) = place();
    let book = Book::<MemoryBackend>::new();
    let ids: Vec<_> = (0..400)
        .map(|n| book.say(romeo(), beyond(&format!("cousin-{n}"), "capulet"), "O"))
        .collect();
    book.ledger.begin_copy(&file, DAWN).unwrap();
    let mut pages = 0;
    while book.ledger.copying().as_mut().unwrap().page(book.rows()).unwrap() {
        // Everywhere in the book something comes, changes, and goes.
        let id = ids[pages * 7];
        book.lease(id);
        if pages % 2 == 0 {
            book.settle(id, handed(false));
        }
        book.say(nurse(), friar(), "Father");
        pages += 1;
    }
    let copying = book.ledger.copying().take().unwrap();
    copying.file.finish().unwrap();
    assert!(pages > 3, "{pages} pages");
    assert_eq!(all(&loaded(&file).unwrap()), all(book.rows()));
}

#[test]
fn commits_go_on_while_a_backup_is_taken() {
    let (_dir, file) = place();
    let book = Book::<MemoryBackend>::new();
    for n in 0..500 {
        book.say(romeo(), juliet(), &format!("line {n}"));
    }
    let ledger = &book.ledger;
    std::thread::scope(|scope| {
        let copy = scope.spawn(|| ledger.backup(&file, DAWN));
        while !copy.is_finished() {
            book.say(nurse(), friar(), "Father");
        }
        copy.join().unwrap().unwrap();
    });
    loaded(&file).unwrap();
}

#[test]
fn a_backup_that_cannot_be_written_disturbs_nobody() {
    let (dir, file) = place();
    fs::create_dir(&file).unwrap();
    let book = Book::<MemoryBackend>::new();
    assert!(matches!(book.ledger.backup(&file, DAWN), Err(StoreError::Backup(_))));
    book.say(romeo(), juliet(), "O");
    assert!(matches!(
        book.ledger.backup(&dir.path().join("no/such/place"), DAWN),
        Err(StoreError::Backup(_))
    ));
    book.ledger.backup(&dir.path().join("another"), DAWN).unwrap();
}

#[test]
fn a_spoilt_backup_is_never_believed() {
    let (_dir, file) = place();
    let book = Book::<MemoryBackend>::new();
    for n in 0..9 {
        book.say(romeo(), juliet(), &format!("line {n}"));
    }
    book.ledger.backup(&file, DAWN).unwrap();
    let whole = fs::read(&file).unwrap();
    for n in 0..whole.len() {
        let mut spoilt = whole.clone();
        spoilt[n] ^= 1 << (n % 8);
        fs::write(&file, &spoilt).unwrap();
        assert!(loaded(&file).is_err(), "bit {} of byte {n}", n % 8);
        fs::write(&file, &whole[..n]).unwrap();
        assert!(loaded(&file).is_err(), "{n} bytes");
    }
    fs::write(&file, [whole.as_slice(), b"more"].concat()).unwrap();
    assert!(loaded(&file).is_err());
}
