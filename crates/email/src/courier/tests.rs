use super::*;
use crate::house::{NOW, Rooms, id, juliet, romeo, words};
use crate::mx::tests::{Answer, Zone, a, mx, serve};
use crate::smtp::script::{Heard, Stage};
use causeway_core::envelope::{Draft, Envelope};
use causeway_core::fit::{Context, fit};
use causeway_core::message::{Happened, MessageRef, Text};
use causeway_core::network::{Files, Network};
use hickory_resolver::proto::rr::RecordType;
use serde_json::json;
use std::sync::Arc;
use tokio::net::UdpSocket;

fn email(rooms: &Arc<Rooms>, send: serde_json::Value) -> Arc<Email> {
    let config = json!({ "domain": "mail.example.org", "home_domain": "example.org", "send": send });
    Email::new(
        serde_json::from_value(config).unwrap(),
        b"secret".to_vec(),
        rooms.clone(),
        Files::without_web(),
    )
    .unwrap()
}

fn smarthost(rooms: &Arc<Rooms>, stage: &Stage) -> Arc<Email> {
    email(
        rooms,
        json!({ "smarthost": { "host": "127.0.0.1", "port": stage.port(), "tls": "none" } }),
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "the parcel stands in for one that the store leased"
)]
fn parcel(email: &Email, bits: u8, payload: Payload) -> Parcel {
    let fitted = fit(&payload, &email.profile().capabilities, &Context::default()).unwrap();
    let envelope = Envelope {
        id: id(bits),
        accepted: NOW,
        draft: Draft::new(romeo(), juliet(), payload),
    };
    Parcel::sealed_by_the_store(envelope, fitted, 1, 0, None)
}

fn line(email: &Email, bits: u8, text: &str) -> Parcel {
    parcel(email, bits, Payload::Text(words(text)))
}

const TAKE: &str = "S: 220 mx.example.com ESMTP
    C: *
    S: 250-mx.example.com
    S: 250 8BITMIME
    C: *
    S: 250 Ok
    C: *
    S: 250 Ok
    C: *
    S: 354 go on
    C: <mail>
    S: 250 2.0.0 Ok: queued as 4F1
    X";

fn refuse(reply: &str) -> String {
    format!("S: 220 mx\nC: *\nS: 250-mx\nS: 250 8BITMIME\nC: *\nS: 250 Ok\nC: *\nS: {reply}\nX")
}

fn handed(outcome: Outcome) -> Handed {
    match outcome {
        Outcome::Handed(handed) => handed,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_line_reaches_the_smarthost_and_is_remembered() {
    let (rooms, stage) = (Rooms::open(), Stage::open().await);
    let email = smarthost(&rooms, &stage);
    let parcel = line(&email, 1, "But soft");
    let (outcome, heard) = tokio::join!(email.carry(&parcel), stage.play([TAKE]));
    let handed = handed(outcome);
    assert_eq!(
        (handed.hop.who.as_str(), handed.hop.step, handed.final_stop),
        ("127.0.0.1", Step::Handed, false)
    );
    assert_eq!(handed.hop.said.unwrap().as_str(), "250 2.0.0 Ok: queued as 4F1");
    assert_eq!(
        (handed.hop.with.unwrap().as_str(), handed.hop.tls),
        ("ESMTP", Some(false))
    );
    assert!(
        handed.rows[0]
            .key
            .starts_with("thread/romeo@example.org/juliet@example.com/")
    );
    let path = email.desk.keys.address(id(1), "mail.example.org");
    assert_eq!(
        heard.lines[1..],
        [
            format!("MAIL FROM:<{path}>"),
            "RCPT TO:<juliet@example.com>".into(),
            "DATA".into()
        ]
    );
}

#[tokio::test]
async fn the_next_line_continues_the_thread_of_the_first() {
    let (rooms, stage) = (Rooms::open(), Stage::open().await);
    let email = smarthost(&rooms, &stage);
    let talking = async {
        let first = handed(email.carry(&line(&email, 1, "But soft, what light")).await);
        for row in first.rows {
            rooms.rows.lock().unwrap().insert(row.key, row.value.unwrap());
        }
        let _ = handed(email.carry(&line(&email, 2, "It is the east")).await);
    };
    let ((), heard) = tokio::join!(talking, stage.play([TAKE, TAKE]));
    let second = String::from_utf8_lossy(&heard.mails[1]).into_owned();
    assert!(second.contains("\r\nSubject: Re: But soft, what light\r\n"), "{second}");
    assert!(
        second.contains(&format!("\r\nIn-Reply-To: <{}@mail.example.org>\r\n", id(1))),
        "{second}"
    );
}

#[tokio::test]
async fn a_failure_goes_from_the_null_path_and_tells_of_the_mail_that_is_meant() {
    let (rooms, stage) = (Rooms::open(), Stage::open().await);
    let letter = Text {
        subject: Line::clean("Parting"),
        ..words("Good night")
    };
    rooms.remember(id(9), letter);
    let email = smarthost(&rooms, &stage);
    let news = News {
        about: id(9),
        their_id: MessageRef::new("1@example.com"),
        what: Happened::Failed(Fault::of(FaultKind::NoSuchUser)),
        first_words: "Good night".into(),
    };
    let parcel = parcel(&email, 1, Payload::News(news));
    let (outcome, heard) = tokio::join!(email.carry(&parcel), stage.play([TAKE]));
    assert!(handed(outcome).rows.is_empty());
    assert_eq!(heard.lines[1], "MAIL FROM:<>");
    let mail = String::from_utf8_lossy(&heard.mails[0]).into_owned();
    assert!(mail.contains("\r\nSubject: Parting\r\n"), "{mail}");
}

#[tokio::test]
async fn network_addresses_are_for_the_timeline_and_not_for_the_sender() {
    let (rooms, stage) = (Rooms::open(), Stage::open().await);
    let email = smarthost(&rooms, &stage);
    let parcel = line(&email, 1, "But soft");
    let script = refuse("554 5.7.1 <juliet@example.com>: client 192.0.2.7 is blocked");
    let (outcome, _) = tokio::join!(email.carry(&parcel), stage.play([&script]));
    let Outcome::Failed(fault, Some(hop)) = outcome else {
        panic!("{outcome:?}")
    };
    let (said, kept) = (fault.said.unwrap(), hop.said.unwrap());
    assert!(
        said.as_str().contains("juliet@example.com") && !said.as_str().contains("192.0.2.7"),
        "{said}"
    );
    assert!(kept.as_str().contains("192.0.2.7"), "{kept}");
    assert_eq!(hop.step, Step::Failed);
}

#[tokio::test]
async fn without_a_name_server_the_line_waits() {
    let rooms = Rooms::open();
    let email = email(&rooms, json!({ "direct": { "resolver": "127.0.0.1:9" } }));
    let parcel = line(&email, 1, "But soft");
    tokio::time::pause();
    let Outcome::Failed(fault, _) = email.carry(&parcel).await else {
        panic!("sent")
    };
    assert!(fault.retry, "{fault}");
}

/// Two exchangers of `example.com` at two addresses of this host, and what each is to play; what comes of one line.
async fn direct(best: Option<&str>, other: Option<&str>) -> (Outcome, [Heard; 2]) {
    let rooms = Rooms::open();
    let one = Stage::at("127.0.0.2:0").await;
    let two = Stage::at(&format!("127.0.0.3:{}", one.port())).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let zone = Zone(vec![
        (
            "example.com.",
            RecordType::MX,
            Answer::Records(vec![mx(10, "a.example.com."), mx(20, "b.example.com.")]),
        ),
        (
            "a.example.com.",
            RecordType::A,
            Answer::Records(vec![a([127, 0, 0, 2])]),
        ),
        (
            "b.example.com.",
            RecordType::A,
            Answer::Records(vec![a([127, 0, 0, 3])]),
        ),
    ]);
    let resolver = socket.local_addr().unwrap();
    let send = json!({ "direct": { "port": one.port(), "resolver": resolver, "allow_local": true } });
    let email = email(&rooms, send);
    let parcel = line(&email, 1, "But soft");
    let playing = async {
        let one = match best {
            Some(script) => one.play([script]).await,
            None => {
                drop(one);
                Heard::default()
            }
        };
        let two = match other {
            Some(script) => two.play([script]).await,
            None => Heard::default(),
        };
        [one, two]
    };
    tokio::select! {
        done = async { tokio::join!(email.carry(&parcel), playing) } => done,
        () = serve(socket, zone) => unreachable!(),
    }
}

#[tokio::test]
async fn the_domains_own_server_is_the_end_of_the_way() {
    let (outcome, _) = direct(Some(TAKE), None).await;
    let handed = handed(outcome);
    assert_eq!((handed.hop.who.as_str(), handed.final_stop), ("a.example.com", true));
}

#[tokio::test]
async fn a_server_that_will_report_is_not_the_end() {
    let script = TAKE.replace("250 8BITMIME", "250 DSN");
    assert!(!handed(direct(Some(&script), None).await.0).final_stop);
}

#[tokio::test]
async fn when_the_best_waits_or_is_away_the_next_is_tried() {
    for best in [
        Some(refuse("451 4.7.1 greylisted")),
        Some("S: 554 go away\nX".into()),
        Some("X".into()),
        None,
    ] {
        let (outcome, _) = direct(best.as_deref(), Some(TAKE)).await;
        let handed = handed(outcome);
        assert_eq!(
            (handed.hop.who.as_str(), handed.final_stop),
            ("b.example.com", false),
            "{best:?}"
        );
    }
}

#[tokio::test]
async fn a_final_no_of_the_best_is_final() {
    let (outcome, [_, other]) = direct(Some(&refuse("550 5.1.1 no Juliet")), None).await;
    let Outcome::Failed(fault, Some(hop)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        (fault.kind, fault.retry, hop.who.as_str()),
        (FaultKind::NoSuchUser, false, "a.example.com")
    );
    assert!(other.lines.is_empty());
}

#[tokio::test]
async fn a_mail_in_doubt_is_not_given_to_another() {
    let (script, _) = TAKE.split_once("S: 250 2.0.0").unwrap();
    let (outcome, [_, other]) = direct(Some(&format!("{script}X")), None).await;
    assert!(matches!(outcome, Outcome::InDoubt(..)), "{outcome:?}");
    assert!(other.lines.is_empty());
}

#[tokio::test]
async fn a_smarthost_that_cannot_be_reached_is_trouble_and_one_that_says_no_is_none() {
    let (rooms, stage) = (Rooms::open(), Stage::open().await);
    let email = smarthost(&rooms, &stage);
    let parcel = line(&email, 1, "But soft");
    let nobody = email_to_nobody(&rooms).await;
    assert!(nobody.trouble().is_none(), "nothing was tried yet");
    assert!(matches!(nobody.carry(&parcel).await, Outcome::Failed(..)));
    assert!(nobody.trouble().is_some());

    email.stuck.store(true, Ordering::Relaxed);
    let no = refuse("550 5.1.1 no Juliet here");
    let (outcome, _) = tokio::join!(email.carry(&parcel), stage.play([no.as_str()]));
    assert!(matches!(outcome, Outcome::Failed(..)));
    assert!(email.trouble().is_none(), "whoever says no is there");
}

/// A network whose smarthost does not listen.
async fn email_to_nobody(rooms: &Arc<Rooms>) -> Arc<Email> {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    email(
        rooms,
        json!({ "smarthost": { "host": "127.0.0.1", "port": port, "tls": "none" } }),
    )
}
