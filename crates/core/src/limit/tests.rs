use super::*;
use crate::address::{Contact, ForeignId, NetworkId, Scope};
use crate::file::{Attachment, FileName, Place};
use crate::message::Text;
use crate::text::Body;
use jid::BareJid;
use proptest::prelude::*;

const NOON: Timestamp = Timestamp(1_700_000_000_000);

fn messages(amount: u64, seconds: u64) -> Rate {
    Rate {
        measure: Measure::Messages,
        amount,
        per: Duration::from_secs(seconds),
    }
}

fn after(seconds: u64) -> Timestamp {
    NOON.plus(Duration::from_secs(seconds))
}

#[test]
fn mercutio_may_say_three_things_a_minute_and_no_fourth() {
    let rates = [messages(3, 60)];
    let mut usage = Usage::default();
    for _ in 0..3 {
        usage.take(&rates, 10, NOON).unwrap();
    }
    let fault = usage.take(&rates, 10, NOON).unwrap_err();
    assert_eq!(fault.kind, FaultKind::TooFast);
    assert_eq!(fault.said.unwrap().as_str(), "limit 3/min, again in 21 s");
    assert!(usage.take(&rates, 10, after(19)).is_err());
    assert!(usage.take(&rates, 10, after(21)).is_ok());
}

#[test]
fn what_was_refused_is_not_counted() {
    let rates = [messages(1, 60)];
    let mut usage = Usage::default();
    usage.take(&rates, 1, NOON).unwrap();
    for second in 1..60 {
        assert!(usage.take(&rates, 1, after(second)).is_err());
    }
    assert!(usage.take(&rates, 1, after(60)).is_ok());
}

#[test]
fn each_rate_counts_for_itself() {
    let bytes = Rate {
        measure: Measure::Bytes,
        amount: 1000,
        per: Duration::from_secs(3600),
    };
    let rates = [messages(100, 60), bytes];
    let mut usage = Usage::default();
    usage.take(&rates, 900, NOON).unwrap();
    assert!(usage.take(&rates, 200, NOON).is_err());
    assert!(usage.take(&rates, 100, NOON).is_ok());
}

#[test]
fn something_large_passes_when_nothing_came_before_it() {
    let rates = [Rate {
        measure: Measure::Bytes,
        amount: 10,
        per: Duration::from_secs(60),
    }];
    let mut usage = Usage::default();
    usage.take(&rates, 1_000, NOON).unwrap();
    assert!(usage.take(&rates, 1, after(60)).is_err());
}

#[test]
fn whoever_declares_a_monstrous_file_is_held_up_for_no_longer_than_after_a_full_bucket() {
    let rates = [Rate {
        measure: Measure::Bytes,
        amount: 10,
        per: Duration::from_secs(60),
    }];
    let mut usage = Usage::default();
    usage.take(&rates, u64::MAX, NOON).unwrap();
    assert!(usage.take(&rates, 1, after(60)).is_err());
    assert!(usage.take(&rates, 1, after(120)).is_ok());
}

#[test]
fn sizes_that_nobody_can_add_up_are_a_very_large_size() {
    let file = |size| Attachment {
        name: FileName::unnamed(),
        media_type: None,
        size: Some(size),
        place: Place::Named,
    };
    let text = Text {
        attachments: vec![file(u64::MAX), file(1)],
        ..Text::plain(Body::clean("Look!").unwrap())
    };
    assert_eq!(weight(&Payload::Text(text)), u64::MAX);
}

#[test]
fn a_clock_that_steps_back_drains_nothing_and_breaks_nothing() {
    let rates = [messages(1, 60)];
    let mut usage = Usage::default();
    usage.take(&rates, 1, after(600)).unwrap();
    assert!(usage.take(&rates, 1, NOON).is_err());
}

#[test]
fn who_may_be_somebody_else_counts_apart() {
    let tybalt = Party::Foreign(Contact {
        network: NetworkId::new("pigeon").unwrap(),
        scope: Scope::Gateway,
        id: ForeignId::new("tybalt").unwrap(),
    });
    let romeo = Party::Home(BareJid::new("romeo@example.org").unwrap());
    let text = Payload::Text(Text::plain(Body::clean("Villain").unwrap()));
    let proven = Draft::new(tybalt, romeo, text);
    let forged = Draft {
        unproven: true,
        ..proven.clone()
    };
    let limits = Limits::default();
    assert_ne!(limits.of(&proven).unwrap().1, limits.of(&forged).unwrap().1);
}

proptest! {
    #[test]
    fn over_any_time_no_more_passes_than_the_bucket_and_its_drain(
        gaps in prop::collection::vec(0u64..40, 1..200),
        amount in 1u64..20,
    ) {
        let rates = [messages(amount, 60)];
        let (mut usage, mut at, mut passed) = (Usage::default(), 0, 0u64);
        for gap in gaps {
            at += gap;
            passed += u64::from(usage.take(&rates, 1, after(at)).is_ok());
        }
        prop_assert!(passed <= amount + amount * at / 60 + 1);
    }
}
