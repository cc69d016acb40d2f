use super::*;
use std::collections::BTreeSet;

#[test]
fn the_order_of_times_is_the_order_of_their_bytes() {
    let times = [i64::MIN, -1, 0, 1, 1_700_000_000_000, i64::MAX].map(|at| time(Timestamp(at)));
    assert!(times.is_sorted());
}

#[test]
fn a_time_comes_back() {
    for at in [i64::MIN, -5, 0, 7, i64::MAX] {
        assert_eq!(untime(u64::from_be_bytes(time(Timestamp(at)))), Timestamp(at));
    }
}

#[test]
fn the_parts_of_a_queue_key_come_back() {
    let (to, lane) = (Digest::destination("verona"), Digest([9; 16]));
    assert_eq!(
        queued_parts(&queued(&to, Timestamp(-3), &lane)),
        Some((Timestamp(-3), lane))
    );
    assert_eq!(next_parts(&next(Timestamp(12), &to)), Some((Timestamp(12), to)));
}

#[test]
fn the_end_of_a_prefix_lies_behind_all_that_begins_with_it() {
    assert_eq!(end(b"a/"), b"a0".to_vec());
    assert_eq!(end(&[b'a', 0xff]), b"b".to_vec());
}

#[test]
fn no_prefix_is_used_twice() {
    assert_eq!(PREFIXES.iter().collect::<BTreeSet<_>>().len(), PREFIXES.len());
}

#[test]
fn the_manual_lists_exactly_the_prefixes_of_the_code() {
    let manual = include_str!("../../../../docs/LEDGER.md");
    let rows = manual.lines().filter_map(|line| line.strip_prefix("| `"));
    let listed: BTreeSet<&str> = rows
        .filter_map(|row| row.get(..2))
        .filter(|p| p.ends_with('/'))
        .collect();
    assert_eq!(listed, PREFIXES.iter().copied().collect());
}
