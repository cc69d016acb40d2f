use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// An hour and a thousand seconds.
const NOW: Timestamp = Timestamp(4_600_000);

fn mail(uid: u32, at: i64) -> Listed {
    Listed {
        uid,
        size: 100,
        arrived: Some(Timestamp(at)),
    }
}

fn selected(uid_validity: u32, uid_next: u32) -> Selected {
    Selected { uid_validity, uid_next }
}

fn resume(kept: Option<Cursor>, selected: Selected) -> Cursor {
    Cursor::resume(kept, selected, FirstContact::Skip, NOW)
}

/// The UIDs that are taken from a mailbox, and the cursor behind them.
fn read(mut cursor: Cursor, mailbox: &[Listed]) -> (Vec<u32>, Cursor) {
    let mut taken = Vec::new();
    for one in mailbox {
        if cursor.wants(one) {
            taken.push(one.uid);
            cursor = cursor.past(one);
        }
    }
    (taken, cursor)
}

#[test]
fn at_first_contact_old_mails_are_left() {
    let cursor = resume(None, selected(1, 5));
    assert_eq!(read(cursor, &[mail(4, 10), mail(5, 2_000_000)]).0, [5]);
}

#[test]
fn at_first_contact_old_mails_can_be_imported() {
    let cursor = Cursor::resume(None, selected(1, 5), FirstContact::Import, NOW);
    assert_eq!(read(cursor, &[mail(3, 10), mail(4, 20)]).0, [3, 4]);
}

#[test]
fn after_a_reconnect_nothing_is_skipped_and_nothing_comes_twice() {
    let (_, cursor) = read(resume(None, selected(1, 1)), &[mail(1, 1), mail(2, 2)]);
    let again = resume(Some(cursor), selected(1, 5));
    assert_eq!(again, cursor);
    assert_eq!(read(again, &[mail(1, 1), mail(2, 2), mail(3, 3), mail(4, 4)]).0, [3, 4]);
}

#[test]
fn after_new_uids_what_came_since_is_taken() {
    let (_, cursor) = read(resume(None, selected(1, 7)), &[mail(7, 2_000_000), mail(8, 3_000_000)]);
    let again = resume(Some(cursor), selected(2, 4));
    let mailbox = [mail(1, 500), mail(2, 3_000_000), mail(3, 4_000_000)];
    let (taken, cursor) = read(again, &mailbox);
    // The second is known to the ledger by its Message-ID.
    assert_eq!(taken, [2, 3]);
    // A mail that comes later, with a date of its own, is new.
    assert_eq!(read(cursor, &[mail(4, 700)]).0, [4]);
}

#[test]
fn after_uids_that_ran_backwards_it_is_the_same() {
    let (_, cursor) = read(resume(None, selected(1, 7)), &[mail(7, 2_000_000)]);
    let again = resume(Some(cursor), selected(1, 3));
    assert_eq!(read(again, &[mail(1, 10), mail(2, 2_500_000)]).0, [2]);
}

#[test]
fn a_crash_while_looking_again_goes_on_where_it_was() {
    let (_, cursor) = read(resume(None, selected(1, 7)), &[mail(7, 2_000_000)]);
    let again = resume(Some(cursor), selected(2, 4));
    let (_, half) = read(again, &[mail(1, 3_000_000)]);
    let rest = resume(Some(half), selected(2, 4));
    assert_eq!(
        read(rest, &[mail(1, 3_000_000), mail(2, 2_100_000), mail(3, 10)]).0,
        [2]
    );
}

#[test]
fn after_new_uids_nothing_old_is_tidied_away() {
    let (_, cursor) = read(resume(None, selected(1, 7)), &[mail(7, 2_000_000)]);
    let again = resume(Some(cursor), selected(2, 100));
    let (_, after) = read(again, &[mail(99, 2_500_000)]);
    assert_eq!(after.left_over(&[]), Vec::<String>::new());
}

#[test]
fn what_a_crash_left_is_tidied_away_but_for_the_mails_put_aside() {
    let (_, cursor) = read(
        resume(None, selected(1, 1)),
        &[mail(1, 1), mail(2, 2), mail(3, 3), mail(6, 6)],
    );
    assert_eq!(cursor.left_over(&[]), ["1:6"]);
    assert_eq!(cursor.left_over(&[3, 9]), ["1:2", "4:6"]);
    assert_eq!(cursor.left_over(&[1, 6]), ["2:5"]);
    assert_eq!(cursor.tidied().left_over(&[]), Vec::<String>::new());
}

#[test]
fn sets_are_written_in_few_words() {
    for (uids, expect) in [(&[1][..], "1"), (&[1, 2, 3, 5, 7, 8], "1:3,5,7:8"), (&[], "")] {
        assert_eq!(set_of(uids), expect);
    }
}

#[test]
fn a_mail_that_ends_the_process_is_put_aside_the_third_time() {
    let first = InHand::take_up(None, 1, 7);
    assert!(!first.is_poison());
    let second = InHand::take_up(Some(first.after_death()), 1, 7);
    assert!(!second.is_poison());
    let third = InHand::take_up(Some(second.after_death()), 1, 7);
    assert!(third.is_poison());
}

#[test]
fn deaths_are_not_laid_to_another_mail() {
    let before = InHand::take_up(None, 1, 7).after_death().after_death();
    assert_eq!(InHand::take_up(Some(before), 1, 8).deaths, 0);
    assert_eq!(InHand::take_up(Some(before), 2, 7).deaths, 0);
}

proptest! {
    /// Mails come, the gateway is stopped and started between any two of them, and the UIDs may change: each mail that
    /// comes after the first contact is taken at least once, and more than once only around a change of UIDs, where the
    /// ledger knows it by its Message-ID.
    #[test]
    fn nothing_is_lost(steps in prop::collection::vec(0u8..4, 1..60)) {
        let mut kept = None;
        let mut validity = 1;
        let mut mailbox: Vec<(u32, i64)> = vec![(1, 0), (2, 1)];
        let mut next = 3;
        let mut clock = 10;
        kept = Some(Cursor::resume(kept, selected(validity, next), FirstContact::Skip, Timestamp(3_600_005)));
        let mut came = BTreeSet::new();
        let mut taken = BTreeSet::new();
        for step in steps {
            clock += 1;
            match step {
                0 | 1 => {
                    mailbox.push((next, clock));
                    came.insert(clock);
                    next += 1;
                }
                2 => {
                    let cursor = Cursor::resume(kept, selected(validity, next), FirstContact::Skip, Timestamp(clock));
                    let listed: Vec<Listed> = mailbox.iter().map(|(uid, at)| mail(*uid, *at)).collect();
                    let mut cursor = cursor;
                    for one in &listed {
                        if cursor.wants(one) {
                            taken.insert(one.arrived.unwrap().0);
                            cursor = cursor.past(one);
                        }
                    }
                    kept = Some(cursor);
                }
                _ => {
                    validity += 1;
                    for (at, (uid, _)) in mailbox.iter_mut().enumerate() {
                        *uid = u32::try_from(at).unwrap() + 1;
                    }
                    next = u32::try_from(mailbox.len()).unwrap() + 1;
                }
            }
        }
        let cursor = Cursor::resume(kept, selected(validity, next), FirstContact::Skip, Timestamp(clock));
        let listed: Vec<Listed> = mailbox.iter().map(|(uid, at)| mail(*uid, *at)).collect();
        let mut cursor = cursor;
        for one in &listed {
            if cursor.wants(one) {
                taken.insert(one.arrived.unwrap().0);
                cursor = cursor.past(one);
            }
        }
        prop_assert_eq!(came.difference(&taken).count(), 0);
        prop_assert!(!taken.contains(&0) && !taken.contains(&1));
    }
}
