use super::*;
use crate::desk::Mail;
use crate::house::{NOW, Rooms, jid, juliet};
use crate::lmtp::connection::tests::desk;
use crate::read::Read;
use causeway_core::address::ForeignId;
use jid::BareJid;
use std::sync::Arc;
use std::time::Duration;

/// Juliet's face, 48 pixels to a side.
const FACE: &str = "iVBORw0KGgoAAAANSUhEUgAAADAAAAAwCAMAAABg3Am1AAAABlBMVEUoKFD60nghp/1m\
    AAAAWElEQVR42u3VoRIAIAgEUff/f9pg06DLCInLvOLgMUanLKy46VfDHjl+IeAEOAFO\
    gBQWgBQWgBTpAKRo8Odd61cjf70LvqhvDd9Lvvl8t/r2DtyHwAXqHJm06wO2W04uogAA\
    AABJRU5ErkJggg==";

/// Takes a mail of Juliet to Romeo and keeps what it brings; the mail server says how it judges her.
async fn comes(rooms: &Arc<Rooms>, verdict: Authenticated, more: &str) {
    let mail = Mail {
        bytes: Arc::new(
            format!("From: Juliet <juliet@example.com>\nMessage-ID: <1@example.com>\n{more}\nGood night\n")
                .replace('\n', "\r\n")
                .into_bytes(),
        ),
        return_path: None,
        arrived: NOW,
        door: None,
    };
    let desk = desk(rooms);
    let Read::Mail(mut read) = desk.read(&rooms.house(), &mail, None).await.unwrap() else {
        panic!("no mail");
    };
    read.authenticated = verdict;
    let recipient = crate::address::Recipient::User(romeo());
    let arrival = desk.arrival(&Read::Mail(read), &recipient, &mail).unwrap();
    let mut rows = rooms.rows.lock().unwrap();
    for row in arrival.rows {
        rows.insert(row.key, row.value.unwrap());
    }
}

fn romeo() -> BareJid {
    jid("romeo@example.org")
}

fn known(rooms: &Arc<Rooms>, user: &str, contact: &str) -> Card {
    let threads = Threads::new(rooms.clone(), Duration::from_secs(1));
    let pair = Pair {
        user: &jid(user),
        contact: &ForeignId::new(contact).unwrap(),
    };
    card(&threads, rooms.as_ref(), pair)
}

fn juliets(rooms: &Arc<Rooms>) -> Card {
    known(rooms, "romeo@example.org", juliet().contact().unwrap().id.as_str())
}

#[tokio::test]
async fn who_wrote_has_a_name_and_was_heard() {
    let rooms = Rooms::open();
    comes(&rooms, Authenticated::Unknown, "").await;
    let card = juliets(&rooms);
    assert_eq!(card.name.unwrap().as_str(), "Juliet");
    assert_eq!(card.last_heard, Some(NOW));
    assert_eq!(card.addresses, ["mailto:juliet@example.com"]);
    assert_eq!(
        known(&rooms, "paris@example.org", "juliet@example.com"),
        Card {
            addresses: vec!["mailto:juliet@example.com".into()],
            ..Card::default()
        },
        "nobody else knows"
    );
}

#[tokio::test]
async fn a_face_is_shown_when_its_author_is_proven() {
    let (first, second) = FACE.split_at(70);
    let folded = format!("Face: {first}\n {second}\n");
    for (verdict, shown) in [
        (Authenticated::Unknown, false),
        (Authenticated::Fail, false),
        (Authenticated::Pass, true),
    ] {
        let rooms = Rooms::open();
        comes(&rooms, verdict, &folded).await;
        assert_eq!(juliets(&rooms).picture.is_some(), shown, "{verdict:?}");
    }
}

#[tokio::test]
async fn a_face_stays_until_another_comes() {
    let rooms = Rooms::open();
    comes(&rooms, Authenticated::Pass, &format!("Face: {FACE}\n")).await;
    for other in ["", "Face: b25lIGRheQ==\n", "Face: =\n", "Face:\n"] {
        comes(&rooms, Authenticated::Pass, other).await;
        assert_eq!(juliets(&rooms).picture.unwrap().side(), 48, "{other}");
    }
}

#[test]
fn a_face_is_small() {
    let face_of = |padding: usize| {
        let mut png = BASE64.decode(FACE.as_bytes()).unwrap();
        let end = png.split_off(png.len() - 12);
        png.extend(u32::try_from(padding).unwrap().to_be_bytes());
        png.extend(b"tEXt");
        png.extend(vec![b'x'; padding + 4]);
        png.extend(end);
        face(format!("Face: {}\n\n", BASE64.encode(&png)).as_bytes())
    };
    assert!(face_of(100).is_some());
    assert!(face_of(1500).is_none());
}

#[test]
fn nobody_reads_what_goes_to_some_addresses() {
    let rooms = Rooms::open();
    let no_reply = |address: &str| known(&rooms, "romeo@example.org", address).no_reply;
    for address in [
        "no-reply@example.com",
        "noreply@example.com",
        "noreply+ball@example.com",
        "mailer-daemon@example.com",
    ] {
        assert!(no_reply(address), "{address}");
    }
    for address in [
        "juliet@example.com",
        "postmaster@example.com",
        "noreply.juliet@example.com",
    ] {
        assert!(!no_reply(address), "{address}");
    }
}
