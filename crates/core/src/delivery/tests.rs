use super::*;
use crate::address::{Contact, ForeignId, NetworkId, Scope};
use crate::envelope::Draft;
use crate::message::{Payload, Text};
use crate::text::Body;
use jid::BareJid;
use proptest::prelude::*;
use std::time::Duration;

fn romeos_line() -> Envelope {
    let contact = Contact {
        network: NetworkId::new("pigeon").unwrap(),
        scope: Scope::Gateway,
        id: ForeignId::new("juliet").unwrap(),
    };
    let words = Payload::Text(Text::plain(Body::clean("Wherefore art thou?").unwrap()));
    let draft = Draft::new(
        Party::Home(BareJid::new("romeo@example.org").unwrap()),
        Party::Foreign(contact),
        words,
    );
    Envelope {
        id: EnvelopeId::from_random([7; 16]),
        accepted: Timestamp(1_000),
        draft,
    }
}

fn after(events: &[Event]) -> (Delivery, Vec<Option<Owed>>) {
    let terms = Terms::default();
    let mut delivery = Delivery::new(&romeos_line(), &terms);
    let mut owed = Vec::new();
    for (n, event) in events.iter().enumerate() {
        if let Some((next, effects)) = delivery.apply(event, Timestamp(2_000 + n as i64), &terms) {
            delivery = next;
            owed.push(effects.owed);
        }
    }
    (delivery, owed)
}

fn later() -> Fault {
    Fault::of(FaultKind::Deferred).saying("greylisted")
}

#[test]
fn a_message_is_taken_and_later_delivered() {
    let (delivery, owed) = after(&[
        Event::Leased,
        Event::Handed { final_stop: false },
        Event::Evidence(Evidence::Delivered),
    ]);
    assert!(matches!(delivery.stage, Stage::Delivered { .. }));
    assert_eq!(owed, [None, None, Some(Owed::Delivered)]);
}

#[test]
fn relayed_is_never_called_delivered() {
    let (delivery, owed) = after(&[
        Event::Leased,
        Event::Handed { final_stop: false },
        Event::Evidence(Evidence::Relayed),
    ]);
    assert!(matches!(delivery.stage, Stage::Handed { .. }));
    assert_eq!(owed, [None, None, None]);
}

#[test]
fn the_first_wait_is_told_and_the_next_ones_are_not() {
    let (delivery, owed) = after(&[
        Event::Leased,
        Event::Refused(later()),
        Event::Leased,
        Event::Refused(later()),
    ]);
    assert!(matches!(delivery.stage, Stage::Queued { .. }));
    assert_eq!(owed, [None, Some(Owed::Delayed(Some(later()))), None, None]);
}

#[test]
fn a_long_wait_is_told_a_second_time() {
    let terms = Terms::default();
    let mut delivery = Delivery::new(&romeos_line(), &terms);
    let mut told = Vec::new();
    let mut now = Timestamp(1_000);
    while let Some((leased, _)) = delivery.apply(&Event::Leased, now, &terms) {
        let (next, effects) = leased.apply(&Event::Refused(later()), now, &terms).unwrap();
        told.extend(effects.owed.map(|owed| (now.since(Timestamp(1_000)), owed)));
        delivery = next;
        let Stage::Queued { due } = delivery.stage else { break };
        now = due;
    }
    assert!(matches!(
        delivery.stage,
        Stage::Failed {
            fault: Fault {
                kind: FaultKind::Expired,
                ..
            },
            ..
        }
    ));
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[1].0 >= terms.second_notice);
    assert_eq!(told[2].0, terms.lifetime);
    assert!(told[2].0 <= Duration::from_secs(24 * 3600));
}

#[test]
fn a_refusal_for_good_fails_at_once() {
    let nobody = Fault::of(FaultKind::NoSuchUser).saying("550 5.1.1 no such user");
    let (delivery, owed) = after(&[Event::Leased, Event::Refused(nobody.clone())]);
    assert!(matches!(&delivery.stage, Stage::Failed { fault, .. } if *fault == nobody));
    assert_eq!(owed, [None, Some(Owed::Failed(nobody))]);
}

#[test]
fn a_delivery_that_the_process_dies_with_again_and_again_is_put_aside() {
    let crashes = |n: u32| {
        (0..n)
            .flat_map(|_| [Event::Leased, Event::Recovered])
            .collect::<Vec<_>>()
    };
    let (delivery, _) = after(&crashes(CRASHES_ALLOWED));
    assert!(matches!(delivery.stage, Stage::Queued { .. }));
    let (delivery, _) = after(&[crashes(CRASHES_ALLOWED + 1), vec![Event::Leased]].concat());
    assert!(matches!(delivery.stage, Stage::Held { .. }));
    let (delivery, _) = after(&[crashes(CRASHES_ALLOWED + 1), vec![Event::Hurried, Event::Leased]].concat());
    assert!(
        matches!(delivery.stage, Stage::InFlight { .. }),
        "an admin may try again"
    );
}

#[test]
fn a_doubtful_one_that_somebody_relayed_does_not_go_out_again() {
    let (delivery, _) = after(&[
        Event::Leased,
        Event::InDoubt(later()),
        Event::Evidence(Evidence::Relayed),
        Event::Leased,
    ]);
    assert!(matches!(delivery.stage, Stage::Handed { .. }));
}

#[test]
fn a_try_that_ended_in_order_clears_the_suspicion() {
    let (delivery, _) = after(&[Event::Leased, Event::Recovered, Event::Leased, Event::Refused(later())]);
    assert_eq!(delivery.crashes, 0);
}

#[test]
fn good_news_after_the_end_are_recorded_and_move_nothing() {
    let terms = Terms::default();
    let (failed, _) = after(&[Event::Leased, Event::InDoubt(later()), Event::Expired]);
    let Stage::Failed { fault, .. } = &failed.stage else {
        panic!("{failed:?}")
    };
    assert!(fault.to_string().contains("may have arrived"), "{fault}");
    let (after, effects) = failed
        .apply(&Event::Evidence(Evidence::Seen), Timestamp(9_000), &terms)
        .unwrap();
    assert_eq!((after, effects), (failed, Effects::step(Step::Seen)));
}

#[test]
fn a_failure_that_comes_after_the_delivery_changes_nothing() {
    let (delivery, owed) = after(&[
        Event::Leased,
        Event::Handed { final_stop: true },
        Event::Evidence(Evidence::Failed(later())),
        Event::Evidence(Evidence::Delivered),
    ]);
    assert!(matches!(delivery.stage, Stage::Delivered { .. }));
    assert_eq!(owed, [None, Some(Owed::Delivered)]);
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Leased),
        any::<bool>().prop_map(|final_stop| Event::Handed { final_stop }),
        Just(Event::Refused(later())),
        Just(Event::Refused(later().for_good())),
        Just(Event::InDoubt(later())),
        Just(Event::Recovered),
        Just(Event::Returned),
        Just(Event::Evidence(Evidence::Relayed)),
        Just(Event::Evidence(Evidence::Delivered)),
        Just(Event::Evidence(Evidence::Seen)),
        Just(Event::Evidence(Evidence::Failed(later()))),
        Just(Event::Expired),
        Just(Event::Cancelled),
        Just(Event::Hurried),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_the_sender_hears_of_an_end_at_most_once(events in prop::collection::vec(any_event(), 0..30)) {
        let (delivery, owed) = after(&events);
        let ends = owed.iter().flatten().filter(|o| matches!(o, Owed::Failed(_) | Owed::Delivered)).count();
        prop_assert!(ends <= 1, "{owed:?}");
        if matches!(delivery.stage, Stage::Failed { .. }) {
            prop_assert_eq!(ends, 1);
        }
    }

    #[test]
    fn a_finished_delivery_never_goes_back(events in prop::collection::vec(any_event(), 0..30)) {
        let terms = Terms::default();
        let mut delivery = Delivery::new(&romeos_line(), &terms);
        for event in &events {
            if let Some((next, _)) = delivery.apply(event, Timestamp(5_000), &terms) {
                let went_back = matches!(delivery.stage, Stage::Handed { .. } | Stage::Delivered { .. } | Stage::Seen { .. } | Stage::Failed { .. })
                    && next.is_open();
                prop_assert!(!went_back, "{event:?}");
                delivery = next;
            }
        }
    }
}

#[test]
fn an_end_after_waiting_says_why_but_names_no_host_of_the_gateway() {
    let down = Fault::of(FaultKind::Unreachable).saying("mx.inside.example:25: connection refused");
    let (delivery, _) = after(&[Event::Leased, Event::Refused(down), Event::Expired]);
    let Stage::Failed { fault, .. } = delivery.stage else {
        panic!("{delivery:?}")
    };
    let said = fault.to_string();
    assert!(said.contains("cannot be reached") && !said.contains("inside"), "{said}");
}

#[test]
fn what_its_sender_takes_back_ends_in_silence_unless_it_may_have_arrived() {
    let (delivery, owed) = after(&[Event::Leased, Event::Refused(later()), Event::Withdrawn]);
    let Stage::Failed { fault, .. } = delivery.stage else {
        panic!("{delivery:?}")
    };
    assert_eq!((fault.kind, owed.last()), (FaultKind::Withdrawn, Some(&None)));
    for before in [
        Event::InDoubt(later()),
        Event::Recovered,
        Event::Handed { final_stop: false },
    ] {
        let (delivery, _) = after(&[Event::Leased, before, Event::Withdrawn]);
        assert!(!matches!(delivery.stage, Stage::Failed { .. }), "{delivery:?}");
    }
}
