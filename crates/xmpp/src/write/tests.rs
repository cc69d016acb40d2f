use super::*;
use crate::cast::{NOW, gateway, juliet, leased, parcel, romeo};
use crate::xml::text_of;
use causeway_core::address::Party;
use causeway_core::emoji::Emoji;
use causeway_core::envelope::{Draft, EnvelopeId};
use causeway_core::file::{Attachment, FileName, Link, Place};
use causeway_core::hop::{Hop, Step};
use causeway_core::language::{Language, Tag};
use causeway_core::message::{Happened, MessageRef, News, Text};
use causeway_core::text::{Body, Line};

fn line(text: &str) -> Line {
    Line::clean(text).unwrap()
}

fn text(words: &str) -> Text {
    Text::plain(Body::clean(words).unwrap())
}

fn attachment(name: &str, media_type: &str, size: u64) -> Attachment {
    Attachment {
        name: FileName::clean(name).unwrap(),
        media_type: Some(line(media_type)),
        size: Some(size),
        place: Place::Named,
    }
}

fn draft(payload: Payload) -> Draft {
    Draft::new(Party::Foreign(juliet()), Party::Home(romeo()), payload)
}

/// What Romeo gets, `age` after it was taken.
fn written(parcel: &Parcel, about: Option<&Envelope>, age: Duration) -> Vec<Element> {
    written_with(&[], parcel, about, age)
}

fn written_with(
    files: &[Result<Placed, Absence>],
    parcel: &Parcel,
    about: Option<&Envelope>,
    age: Duration,
) -> Vec<Element> {
    written_in(Language::En, files, parcel, about, age)
}

fn written_in(
    language: Language,
    files: &[Result<Placed, Absence>],
    parcel: &Parcel,
    about: Option<&Envelope>,
    age: Duration,
) -> Vec<Element> {
    let from = gateway().contact("juliet\\40capulet").unwrap().present();
    let leg = Leg {
        gateway: &gateway(),
        from: &from,
        to: &romeo(),
        files,
        language,
        about,
        now: NOW.plus(age),
        wall: NOW.plus(age),
    };
    let stanzas = stanzas(parcel, leg).unwrap();
    stanzas.iter().map(|stanza| stanza.element().clone()).collect()
}

fn one(parcel: &Parcel) -> Element {
    let mut all = written(parcel, None, Duration::ZERO);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn body(stanza: &Element) -> String {
    text_of(stanza, "body", ns::COMPONENT).unwrap()
}

#[test]
fn a_letter_becomes_a_chat_message_under_an_id_that_never_changes() {
    let parcel = parcel(Payload::Text(Text {
        subject: Some(line("Good night")),
        thread: Some(line("balcony")),
        sender_name: Some(line("Juliet <Capulet> & Co")),
        ..text("Parting is such sweet sorrow")
    }));
    let stanza = one(&parcel);
    assert_eq!(
        stanza.attr("from"),
        Some("juliet\\40capulet@pigeon.verona.example/gateway")
    );
    assert_eq!(stanza.attr("to"), Some("romeo@verona.example"));
    assert_eq!(stanza.attr("type"), Some("chat"));
    assert_eq!(stanza.attr("id"), Some(parcel.id().to_string().as_str()));
    assert_eq!(body(&stanza), "*Good night*\n\nParting is such sweet sorrow");
    assert_eq!(text_of(&stanza, "subject", ns::COMPONENT).unwrap(), "Good night");
    assert_eq!(text_of(&stanza, "thread", ns::COMPONENT).unwrap(), "balcony");
    assert_eq!(text_of(&stanza, "nick", ns::NICK).unwrap(), "Juliet <Capulet> & Co");
    assert!(stanza.has_child("request", ns::RECEIPTS) && stanza.has_child("markable", ns::MARKERS));
    assert!(!stanza.has_child("delay", ns::DELAY), "live messages carry no delay");
    assert_eq!(one(&parcel), stanza);
}

#[test]
fn each_file_comes_as_a_message_of_its_own_and_one_that_does_not_is_named_with_the_reason() {
    let parcel = parcel(Payload::Text(Text {
        thread: Some(line("balcony")),
        attachments: vec![
            attachment("rose.png", "image/png", 1_234_567),
            attachment("poem.txt", "text/plain", 70),
        ],
        ..text("Parting is such sweet sorrow")
    }));
    let link = "https://upload.verona.example/x/poem.txt";
    let placed = Placed {
        link: Link::new(link).unwrap(),
        sha256: Some("aGFzaA==".into()),
    };
    let all = written_with(&[Err(Absence::TooLarge), Ok(placed)], &parcel, None, Duration::ZERO);
    let [words, poem] = all.as_slice() else {
        panic!("{all:?}")
    };
    assert_eq!(
        body(words),
        "Parting is such sweet sorrow\n\n📎 rose.png (image/png, 1.2 MB) – too large for your server"
    );
    assert_eq!(body(poem), link);
    let oob = poem.get_child("x", ns::OUT_OF_BAND).unwrap();
    assert_eq!(text_of(oob, "url", ns::OUT_OF_BAND).unwrap(), link);
    let sharing = poem.get_child("file-sharing", ns::FILE_SHARING).unwrap();
    let file = sharing.get_child("file", ns::FILE_METADATA).unwrap();
    let told = |name| text_of(file, name, ns::FILE_METADATA).unwrap();
    assert_eq!(
        ["name", "media-type", "size"].map(told),
        ["poem.txt", "text/plain", "70"]
    );
    assert_eq!(text_of(file, "hash", ns::HASHES).unwrap(), "aGFzaA==");
    let source = sharing
        .get_child("sources", ns::FILE_SHARING)
        .unwrap()
        .get_child("url-data", ns::URL_DATA);
    assert_eq!(source.unwrap().attr("target"), Some(link));
    assert_eq!(poem.attr("id"), Some(format!("{}-2", parcel.id()).as_str()));
    assert_eq!(text_of(poem, "thread", ns::COMPONENT).unwrap(), "balcony");
    assert!(!poem.has_child("request", ns::RECEIPTS) && !poem.has_child("markable", ns::MARKERS));
}

#[test]
fn an_answer_names_what_it_answers_and_leaves_the_subject_out_of_the_words() {
    let answer = Payload::Text(Text {
        subject: Some(line("Re: Good night")),
        ..text("Sleep dwell upon thine eyes")
    });
    let theirs = Quoted::Theirs(MessageRef::new("line-1").unwrap());
    let stanza = one(&leased(draft(answer.clone()), 0, Some(theirs)));
    assert_eq!(body(&stanza), "Sleep dwell upon thine eyes");
    let reply = stanza.children().find(|child| child.is("reply", ns::REPLY)).unwrap();
    assert_eq!(
        (reply.attr("id"), reply.attr("to")),
        (Some("line-1"), Some("romeo@verona.example"))
    );

    let ours = EnvelopeId::from_random([9; 16]);
    let stanza = one(&leased(draft(answer), 0, Some(Quoted::Ours(ours))));
    let reply = stanza.children().find(|child| child.is("reply", ns::REPLY)).unwrap();
    assert_eq!(reply.attr("id"), Some(ours.to_string().as_str()));
    assert_eq!(reply.attr("to"), Some("juliet\\40capulet@pigeon.verona.example"));
}

#[test]
fn what_is_late_or_may_be_a_copy_says_when_it_was_written() {
    let stamp = |stanza: &Element| {
        let delay = stanza.children().find(|child| child.is("delay", ns::DELAY))?;
        delay.attr("stamp").map(str::to_owned)
    };
    let parcel = parcel(Payload::Text(text("Adieu")));
    let late = written(&parcel, None, Duration::from_secs(61)).remove(0);
    assert_eq!(stamp(&late).as_deref(), Some("2023-11-14T22:13:20.000Z"));
    let again = leased(draft(Payload::Text(text("Adieu"))), 1, None);
    assert!(stamp(&one(&again)).is_some());
    let from_tomorrow = Draft {
        said_at: Some(NOW.plus(Duration::from_secs(86_400))),
        ..draft(Payload::Text(text("Adieu")))
    };
    assert_eq!(stamp(&one(&leased(from_tomorrow, 0, None))), None);
}

#[test]
fn a_correction_replaces_what_the_gateway_brought() {
    let target = EnvelopeId::from_random([9; 16]);
    let edit = Payload::Edit {
        target: Reference::Ours(target),
        text: text("Good morrow"),
    };
    let stanza = one(&parcel(edit));
    let replace = stanza
        .children()
        .find(|child| child.is("replace", ns::CORRECT))
        .unwrap();
    assert_eq!(replace.attr("id"), Some(target.to_string().as_str()));
}

fn news(what: Happened, their_id: Option<&str>) -> Parcel {
    parcel(Payload::News(News {
        about: EnvelopeId::from_random([1; 16]),
        their_id: their_id.and_then(MessageRef::new),
        what,
        first_words: "Lady, by yonder".into(),
    }))
}

/// Romeo's line as the ledger keeps it.
fn romeos_line() -> Envelope {
    let mut said = Draft::new(
        Party::Home(romeo()),
        Party::Foreign(juliet()),
        Payload::Text(text("Lady")),
    );
    said.way = vec![Hop::own(NOW, Step::Arrived, line("romeo@verona.example/balcony"))];
    Envelope {
        id: EnvelopeId::from_random([1; 16]),
        accepted: NOW,
        draft: said,
    }
}

#[test]
fn good_news_is_a_receipt_or_a_marker() {
    let receipt = one(&news(Happened::Delivered, Some("line-1")));
    let received = receipt
        .children()
        .find(|child| child.is("received", ns::RECEIPTS))
        .unwrap();
    assert_eq!(received.attr("id"), Some("line-1"));
    assert!(!receipt.has_child("body", ns::COMPONENT) && !receipt.has_child("request", ns::RECEIPTS));
    let marker = one(&news(Happened::Seen, Some("line-1")));
    for (name, namespace) in [("displayed", ns::MARKERS), ("received", ns::RECEIPTS)] {
        let sign = marker.children().find(|child| child.is(name, namespace)).unwrap();
        assert_eq!(sign.attr("id"), Some("line-1"), "who has seen it has received it");
    }
    assert_eq!(
        body(&one(&news(Happened::Delivered, None))),
        "✓ Delivered: “Lady, by yonder”"
    );
}

#[test]
fn a_delay_is_told_in_words() {
    let why = Fault::of(FaultKind::Deferred).saying("450 greylisted");
    let note = one(&news(Happened::Delayed(Some(why)), Some("line-1")));
    assert_eq!(note.attr("type"), Some("chat"));
    assert_eq!(
        body(&note),
        "⏳ Not delivered yet: “Lady, by yonder” – The next server asks to try again later: 450 greylisted; still trying"
    );
}

#[test]
fn a_delay_tells_a_user_nothing_about_the_gateways_own_links() {
    for kind in [
        FaultKind::Unreachable,
        FaultKind::Timeout,
        FaultKind::Misconfigured,
        FaultKind::Busy,
        FaultKind::Internal,
    ] {
        let why = Fault::of(kind).saying("localhost:29587: Connection refused (os error 111)");
        let note = one(&news(Happened::Delayed(Some(why)), Some("line-1")));
        let sentence = kind.sentence(Language::En);
        assert_eq!(
            body(&note),
            format!("⏳ Not delivered yet: “Lady, by yonder” – {sentence}; still trying")
        );
    }
}

#[test]
fn a_failure_comes_back_to_the_session_that_sent_the_message() {
    let why = Fault::of(FaultKind::NoSuchUser).saying("550 no Juliet here");
    let news = news(Happened::Failed(why), Some("line-1"));
    let stanzas = written(&news, Some(&romeos_line()), Duration::from_secs(2));
    assert_eq!(stanzas.len(), 1);
    let error = &stanzas[0];
    assert_eq!(error.attr("type"), Some("error"));
    assert_eq!(error.attr("id"), Some("line-1"));
    assert_eq!(error.attr("to"), Some("romeo@verona.example/balcony"));
    assert_eq!(error.attr("from"), Some("juliet\\40capulet@pigeon.verona.example"));
    let reason = error.get_child("error", ns::COMPONENT).unwrap();
    assert!(reason.has_child("item-not-found", ns::STANZA_ERRORS));
    assert_eq!(
        text_of(reason, "text", ns::STANZA_ERRORS).unwrap(),
        "“Lady, by yonder” was not delivered: Nobody has this address: 550 no Juliet here"
    );
}

#[test]
fn a_late_failure_is_told_in_words_too_since_the_session_may_be_gone() {
    let news = news(Happened::Failed(Fault::of(FaultKind::Expired)), Some("line-1"));
    let late = written(&news, Some(&romeos_line()), Duration::from_secs(3600));
    assert_eq!(
        late.iter()
            .map(|stanza| stanza.attr("type").unwrap())
            .collect::<Vec<_>>(),
        ["error", "chat"]
    );
    let unknown = written(&news, None, Duration::ZERO);
    assert_eq!(unknown.len(), 1);
    assert!(body(&unknown[0]).starts_with("⚠ “Lady, by yonder” was not delivered"));
}

#[test]
fn an_error_never_goes_to_a_session_of_somebody_else() {
    let mut forged = romeos_line();
    forged.draft.way = vec![Hop::own(NOW, Step::Arrived, line("tybalt@verona.example/x"))];
    let news = news(Happened::Failed(Fault::of(FaultKind::Expired)), Some("line-1"));
    let stanzas = written(&news, Some(&forged), Duration::ZERO);
    assert!(
        stanzas
            .iter()
            .all(|stanza| stanza.attr("to") == Some("romeo@verona.example"))
    );
}

#[test]
fn a_retraction_names_what_the_gateway_brought_and_says_so_to_old_programs() {
    let target = EnvelopeId::from_random([9; 16]);
    let stanza = one(&parcel(Payload::Retract {
        target: Reference::Ours(target),
        sender_name: None,
    }));
    let retract = stanza.get_child("retract", ns::RETRACT).unwrap();
    assert_eq!(retract.attr("id"), Some(target.to_string().as_str()));
    assert_eq!(body(&stanza), "Please disregard my message “I come”.");
    let fallback = stanza.get_child("fallback", ns::FALLBACK).unwrap();
    assert_eq!(fallback.attr("for"), Some(ns::RETRACT));
}

fn reaction(emojis: &[&str]) -> Draft {
    draft(Payload::React {
        target: Reference::Ours(EnvelopeId::from_random([9; 16])),
        emojis: Emoji::read_all(emojis.iter().copied()),
        sender_name: None,
    })
}

#[test]
fn a_reaction_names_the_users_own_message_in_his_words() {
    let theirs = || Some(Quoted::Theirs(MessageRef::new("line-1").unwrap()));
    let stanza = one(&leased(reaction(&["👍", "🌹"]), 0, theirs()));
    let reactions = stanza.get_child("reactions", ns::REACTIONS).unwrap();
    assert_eq!(reactions.attr("id"), Some("line-1"));
    let all: Vec<String> = reactions.children().map(Element::text).collect();
    assert_eq!(all, ["👍", "🌹"]);
    assert!(!stanza.has_child("body", ns::COMPONENT) && !stanza.has_child("markable", ns::MARKERS));
    let taken_back = one(&leased(reaction(&[]), 0, theirs()));
    let reactions = taken_back.get_child("reactions", ns::REACTIONS).unwrap();
    assert_eq!(reactions.children().count(), 0);
}

#[test]
fn a_reaction_to_something_unknown_says_so() {
    let from = gateway().contact("juliet\\40capulet").unwrap().present();
    let leg = Leg {
        gateway: &gateway(),
        from: &from,
        to: &romeo(),
        files: &[],
        language: Language::En,
        about: None,
        now: NOW,
        wall: NOW,
    };
    let fault = stanzas(&leased(reaction(&["👍"]), 0, None), leg).unwrap_err();
    assert_eq!(fault.kind, FaultKind::BadContent);
}

#[test]
fn words_in_a_language_say_so_and_what_should_not_be_kept_too() {
    let letter = Draft {
        lang: Tag::read("it"),
        ..draft(Payload::Text(Text {
            unkept: true,
            ..text("Buona notte")
        }))
    };
    let stanza = one(&leased(letter, 0, None));
    let body = stanza.get_child("body", ns::COMPONENT).unwrap();
    assert_eq!(body.attr_ns(&minidom::rxml::Namespace::XML, "lang"), Some("it"));
    assert!(stanza.has_child("no-store", ns::HINTS));
}

#[test]
fn news_speak_the_users_language() {
    let why = || Fault::of(FaultKind::NoSuchUser).saying("550 no Juliet here");
    let in_german = |what| {
        let news = news(what, Some("line-1"));
        written_in(
            Language::De,
            &[],
            &news,
            Some(&romeos_line()),
            Duration::from_secs(3600),
        )
    };
    let late = in_german(Happened::Failed(why()));
    let reason = late[0].get_child("error", ns::COMPONENT).unwrap();
    let text = reason.get_child("text", ns::STANZA_ERRORS).unwrap();
    let words = "„Lady, by yonder“ wurde nicht zugestellt: Diese Adresse hat niemand: 550 no Juliet here";
    assert_eq!(text.text(), words);
    assert_eq!(text.attr_ns(&minidom::rxml::Namespace::XML, "lang"), Some("de"));
    assert_eq!(body(&late[1]), format!("⚠ {words}"));
    assert_eq!(
        body(&in_german(Happened::Delayed(None))[0]),
        "⏳ Noch nicht zugestellt: „Lady, by yonder“; weitere Versuche folgen"
    );
}
