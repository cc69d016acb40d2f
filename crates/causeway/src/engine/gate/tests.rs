use super::*;
use causeway_core::address::{ForeignId, Scope};
use causeway_core::emoji::Emoji;
use causeway_core::limit::{Measure, Rate};
use causeway_core::message::{Payload, Reference, Text};
use causeway_core::promise::Terms;
use causeway_core::text::{Body, Line};
use causeway_store::MemoryBackend;
use std::time::Duration;

const EVENING: Timestamp = Timestamp(1_700_000_000_000);

/// A clock that stands still.
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        EVENING
    }
}

fn ledger(backend: &Arc<MemoryBackend>) -> Arc<Ledger> {
    let route = Box::new(|_: &Party| String::new());
    let name = Line::clean("causeway").unwrap();
    Arc::new(Ledger::open(Box::new(backend.clone()), Terms::default(), route, name, EVENING).unwrap())
}

fn gate(ledger: &Arc<Ledger>) -> Gate {
    let policy = Policy {
        allow: vec!["example.org".into()],
        deny: Vec::new(),
        longest_text: 1000,
    };
    let twice = Rate {
        measure: Measure::Messages,
        amount: 2,
        per: Duration::from_secs(60),
    };
    let limits = Limits {
        user: vec![twice],
        sender: vec![twice],
    };
    Gate::new(policy, limits, ledger.clone(), Arc::new(Stopped))
}

#[test]
fn an_order_of_an_admin_holds_at_once_and_after_a_restart() {
    use causeway_core::policy::Ruling::Block;
    let backend = Arc::new(MemoryBackend::new());
    let book = ledger(&backend);
    let gate_before = gate(&book);
    assert!(gate_before.admit(&challenge()).is_ok());
    write_all(&book, vec![Rulebook::change("tybalt", Some(Block))]);
    gate_before.rulebook().obey("tybalt", Some(Block));
    assert_eq!(gate_before.admit(&challenge()).unwrap_err().kind, FaultKind::Refused);
    let refused = gate_before.pass(std::iter::once(&challenge()));
    assert_eq!(refused.unwrap_err().kind, FaultKind::Refused);
    let gate_after = gate(&ledger(&backend));
    assert!(gate_after.admit(&challenge()).is_err());
    write_all(&book, vec![Rulebook::change("tybalt", None)]);
    assert!(gate(&ledger(&backend)).admit(&challenge()).is_ok());
}

fn romeo() -> BareJid {
    BareJid::new("romeo@example.org").unwrap()
}

fn tybalt() -> Contact {
    Contact {
        network: NetworkId::new("pigeon").unwrap(),
        scope: Scope::Gateway,
        id: ForeignId::new("tybalt").unwrap(),
    }
}

fn challenge() -> Draft {
    let words = Text::plain(Body::clean("Thou art a villain").unwrap());
    Draft::new(Party::Foreign(tybalt()), Party::Home(romeo()), Payload::Text(words))
}

/// A reaction is something said too.
fn gesture() -> Draft {
    let reaction = Payload::React {
        target: Reference::Ours(EnvelopeId::from_random([1; 16])),
        emojis: Emoji::read_all(["👎"].into_iter()),
        sender_name: None,
    };
    Draft {
        payload: reaction,
        ..challenge()
    }
}

fn write_all(ledger: &Ledger, changes: Vec<Change>) {
    let _ = ledger.commit(changes, EVENING).unwrap();
}

fn home_row(ledger: &Ledger, row: Row) {
    write_all(ledger, vec![rows_on(HOME, vec![row])]);
}

fn wants(ledger: &Ledger, strangers: Strangers) {
    let mut registration = Registration::default();
    registration.settings.strangers = strangers;
    let key = Registration::key(&tybalt().network, &romeo());
    home_row(ledger, Row::put(key, registration.write()));
}

fn stands(ledger: &Ledger, acquaintance: Acquaintance) {
    home_row(
        ledger,
        Row::put(Acquaintance::key(&romeo(), &tybalt()), acquaintance.as_bytes()),
    );
}

fn check_stranger(strangers: Strangers, acquaintance: Option<Acquaintance>, welcome: bool) {
    let ledger = ledger(&Arc::default());
    wants(&ledger, strangers);
    if let Some(acquaintance) = acquaintance {
        stands(&ledger, acquaintance);
    }
    for said in [challenge(), gesture()] {
        let admitted = gate(&ledger).admit(&said);
        let refused = admitted.map_err(|fault| fault.kind) == Err(FaultKind::NotWanted);
        assert_eq!(!refused, welcome, "{strangers:?} {acquaintance:?} {said:?}");
    }
}

#[test]
fn strangers_are_taken_as_the_user_wants_it() {
    use Acquaintance::{Asked, Known, Refused};
    check_stranger(Strangers::Deliver, None, true);
    check_stranger(Strangers::Refuse, None, false);
    check_stranger(Strangers::Refuse, Some(Known), true);
    check_stranger(Strangers::Refuse, Some(Asked), false);
    check_stranger(Strangers::Ask, None, true);
    check_stranger(Strangers::Ask, Some(Asked), true);
    check_stranger(Strangers::Ask, Some(Known), true);
    check_stranger(Strangers::Ask, Some(Refused), false);
}

#[test]
fn what_was_counted_is_known_after_a_restart() {
    let backend = Arc::new(MemoryBackend::default());
    let first = ledger(&backend);
    let before = gate(&first);
    for _ in 0..2 {
        write_all(&first, before.pass([&challenge()].into_iter()).unwrap());
    }
    let after = gate(&ledger(&backend));
    assert_eq!(after.admit(&challenge()).unwrap_err().kind, FaultKind::TooFast);
    assert_eq!(
        after.pass([&challenge()].into_iter()).unwrap_err().kind,
        FaultKind::TooFast
    );
}

#[test]
fn looking_counts_nothing() {
    let gate = gate(&ledger(&Arc::default()));
    for _ in 0..10 {
        gate.admit(&challenge()).unwrap();
    }
}

#[test]
fn who_has_been_quiet_for_long_is_forgotten() {
    let ledger = ledger(&Arc::default());
    let gate = gate(&ledger);
    write_all(&ledger, gate.pass([&challenge()].into_iter()).unwrap());
    let soon = EVENING.plus(Duration::from_secs(60));
    let (nothing, _) = gate.idle(None, soon).unwrap();
    assert!(nothing.is_none());
    let (gone, _) = gate.idle(None, EVENING.plus(Duration::from_secs(200))).unwrap();
    write_all(&ledger, gone.into_iter().collect());
    assert!(ledger.rows(SHELF, "", None, 10).unwrap().is_empty());
}

#[test]
fn whoever_a_user_writes_to_is_no_stranger() {
    let ledger = ledger(&Arc::default());
    wants(&ledger, Strangers::Refuse);
    let gate = gate(&ledger);
    let words = Text::plain(Body::clean("I do protest, I never injured thee").unwrap());
    let answer = Draft::new(Party::Home(romeo()), Party::Foreign(tybalt()), Payload::Text(words));
    write_all(&ledger, gate.pass([&answer].into_iter()).unwrap());
    gate.admit(&challenge()).unwrap();
    assert!(
        gate.introduce(&romeo(), &tybalt(), Acquaintance::Known)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn what_waited_for_the_users_word_goes_on_when_he_gives_it() {
    let ledger = ledger(&Arc::default());
    wants(&ledger, Strangers::Ask);
    stands(&ledger, Acquaintance::Asked);
    let id = EnvelopeId::from_random([7; 16]);
    write_all(
        &ledger,
        vec![Change::Arrive {
            shelf: "pigeon".into(),
            arrival: Arrival::post(challenge()),
            ids: vec![id],
        }],
    );
    let changes = gate(&ledger)
        .introduce(&romeo(), &tybalt(), Acquaintance::Known)
        .unwrap();
    let hurried =
        |change: &Change| matches!(change, Change::Step { id: hurried, event: Event::Hurried } if *hurried == id);
    assert!(changes.iter().any(hurried));
}
