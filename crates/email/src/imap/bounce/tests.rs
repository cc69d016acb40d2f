use super::*;
use crate::house::{NOW, Rooms, id, juliet, words};
use crate::read::Authenticated;
use crate::smtp::transaction::has_clean_lines;
use crate::verdict::Verdict;
use causeway_core::message::Text;

fn mail(authenticated: Authenticated, in_reply_to: Option<EnvelopeId>, text: Text) -> IncomingMail {
    IncomingMail {
        from: juliet().contact().unwrap().id.clone(),
        from_spelled: "juliet@example.com".into(),
        reaction: Vec::new(),
        lang: None,
        message_id: "1@example.com".into(),
        in_reply_to: in_reply_to
            .map(|id| format!("{id}@mail.example.org"))
            .into_iter()
            .collect(),
        references: Vec::new(),
        hops: Vec::new(),
        authenticated,
        said_at: None,
        verdict: Verdict::default(),
        files: Vec::new(),
        text,
    }
}

fn deserved(mail: &IncomingMail, return_path: Option<&str>) -> bool {
    let rooms = Rooms::open();
    rooms.remember(id(1), words("Wherefore?"));
    Bounce::deserved(
        mail,
        return_path,
        "peter@mail.example.org",
        "mail.example.org",
        rooms.as_ref(),
        NOW,
    )
    .is_some()
}

const PATH: Option<&str> = Some("Juliet@example.com");

#[test]
fn who_is_who_he_says_gets_a_bounce() {
    assert!(deserved(&mail(Authenticated::Pass, None, words("x")), PATH));
    assert!(deserved(&mail(Authenticated::Unknown, Some(id(1)), words("x")), PATH));
}

/// Threat 17: a bounce must not hit somebody who never wrote.
#[test]
fn nobody_else_gets_one() {
    assert!(!deserved(&mail(Authenticated::Unknown, None, words("x")), PATH));
    assert!(!deserved(&mail(Authenticated::Fail, None, words("x")), PATH));
    assert!(!deserved(&mail(Authenticated::Unknown, Some(id(2)), words("x")), PATH));
    let good = mail(Authenticated::Pass, None, words("x"));
    assert!(!deserved(&good, Some("")));
    assert!(!deserved(&good, Some("list-bounces@example.net")));
    let machine = IncomingMail {
        verdict: Verdict {
            automatic: true,
            ..Verdict::default()
        },
        ..good
    };
    assert!(!deserved(&machine, PATH));
}

fn bounce(recipient: &str, message_id: &str) -> Bounce {
    Bounce {
        to: "juliet@example.com".into(),
        recipient: recipient.into(),
        message_id: message_id.into(),
        at: NOW,
    }
}

#[test]
fn a_bounce_is_a_report_from_the_null_path() {
    let letter = bounce("peter@mail.example.org", "1@example.com")
        .letter("mail.example.org")
        .unwrap();
    assert_eq!((letter.sender, letter.recipient.as_str()), (None, "juliet@example.com"));
    assert!(has_clean_lines(&letter.bytes) && letter.bytes.is_ascii());
    let text = String::from_utf8(letter.bytes).unwrap();
    for line in [
        "Auto-Submitted: auto-replied",
        "Final-Recipient: rfc822; peter@mail.example.org",
        "Status: 5.1.1",
    ] {
        assert!(text.contains(&format!("\r\n{line}\r\n")), "{text}");
    }
}

#[test]
fn one_mail_has_one_bounce() {
    let key = |bounce: Bounce| bounce.row().unwrap().key;
    assert_eq!(
        key(bounce("a@x", "1@y")),
        key(Bounce {
            at: NOW.plus(LIFETIME),
            ..bounce("a@x", "1@y")
        })
    );
    assert_ne!(key(bounce("a@x", "1@y")), key(bounce("b@x", "1@y")));
}

#[test]
fn what_could_break_a_header_is_not_written() {
    for (recipient, message_id) in [("a\r\nBcc: x@y", "1"), ("a@x", "1>\r\nBcc: <x@y"), ("ä@x", "1")] {
        assert!(bounce(recipient, message_id).letter("mail.example.org").is_err());
    }
}
