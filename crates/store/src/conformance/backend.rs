//! The four methods of the seam.

use crate::conformance::Disk;

fn put(key: &[u8], value: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
    (key.to_vec(), Some(value.to_vec()))
}

pub(crate) fn what_was_put_is_found<D: Disk>() {
    let disk = D::fresh();
    let backend = disk.backend();
    backend
        .commit(&[put(b"e/1", b"rose"), put(b"e/2", b""), put(b"e/3", b"name")])
        .unwrap();
    backend
        .commit(&[(b"e/3".to_vec(), None), (b"e/4".to_vec(), None)])
        .unwrap();
    assert_eq!(backend.get(b"e/1").unwrap().as_deref(), Some(&b"rose"[..]));
    assert_eq!(backend.get(b"e/2").unwrap().as_deref(), Some(&b""[..]));
    assert_eq!(backend.get(b"e/3").unwrap(), None);
}

pub(crate) fn a_range_is_ascending_and_bounded<D: Disk>() {
    let disk = D::fresh();
    let backend = disk.backend();
    backend
        .commit(&[put(b"d", b""), put(b"b", b""), put(b"c", b""), put(b"a", b"")])
        .unwrap();
    let keys = |from: &[u8], to: &[u8], limit| -> Vec<Vec<u8>> {
        backend
            .range(from, to, limit)
            .unwrap()
            .into_iter()
            .map(|(key, _)| key)
            .collect()
    };
    assert_eq!(keys(b"b", b"d", 9), [b"b", b"c"]);
    assert_eq!(keys(b"a", b"z", 3), [b"a", b"b", b"c"]);
    assert!(keys(b"c", b"b", 9).is_empty() && keys(b"c", b"c", 9).is_empty() && keys(b"a", b"z", 0).is_empty());
}

pub(crate) fn a_long_value_comes_back_whole<D: Disk>() {
    let disk = D::fresh();
    let backend = disk.backend();
    let long: Vec<u8> = (0..300_000u32).map(|n| n as u8).collect();
    backend
        .commit(&[put(b"e/1", b"before"), put(b"e/2", &long), put(b"e/3", b"behind")])
        .unwrap();
    backend.flush().unwrap();
    assert_eq!(backend.get(b"e/2").unwrap().as_ref(), Some(&long));
    let rows = backend.range(b"e/", b"e0", 9).unwrap();
    assert_eq!(
        rows.iter().map(|(_, value)| value.len()).collect::<Vec<_>>(),
        [6, 300_000, 6]
    );
    drop(backend);
    assert_eq!(disk.backend().get(b"e/2").unwrap(), Some(long));
}

pub(crate) fn a_long_value_makes_room_for_a_short_one<D: Disk>() {
    let disk = D::fresh();
    let backend = disk.backend();
    backend.commit(&[put(b"e/1", &[7; 20_000])]).unwrap();
    backend.commit(&[put(b"e/1", &[8; 9_000])]).unwrap();
    assert_eq!(backend.get(b"e/1").unwrap(), Some(vec![8; 9_000]));
    backend.commit(&[put(b"e/1", b"short")]).unwrap();
    backend.commit(&[put(b"e/2", &[9; 9_000])]).unwrap();
    backend.commit(&[(b"e/2".to_vec(), None)]).unwrap();
    assert_eq!(
        backend.range(b"a", b"z", 99).unwrap(),
        [(b"e/1".to_vec(), b"short".to_vec())]
    );
}

pub(crate) fn rows_outlive_the_process<D: Disk>() {
    let disk = D::fresh();
    let backend = disk.backend();
    for n in 0..500u32 {
        backend.commit(&[put(&n.to_be_bytes(), &n.to_le_bytes())]).unwrap();
    }
    backend.flush().unwrap();
    drop(backend);
    let rows = disk.backend().range(&[0], &[9], 1_000).unwrap();
    assert!(
        (0..500u32)
            .map(|n| (n.to_be_bytes().to_vec(), n.to_le_bytes().to_vec()))
            .eq(rows)
    );
}
