use super::*;
use crate::backend::Backend;
use crate::keys;
use crate::sled::SledBackend;
use std::fs;

const CACHE: u64 = 8 << 20;

/// A store with a long history: rows come, change and go over several starts, so that segments are used again.
fn with_history(dir: &Path, rounds: u32) {
    for start in 0..3u32 {
        let store = SledBackend::open(dir, CACHE).unwrap();
        for round in 0..rounds {
            let batch = (0..40u32).map(|n| {
                let key = (round * 7 + n * 131) % 3_000;
                let value = (n + start) % 5 > 0;
                let value = value.then(|| format!("{start} {round} {n} {}", "word ".repeat(n as usize)).into_bytes());
                (format!("e/{key:06}").into_bytes(), value)
            });
            let batch: BTreeMap<_, _> = batch.collect();
            store.commit(&batch.into_iter().collect::<Vec<_>>()).unwrap();
        }
        store.flush().unwrap();
    }
}

fn stored(dir: &Path) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let store = SledBackend::open(dir, CACHE).unwrap();
    let rows = store
        .with("reading", |tree| tree.iter().collect::<Result<Vec<_>, _>>())
        .unwrap();
    rows.into_iter()
        .map(|(key, stored)| (key.to_vec(), stored.to_vec()))
        .collect()
}

fn salvaged(db: &Path) -> (BTreeMap<Vec<u8>, Vec<u8>>, Salvaged) {
    let mut rows = BTreeMap::new();
    let salvaged = salvage(db, &mut |key, stored| {
        assert!(rows.insert(key, stored).is_none(), "a key twice");
        Ok(())
    });
    (rows, salvaged.unwrap())
}

#[test]
fn of_a_whole_store_all_is_read_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    with_history(dir.path(), 400);
    let (rows, salvaged) = salvaged(&dir.path().join("db"));
    let stored = stored(dir.path());
    assert!(stored.len() > 1_000 && fs::metadata(dir.path().join("db")).unwrap().len() > SEGMENT as u64);
    let keys = |rows: &BTreeMap<Vec<u8>, Vec<u8>>| rows.keys().map(|key| keys::readable(key)).collect::<Vec<_>>();
    assert_eq!(keys(&rows), keys(&stored));
    assert_eq!(rows, stored);
    assert!(salvaged.knows(b"e/") && salvaged.knows(b"zzz"));
}

#[test]
fn a_damaged_message_costs_its_own_page_only() {
    let dir = tempfile::tempdir().unwrap();
    with_history(dir.path(), 400);
    let whole = stored(dir.path());
    let db = dir.path().join("db");
    let bytes = fs::read(&db).unwrap();
    for n in 0..20usize {
        let mut spoilt = bytes.clone();
        let at = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % bytes.len();
        spoilt[at] ^= 1 << (n % 8);
        let file = dir.path().join("spoilt");
        fs::write(&file, &spoilt).unwrap();
        let (rows, _) = salvaged(&file);
        let right = whole
            .iter()
            .filter(|(key, value)| rows.get(*key) == Some(*value))
            .count();
        assert!(right + 60 > whole.len(), "flip {n} at {at}: {right} of {}", whole.len());
    }
}

#[test]
fn of_noise_nothing_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let db = dir.path().join("db");
    let noise: Vec<u8> = (0..700_000u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    for bytes in [noise, vec![0; 700_000], Vec::new(), b"short".to_vec()] {
        fs::write(&db, bytes).unwrap();
        let (rows, salvaged) = salvaged(&db);
        assert!(rows.is_empty() && !salvaged.knows(b"e/1"));
    }
}
