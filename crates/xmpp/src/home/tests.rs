use super::*;
use crate::cast::{DOMAIN, NOW, PigeonPost, Props, juliet, parcel, romeo};
use crate::link::line::{Fate, State};
use causeway_core::address::{Contact, Party};
use causeway_core::command::Clerks;
use causeway_core::envelope::{Draft, EnvelopeId};
use causeway_core::fault::FaultKind;
use causeway_core::hop::Step;
use causeway_core::message::{Happened, News, Payload, Text};
use causeway_core::network::{Courier, Outcome, Parcel, Verdict};
use causeway_core::registration::{Acquaintance, Registration, Strangers};
use causeway_core::text::Body;

fn domain() -> Domain {
    Domain {
        jid: BareJid::new(DOMAIN).unwrap(),
        secret: "nightingale".into(),
        network: Arc::new(PigeonPost::new()),
        port: None,
    }
}

fn home(config: XmppConfig) -> Arc<Home> {
    Home::new(config, vec![domain()], Arc::new(Clerks::default()), "1.2.3".into(), NOW)
}

fn good_night() -> Payload {
    Payload::Text(Text::plain(Body::clean("Good night").unwrap()))
}

/// What becomes of a parcel when the link does this to it; gives the `from` of what was sent as well.
async fn delivered(parcel: &Parcel, props: &Props, fate: Option<Fate>) -> (Outcome, String) {
    let home = home(XmppConfig::default());
    let _ = home.house.set(props.house.clone());
    let mut desk = home.stations[0].desk.lock().unwrap().take().unwrap();
    desk.set(State::Up);
    let link = async {
        let order = desk.orders.recv().await.unwrap();
        if let Some(fate) = fate {
            order.proof.send(fate).unwrap();
        }
        order.stanzas[0].element().attr("from").unwrap().to_owned()
    };
    futures::future::join(home.deliver(parcel), link).await
}

#[tokio::test(start_paused = true)]
async fn a_parcel_is_handed_over_when_the_server_is_known_to_have_it() {
    let props = Props::new();
    let (outcome, from) = delivered(&parcel(good_night()), &props, Some(Fate::Taken)).await;
    let Outcome::Handed(handed) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!((handed.hop.step, handed.final_stop), (Step::Handed, false));
    assert_eq!(handed.hop.tls, Some(false));
    assert_eq!(from, "juliet\\40capulet@pigeon.verona.example/gateway");
}

#[tokio::test(start_paused = true)]
async fn a_parcel_that_was_never_written_waits_and_one_that_may_have_arrived_is_in_doubt() {
    let props = Props::new();
    let (unsent, _) = delivered(&parcel(good_night()), &props, Some(Fate::Unsent)).await;
    assert!(
        matches!(&unsent, Outcome::Failed(fault, Some(_)) if fault.retry),
        "{unsent:?}"
    );
    let (lost, _) = delivered(&parcel(good_night()), &props, None).await;
    assert!(matches!(&lost, Outcome::InDoubt(_, Some(_))), "{lost:?}");
}

#[tokio::test(start_paused = true)]
async fn a_contact_answers_in_the_form_that_the_user_addressed() {
    let props = Props::new();
    let key = "form/romeo@verona.example/pigeon/juliet@capulet".to_owned();
    props.paper.rows.lock().unwrap().insert(key, b"juliet%capulet".to_vec());
    let (_, from) = delivered(&parcel(good_night()), &props, Some(Fate::Taken)).await;
    assert_eq!(from, "juliet%capulet@pigeon.verona.example/gateway");
}

#[tokio::test(start_paused = true)]
async fn who_wants_to_be_asked_about_strangers_is_asked_and_the_message_waits() {
    let props = Props::new();
    let mut registration = Registration::default();
    registration.settings.strangers = Strangers::Ask;
    let key = Registration::key(&juliet().network, &romeo());
    props.paper.rows.lock().unwrap().insert(key, registration.write());

    let (outcome, from) = delivered(&parcel(good_night()), &props, Some(Fate::Taken)).await;
    assert_eq!(from, DOMAIN, "the gateway asks, and not the stranger");
    assert!(
        matches!(&outcome, Outcome::Failed(fault, _) if fault.retry),
        "{outcome:?}"
    );

    let stands = Acquaintance::key(&romeo(), &juliet());
    let asked = props.paper.rows.lock().unwrap().get(&stands).cloned();
    assert_eq!(asked.as_deref(), Some(Acquaintance::Asked.as_bytes()));

    props
        .paper
        .rows
        .lock()
        .unwrap()
        .insert(stands, Acquaintance::Known.as_bytes().to_vec());
    let (outcome, from) = delivered(&parcel(good_night()), &props, Some(Fate::Taken)).await;
    assert_eq!(from, "juliet\\40capulet@pigeon.verona.example/gateway");
    assert!(matches!(outcome, Outcome::Handed(_)), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn who_answers_the_question_at_once_is_believed() {
    let props = Props::new();
    let mut registration = Registration::default();
    registration.settings.strangers = Strangers::Ask;
    let key = Registration::key(&juliet().network, &romeo());
    props.paper.rows.lock().unwrap().insert(key, registration.write());
    let home = home(XmppConfig::default());
    let _ = home.house.set(props.house.clone());
    let mut desk = home.stations[0].desk.lock().unwrap().take().unwrap();
    desk.set(State::Up);
    let stands = Acquaintance::key(&romeo(), &juliet());
    let link = async {
        let question = desk.orders.recv().await.unwrap();
        let known = (stands.clone(), Acquaintance::Known.as_bytes().to_vec());
        props.paper.rows.lock().unwrap().extend([known]);
        question.proof.send(Fate::Taken).unwrap();
        desk.orders.recv().await.unwrap().proof.send(Fate::Taken).unwrap();
    };
    let goodnight = parcel(good_night());
    let outcome = tokio::select! {
        outcome = home.deliver(&goodnight) => outcome,
        () = async { link.await; std::future::pending().await } => unreachable!(),
    };
    assert!(matches!(outcome, Outcome::Handed(_)), "{outcome:?}");
    let row = props.paper.rows.lock().unwrap()[&stands].clone();
    assert_eq!(row, Acquaintance::Known.as_bytes());
}

#[tokio::test(start_paused = true)]
async fn whom_a_user_has_refused_is_told_so() {
    let props = Props::new();
    let mut registration = Registration::default();
    registration.settings.strangers = Strangers::Ask;
    let rows = [
        (Registration::key(&juliet().network, &romeo()), registration.write()),
        (
            Acquaintance::key(&romeo(), &juliet()),
            Acquaintance::Refused.as_bytes().to_vec(),
        ),
    ];
    props.paper.rows.lock().unwrap().extend(rows);
    let home = home(XmppConfig::default());
    let _ = home.house.set(props.house.clone());
    let outcome = home.deliver(&parcel(good_night())).await;
    assert!(
        matches!(&outcome, Outcome::Failed(fault, _) if fault.kind == FaultKind::NotWanted),
        "{outcome:?}"
    );
}

fn a_wait() -> Parcel {
    parcel(Payload::News(News {
        about: EnvelopeId::from_random([1; 16]),
        their_id: None,
        what: Happened::Delayed(None),
        first_words: "Lady".into(),
    }))
}

#[tokio::test(start_paused = true)]
async fn who_does_not_want_to_hear_of_waits_hears_nothing() {
    let props = Props::new();
    let (told, _) = delivered(&a_wait(), &props, Some(Fate::Taken)).await;
    assert!(matches!(told, Outcome::Handed(_)), "{told:?}");

    let mut registration = Registration::default();
    registration.settings.delays = false;
    let key = Registration::key(&juliet().network, &romeo());
    props.paper.rows.lock().unwrap().insert(key, registration.write());
    let home = home(XmppConfig::default());
    let _ = home.house.set(props.house.clone());
    // There is no link: whatever was to be sent would wait.
    let untold = home.deliver(&a_wait()).await;
    assert!(matches!(untold, Outcome::Handed(_)), "{untold:?}");
}

#[tokio::test(start_paused = true)]
async fn a_network_without_a_domain_is_refused_for_good() {
    let home = home(XmppConfig::default());
    let _ = home.house.set(Props::new().house.clone());
    let stranger = Contact {
        network: NetworkId::new("raven").unwrap(),
        ..juliet()
    };
    let draft = Draft::new(Party::Foreign(stranger), Party::Home(romeo()), good_night());
    let outcome = home.deliver(&crate::cast::leased(draft, 0, None)).await;
    assert!(
        matches!(&outcome, Outcome::Failed(fault, _) if fault.kind == FaultKind::NotSupported && !fault.retry),
        "{outcome:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn before_it_runs_home_takes_nothing() {
    let outcome = home(XmppConfig::default()).deliver(&parcel(good_night())).await;
    assert!(
        matches!(&outcome, Outcome::Failed(fault, _) if fault.retry),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_check_says_what_to_do_when_nobody_listens() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let findings = home(XmppConfig {
        port,
        ..XmppConfig::default()
    })
    .check()
    .await;
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].verdict, Verdict::Bad);
    assert!(
        findings[0].seen.contains(&format!("127.0.0.1:{port}: no connection")),
        "{findings:?}"
    );
    assert!(findings[0].advice.contains("start the server"));
}

#[tokio::test]
async fn a_check_refuses_a_link_that_would_leave_the_host_in_clear() {
    let config = XmppConfig {
        server: "xmpp.verona.example".into(),
        ..XmppConfig::default()
    };
    let findings = home(config).check().await;
    assert!(findings[0].seen.contains("tls = true"), "{findings:?}");
}
