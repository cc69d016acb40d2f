use super::*;
use causeway_core::envelope::EnvelopeId;
use jid::BareJid;

/// A conversation, written as in the RFCs: what the client says, and the codes that it gets.
fn check(play: &[(&str, u16)]) -> Dialogue {
    let mut dialogue = Dialogue::new("mail.example.org", 1000, 2);
    for (line, code) in play {
        let next = dialogue.hear(format!("{line}\r\n").as_bytes(), judge);
        let (Next::Answer(reply) | Next::TakeMail(reply, _) | Next::HangUp(reply)) = next;
        assert_eq!(reply.code(), *code, "{line}: {reply}");
    }
    dialogue
}

fn judge(_sender: &str, rcpt: &str) -> Result<Recipient, Fault> {
    match rcpt {
        "romeo@mail.example.org" => Ok(Recipient::User(BareJid::new("romeo@example.org").unwrap())),
        "b.1@mail.example.org" => Ok(Recipient::Bounce(EnvelopeId::from_random([1; 16]))),
        "busy@mail.example.org" => Err(Fault::of(FaultKind::Busy)),
        "tybalt@mail.example.org" => Err(Fault::of(FaultKind::NotAllowed)),
        other if other.ends_with("@mail.example.org") => Err(Fault::of(FaultKind::NoSuchUser)),
        "" => Err(Fault::of(FaultKind::BadAddress)),
        _ => Err(Fault::of(FaultKind::Refused).saying("no mail for other domains")),
    }
}

const LHLO: (&str, u16) = ("LHLO mta.example.org", 250);
const MAIL: (&str, u16) = ("MAIL FROM:<juliet@example.com>", 250);
const RCPT: (&str, u16) = ("RCPT TO:<romeo@mail.example.org>", 250);

#[test]
fn the_usual_conversation() {
    check(&[
        LHLO,
        MAIL,
        RCPT,
        ("DATA", 354),
        MAIL,
        RCPT,
        ("RSET", 250),
        MAIL,
        ("QUIT", 221),
    ]);
}

#[test]
fn what_is_offered_is_named() {
    let mut dialogue = Dialogue::new("mail.example.org", 1000, 2);
    let Next::Answer(reply) = dialogue.hear(b"LHLO x\r\n", judge) else {
        panic!("no answer")
    };
    assert_eq!(
        reply.to_string(),
        "250-mail.example.org\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 1000\r\n"
    );
}

#[test]
fn the_order_matters() {
    check(&[
        MAIL_FIRST,
        LHLO,
        ("RCPT TO:<romeo@mail.example.org>", 503),
        ("DATA", 503),
    ]);
    check(&[
        LHLO,
        MAIL,
        ("MAIL FROM:<x@example.com>", 503),
        ("DATA", 503),
        RCPT,
        ("DATA", 354),
        ("DATA", 503),
    ]);
    check(&[("EHLO mta.example.org", 500), ("HELO mta.example.org", 500)]);
}

const MAIL_FIRST: (&str, u16) = ("MAIL FROM:<juliet@example.com>", 503);

#[test]
fn unknown_recipients_are_refused_one_by_one() {
    check(&[
        LHLO,
        MAIL,
        ("RCPT TO:<peter@mail.example.org>", 550),
        ("RCPT TO:<tybalt@mail.example.org>", 550),
        ("RCPT TO:<juliet@example.com>", 550),
        ("RCPT TO:<busy@mail.example.org>", 452),
        ("DATA", 503),
        RCPT,
        ("DATA", 354),
    ]);
}

#[test]
fn those_who_may_not_and_those_who_are_not_get_the_same_answer() {
    let answer = |rcpt: &str| {
        let mut dialogue = check(&[LHLO, MAIL]);
        dialogue.hear(format!("RCPT TO:<{rcpt}>\r\n").as_bytes(), judge)
    };
    assert_eq!(answer("tybalt@mail.example.org"), answer("peter@mail.example.org"));
}

#[test]
fn the_null_path_and_return_paths_are_welcome() {
    check(&[
        LHLO,
        ("MAIL FROM:<>", 250),
        ("RCPT TO:<b.1@mail.example.org>", 250),
        ("DATA", 354),
    ]);
}

#[test]
fn parameters_of_what_is_offered_are_taken() {
    check(&[
        LHLO,
        ("MAIL FROM:<juliet@example.com> SIZE=1000 BODY=8BITMIME SMTPUTF8", 250),
        RCPT,
    ]);
}

#[test]
fn parameters_of_what_is_not_offered_are_refused() {
    for parameter in [
        "BODY=BINARYMIME",
        "RET=HDRS",
        "ENVID=x",
        "AUTH=<>",
        "REQUIRETLS",
        "WHATEVER=1",
        "HOLDFOR=5",
    ] {
        let line = format!("MAIL FROM:<juliet@example.com> {parameter}");
        check(&[LHLO, (&line, 555), MAIL]);
    }
    check(&[LHLO, MAIL, ("RCPT TO:<romeo@mail.example.org> NOTIFY=NEVER", 555), RCPT]);
}

#[test]
fn too_much_is_refused() {
    check(&[LHLO, ("MAIL FROM:<juliet@example.com> SIZE=1001", 552), MAIL]);
    check(&[
        LHLO,
        MAIL,
        RCPT,
        RCPT,
        ("RCPT TO:<romeo@mail.example.org>", 452),
        ("DATA", 354),
    ]);
}

#[test]
fn what_is_no_command_is_refused() {
    check(&[
        ("", 500),
        ("BLAH", 500),
        ("MAIL", 501),
        ("LHLO", 501),
        ("BDAT 10 LAST", 502),
        ("STARTTLS", 502),
        ("AUTH PLAIN AHgAeA==", 502),
        ("EXPN users", 502),
        ("VRFY romeo", 252),
        ("NOOP", 250),
        (&"x".repeat(3000), 500),
    ]);
}

#[test]
fn a_line_that_ends_in_lf_alone_is_no_command() {
    let mut dialogue = Dialogue::new("mail.example.org", 1000, 2);
    for line in [&b"LHLO x\n"[..], b"LHLO \xff\r\n"] {
        let Next::Answer(reply) = dialogue.hear(line, judge) else {
            panic!("no answer")
        };
        assert_eq!(reply.code(), 500);
    }
}

#[test]
fn who_only_makes_mistakes_is_sent_away() {
    let mut dialogue = Dialogue::new("mail.example.org", 1000, 2);
    let sent_away = (0..200).find(|_| matches!(dialogue.hear(b"GET / HTTP/1.1\r\n", judge), Next::HangUp(_)));
    assert_eq!(sent_away, Some(99));
}

#[test]
fn a_fault_keeps_its_class() {
    let check = |fault: Fault, expect: &str| assert_eq!(Reply::refusal(&fault).to_string(), expect);
    check(
        Fault::of(FaultKind::Busy).saying("no room"),
        "452 4.3.1 The gateway is busy; please try again later: no room\r\n",
    );
    check(Fault::of(FaultKind::Loop), "554 5.4.6 The message runs in a circle\r\n");
    check(
        Fault::of(FaultKind::TooLarge).for_now(),
        "451 4.3.4 The message is larger than the next server takes\r\n",
    );
    check(
        Fault::of(FaultKind::NoSuchUser).saying("kein Römer"),
        "550 5.1.1 Nobody has this address: kein R?mer\r\n",
    );
}
