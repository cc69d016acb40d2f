use super::*;

fn reply(lines: &[&str]) -> Reply {
    let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    Reply::parse(&lines).unwrap()
}

fn check(line: &str, stage: Stage, kind: FaultKind, retry: bool) {
    let fault = reply(&[line]).fault(stage);
    assert_eq!((fault.kind, fault.retry), (kind, retry), "{line} at {stage:?}");
    assert_eq!(fault.said.unwrap().as_str(), line);
}

#[test]
fn the_status_is_taken_out_of_every_line() {
    let reply = reply(&["550-5.1.1 No Juliet here.", "550 5.1.1 Try Verona."]);
    assert_eq!((reply.code, reply.status), (550, Some((5, 1, 1))));
    assert_eq!(reply.text, "No Juliet here. Try Verona.");
    assert_eq!(reply.sentence(), "550 5.1.1 No Juliet here. Try Verona.");
}

#[test]
fn a_status_of_another_class_is_text() {
    assert_eq!(reply(&["550 4.1.1 x"]).status, None);
    assert_eq!(reply(&["250 2.0.0 Ok: queued as 4F1"]).status, Some((2, 0, 0)));
    assert_eq!(reply(&["250 10.0.0.1 greets you"]).status, None);
}

#[test]
fn what_is_no_reply_is_none() {
    for line in ["", "2", "abc def", "999 x", "100 x", "ü50 x"] {
        assert_eq!(Reply::parse(&[line.to_owned()]), None, "{line}");
    }
}

#[test]
fn a_refused_recipient_says_why() {
    check("550 5.1.1 unknown", Stage::Recipient, FaultKind::NoSuchUser, false);
    check("550 no such mailbox", Stage::Recipient, FaultKind::NoSuchUser, false);
    check("550 5.1.10 null MX", Stage::Recipient, FaultKind::NoSuchServer, false);
    check("550 5.4.4 no route", Stage::Recipient, FaultKind::NoSuchServer, false);
    check("550 5.2.1 disabled", Stage::Recipient, FaultKind::Gone, false);
    check("552 5.2.2 full", Stage::Recipient, FaultKind::Full, false);
    check("553 5.1.3 bad", Stage::Recipient, FaultKind::BadAddress, false);
    check(
        "554 5.7.1 relay access denied",
        Stage::Recipient,
        FaultKind::Refused,
        false,
    );
}

#[test]
fn refused_content_says_why() {
    check("552 5.3.4 too big", Stage::Content, FaultKind::TooLarge, false);
    check("554 5.6.0 broken", Stage::Content, FaultKind::BadContent, false);
    check("550 spam", Stage::Content, FaultKind::Refused, false);
    check("554 5.4.6 hops", Stage::Content, FaultKind::Loop, false);
}

#[test]
fn what_may_pass_is_tried_again() {
    check(
        "450 4.1.2 Domain not found",
        Stage::Recipient,
        FaultKind::Deferred,
        true,
    );
    check("451 greylisted", Stage::Recipient, FaultKind::Deferred, true);
    check("452 4.2.2 full", Stage::Recipient, FaultKind::Full, true);
    check(
        "452 4.5.3 too many",
        Stage::Recipient,
        FaultKind::TooManyRecipients,
        true,
    );
    check("421 4.3.2 goodbye", Stage::Sender, FaultKind::Deferred, true);
}

#[test]
fn what_is_about_the_gateway_waits_for_its_admin() {
    check("535 5.7.8 wrong password", Stage::Login, FaultKind::Misconfigured, true);
    check("530 5.7.0 log in first", Stage::Sender, FaultKind::Misconfigured, true);
    check(
        "554 5.7.1 your address is listed",
        Stage::Opening,
        FaultKind::Refused,
        true,
    );
}
