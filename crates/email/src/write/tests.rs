#![allow(clippy::disallowed_methods, reason = "a test makes parcels itself")]

use super::*;
use crate::read::{Read, Reading, Room, read};
use crate::token::BounceKeys;
use causeway_core::address::{Contact, ForeignId, NetworkId, Scope};
use causeway_core::capability::{Capabilities, Reactions};
use causeway_core::clock::Timestamp;
use causeway_core::emoji::Emoji;
use causeway_core::envelope::{Draft, Envelope, EnvelopeId};
use causeway_core::evidence::Evidence;
use causeway_core::fit::{Context, fit};
use causeway_core::language::Tag;
use causeway_core::message::Reference;
use causeway_core::text::Body;
use mail_parser::{MessageParser, MimeHeaders};
use proptest::prelude::*;

/// 2026-11-22 10:00:00 UTC.
const TODAY: Timestamp = Timestamp(1_795_341_600_000);

fn gateway() -> MailDomain {
    MailDomain {
        domain: "mail.example.org".into(),
        home: "example.org".into(),
    }
}

fn id() -> EnvelopeId {
    EnvelopeId::from_random([7; 16])
}

fn parcel_from(user: &str, payload: Payload, reply_to: Option<Quoted>) -> Parcel {
    let juliet = Contact {
        network: NetworkId::new("email").unwrap(),
        scope: Scope::Gateway,
        id: ForeignId::new("juliet@example.com").unwrap(),
    };
    let draft = Draft::new(
        Party::Home(BareJid::new(user).unwrap()),
        Party::Foreign(juliet),
        payload,
    );
    let capabilities = Capabilities {
        reactions: Reactions::Marked,
        longest_text: 1 << 20,
        ..Capabilities::WORDS
    };
    let earlier = Payload::Text(said("Parting is sweet"));
    let context = Context {
        earlier: Some(&earlier),
        ..Context::default()
    };
    let fitted = fit(&draft.payload, &capabilities, &context).unwrap();
    let envelope = Envelope {
        id: id(),
        accepted: TODAY,
        draft,
    };
    Parcel::sealed_by_the_store(envelope, fitted, 1, 0, reply_to)
}

fn parcel(text: Text) -> Parcel {
    parcel_from("romeo@example.org", Payload::Text(text), None)
}

fn said(words: &str) -> Text {
    Text::plain(Body::clean(words).unwrap())
}

fn composed(parcel: &Parcel, thread: &ThreadHead, to: &str) -> Result<Composed, Fault> {
    composed_for(parcel, thread, to, false)
}

fn composed_for(parcel: &Parcel, thread: &ThreadHead, to: &str, smtputf8: bool) -> Result<Composed, Fault> {
    let domain = gateway();
    compose(&Writing {
        parcel,
        domain: &domain,
        to,
        to_name: None,
        about: None,
        thread,
        files: &[],
        jabber_id: true,
        ask_for_receipt: true,
        smtputf8,
    })
}

fn letter_of(text: Text, thread: &ThreadHead) -> String {
    String::from_utf8(composed(&parcel(text), thread, "Juliet@Example.COM").unwrap().bytes).unwrap()
}

fn has(mail: &str, line: &str) {
    assert!(mail.contains(&format!("{line}\r\n")), "no {line:?} in\n{mail}");
}

#[test]
fn a_letter_comes_from_a_person() {
    let mut text = said("But soft, what light\nthrough yonder window breaks?");
    text.sender_name = Line::clean("Romeo Montague");
    let mail = letter_of(text, &ThreadHead::default());
    has(&mail, "From: \"Romeo Montague\" <romeo@mail.example.org>");
    has(&mail, "To: <Juliet@example.com>");
    has(&mail, "Subject: But soft, what light through yonder window breaks?");
    has(&mail, "Date: Sun, 22 Nov 2026 10:00:00 +0000");
    has(&mail, &format!("Message-ID: <{}@mail.example.org>", id()));
    has(&mail, "Jabber-ID: romeo@example.org");
    has(&mail, "X-Causeway-Loop: mail.example.org");
    has(&mail, "Content-Type: text/plain; charset=utf-8; format=flowed");
    assert!(
        mail.starts_with("Received: from example.org by mail.example.org with XMPP id\r\n "),
        "{mail}"
    );
    assert!(
        mail.ends_with("\r\n\r\nBut soft, what light\r\nthrough yonder window breaks?\r\n"),
        "{mail}"
    );
    assert!(!mail.contains("Auto-Submitted"));
}

#[test]
fn without_a_name_the_local_part_is_the_name() {
    has(
        &letter_of(said("hi"), &ThreadHead::default()),
        "From: \"romeo\" <romeo@mail.example.org>",
    );
}

#[test]
fn every_try_gives_the_same_bytes() {
    let parcel = parcel(said("hi"));
    let one = composed(&parcel, &ThreadHead::default(), "juliet@example.com");
    assert_eq!(one, composed(&parcel, &ThreadHead::default(), "juliet@example.com"));
}

#[test]
fn an_answer_continues_its_thread() {
    let thread = ThreadHead {
        subject: Line::clean("RE: re: the balcony"),
        in_reply_to: Some("2@example.com".into()),
        references: (0..30)
            .map(|n| format!("r{n}@example.com"))
            .chain(["2@example.com".to_owned(), "evil>\r\nX: y".to_owned()])
            .collect(),
    };
    let mail = letter_of(said("yes"), &thread);
    has(&mail, "Subject: Re: the balcony");
    has(&mail, "In-Reply-To: <2@example.com>");
    let parsed = MessageParser::default().parse(mail.as_bytes()).unwrap();
    let references = parsed.references().as_text_list().unwrap().to_vec();
    assert_eq!(references.len(), 12);
    assert_eq!(
        (&*references[0], &*references[1], &*references[11]),
        ("r0@example.com", "r20@example.com", "2@example.com")
    );
}

#[test]
fn the_message_that_is_answered_is_named_without_a_thread() {
    let ours = Quoted::Ours(EnvelopeId::from_random([9; 16]));
    let parcel = parcel_from("romeo@example.org", Payload::Text(said("yes")), Some(ours));
    let mail = composed(&parcel, &ThreadHead::default(), "juliet@example.com").unwrap();
    let expect = format!("In-Reply-To: <{}@mail.example.org>", EnvelopeId::from_random([9; 16]));
    has(&String::from_utf8(mail.bytes).unwrap(), &expect);
}

#[test]
fn the_subject_given_counts_before_the_threads() {
    let mut text = said("hi");
    text.subject = Line::clean("Küsse & Grüße");
    let mail = letter_of(
        text,
        &ThreadHead {
            subject: Line::clean("old"),
            ..ThreadHead::default()
        },
    );
    let parsed = MessageParser::default().parse(mail.as_bytes()).unwrap();
    assert_eq!(parsed.subject(), Some("Küsse & Grüße"));
}

#[test]
fn a_machines_words_say_so() {
    let mut text = said("It is done.");
    text.automatic = true;
    let mail = letter_of(text, &ThreadHead::default());
    has(&mail, "Auto-Submitted: auto-generated");
}

#[test]
fn a_recipient_that_mail_cannot_have_is_refused() {
    for to in [
        "juliet",
        "<juliet@example.com>",
        "juliet@example.com\r\nRCPT TO:<x@example.com>",
        "\"a b\"@example.com",
        "juliet@localhost",
    ] {
        let refused = composed(&parcel(said("hi")), &ThreadHead::default(), to).map_err(|fault| fault.kind);
        assert_eq!(refused, Err(FaultKind::BadAddress), "{to}");
    }
}

#[test]
fn a_name_that_is_not_ascii_needs_smtputf8() {
    let parcel = parcel(said("hi"));
    let to = "jülia@bücher.example";
    let refused = composed(&parcel, &ThreadHead::default(), to).map_err(|fault| fault.kind);
    assert_eq!(refused, Err(FaultKind::NotSupported));
    let mail = composed_for(&parcel, &ThreadHead::default(), to, true).unwrap();
    assert!(mail.needs_smtputf8);
    assert!(
        String::from_utf8(mail.bytes)
            .unwrap()
            .contains("To: <jülia@xn--bcher-kva.example>\r\n")
    );
}

#[test]
fn a_hostile_nick_or_subject_adds_no_header() {
    for hostile in [
        "Evil\r\nBcc: tybalt@example.com",
        "Evil\nBcc: x@y.example",
        "a\rBcc: b",
        "a\u{85}Bcc: b",
        "a\u{2028}Bcc: b",
        "a\0b",
        "\" <tybalt@example.com>",
        "=?utf-8?q?=0D=0ABcc:_x@y.example?=",
    ] {
        let mut text = said("hi");
        text.sender_name = Line::clean(hostile);
        text.subject = Line::clean(hostile);
        let mail = letter_of(text, &ThreadHead::default());
        let parsed = MessageParser::default().parse(mail.as_bytes()).unwrap();
        assert!(parsed.bcc().is_none(), "{mail}");
        assert_eq!(
            parsed
                .from()
                .and_then(|from| from.first())
                .and_then(|from| from.address()),
            Some("romeo@mail.example.org"),
            "{mail}"
        );
        assert_eq!(parsed.from().unwrap().iter().count(), 1, "{mail}");
    }
}

#[test]
fn smuggling_sequences_stay_inside_the_text() {
    for eol in [
        "\n.\n",
        "\n.\r\n",
        "\r.\r",
        "\n.\r",
        "\r\n.\n",
        "\r.\r\n",
        "\r\n.\r",
        "\r\n\0.\r\n",
        "\r\n.\r\n",
    ] {
        let mail = letter_of(
            said(&format!("hi{eol}MAIL FROM:<tybalt@example.com>{eol}x")),
            &ThreadHead::default(),
        );
        assert!(
            mail.split("\r\n")
                .all(|line| !line.starts_with('.') && !line.contains(['\r', '\n', '\0'])),
            "{mail:?}"
        );
    }
}

/// Romeo's reaction to a letter that is called so.
fn reaction(letter: Option<&str>) -> String {
    let payload = Payload::React {
        target: Reference::Theirs(MessageRef::new("line-1").unwrap()),
        emojis: Emoji::read_all(["👍", "🌹"].into_iter()),
        sender_name: Line::clean("Romeo Montague"),
    };
    let quoted = letter.map(|id| Quoted::Theirs(MessageRef::new(id).unwrap()));
    let parcel = parcel_from("romeo@example.org", payload, quoted);
    let mail = composed(&parcel, &ThreadHead::default(), "juliet@example.com").unwrap();
    String::from_utf8(mail.bytes).unwrap()
}

#[test]
fn a_reaction_is_marked_and_has_words_for_programs_that_know_no_mark() {
    let mail = reaction(Some("letter-1@example.com"));
    has(&mail, "In-Reply-To: <letter-1@example.com>");
    has(&mail, "From: \"Romeo Montague\" <romeo@mail.example.org>");
    let parsed = MessageParser::default().parse(mail.as_bytes()).unwrap();
    assert!(parsed.root_part().is_content_type("multipart", "alternative"));
    assert_eq!(parsed.body_text(0).unwrap().trim_end(), "👍 🌹 to: “Parting is sweet”");
    let mark = parsed.parts.last().unwrap();
    assert_eq!(mark.content_disposition().unwrap().ctype(), "reaction");
    assert_eq!(mark.text_contents().unwrap().trim_end(), "👍 🌹");
    let elsewhere = MailDomain {
        domain: "gw.example.com".into(),
        home: "example.com".into(),
    };
    let without_mark = mail.replace("X-Causeway-Loop", "X-Other");
    let Ok(Read::Mail(read)) = read(&reading(without_mark.as_bytes(), &elsewhere)) else {
        panic!("unread")
    };
    assert_eq!(read.reaction, Emoji::read_all(["👍", "🌹"].into_iter()));
}

#[test]
fn a_reaction_to_a_mail_without_an_id_goes_in_words_alone() {
    let mail = reaction(Some("sha256-0"));
    assert!(
        !mail.contains("Content-Disposition") && !mail.contains("multipart"),
        "{mail}"
    );
}

#[test]
fn a_notification_is_asked_for_where_the_sender_and_the_config_want_it() {
    let letter = |receipt: bool, ask_for_receipt: bool| {
        let mut draft = parcel(said("hi")).draft().clone();
        draft.receipt = receipt;
        draft.lang = Tag::read("it");
        let fitted = fit(&draft.payload, &Capabilities::WORDS, &Context::default()).unwrap();
        let envelope = Envelope {
            id: id(),
            accepted: TODAY,
            draft,
        };
        let parcel = Parcel::sealed_by_the_store(envelope, fitted, 1, 0, None);
        let writing = Writing {
            parcel: &parcel,
            domain: &gateway(),
            to: "juliet@example.com",
            to_name: None,
            about: None,
            thread: &ThreadHead::default(),
            files: &[],
            jabber_id: true,
            ask_for_receipt,
            smtputf8: false,
        };
        String::from_utf8(compose(&writing).unwrap().bytes).unwrap()
    };
    has(
        &letter(true, true),
        "Disposition-Notification-To: <romeo@mail.example.org>",
    );
    has(&letter(true, true), "Content-Language: it");
    for (receipt, asks) in [(false, true), (true, false)] {
        assert!(!letter(receipt, asks).contains("Disposition-Notification-To"));
    }
}

fn failure(fault: Fault) -> Parcel {
    let news = News {
        about: EnvelopeId::from_random([1; 16]),
        their_id: MessageRef::new("letter-1@example.com"),
        what: Happened::Failed(fault),
        first_words: "Three words, dear Romeo".into(),
    };
    parcel_from("romeo@example.org", Payload::News(news), None)
}

#[test]
fn a_failure_goes_back_as_a_notification_that_our_own_reader_understands() {
    let fault = Fault::of(FaultKind::NoSuchUser).saying("Verona has no Romeo – sorry");
    let mail = composed(&failure(fault), &ThreadHead::default(), "juliet@example.com").unwrap();
    assert!(mail.null_path);
    let text = String::from_utf8(mail.bytes.clone()).unwrap();
    has(&text, "Auto-Submitted: auto-replied");
    has(&text, "In-Reply-To: <letter-1@example.com>");
    has(&text, "Final-Recipient: rfc822; romeo@mail.example.org");
    let elsewhere = MailDomain {
        domain: "gw.example.com".into(),
        home: "example.com".into(),
    };
    let Ok(Read::Reports(reports)) = read(&reading(&mail.bytes, &elsewhere)) else {
        panic!("no report")
    };
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0].original_message_id.as_deref(), Some("letter-1@example.com"));
    assert_eq!(reports[0].recipient.as_deref(), Some("romeo@mail.example.org"));
    let Evidence::Failed(fault) = &reports[0].evidence else {
        panic!("{:?}", reports[0])
    };
    assert_eq!((fault.kind, fault.status), (FaultKind::NoSuchUser, Some((5, 1, 1))));
}

/// The notification to Juliet that this letter of hers did not arrive.
fn notified(text: Text, said_at: Option<Timestamp>, fault: Fault) -> String {
    let parcel = failure(fault);
    let domain = gateway();
    let about = Envelope {
        id: EnvelopeId::from_random([1; 16]),
        accepted: TODAY,
        draft: Draft {
            said_at,
            ..Draft::new(
                parcel.draft().to.clone(),
                parcel.draft().from.clone(),
                Payload::Text(text),
            )
        },
    };
    let writing = Writing {
        parcel: &parcel,
        domain: &domain,
        to: "Juliet@example.com",
        to_name: None,
        about: Some(&about),
        thread: &ThreadHead::default(),
        files: &[],
        jabber_id: true,
        ask_for_receipt: true,
        smtputf8: false,
    };
    String::from_utf8(compose(&writing).unwrap().bytes).unwrap()
}

#[test]
fn a_notification_returns_the_header_as_far_as_it_is_known() {
    let fault = || Fault::of(FaultKind::NoSuchUser);
    let text = Text {
        subject: Line::clean("Good night, good night – parting is such sweet sorrow, that I shall say good night"),
        sender_name: Line::clean("Juliet Capulet"),
        ..said("Good night")
    };
    let at = Timestamp(TODAY.0 - 60_000);
    let mail = notified(text.clone(), Some(at), fault());
    let parsed = MessageParser::default().parse(mail.as_bytes()).unwrap();
    let part = parsed
        .parts
        .iter()
        .find(|part| part.is_content_type("text", "rfc822-headers"))
        .unwrap();
    let returned = MessageParser::default().parse(part.contents()).unwrap();
    assert_eq!(returned.message_id(), Some("letter-1@example.com"));
    assert_eq!(returned.subject(), text.subject.as_ref().map(Line::as_str));
    let from = returned.from().unwrap().first().unwrap();
    assert_eq!(
        (from.name(), from.address()),
        (Some("Juliet Capulet"), Some("Juliet@example.com"))
    );
    has(&mail, "Date: Sun, 22 Nov 2026 09:59:00 +0000");
    let bare = notified(said("Good night"), None, fault());
    assert_eq!(
        (bare.matches("Subject:").count(), bare.matches("Date:").count()),
        (1, 1),
        "{bare}"
    );
}

/// RFC 3463 section 3.1: class 4 says that trying again may help, and here nobody does.
#[test]
fn a_failure_for_good_has_a_status_for_good() {
    let status = |fault| notified(said("x"), None, fault);
    has(&status(Fault::of(FaultKind::Full).for_good()), "Status: 5.2.2");
    has(
        &status(Fault::of(FaultKind::Full).with_status((4, 2, 2)).for_good()),
        "Status: 4.2.2",
    );
}

#[test]
fn other_news_have_no_words_in_mail() {
    let news = News {
        about: id(),
        their_id: None,
        what: Happened::Delivered,
        first_words: String::new(),
    };
    let capabilities = Capabilities {
        receipts: true,
        longest_text: 100,
        ..Capabilities::WORDS
    };
    let draft = parcel_from("romeo@example.org", Payload::Text(said("x")), None)
        .draft()
        .clone();
    let envelope = Envelope {
        id: id(),
        accepted: TODAY,
        draft,
    };
    let fitted = fit(&Payload::News(news), &capabilities, &Context::default()).unwrap();
    let parcel = Parcel::sealed_by_the_store(envelope, fitted, 1, 0, None);
    let refused = composed(&parcel, &ThreadHead::default(), "juliet@example.com").map_err(|fault| fault.kind);
    assert_eq!(refused, Err(FaultKind::NotSupported));
}

fn reading<'a>(mail: &'a [u8], domain: &'a MailDomain) -> Reading<'a> {
    static KEYS: std::sync::LazyLock<BounceKeys> = std::sync::LazyLock::new(|| BounceKeys::new(Vec::new()));
    Reading {
        mail,
        domain,
        trusted_hosts: &[],
        authserv_ids: &[],
        arrived: TODAY,
        keys: &KEYS,
        return_path: None,
        bounced: None,
        room: Room::default(),
    }
}

proptest! {
    #[test]
    fn any_words_make_a_well_formed_mail(words in any::<String>(), name in any::<String>(), subject in any::<String>(), old in any::<String>()) {
        prop_assume!(Body::clean(&words).is_some());
        let mut text = said(&words);
        text.sender_name = Line::clean(&name);
        text.subject = Line::clean(&subject);
        let thread = ThreadHead { subject: None, in_reply_to: Some(old.clone()), references: vec![old] };
        let mail = letter_of(text, &thread);
        prop_assert!(mail.is_ascii() && !mail.contains('\0'));
        for line in mail.split("\r\n") {
            prop_assert!(line.len() <= 998 && !line.contains(['\r', '\n']));
        }
        let parsed = MessageParser::default().parse(mail.as_bytes()).unwrap();
        prop_assert_eq!(parsed.from().unwrap().first().unwrap().address(), Some("romeo@mail.example.org"));
        prop_assert!(parsed.bcc().is_none());
    }

    #[test]
    fn what_is_written_is_read_back(words in "([a-zA-Zé.,!]{1,20}|  ?|\n|\\.|From |=|\u{1f339}){1,80}", name in "[A-Za-zäöü. ,\"<>]{0,30}", subject in "[A-Za-zäöü?:= ]{1,80}") {
        let lines: Vec<&str> = words.lines().map(str::trim_end).collect();
        prop_assume!(Body::clean(&lines.join("\n")).is_some() && Line::clean(&subject).is_some());
        let mut text = said(&lines.join("\n"));
        text.sender_name = Line::clean(&name);
        text.subject = Line::clean(&subject);
        let mail = letter_of(text.clone(), &ThreadHead::default());
        let elsewhere = MailDomain { domain: "gw.example.com".into(), home: "example.com".into() };
        let Ok(Read::Mail(back)) = read(&reading(mail.as_bytes(), &elsewhere)) else { panic!("unread: {mail}") };
        prop_assert_eq!(back.text.body.as_str(), text.body.as_str());
        prop_assert_eq!(back.text.subject, text.subject);
        prop_assert_eq!(back.from.as_str(), "romeo@mail.example.org");
        prop_assert_eq!(back.message_id, format!("{}@mail.example.org", id()));
        prop_assert!(!back.text.automatic);
    }
}
