use super::*;
use crate::house::{NOW, Rooms, id, jid, juliet, romeo, words};
use crate::lmtp::connection::tests::desk;
use causeway_core::emoji::Emoji;
use causeway_core::fault::FaultKind;

fn mail(text: &str) -> Mail {
    Mail {
        bytes: Arc::new(text.replace('\n', "\r\n").into_bytes()),
        return_path: None,
        arrived: NOW,
        door: None,
    }
}

fn letter(more: &str) -> Mail {
    mail(&format!(
        "From: Juliet <juliet@example.com>\nMessage-ID: <1@example.com>\n{more}\n\nGood night\n"
    ))
}

fn user(name: &str) -> Recipient {
    Recipient::User(jid(&format!("{name}@example.org")))
}

/// What a mail brings for a recipient.
async fn bring(rooms: &Arc<Rooms>, mail: &Mail, recipient: &Recipient) -> Result<Arrival, Fault> {
    let desk = desk(rooms);
    let bounced = match recipient {
        Recipient::Bounce(id) => Some(*id),
        _ => None,
    };
    let read = desk.read(&rooms.house(), mail, bounced).await?;
    desk.arrival(&read, recipient, mail)
}

fn post(arrival: &Arrival) -> (&Draft, &Text) {
    match arrival.items.first() {
        Some(Item::Post(draft)) => (draft, draft.payload.text().unwrap()),
        other => panic!("{other:?}"),
    }
}

fn reports(arrival: &Arrival) -> Vec<&Report> {
    let items = arrival.items.iter();
    items
        .filter_map(|item| match item {
            Item::Report(report) => Some(report),
            Item::Post(_) => None,
        })
        .collect()
}

#[tokio::test]
async fn an_answer_to_what_was_not_ours_names_theirs() {
    let rooms = Rooms::open();
    let arrival = bring(&rooms, &letter("In-Reply-To: <0@example.com>"), &user("romeo"))
        .await
        .unwrap();
    let (_, text) = post(&arrival);
    assert_eq!(text.reply_to, MessageRef::new("0@example.com").map(Reference::Theirs));
    assert!(text.thread.is_some());
    assert!(reports(&arrival).is_empty());
}

/// Row W2 of the fault model: what is between two people is not told to a third.
#[tokio::test]
async fn an_answer_to_what_went_to_somebody_else_refers_to_nothing() {
    let rooms = Rooms::open();
    rooms.remember(id(1), words("Wherefore?"));
    let answer = letter(&format!("In-Reply-To: <{}@mail.example.org>", id(1)));
    for (mail, recipient) in [
        (answer.clone(), user("benvolio")),
        (
            letter(&format!("In-Reply-To: <{}@mail.example.org>", id(2))),
            user("romeo"),
        ),
    ] {
        let arrival = bring(&rooms, &mail, &recipient).await.unwrap();
        assert_eq!(post(&arrival).1.reply_to, None);
        assert!(reports(&arrival).is_empty());
    }
    let tybalt = mail(
        &String::from_utf8_lossy(&answer.bytes)
            .replace("\r\n", "\n")
            .replace("juliet@", "tybalt@"),
    );
    let arrival = bring(&rooms, &tybalt, &user("romeo")).await.unwrap();
    assert!(reports(&arrival).is_empty());
}

#[tokio::test]
async fn a_machines_answer_does_not_prove_that_anybody_saw_it() {
    let rooms = Rooms::open();
    rooms.remember(id(1), words("Wherefore?"));
    let vacation = letter(&format!(
        "Auto-Submitted: auto-replied\nIn-Reply-To: <{}@mail.example.org>",
        id(1)
    ));
    let arrival = bring(&rooms, &vacation, &user("romeo")).await.unwrap();
    assert!(post(&arrival).1.automatic);
    assert!(reports(&arrival).is_empty());
}

#[tokio::test]
async fn a_vacation_notice_to_the_return_path_reaches_the_writer() {
    let rooms = Rooms::open();
    rooms.remember(id(1), words("Wherefore?"));
    let vacation = letter("Auto-Submitted: auto-replied\nSubject: At the friar's");
    let arrival = bring(&rooms, &vacation, &Recipient::Bounce(id(1))).await.unwrap();
    assert_eq!((&post(&arrival).0.from, &post(&arrival).0.to), (&juliet(), &romeo()));
    let fault = bring(&rooms, &vacation, &Recipient::Bounce(id(9))).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::NoSuchUser);
}

/// Whether a mail is posted as one whose sender is proven.
async fn proven(rooms: &Arc<Rooms>, more: &str, return_path: Option<&str>) -> bool {
    let mail = Mail {
        return_path: return_path.map(str::to_owned),
        ..letter(more)
    };
    let arrival = bring(rooms, &mail, &user("romeo")).await.unwrap();
    !post(&arrival).0.unproven
}

/// Threat 17: a failure told to a forged sender hits somebody who never wrote.
#[tokio::test]
async fn a_sender_is_proven_by_a_trusted_server_or_by_an_answer_and_the_return_path() {
    let rooms = Rooms::open();
    rooms.remember(id(1), words("Wherefore?"));
    let vouched = "Authentication-Results: mx.example.org; dmarc=pass header.from=example.com";
    let answer = &format!("In-Reply-To: <{}@mail.example.org>", id(1));
    for (more, path, expect) in [
        (vouched, Some("Juliet@Example.com"), true),
        (vouched, None, true),
        (answer, Some("juliet@example.com"), true),
        ("X-Spam: no", Some("juliet@example.com"), false),
        (
            "Authentication-Results: mx.evil.example; dmarc=pass",
            Some("juliet@example.com"),
            false,
        ),
        ("In-Reply-To: <0@example.com>", Some("juliet@example.com"), false),
        (vouched, Some("tybalt@example.com"), false),
        (vouched, Some(""), false),
        (answer, Some("list-bounces@example.net"), false),
    ] {
        assert_eq!(proven(&rooms, more, path).await, expect, "{more}, {path:?}");
    }
}

fn report(recipient: &str, original: EnvelopeId) -> Mail {
    mail(&format!(
        "From: mailer-daemon@mx.example.com
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=x

--x

Sorry.
--x
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; {recipient}
Action: failed
Status: 5.1.1

--x
Content-Type: text/rfc822-headers

Message-ID: <{original}@mail.example.org>

--x--
"
    ))
}

#[tokio::test]
async fn a_report_without_proof_counts_when_it_names_the_recipient() {
    let rooms = Rooms::open();
    rooms.remember(id(1), words("Wherefore?"));
    let arrival = bring(&rooms, &report("Juliet@example.com", id(1)), &user("romeo"))
        .await
        .unwrap();
    let found = reports(&arrival);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].about, &found[0].by), (id(1), &Some(juliet())));
}

#[tokio::test]
async fn a_report_that_anybody_could_have_written_counts_for_nothing() {
    let rooms = Rooms::open();
    rooms.remember(id(1), words("Wherefore?"));
    for (mail, recipient) in [
        (report("tybalt@example.com", id(1)), user("romeo")),
        (report("juliet@example.com", id(1)), user("benvolio")),
        (report("juliet@example.com", id(2)), user("romeo")),
    ] {
        let arrival = bring(&rooms, &mail, &recipient).await.unwrap();
        assert_eq!(arrival, Arrival::default());
    }
}

#[tokio::test]
async fn a_mail_that_was_here_before_is_a_loop() {
    let rooms = Rooms::open();
    let fault = bring(&rooms, &letter("X-Causeway-Loop: mail.example.org"), &user("romeo"))
        .await
        .unwrap_err();
    assert_eq!((fault.kind, fault.retry), (FaultKind::Loop, false));
}

#[tokio::test]
async fn what_could_break_a_parser_is_refused() {
    let rooms = Rooms::open();
    let nest = "Content-Type: message/rfc822\n\n".repeat(100);
    let fault = bring(&rooms, &mail(&nest), &user("romeo")).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::BadContent);
    let fault = bring(&rooms, &letter(&"x".repeat(5000)), &user("romeo"))
        .await
        .unwrap_err();
    assert_eq!(fault.kind, FaultKind::TooLarge);
}

#[tokio::test]
async fn the_door_is_the_last_step_of_the_way() {
    let rooms = Rooms::open();
    let mail = Mail {
        door: door("mail.example.org", "LMTP", NOW, Trust::Own),
        ..letter("Received: from a by b with ESMTP id 1; Tue, 14 Nov 2023 22:00:00 +0000")
    };
    let arrival = bring(&rooms, &mail, &user("romeo")).await.unwrap();
    let last = post(&arrival).0.way.last().unwrap();
    assert_eq!(
        (last.step, last.at, last.who.as_str()),
        (Step::Arrived, Some(NOW), "mail.example.org")
    );
}

#[test]
fn a_message_id_of_any_length_is_a_reference() {
    assert_eq!(source("1@example.com").unwrap().as_str(), "1@example.com");
    let long = "x".repeat(2000);
    let (one, other) = (source(&long).unwrap(), source(&format!("{long}y")).unwrap());
    assert_ne!(one, other);
    assert!(source("two words").is_some());
}

/// Juliet's reaction to our mail with this id.
fn reaction(about: EnvelopeId, more: &str) -> Mail {
    letter(&format!(
        "In-Reply-To: <{about}@mail.example.org>\n{more}MIME-Version: 1.0\nContent-Type: multipart/alternative; \
         boundary=x\n\n--x\n\nJuliet likes it\n--x\nContent-Type: text/plain; charset=utf-8\n\
         Content-Disposition: Reaction\n\n👍 🌹\n--x--"
    ))
}

#[tokio::test]
async fn a_reaction_by_mail_is_a_reaction_to_the_message_that_it_answers() {
    let rooms = Rooms::open();
    rooms.remember(id(1), words("Wherefore?"));
    let arrival = bring(&rooms, &reaction(id(1), ""), &user("romeo")).await.unwrap();
    let Some(Item::Post(draft)) = arrival.items.first() else {
        panic!("{arrival:?}")
    };
    let expect = Payload::React {
        target: Reference::Ours(id(1)),
        emojis: Emoji::read_all(["👍", "🌹"].into_iter()),
        sender_name: Line::clean("Juliet"),
    };
    assert_eq!(draft.payload, expect);
    assert!(arrival.rows.is_empty(), "the next line answers words, not a reaction");
    assert_eq!(reports(&arrival).len(), 1, "who reacts has seen it");
}

#[tokio::test]
async fn what_gmail_sends_is_a_reaction_too() {
    let rooms = Rooms::open();
    rooms.remember(id(1), words("Wherefore?"));
    let gmail = letter(&format!(
        "In-Reply-To: <{}@mail.example.org>\nMIME-Version: 1.0\nContent-Type: text/vnd.google.email-reaction+json\n\n\
         {{\"emoji\":\"👍\",\"version\":1}}",
        id(1)
    ));
    let cut = String::from_utf8_lossy(&gmail.bytes).replace("\r\n\r\nGood night\r\n", "\r\n");
    let arrival = bring(&rooms, &mail(&cut.replace("\r\n", "\n")), &user("romeo"))
        .await
        .unwrap();
    assert!(
        matches!(&arrival.items[0], Item::Post(draft) if matches!(draft.payload, Payload::React { .. })),
        "{arrival:?}"
    );
}

#[tokio::test]
async fn a_reaction_that_means_nothing_here_is_its_words() {
    let rooms = Rooms::open();
    rooms.remember(id(1), words("Wherefore?"));
    for (mail, recipient) in [
        (reaction(id(2), ""), user("romeo")),
        (reaction(id(1), ""), user("benvolio")),
        (reaction(id(1), "Auto-Submitted: auto-replied\n"), user("romeo")),
    ] {
        let arrival = bring(&rooms, &mail, &recipient).await.unwrap();
        assert_eq!(post(&arrival).1.body.as_str(), "Juliet likes it");
    }
}

#[tokio::test]
async fn a_mail_says_what_language_it_is_in() {
    let rooms = Rooms::open();
    for (field, expect) in [("Content-Language: it", Some("it")), ("Content-Language: it, de", None)] {
        let arrival = bring(&rooms, &letter(field), &user("romeo")).await.unwrap();
        assert_eq!(post(&arrival).0.lang.as_ref().map(|tag| tag.as_str()), expect);
    }
}
