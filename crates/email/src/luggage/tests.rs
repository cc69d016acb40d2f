#![allow(clippy::disallowed_methods, reason = "a test makes parcels itself")]

use super::*;
use crate::house::{NOW, Rooms, id, juliet, romeo, words};
use crate::smtp::script::Stage;
use causeway_core::envelope::{Draft, Envelope};
use causeway_core::file::FileName;
use causeway_core::fit::{Context, fit};
use causeway_core::message::{Payload, Text};
use causeway_core::network::{Files, Network, Outcome, Pending, Put, Web};
use causeway_core::text::Line;
use mail_parser::{Message, MessageParser, MimeHeaders};
use serde_json::json;
use std::sync::Mutex;

const LINK: &str = "https://upload.example.org/x/balcony.jpg";
const PICTURE: &[u8] = b"\xff\xd8\r\n.\r\n\0picture";

/// So large that three mails with such files are all that the hold takes.
const LARGE: u64 = 20 << 20;
const AT_ONCE: usize = 3;

/// A web that gives what it holds for each request, the next one last.
struct Shelves(Arc<Mutex<Vec<Result<Fetched, Fault>>>>);

impl Web for Shelves {
    fn fetch<'a>(&'a self, _: &'a Link, most: u64) -> Pending<'a, Result<Fetched, Fault>> {
        let next = self.0.lock().unwrap().pop().expect("nobody should ask");
        let fits = move |fetched: Fetched| match fetched.bytes.len() as u64 > most {
            true => Err(Fault::of(FaultKind::TooLarge)),
            false => Ok(fetched),
        };
        Box::pin(async move {
            if next.as_ref().is_ok_and(|fetched| *fetched == slow()) {
                std::future::pending::<()>().await;
            }
            next.and_then(fits)
        })
    }

    fn put<'a>(&'a self, _: Put<'a>) -> Pending<'a, Result<(), Fault>> {
        unreachable!()
    }

    fn follows(&self, link: &Link) -> bool {
        link.as_str().starts_with("https://upload.example.org/")
    }
}

struct Post {
    email: Arc<Email>,
    stage: Stage,
    shelves: Arc<Mutex<Vec<Result<Fetched, Fault>>>>,
}

impl Post {
    async fn with(shelves: impl IntoIterator<Item = Result<Fetched, Fault>>) -> Self {
        Self::of(1000, shelves).await
    }

    /// The post of a gateway that carries files up to this size.
    async fn of(largest: u64, shelves: impl IntoIterator<Item = Result<Fetched, Fault>>) -> Self {
        let stage = Stage::open().await;
        let config = json!({
            "domain": "mail.example.org",
            "home_domain": "example.org",
            "send": { "smarthost": { "host": "127.0.0.1", "port": stage.port(), "tls": "none" } },
        });
        let shelves: Arc<Mutex<Vec<_>>> = Arc::new(Mutex::new(shelves.into_iter().collect()));
        let files = Files {
            web: Arc::new(Shelves(shelves.clone())),
            largest,
            most: 2,
        };
        let config = serde_json::from_value(config).unwrap();
        Self {
            email: Email::new(config, b"secret".to_vec(), Rooms::open(), files).unwrap(),
            stage,
            shelves,
        }
    }

    /// What nobody fetched.
    fn left(&self) -> usize {
        self.shelves.lock().unwrap().len()
    }

    /// The mail that a message becomes at a server that takes mails up to this size.
    async fn mail(&self, text: Text, attempt: u32, size: u32) -> Message<'static> {
        let script = format!(
            "S: 220 mx\nC: *\nS: 250-mx\nS: 250 SIZE {size}\nC: *\nS: 250 Ok\nC: *\nS: 250 Ok\nC: *\nS: 354 go on\nC: <mail>\nS: 250 Ok\nX"
        );
        let parcel = self.parcel(text, attempt);
        let (outcome, mut heard) = tokio::join!(self.email.carry(&parcel), self.stage.play([script]));
        assert!(matches!(outcome, Outcome::Handed(_)), "{outcome:?}");
        let mail = String::from_utf8(heard.mails.remove(0)).unwrap();
        let whole = mail.strip_suffix(".\r\n").unwrap();
        MessageParser::new().parse(whole.as_bytes()).unwrap().into_owned()
    }

    fn parcel(&self, text: Text, attempt: u32) -> Parcel {
        let payload = Payload::Text(text);
        let fitted = fit(&payload, &self.email.profile().capabilities, &Context::default()).unwrap();
        let envelope = Envelope {
            id: id(1),
            accepted: NOW,
            draft: Draft::new(romeo(), juliet(), payload),
        };
        Parcel::sealed_by_the_store(envelope, fitted, attempt, 0, None)
    }
}

fn given(bytes: &[u8]) -> Result<Fetched, Fault> {
    Ok(Fetched {
        bytes: bytes.to_vec(),
        media_type: Line::clean("image/jpeg"),
    })
}

/// A file that takes for ever.
fn slow() -> Fetched {
    Fetched {
        bytes: Vec::new(),
        media_type: Line::clean("for/ever"),
    }
}

fn at(link: &str, name: &str) -> Attachment {
    Attachment {
        name: FileName::clean(name).unwrap(),
        media_type: None,
        size: None,
        place: Place::At(Link::new(link).unwrap()),
    }
}

fn shared(body: &str, files: impl IntoIterator<Item = Attachment>) -> Text {
    Text {
        attachments: files.into_iter().collect(),
        ..words(body)
    }
}

fn picture() -> Text {
    shared(LINK, [at(LINK, "balcony.jpg")])
}

fn said(mail: &Message<'_>) -> String {
    mail.body_text(0).unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_picture_goes_along_under_its_name() {
    let mail = Post::with([given(PICTURE)]).await.mail(picture(), 1, 0).await;
    assert_eq!(mail.attachment_count(), 1);
    let part = mail.attachment(0).unwrap();
    assert_eq!(part.attachment_name(), Some("balcony.jpg"));
    assert_eq!(part.contents(), PICTURE);
    assert_eq!(part.content_type().unwrap().ctype(), "image");
    assert_eq!(
        (said(&mail).as_str(), mail.subject()),
        ("balcony.jpg", Some("balcony.jpg"))
    );
}

#[tokio::test]
async fn the_words_beside_a_picture_stay() {
    let text = shared("Look!", [at(LINK, "bälcony \"x\".jpg")]);
    let mail = Post::with([given(PICTURE)]).await.mail(text, 1, 0).await;
    assert_eq!((said(&mail).as_str(), mail.subject()), ("Look!", Some("Look!")));
    assert_eq!(mail.attachment(0).unwrap().attachment_name(), Some("bälcony \"x\".jpg"));
}

#[tokio::test]
async fn a_file_that_is_too_large_stays_where_it_is() {
    let told = Attachment {
        size: Some(1001),
        ..at(LINK, "balcony.jpg")
    };
    for (shelves, file) in [(vec![given(&[0; 1001])], at(LINK, "balcony.jpg")), (vec![], told)] {
        let mail = Post::with(shelves).await.mail(shared(LINK, [file]), 1, 0).await;
        assert_eq!(mail.attachment_count(), 0);
        let said = said(&mail);
        assert!(said.starts_with(LINK) && said.contains("too large"), "{said}");
    }
}

#[tokio::test]
async fn a_file_that_the_next_server_would_not_take_stays_where_it_is() {
    let mail = Post::with([given(&[0; 900])]).await.mail(picture(), 1, 1500).await;
    assert_eq!(mail.attachment_count(), 0);
    let said = said(&mail);
    assert!(said.starts_with(LINK) && said.contains("too large"), "{said}");
}

#[tokio::test]
async fn all_files_together_are_no_larger_than_one_may_be_and_no_more_than_may_be() {
    let files = ["1", "2", "3"].map(|name| at(LINK, name));
    let mail = Post::with([given(&[2; 600]), given(&[1; 600])])
        .await
        .mail(shared("Look!", files), 1, 0)
        .await;
    assert_eq!(mail.attachment_count(), 1);
    let said = said(&mail);
    assert!(said.contains("[2: not attached, because it is too large]"), "{said}");
    assert!(
        said.contains("[3: not attached, because there are too many files]"),
        "{said}"
    );
    assert!(said.contains(LINK), "{said}");
}

#[tokio::test]
async fn nobody_follows_a_link_to_elsewhere() {
    let elsewhere = "https://mantua.example/x.jpg";
    let mail = Post::with([])
        .await
        .mail(shared(elsewhere, [at(elsewhere, "x.jpg")]), 1, 0)
        .await;
    assert_eq!(mail.attachment_count(), 0);
    assert!(said(&mail).starts_with(elsewhere));
}

#[tokio::test]
async fn a_server_in_trouble_is_waited_for_but_not_for_ever() {
    let trouble = || Err(Fault::of(FaultKind::Unreachable));
    let post = Post::with([trouble(), trouble(), trouble()]).await;
    for attempt in [1, 2] {
        let outcome = post.email.carry(&post.parcel(picture(), attempt)).await;
        assert!(
            matches!(&outcome, Outcome::Failed(fault, _) if fault.retry),
            "{outcome:?}"
        );
    }
    let mail = post.mail(picture(), 3, 0).await;
    assert!(said(&mail).contains("not attached"), "{}", said(&mail));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_drips_is_left_after_a_while() {
    let post = Post::with([Ok(slow())]).await;
    let outcome = post.email.carry(&post.parcel(picture(), 1)).await;
    assert!(
        matches!(&outcome, Outcome::Failed(fault, _) if fault.kind == FaultKind::Timeout),
        "{outcome:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn no_more_files_are_fetched_at_once_than_there_is_room_for() {
    let post = Post::of(LARGE, vec![Ok(slow()); 10]).await;
    let parcel = post.parcel(picture(), 1);
    let all = futures::future::join_all((0..10).map(|_| post.email.carry(&parcel)));
    let outcomes = all.await;
    assert_eq!(post.left(), 10 - AT_ONCE);
    let kinds = outcomes.iter().map(|outcome| match outcome {
        Outcome::Failed(fault, None) if fault.retry => fault.kind,
        other => panic!("{other:?}"),
    });
    let kinds: Vec<_> = kinds.collect();
    assert_eq!(kinds[..AT_ONCE], [FaultKind::Timeout; AT_ONCE]);
    assert_eq!(kinds[AT_ONCE..], [FaultKind::Busy; 10 - AT_ONCE]);
}

#[tokio::test(start_paused = true)]
async fn a_small_file_takes_little_room_once_it_is_there() {
    let post = Post::of(LARGE, vec![given(PICTURE); 100]).await;
    let parcel = post.parcel(picture(), 1);
    let mut luggage = Vec::new();
    for _ in 0..100 {
        luggage.push(post.email.luggage(&parcel).await.unwrap());
    }
    assert!(luggage.iter().all(|one| one.files[0].is_here()));
    let all = post.email.hold.room.available_permits();
    assert_eq!(all, HOLD as usize - 100, "one KiB each");
    drop(luggage);
    assert_eq!(post.email.hold.room.available_permits(), HOLD as usize);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_there_is_no_room_for_is_waited_for_but_not_for_ever() {
    let post = Post::of(LARGE, []).await;
    let _full = post.email.hold.room.acquire_many(HOLD).await.unwrap();
    let outcome = post.email.carry(&post.parcel(picture(), 1)).await;
    assert!(
        matches!(&outcome, Outcome::Failed(fault, _) if fault.retry && fault.kind == FaultKind::Busy),
        "{outcome:?}"
    );
    let last = post.parcel(picture(), TRIES);
    let luggage = post.email.luggage(&last).await.unwrap();
    assert_eq!(luggage.files[0].content, Err(Absence::NoRoom));
    assert!(luggage.files[0].link.is_some(), "the mail goes with the link");
}

#[tokio::test(start_paused = true)]
async fn when_many_wait_for_room_the_next_is_put_off_at_once() {
    let post = Post::of(LARGE, []).await;
    let _full = post.email.hold.room.acquire_many(HOLD).await.unwrap();
    let parcel = post.parcel(picture(), 1);
    let begin = Instant::now();
    let mut waiting: futures::stream::FuturesUnordered<_> = (0..=QUEUE).map(|_| post.email.luggage(&parcel)).collect();
    let first = futures::StreamExt::next(&mut waiting).await.unwrap();
    assert!(first.is_err_and(|fault| fault.kind == FaultKind::Busy));
    assert!(begin.elapsed().is_zero());
}

#[tokio::test]
async fn words_need_no_room() {
    let post = Post::of(LARGE, []).await;
    let _full = post.email.hold.room.acquire_many(HOLD).await.unwrap();
    let mail = post.mail(words("Good night!"), 1, 0).await;
    assert_eq!(said(&mail), "Good night!");
}

#[tokio::test]
async fn the_largest_file_always_fits() {
    let post = Post::of(u64::from(HOLD) << 11, [given(PICTURE)]).await;
    assert!(post.email.luggage(&post.parcel(picture(), 1)).await.unwrap().files[0].is_here());
}

#[tokio::test]
async fn a_file_without_a_place_is_named() {
    let file = Attachment {
        media_type: Line::clean("image/png"),
        size: Some(12),
        place: Place::Named,
        ..at(LINK, "rose.png")
    };
    let mail = Post::with([]).await.mail(shared("It is done.", [file]), 1, 0).await;
    assert!(
        said(&mail).ends_with("[rose.png, image/png, 12 bytes]"),
        "{}",
        said(&mail)
    );
}
