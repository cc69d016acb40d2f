use super::*;
use crate::cast::{NOW, juliet, romeo, stanza};
use causeway_core::fault::FaultKind;
use std::time::Duration;

const OURS: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaa";

fn arrived() -> Arrived {
    Arrived {
        at: NOW,
        wall: NOW,
        tls: true,
        found: None,
    }
}

fn caller() -> Caller {
    Caller::read("romeo@verona.example/balcony").unwrap()
}

/// The single thing said in a message with these children.
fn said(attributes: &str, children: &str) -> Draft {
    let message = stanza(&format!("<message {attributes}>{children}</message>"));
    let mut items = message_items(&message);
    assert_eq!(items.len(), 1, "{children}");
    match items.remove(0) {
        Item::Post(draft) => *draft,
        Item::Report(report) => panic!("a report: {report:?}"),
    }
}

fn message_items(stanza: &Element) -> Vec<Item> {
    message(stanza, &caller(), juliet(), None, arrived()).unwrap()
}

fn reported(children: &str) -> Report {
    let message = stanza(&format!("<message>{children}</message>"));
    match message_items(&message).remove(0) {
        Item::Report(report) => report,
        Item::Post(draft) => panic!("a draft: {draft:?}"),
    }
}

#[test]
fn a_line_goes_from_a_person_to_a_person_with_all_that_it_says_of_itself() {
    let draft = said(
        "id='2f3b9a70-0c4e-4d5a'",
        "<subject>Tonight</subject><body>Lady, by yonder moon\r\nI swear</body><thread>balcony</thread>\
         <nick xmlns='http://jabber.org/protocol/nick'>Romeo\nMontague</nick><request xmlns='urn:xmpp:receipts'/>",
    );
    assert_eq!(draft.from, Party::Home(romeo()));
    assert_eq!(draft.to, Party::Foreign(juliet()));
    let text = draft.payload.text().unwrap();
    assert_eq!(text.body.as_str(), "Lady, by yonder moon\nI swear");
    assert_eq!(text.subject.as_ref().unwrap().as_str(), "Tonight");
    assert_eq!(text.thread.as_ref().unwrap().as_str(), "balcony");
    assert_eq!(text.sender_name.as_ref().unwrap().as_str(), "Romeo Montague");
    assert_eq!(draft.source.unwrap().as_str(), "2f3b9a70-0c4e-4d5a");
    assert!(draft.once && draft.receipt);
}

#[test]
fn only_a_long_id_proves_that_two_messages_are_one() {
    assert!(!said("id='msg-1'", "<body>a</body>").once);
    assert!(said("id='0123456789abcdef'", "<body>a</body>").once);
    let origin = said(
        "",
        "<body>a</body><origin-id xmlns='urn:xmpp:sid:0' id='0123456789abcdefg'/>",
    );
    assert!(origin.once && origin.source.is_some());
    assert_eq!(said("id='has blanks'", "<body>a</body>").source, None);
}

#[test]
fn a_receipt_can_only_be_asked_for_with_an_id() {
    assert!(!said("", "<body>a</body><request xmlns='urn:xmpp:receipts'/>").receipt);
    assert!(!said("id='1'", "<body>a</body>").receipt);
}

#[test]
fn a_message_bears_the_date_of_a_clock_that_was_moved() {
    let later = Arrived {
        wall: NOW.plus(Duration::from_secs(86_400)),
        ..arrived()
    };
    let stanza = stanza("<message/>");
    assert_eq!(said_at(&stanza, later), Some(later.wall));
    assert_eq!(said_at(&stanza, arrived()), None);
}

#[test]
fn a_delayed_message_says_since_when_and_where_it_waited() {
    let draft = said(
        "id='1'",
        "<body>a</body><delay xmlns='urn:xmpp:delay' from='verona.example' stamp='2023-11-14T22:13:00Z'/>",
    );
    assert_eq!(draft.said_at, Some(Timestamp(1_699_999_980_000)));
    let steps: Vec<_> = draft
        .way
        .iter()
        .map(|hop| (hop.step, hop.who.as_str(), hop.trust))
        .collect();
    assert_eq!(
        steps,
        [
            (Step::Relayed, "verona.example", Trust::Claimed),
            (Step::Arrived, "romeo@verona.example/balcony", Trust::Own)
        ]
    );
}

#[test]
fn a_reply_names_what_it_answers_and_loses_the_quote() {
    let draft = said(
        "id='1'",
        &format!(
            "<body>&gt; Wherefore art thöu?\nHere!</body><reply xmlns='urn:xmpp:reply:0' id='{OURS}'/>\
             <fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' end='22'/></fallback>"
        ),
    );
    let text = draft.payload.text().unwrap();
    assert_eq!(text.body.as_str(), "Here!");
    assert_eq!(text.original.as_ref().unwrap().as_str(), "> Wherefore art thöu?\nHere!");
    assert_eq!(text.reply_to, Some(Reference::Ours(EnvelopeId::parse(OURS).unwrap())));
}

#[test]
fn a_reply_to_a_file_answers_the_message_that_it_came_with() {
    let draft = said(
        "",
        &format!("<body>How fair!</body><reply xmlns='urn:xmpp:reply:0' id='{OURS}-2'/>"),
    );
    let ours = Reference::Ours(EnvelopeId::parse(OURS).unwrap());
    assert_eq!(draft.payload.text().unwrap().reply_to, Some(ours));
}

#[test]
fn a_reply_that_is_nothing_but_a_quote_stays_whole() {
    let quote = "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' end='9'/></fallback>";
    let draft = said(
        "",
        &format!("<body>&gt; Hark!</body>{quote}<reply xmlns='urn:xmpp:reply:0' id='x'/>"),
    );
    let text = draft.payload.text().unwrap();
    assert_eq!((text.body.as_str(), &text.original), ("> Hark!", &None));
    assert_eq!(text.reply_to, Some(Reference::Theirs(MessageRef::new("x").unwrap())));
}

#[test]
fn a_correction_means_one_of_the_senders_own() {
    for id in ["line-1", OURS] {
        let draft = said(
            "id='2'",
            &format!("<body>a</body><replace xmlns='urn:xmpp:message-correct:0' id='{id}'/>"),
        );
        let Payload::Edit { target, .. } = draft.payload else {
            panic!("no correction")
        };
        assert_eq!(target, Reference::Theirs(MessageRef::new(id).unwrap()));
    }
}

#[test]
fn receipts_and_markers_are_evidence_by_who_sent_them() {
    for (sign, evidence) in [
        ("<received xmlns='urn:xmpp:receipts' id='ID'/>", Evidence::Delivered),
        (
            "<received xmlns='urn:xmpp:chat-markers:0' id='ID'/>",
            Evidence::Delivered,
        ),
        ("<displayed xmlns='urn:xmpp:chat-markers:0' id='ID'/>", Evidence::Seen),
    ] {
        let report = reported(&sign.replace("ID", OURS));
        assert_eq!(report.evidence, evidence);
        assert_eq!(report.by, Some(Party::Home(romeo())));
        assert_eq!(report.about.to_string(), OURS);
        assert_eq!(report.hops[0].who.as_str(), "romeo@verona.example/balcony");
        assert_eq!((report.hops[0].at, report.hops[0].trust), (Some(NOW), Trust::Own));
    }
}

#[test]
fn who_sends_a_receipt_and_a_marker_at_once_has_seen_the_message() {
    let report = reported(&format!(
        "<received xmlns='urn:xmpp:receipts' id='{OURS}'/><displayed xmlns='urn:xmpp:chat-markers:0' id='{OURS}'/>"
    ));
    assert_eq!(report.evidence, Evidence::Seen);
}

#[test]
fn a_receipt_and_words_in_one_message_are_both_heard() {
    let message = stanza(&format!(
        "<message><displayed xmlns='urn:xmpp:chat-markers:0' id='{OURS}'/><body>Ay me</body></message>"
    ));
    assert!(matches!(
        message_items(&message).as_slice(),
        [Item::Report(_), Item::Post(_)]
    ));
}

#[test]
fn a_message_of_ours_that_comes_back_has_failed_for_good() {
    let back = stanza(&format!(
        "<message id='{OURS}' type='error'><error type='wait'><recipient-unavailable \
         xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
    ));
    let Some(Item::Report(report)) = bounce(&back, &caller(), arrived()) else {
        panic!("nothing heard")
    };
    assert_eq!((report.hops[0].at, report.hops[0].trust), (Some(NOW), Trust::Own));
    let Evidence::Failed(fault) = report.evidence else {
        panic!("not failed")
    };
    assert_eq!((fault.kind, fault.retry), (FaultKind::Deferred, false));
    assert_eq!(
        bounce(&stanza("<message id='theirs' type='error'/>"), &caller(), arrived()),
        None
    );
}

#[test]
fn a_retraction_means_one_of_the_senders_own_whatever_words_stand_beside_it() {
    let fallback = "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-retract:1'><body/></fallback>\
                    <body>/me retracted a message</body>";
    for retraction in [
        "<retract xmlns='urn:xmpp:message-retract:1' id='line-1'/>",
        "<apply-to xmlns='urn:xmpp:fasten:0' id='line-1'><retract xmlns='urn:xmpp:message-retract:0'/></apply-to>",
    ] {
        let draft = said("id='2'", &format!("{retraction}{fallback}"));
        let Payload::Retract { target, .. } = draft.payload else {
            panic!("{retraction}")
        };
        assert_eq!(target, Reference::Theirs(MessageRef::new("line-1").unwrap()));
    }
}

fn reacted(target: &str, reactions: &str) -> Option<(Reference, Vec<String>)> {
    let stanza = stanza(&format!(
        "<message id='2'><reactions xmlns='urn:xmpp:reactions:0' id='{target}'>{reactions}</reactions></message>"
    ));
    match message_items(&stanza).pop()? {
        Item::Post(draft) => match draft.payload {
            Payload::React { target, emojis, .. } => Some((target, emojis.iter().map(ToString::to_string).collect())),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_reaction_means_any_message_of_the_conversation() {
    let thumb = "<reaction>👍</reaction><reaction>👍</reaction><reaction>🌹</reaction>";
    let ours = Reference::Ours(EnvelopeId::parse(OURS).unwrap());
    let both = || vec!["👍".to_owned(), "🌹".to_owned()];
    assert_eq!(reacted(OURS, thumb), Some((ours.clone(), both())));
    // A file that came with it.
    assert_eq!(reacted(&format!("{OURS}-2"), thumb), Some((ours.clone(), both())));
    let own = Reference::Theirs(MessageRef::new("line-1").unwrap());
    assert_eq!(reacted("line-1", thumb), Some((own, both())));
    assert_eq!(reacted(OURS, ""), Some((ours, Vec::new())));
    assert_eq!(reacted(OURS, "<reaction>lol</reaction>"), None, "no emoji, no reaction");
    assert_eq!(reacted("", thumb), None);
}

#[test]
fn a_message_is_in_the_language_of_its_body() {
    let lang = |attributes: &str, children: &str| said(attributes, children).lang.map(|tag| tag.as_str().to_owned());
    assert_eq!(lang("xml:lang='de'", "<body>a</body>").as_deref(), Some("de"));
    assert_eq!(
        lang("xml:lang='de'", "<body xml:lang='it'>a</body>").as_deref(),
        Some("it")
    );
    assert_eq!(lang("", "<body>a</body>"), None);
    let both = said(
        "xml:lang='en'",
        "<body xml:lang='it'>amore</body><body xml:lang='en'>love</body>",
    );
    assert_eq!(both.payload.first_words(9), "love");
}

#[test]
fn the_subject_of_a_single_message_is_enough_to_say() {
    let draft = said("id='1' type='normal'", "<subject>Come at nine</subject><body/>");
    let text = draft.payload.text().unwrap();
    assert_eq!((text.body.as_str(), text.subject.is_some()), ("Come at nine", true));
    let chat = stanza("<message type='chat'><subject>Come at nine</subject></message>");
    assert_eq!(message_items(&chat), []);
}

#[test]
fn a_hint_that_nothing_be_kept_is_carried() {
    let kept = |hint: &str| {
        let draft = said("id='1'", &format!("<body>a</body><{hint} xmlns='urn:xmpp:hints'/>"));
        !draft.payload.text().unwrap().unkept
    };
    assert!(!kept("no-store") && !kept("no-permanent-store"));
    assert!(kept("no-copy") && kept("store"));
}

#[test]
fn typing_and_being_there_leave_no_trace() {
    for state in ["active", "composing", "paused", "inactive", "gone"] {
        let stanza = stanza(&format!(
            "<message><{state} xmlns='http://jabber.org/protocol/chatstates'/><thread>t</thread></message>"
        ));
        assert_eq!(message_items(&stanza), [], "{state}");
    }
}
