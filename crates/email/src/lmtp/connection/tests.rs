use super::*;
use crate::address::MailDomain;
use crate::guard::Limits;
use crate::house::{Rooms, id, juliet, romeo, words};
use crate::read::Room;
use crate::threads::Threads;
use crate::token::BounceKeys;
use causeway_core::address::NetworkId;
use causeway_core::evidence::Evidence;
use causeway_core::fault::FaultKind;
use causeway_core::message::Reference;
use causeway_core::network::Item;
use tokio::io::{AsyncReadExt, DuplexStream};

pub(crate) fn desk(rooms: &Arc<Rooms>) -> Arc<Desk> {
    Arc::new(Desk {
        network: NetworkId::new("email").unwrap(),
        domain: MailDomain {
            domain: "mail.example.org".into(),
            home: "example.org".into(),
        },
        keys: BounceKeys::new(vec![b"secret".to_vec()]),
        limits: Limits {
            bytes: 4000,
            ..Limits::default()
        },
        room: Room::default(),
        trusted_hosts: Vec::new(),
        authserv_ids: vec!["mx.example.org".into()],
        memory: rooms.clone(),
        threads: Arc::new(Threads::new(rooms.clone(), Duration::from_secs(3600))),
    })
}

fn door(rooms: &Arc<Rooms>) -> Door {
    Door {
        name: "mail.example.org".into(),
        desk: desk(rooms),
        house: rooms.house(),
        most_recipients: 100,
        command_limit: Duration::from_secs(300),
        data_limit: Duration::from_secs(600),
    }
}

/// A client says `lines` in one go and reads to the end.
async fn talk(rooms: &Arc<Rooms>, lines: &str) -> String {
    let (mut client, server) = tokio::io::duplex(1 << 20);
    let door = door(rooms);
    let talking = async {
        client.write_all(lines.replace('\n', "\r\n").as_bytes()).await.unwrap();
        let mut heard = String::new();
        client.read_to_string(&mut heard).await.unwrap();
        heard
    };
    tokio::join!(door.serve(server), talking).1
}

fn codes(heard: &str) -> Vec<&str> {
    heard
        .lines()
        .filter(|line| line.get(3..4) == Some(" "))
        .map(|line| line.get(..3).unwrap())
        .collect()
}

const LETTER: &str = "From: Juliet <juliet@example.com>
To: romeo@mail.example.org
Message-ID: <1@example.com>
Subject: Good night

Parting is such sweet sorrow
..
.
";

fn letter(rcpt: &str) -> String {
    format!("LHLO mta\nMAIL FROM:<juliet@example.com>\n{rcpt}DATA\n{LETTER}QUIT\n")
}

#[tokio::test]
async fn a_mail_for_romeo_is_posted_and_acknowledged() {
    let rooms = Rooms::open();
    let heard = talk(&rooms, &letter("RCPT TO:<romeo@mail.example.org>\n")).await;
    assert_eq!(
        codes(&heard),
        ["220", "250", "250", "250", "354", "250", "221"],
        "{heard}"
    );
    let drafts = rooms.drafts();
    let draft = drafts.first().unwrap();
    assert_eq!((&draft.from, &draft.to, draft.once), (&juliet(), &romeo(), true));
    assert_eq!(draft.source.as_ref().unwrap().as_str(), "1@example.com");
    let text = draft.payload.text().unwrap();
    assert_eq!(text.body.as_str(), "Parting is such sweet sorrow\n.");
    assert_eq!(text.subject.as_ref().unwrap().as_str(), "Good night");
}

#[tokio::test]
async fn each_recipient_has_a_reply() {
    let rooms = Rooms::open();
    let rcpts =
        "RCPT TO:<romeo@mail.example.org>\nRCPT TO:<tybalt@mail.example.org>\nRCPT TO:<benvolio@mail.example.org>\n";
    let heard = talk(&rooms, &letter(rcpts)).await;
    assert_eq!(
        codes(&heard),
        ["220", "250", "250", "250", "550", "250", "354", "250", "250", "221"],
        "{heard}"
    );
    assert_eq!(rooms.drafts().len(), 2);
}

#[tokio::test]
async fn nothing_is_acknowledged_before_it_is_durable() {
    let rooms = Rooms::open();
    rooms.held.send_replace(true);
    let (mut client, server) = tokio::io::duplex(1 << 20);
    let door = door(&rooms);
    let talking = async {
        let lines = letter("RCPT TO:<romeo@mail.example.org>\n").replace("QUIT\n", "");
        client.write_all(lines.replace('\n', "\r\n").as_bytes()).await.unwrap();
        let heard = read_until(&mut client, "354 Go on").await;
        while rooms.drafts().is_empty() {
            tokio::task::yield_now().await;
        }
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        let early = client.try_read_now().await;
        rooms.held.send_replace(false);
        let late = read_until(&mut client, "250 2.0.0 Written down").await;
        client.shutdown().await.unwrap();
        drop(client);
        (heard, early, late)
    };
    let ((), (_, early, late)) = tokio::join!(door.serve(server), talking);
    assert!(!early.contains("Written down"), "{early}");
    assert!(late.contains("Written down"));
}

trait Glance {
    /// What is there to read without waiting.
    async fn try_read_now(&mut self) -> String;
}

impl Glance for DuplexStream {
    async fn try_read_now(&mut self) -> String {
        let mut buf = [0; 4096];
        tokio::select! {
            biased;
            read = self.read(&mut buf) => String::from_utf8_lossy(&buf[..read.unwrap()]).into_owned(),
            () = std::future::ready(()) => String::new(),
        }
    }
}

async fn read_until(client: &mut DuplexStream, end: &str) -> String {
    let mut heard = String::new();
    while !heard.contains(end) {
        let mut buf = [0; 4096];
        let read = client.read(&mut buf).await.unwrap();
        assert_ne!(read, 0, "{heard}");
        heard.push_str(std::str::from_utf8(&buf[..read]).unwrap());
    }
    heard
}

#[tokio::test]
async fn a_house_that_is_full_says_come_again() {
    let rooms = Rooms::open();
    *rooms.verdict.lock().unwrap() = Some(Fault::of(FaultKind::Busy));
    let heard = talk(&rooms, &letter("RCPT TO:<romeo@mail.example.org>\n")).await;
    assert!(heard.contains("\r\n452 4.3.1 The gateway is busy"), "{heard}");
}

#[tokio::test]
async fn a_house_that_refuses_says_so() {
    let rooms = Rooms::open();
    *rooms.verdict.lock().unwrap() = Some(Fault::of(FaultKind::TooLong).saying("20 > 10 bytes"));
    let heard = talk(&rooms, &letter("RCPT TO:<romeo@mail.example.org>\n")).await;
    let refusal = "\r\n552 5.3.4 The text is longer than this gateway takes: 20 > 10 bytes";
    assert!(heard.contains(refusal), "{heard}");
}

#[tokio::test]
async fn a_mail_with_a_loose_line_end_is_refused_whole() {
    let rooms = Rooms::open();
    let lines =
        letter("RCPT TO:<romeo@mail.example.org>\n").replace("sweet", "sweet\r.\rMAIL FROM:<evil@example.com>\r");
    let heard = talk(&rooms, &lines).await;
    assert_eq!(
        codes(&heard),
        ["220", "250", "250", "250", "354", "550", "221"],
        "{heard}"
    );
    assert!(rooms.drafts().is_empty());
}

#[tokio::test]
async fn a_mail_that_is_too_large_is_refused_after_its_end() {
    let rooms = Rooms::open();
    let lines = letter("RCPT TO:<romeo@mail.example.org>\n").replace("sweet", &"sweet ".repeat(1000));
    let heard = talk(&rooms, &lines).await;
    assert!(heard.contains("552 5.3.4 At most 4000 bytes"), "{heard}");
    assert!(heard.ends_with("221 2.0.0 Goodbye\r\n"), "{heard}");
}

#[tokio::test]
async fn a_forged_return_path_is_refused() {
    let rooms = Rooms::open();
    let path = BounceKeys::new(vec![b"other".to_vec()]).address(id(1), "mail.example.org");
    let heard = talk(&rooms, &format!("LHLO mta\nMAIL FROM:<>\nRCPT TO:<{path}>\nQUIT\n")).await;
    assert!(heard.contains("550 5.7.1 "), "{heard}");
}

const REPORT: &str = "From: Mail Delivery System <mailer-daemon@mx.example.com>
To: <b@mail.example.org>
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=x

--x

No Juliet here.
--x
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; juliet@example.com
Action: failed
Status: 5.1.1

--x--
.
";

#[tokio::test]
async fn a_report_to_a_return_path_needs_no_other_proof() {
    let rooms = Rooms::open();
    let path = desk(&rooms).keys.address(id(1), "mail.example.org");
    let heard = talk(
        &rooms,
        &format!("LHLO mta\nMAIL FROM:<>\nRCPT TO:<{path}>\nDATA\n{REPORT}QUIT\n"),
    )
    .await;
    assert_eq!(
        codes(&heard),
        ["220", "250", "250", "250", "354", "250", "221"],
        "{heard}"
    );
    let posted = rooms.posted.lock().unwrap();
    let Some(Item::Report(report)) = posted.first().and_then(|arrival| arrival.items.first()) else {
        panic!("{posted:?}")
    };
    assert_eq!((report.about, &report.by), (id(1), &None));
    assert!(matches!(&report.evidence, Evidence::Failed(fault) if fault.kind == FaultKind::NoSuchUser));
}

#[tokio::test]
async fn an_answer_proves_that_the_first_mail_was_seen() {
    let rooms = Rooms::open();
    let mut text = words("Wherefore art thou?");
    text.thread = causeway_core::text::Line::clean("balcony");
    rooms.remember(id(1), text);
    let answer = LETTER.replace(
        "Subject:",
        &format!("In-Reply-To: <{}@mail.example.org>\nSubject:", id(1)),
    );
    let lines =
        format!("LHLO mta\nMAIL FROM:<juliet@example.com>\nRCPT TO:<romeo@mail.example.org>\nDATA\n{answer}QUIT\n");
    talk(&rooms, &lines).await;
    let text = rooms.drafts().first().unwrap().payload.text().unwrap().clone();
    assert_eq!(text.reply_to, Some(Reference::Ours(id(1))));
    assert_eq!(text.thread.unwrap().as_str(), "balcony");
    let posted = rooms.posted.lock().unwrap();
    let Some(Item::Report(report)) = posted.first().and_then(|arrival| arrival.items.get(1)) else {
        panic!("{posted:?}")
    };
    assert_eq!(
        (report.about, &report.by, &report.evidence),
        (id(1), &Some(juliet()), &Evidence::Seen)
    );
}

#[tokio::test]
async fn a_slow_client_is_left() {
    let rooms = Rooms::open();
    let (mut client, server) = tokio::io::duplex(1 << 20);
    let door = door(&rooms);
    tokio::time::pause();
    let talking = async {
        client.write_all(b"LHLO m").await.unwrap();
        let mut heard = String::new();
        client.read_to_string(&mut heard).await.unwrap();
        heard
    };
    let ((), heard) = tokio::join!(door.serve(server), talking);
    assert!(heard.ends_with("421 4.4.2 Too slow, goodbye\r\n"), "{heard}");
}

#[tokio::test]
async fn a_client_that_drips_its_mail_is_left() {
    let rooms = Rooms::open();
    let (mut client, server) = tokio::io::duplex(1 << 20);
    let door = door(&rooms);
    tokio::time::pause();
    let talking = async {
        let lines = "LHLO mta\r\nMAIL FROM:<>\r\nRCPT TO:<romeo@mail.example.org>\r\nDATA\r\n";
        client.write_all(lines.as_bytes()).await.unwrap();
        while client.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(20)).await;
        }
        let mut heard = String::new();
        client.read_to_string(&mut heard).await.unwrap();
        heard
    };
    let ((), heard) = tokio::join!(door.serve(server), talking);
    assert!(heard.ends_with("421 4.4.2 Too slow, goodbye\r\n"), "{heard}");
    assert!(rooms.drafts().is_empty());
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_leaves_nothing() {
    let rooms = Rooms::open();
    let lines = letter("RCPT TO:<romeo@mail.example.org>\n");
    for cut in (0..lines.len() - 12).step_by(7) {
        let (mut client, server) = tokio::io::duplex(1 << 20);
        let door = door(&rooms);
        let talking = async {
            client
                .write_all(lines.get(..cut).unwrap().replace('\n', "\r\n").as_bytes())
                .await
                .unwrap();
            drop(client);
        };
        tokio::join!(door.serve(server), talking);
    }
    assert!(rooms.drafts().is_empty());
}

#[tokio::test]
async fn a_process_that_stops_says_so() {
    let rooms = Rooms::open();
    rooms.stop.send_replace(true);
    let heard = talk(&rooms, "").await;
    assert!(
        heard.ends_with("421 4.3.2 The gateway stops, please come again\r\n"),
        "{heard}"
    );
}
