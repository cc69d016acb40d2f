use super::*;
use crate::conformance::Directory;
use crate::conformance::cast::{Book, DAWN, juliet, open_ledger, romeo};
use causeway_core::envelope::Envelope;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const CACHE: u64 = 8 << 20;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn nobody_else_may_read_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("deep/down/store");
    let _backend = SledBackend::open(&store, CACHE).unwrap();
    assert_eq!(mode(&store), 0o700);
    for name in ["db", "conf", "lock"] {
        assert_eq!(mode(&store.join(name)), 0o600, "{name}");
    }
}

#[test]
fn a_second_process_is_refused_and_disturbs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let first = SledBackend::open(dir.path(), CACHE).unwrap();
    let second = SledBackend::open(dir.path(), CACHE).err().unwrap();
    assert!(
        matches!(&second, StoreError::Locked(path) if *path == dir.path().display().to_string()),
        "{second}"
    );
    first.commit(&[(b"e/1".to_vec(), Some(b"rose".to_vec()))]).unwrap();
    first.flush().unwrap();
    drop(first);
    assert!(
        SledBackend::open(dir.path(), CACHE)
            .unwrap()
            .get(b"e/1")
            .unwrap()
            .is_some()
    );
}

#[test]
fn the_room_on_the_disk_is_known() {
    let dir = tempfile::tempdir().unwrap();
    assert!(SledBackend::open(dir.path(), CACHE).unwrap().free_bytes().unwrap() > 0);
}

#[test]
fn garbage_is_refused_in_words() {
    for (name, bytes) in [
        ("db", vec![0x5a; 700_000]),
        ("conf", b"[email]\nhost = 1".to_vec()),
        ("snap.0000000000000001", vec![1; 99]),
    ] {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(name), bytes).unwrap();
        match SledBackend::open(dir.path(), CACHE) {
            Ok(backend) => assert!(
                backend.range(&[0], &[255], 9).is_ok_and(|rows| rows.is_empty()),
                "{name}"
            ),
            Err(e) => assert!(matches!(e, StoreError::Unreadable(_)), "{name}: {e}"),
        }
    }
}

#[test]
fn a_file_in_place_of_the_directory_is_refused_in_words() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let refused = SledBackend::open(file.path(), CACHE).err().unwrap();
    assert!(matches!(refused, StoreError::Io(_)), "{refused}");
}

#[test]
fn long_values_make_no_files_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let backend = SledBackend::open(dir.path(), CACHE).unwrap();
    for n in 0..200u32 {
        let batch = [(n.to_be_bytes().to_vec(), Some(vec![b'o'; 5_000 * (n as usize % 20)]))];
        backend.commit(&batch).unwrap();
    }
    backend.flush().unwrap();
    assert_eq!(fs::read_dir(dir.path().join("blobs")).unwrap().count(), 0);
}

#[test]
fn after_a_failed_sync_all_work_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let backend = SledBackend::open(dir.path(), CACHE).unwrap();
    backend.commit(&[(b"e/1".to_vec(), Some(b"rose".to_vec()))]).unwrap();
    backend.stop(StoreError::Io("syncing: the disk is gone".to_owned()));
    assert!(matches!(backend.flush(), Err(StoreError::Stopped(why)) if why.contains("the disk is gone")));
    assert!(matches!(backend.get(b"e/1"), Err(StoreError::Stopped(_))));
    assert!(matches!(backend.range(b"a", b"z", 1), Err(StoreError::Stopped(_))));
    assert!(matches!(backend.commit(&[]), Err(StoreError::Stopped(_))));
}

#[test]
fn half_a_snapshot_does_not_keep_a_store_from_opening() {
    let dir = tempfile::tempdir().unwrap();
    let backend = SledBackend::open(dir.path(), CACHE).unwrap();
    backend.commit(&[(b"e/1".to_vec(), Some(b"rose".to_vec()))]).unwrap();
    backend.flush().unwrap();
    drop(backend);
    fs::write(dir.path().join("snap.00000000FFFFFFFF.generating"), b"half").unwrap();
    let backend = SledBackend::open(dir.path(), CACHE).unwrap();
    assert_eq!(backend.get(b"e/1").unwrap().as_deref(), Some(&b"rose"[..]));
}

#[test]
fn half_of_the_settings_do_not_keep_a_first_start_from_being_repeated() {
    let whole = tempfile::tempdir().unwrap();
    drop(SledBackend::open(whole.path(), CACHE).unwrap());
    let settings = fs::read(whole.path().join("conf")).unwrap();
    let halves = (0..settings.len()).map(|len| settings[..len].to_vec());
    let mut end_only = settings.clone();
    end_only[..settings.len() - 4].fill(0);
    for torn in halves.chain([vec![0; settings.len()], end_only]) {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("conf"), &torn).unwrap();
        SledBackend::open(dir.path(), CACHE).unwrap_or_else(|e| panic!("{torn:?}: {e}"));
    }
}

#[test]
fn the_settings_of_somebody_else_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let foreign = b"[email]\nhost = \"mail.example.org\"\n";
    fs::write(dir.path().join("conf"), foreign).unwrap();
    assert!(matches!(
        SledBackend::open(dir.path(), CACHE),
        Err(StoreError::Unreadable(_))
    ));
    assert_eq!(fs::read(dir.path().join("conf")).unwrap(), foreign);
}

// A store is spoilt in many ways; whatever the ledger still says must be true.

fn files_of(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file());
    files
        .map(|path| {
            (
                path.file_name().unwrap().to_str().unwrap().to_owned(),
                fs::read(&path).unwrap(),
            )
        })
        .collect()
}

/// The files of a store that was opened `starts` times, and what it must say.
fn a_store_of(count: u32, starts: u32) -> (BTreeMap<String, Vec<u8>>, Vec<Envelope>) {
    let (mut book, mut said) = (Book::<Directory>::new(), Vec::new());
    for _ in 0..starts {
        book = book.reopened();
        said.extend((0..count).map(|n| book.say(romeo(), juliet(), &format!("line {n} of the play"))));
    }
    said.iter().take(10).for_each(|id| book.carry(*id));
    let envelopes = said.iter().map(|id| book.envelope(*id)).collect();
    (files_of(book.put_away().path()), envelopes)
}

/// What spoilt stores still say.
#[derive(Debug, Default)]
struct Tally {
    refused: u32,
    right: u32,
    damaged: u32,
    /// Not found, and no error: sled dropped a whole page without a word.
    silent: u32,
}

impl Tally {
    /// Opens a store made of `files`, and panics when it says something wrong about one of `envelopes`.
    fn look(&mut self, files: &BTreeMap<String, Vec<u8>>, envelopes: &[Envelope]) {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("blobs")).unwrap();
        files
            .iter()
            .for_each(|(name, bytes)| fs::write(dir.path().join(name), bytes).unwrap());
        let opened = SledBackend::open(dir.path(), CACHE).and_then(|backend| open_ledger(Box::new(backend), DAWN));
        let Ok(ledger) = opened else {
            self.refused += 1;
            return;
        };
        for envelope in envelopes {
            match ledger.envelope(envelope.id) {
                Ok(Some(read)) => {
                    assert_eq!(&read, envelope);
                    self.right += 1;
                }
                Ok(None) => self.silent += 1,
                Err(_) => self.damaged += 1,
            }
        }
        let silent = envelopes
            .iter()
            .filter(|envelope| matches!(ledger.envelope(envelope.id), Ok(None)));
        if silent.count() > 0 {
            let scrubbed = ledger.scrub();
            assert!(
                !scrubbed.is_ok_and(|found| found.wrong.is_empty()),
                "the scrub misses nothing"
            );
        }
        let _ = ledger.ready(DAWN, &|_| false, &|_| 9, 9);
    }
}

#[test]
fn a_flipped_bit_is_never_believed() {
    // Three of sled's segments: one that is read anew at the start refuses the store as a whole.
    let (files, envelopes) = a_store_of(300, 3);
    let mut tally = Tally::default();
    for n in 0..100usize {
        let mut spoilt = files.clone();
        let data = spoilt.get_mut("db").unwrap();
        let at = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % data.len();
        data[at] ^= 1 << (n % 8);
        tally.look(&spoilt, &envelopes);
    }
    assert!(tally.refused + tally.damaged > 0 && tally.right > 0, "{tally:?}");
    // What sled loses without a word the scrub misses.
    assert!(tally.silent * 100 < tally.right, "{tally:?}");
}

#[test]
fn a_flipped_bit_beside_the_data_is_never_believed() {
    let (files, envelopes) = a_store_of(20, 3);
    let mut tally = Tally::default();
    for name in files.keys().filter(|name| *name != "db" && !files[*name].is_empty()) {
        for n in 0..20usize {
            let mut spoilt = files.clone();
            let data = spoilt.get_mut(name).unwrap();
            let at = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % data.len();
            data[at] ^= 1 << (n % 8);
            tally.look(&spoilt, &envelopes);
        }
    }
    assert!(tally.refused > 0 && tally.right > 0 && tally.silent == 0, "{tally:?}");
}

#[test]
fn a_truncated_file_is_never_believed() {
    let (files, envelopes) = a_store_of(50, 3);
    let mut tally = Tally::default();
    for name in files.keys() {
        for tenths in 0..10 {
            let mut spoilt = files.clone();
            let file = spoilt.get_mut(name).unwrap();
            file.truncate(file.len() * tenths / 10);
            tally.look(&spoilt, &envelopes);
        }
    }
    assert!(tally.refused > 0 && tally.right > 0 && tally.silent == 0, "{tally:?}");
}

#[test]
fn a_store_that_lost_its_end_is_refused_until_somebody_accepts_that() {
    let dir = tempfile::tempdir().unwrap();
    let put = |backend: &SledBackend| {
        backend.commit(&[(b"e/1".to_vec(), Some(b"rose".to_vec()))]).unwrap();
        backend.flush().unwrap();
    };
    put(&SledBackend::open(dir.path(), CACHE).unwrap());
    let older = fs::read(dir.path().join("db")).unwrap();
    put(&SledBackend::open(dir.path(), CACHE).unwrap());
    fs::write(dir.path().join("db"), older).unwrap();
    fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains("snap."))
        .for_each(|path| fs::remove_file(path).unwrap());
    let refused = SledBackend::open(dir.path(), CACHE).err().unwrap().to_string();
    assert!(
        refused.contains("its last 1 commits are missing") && refused.contains("remove"),
        "{refused}"
    );
    fs::remove_file(dir.path().join("mark")).unwrap();
    put(&SledBackend::open(dir.path(), CACHE).unwrap());
}

#[test]
fn a_read_that_fails_stops_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledBackend::open(dir.path(), 8 << 20).unwrap();
    let failed = store.with("reading a row", |_| {
        Err::<(), _>(::sled::Error::Unsupported("told to fail".into()))
    });
    assert!(matches!(failed, Err(StoreError::Unreadable(_))), "{failed:?}");
    assert!(matches!(store.get(b"a"), Err(StoreError::Stopped(_))));
}

fn written(dir: &Path, rows: u32) -> SledBackend {
    let backend = SledBackend::open(dir, CACHE).unwrap();
    for n in 0..rows {
        let batch = [(n.to_be_bytes().to_vec(), Some(vec![n as u8; (n as usize % 9) * 1_000]))];
        backend.commit(&batch).unwrap();
    }
    backend
}

#[test]
fn a_store_that_holds_everything_is_found_whole() {
    let dir = tempfile::tempdir().unwrap();
    let backend = written(dir.path(), 600);
    for n in (0..600u32).step_by(3) {
        backend.commit(&[(n.to_be_bytes().to_vec(), None)]).unwrap();
    }
    backend.flush().unwrap();
    assert_eq!(backend.verify().unwrap(), [""; 0]);
    drop(backend);
    assert_eq!(SledBackend::open(dir.path(), CACHE).unwrap().verify().unwrap(), [""; 0]);
}

#[test]
fn a_row_that_is_lost_or_shown_as_it_was_before_is_missed() {
    let dir = tempfile::tempdir().unwrap();
    let backend = written(dir.path(), 600);
    let (seven, eight) = (7u32.to_be_bytes(), 8u32.to_be_bytes());
    let tree = |work: &dyn Fn(&::sled::Tree) -> Result<(), ::sled::Error>| backend.with("spoiling", work).unwrap();
    let before = tree_get(&backend, &seven);
    tree(&|tree| tree.remove(seven).map(drop));
    assert_eq!(backend.verify().unwrap(), ["1 of its 600 rows are lost"]);
    tree(&|tree| tree.insert(seven, &[0, 9, 9]).map(drop));
    assert_eq!(
        backend.verify().unwrap(),
        ["some of its rows are not as they were written last"]
    );
    tree(&|tree| tree.insert(seven, before.as_slice()).map(drop));
    assert_eq!(backend.verify().unwrap(), [""; 0]);
    tree(&|tree| {
        let piece = tree
            .range([255u8, 0]..)
            .find(|row| row.as_ref().unwrap().0[1..5] == eight)
            .unwrap()?;
        tree.remove(piece.0).map(drop)
    });
    assert_eq!(
        backend.verify().unwrap(),
        ["the row \\0\\00008 has lost a part of its value"]
    );
}

fn tree_get(backend: &SledBackend, key: &[u8]) -> Vec<u8> {
    backend.with("reading", |tree| tree.get(key)).unwrap().unwrap().to_vec()
}

#[test]
fn commits_during_a_look_at_all_rows_are_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    let backend = written(dir.path(), 2_000);
    std::thread::scope(|scope| {
        let looked = scope.spawn(|| backend.verify());
        let mut n = 0u32;
        while !looked.is_finished() {
            n = n.wrapping_add(7_919);
            backend
                .commit(&[(
                    (n % 3_000).to_be_bytes().to_vec(),
                    (!n.is_multiple_of(3)).then(|| n.to_be_bytes().to_vec()),
                )])
                .unwrap();
        }
        assert_eq!(looked.join().unwrap().unwrap(), [""; 0]);
        assert!(n > 0);
    });
}

#[test]
fn a_store_from_before_rows_were_added_up_is_added_up() {
    let dir = tempfile::tempdir().unwrap();
    let backend = written(dir.path(), 100);
    let count = [255u8];
    let batches = tree_get(&backend, &count)[..8].to_vec();
    backend
        .with("spoiling", |tree| tree.insert(count, batches.as_slice()))
        .unwrap();
    backend.flush().unwrap();
    drop(backend);
    let backend = SledBackend::open(dir.path(), CACHE).unwrap();
    backend.commit(&[(b"e/1".to_vec(), Some(b"rose".to_vec()))]).unwrap();
    assert_eq!(backend.verify().unwrap(), [""; 0]);
    backend.with("spoiling", |tree| tree.remove(b"e/1")).unwrap();
    assert_eq!(backend.verify().unwrap().len(), 1);
}

#[test]
fn a_start_that_is_refused_leaves_the_files_as_they_were() {
    let (files, _) = a_store_of(300, 3);
    let mut refused = 0;
    for n in 0..60usize {
        let mut spoilt = files.clone();
        let data = spoilt.get_mut("db").unwrap();
        let at = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % data.len();
        data[at] ^= 1 << (n % 8);
        let dir = tempfile::tempdir().unwrap();
        spoilt
            .iter()
            .for_each(|(name, bytes)| fs::write(dir.path().join(name), bytes).unwrap());
        for _ in 0..2 {
            if let Err(StoreError::Unreadable(why)) = SledBackend::open(dir.path(), CACHE).map(drop)
                && why.contains("commits are missing")
            {
                refused += 1;
                let mut now = files_of(dir.path());
                now.retain(|name, _| spoilt.contains_key(name));
                assert!(now == spoilt, "flip {n} at {at}");
            }
        }
    }
    assert!(refused > 1, "{refused}");
}

#[test]
fn no_copy_is_made_of_a_store_that_was_only_killed() {
    let dir = tempfile::tempdir().unwrap();
    for start in 0..6u32 {
        let backend = SledBackend::open(dir.path(), CACHE).unwrap();
        for n in 0..400 * start {
            backend
                .commit(&[(n.to_be_bytes().to_vec(), Some(vec![start as u8; 300]))])
                .unwrap();
            backend.flush().unwrap();
        }
        let killed = tempfile::tempdir().unwrap();
        files_of(dir.path())
            .iter()
            .for_each(|(name, bytes)| fs::write(killed.path().join(name), bytes).unwrap());
        assert!(!keepsake::is_torn(killed.path()).unwrap(), "after start {start}");
        drop(backend);
        assert!(
            !keepsake::is_torn(dir.path()).unwrap(),
            "after the end of start {start}"
        );
    }
}
