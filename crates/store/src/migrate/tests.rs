use super::*;
use crate::memory::MemoryBackend;

fn put(backend: &dyn Backend, key: &[u8]) -> Result<(), StoreError> {
    backend.commit(&[(key.to_vec(), Some(row::wrap(key, b"")))])
}

const FIRST: Step = |backend| put(backend, b"c/first");
const SECOND: Step = |backend| put(backend, b"c/second");
const BREAKS: Step = |_| Err(StoreError::Io("the disk is gone".into()));

fn version(backend: &MemoryBackend) -> u32 {
    row::read(&keys::schema(), &backend.get(&keys::schema()).unwrap().unwrap()).unwrap()
}

#[test]
fn an_empty_store_begins_at_the_latest_version() {
    let backend = MemoryBackend::new();
    migrate_by(&backend, &[FIRST, SECOND]).unwrap();
    assert_eq!((version(&backend), backend.len()), (OLDEST + 2, 1));
}

#[test]
fn an_old_store_goes_through_the_steps_it_lacks() {
    let backend = MemoryBackend::new();
    migrate_by(&backend, &[FIRST]).unwrap();
    migrate_by(&backend, &[FIRST, SECOND]).unwrap();
    assert_eq!(version(&backend), OLDEST + 2);
    assert!(backend.get(b"c/first").unwrap().is_none() && backend.get(b"c/second").unwrap().is_some());
}

#[test]
fn a_step_that_was_cut_short_is_done_again() {
    let backend = MemoryBackend::new();
    migrate_by(&backend, &[]).unwrap();
    migrate_by(&backend, &[FIRST, BREAKS]).unwrap_err();
    backend.crash();
    assert_eq!(version(&backend), OLDEST + 1);
    migrate_by(&backend, &[FIRST, SECOND]).unwrap();
    assert_eq!(version(&backend), OLDEST + 2);
}

#[test]
fn rows_without_a_version_are_refused() {
    let backend = MemoryBackend::new();
    put(&backend, b"e/1").unwrap();
    assert!(matches!(migrate_by(&backend, &[]), Err(StoreError::Damaged(_))));
}
