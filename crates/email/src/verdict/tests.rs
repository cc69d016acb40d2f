use super::*;
use crate::guard::Limits;
use crate::mime;

fn judged(header: &str, author: &str, return_path: Option<&str>) -> Verdict {
    let mail = format!("{header}\n\nhi\n");
    let parts = mime::split(mail.as_bytes(), &Limits::default()).unwrap();
    judge(&parts[0], Some(author), return_path, "mail.example.org")
}

fn check(header: &str, automatic: bool) {
    let verdict = judged(header, "juliet", Some("juliet@example.com"));
    assert_eq!(verdict.automatic, automatic, "{header}: {:?}", verdict.reasons);
    assert!(!verdict.loop_, "{header}: {:?}", verdict.reasons);
}

fn circle(header: &str, runs: bool) {
    let verdict = judged(header, "juliet", Some("juliet@example.com"));
    assert_eq!(verdict.loop_, runs, "{header}: {:?}", verdict.reasons);
}

#[test]
fn a_letter_of_a_person_is_no_machines() {
    check("Subject: hello", false);
    check("Auto-Submitted: no", false);
    check("Auto-Submitted: (a comment) No", false);
    check("Precedence: first-class", false);
    check("X-Autoreply: no", false);
    check("X-Auto-Response-Suppress: All", false);
}

#[test]
fn machines_are_known_by_their_fields() {
    for header in [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated (by a rule); x=y",
        "auto-submitted: AUTO-NOTIFIED",
        "Precedence: bulk",
        "Precedence: list (really)",
        "Precedence: auto_reply",
        "List-Id: <balcony.example.com>",
        "List-Unsubscribe: <mailto:x@example.com>",
        "Feedback-ID: 1:2:3",
        "X-Autoreply: yes",
        "X-Autorespond: whatever",
        "X-POST-MessageClass: 9; Autoresponder",
        "X-Failed-Recipients: tybalt@example.com",
        "Content-Type: multipart/report; boundary=x",
    ] {
        check(header, true);
    }
}

#[test]
fn machines_are_known_by_their_names_and_by_the_null_path() {
    assert!(judged("Subject: x", "noreply", None).automatic);
    assert!(judged("Subject: x", "MAILER-DAEMON", None).bounce_like);
    assert!(judged("Subject: x", "juliet", Some("")).bounce_like);
    assert!(judged("Return-Path: <>", "juliet", None).bounce_like);
    assert!(!judged("Return-Path: <juliet@example.com>", "juliet", None).automatic);
    assert!(!judged("Return-Path: <>", "juliet", Some("juliet@example.com")).automatic);
}

#[test]
fn what_was_here_before_runs_in_a_circle() {
    circle("X-Causeway-Loop: mail.example.org", true);
    circle("X-Causeway-Loop: MAIL.example.org", true);
    circle("X-Causeway-Loop: other.example.net", false);
    circle("Message-ID: <aaaaaaaaaaaaaaaaaaaaaaaaaa@mail.example.org>", true);
    circle("Message-ID: <aaaaaaaaaaaaaaaaaaaaaaaaaa@example.com>", false);
    circle(
        "Received: from example.org by mail.example.org with XMPP id 1; Mon, 1 Jan 2024 12:00:00 +0000",
        true,
    );
    circle(
        "Received: from example.org by mail.example.org with LMTP id 1; Mon, 1 Jan 2024 12:00:00 +0000",
        false,
    );
    circle(
        "Received: by a.example; Mon, 1 Jan 2024 12:00:00 +0000\n"
            .repeat(50)
            .trim(),
        false,
    );
    circle(
        "Received: by a.example; Mon, 1 Jan 2024 12:00:00 +0000\n"
            .repeat(51)
            .trim(),
        true,
    );
}
