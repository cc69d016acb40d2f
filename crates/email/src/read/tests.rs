use super::*;
use causeway_core::evidence::Evidence;
use causeway_core::file::Place;
use std::time::{Duration, Instant};

fn gateway() -> MailDomain {
    MailDomain {
        domain: "mail.example.org".into(),
        home: "example.org".into(),
    }
}

fn id() -> EnvelopeId {
    EnvelopeId::from_random([7; 16])
}

fn read_mail(mail: &[u8], bounced: Option<EnvelopeId>, return_path: Option<&str>) -> Result<Read, Fault> {
    read(&Reading {
        mail,
        domain: &gateway(),
        trusted_hosts: &[],
        authserv_ids: &[],
        arrived: Timestamp(1_795_341_600_000),
        keys: &BounceKeys::new(vec![b"balcony".to_vec()]),
        return_path,
        bounced,
        room: Room {
            largest: 20_000,
            most: 2,
        },
    })
}

type Places = Vec<(String, Place)>;

/// A mail with these parts behind its words; the names of its files, and whether and as what they are kept.
fn files(kind: &str, parts: &[String]) -> (Places, Vec<Arc<[u8]>>) {
    let mut mail =
        format!("From: juliet@example.com\nContent-Type: multipart/{kind}; boundary=b\n\n--b\n\nLook!\n").into_bytes();
    for part in parts {
        mail.extend_from_slice(format!("--b\n{part}\n").as_bytes());
    }
    mail.extend_from_slice(b"--b--\n");
    let Ok(Read::Mail(mail)) = read_mail(&mail, None, None) else {
        panic!("unread")
    };
    let told = |file: Attachment| (file.name.to_string(), file.place);
    (mail.text.attachments.into_iter().map(told).collect(), mail.files)
}

fn picture(name: &str, more: &str, length: usize) -> String {
    let encoded = data_encoding::BASE64.encode(&vec![7; length]);
    format!("Content-Type: image/png; name={name}\n{more}Content-Transfer-Encoding: base64\n\n{encoded}")
}

#[test]
fn files_are_kept_as_far_as_there_is_room() {
    let parts = [("a", 20_000), ("b", 20_001), ("c", 0), ("d", 5)].map(|(name, length)| picture(name, "", length));
    let (names, kept) = files("mixed", &parts);
    let place = |name: &str, place| (name.to_owned(), place);
    assert_eq!(
        names,
        [
            place("a", Place::Kept(0)),
            place("b", Place::Named),
            place("c", Place::Kept(1)),
            place("d", Place::Named)
        ]
    );
    assert_eq!(kept.iter().map(|file| file.len()).collect::<Vec<_>>(), [20_000, 0]);
    assert!(kept[0].iter().all(|byte| *byte == 7));
}

#[test]
fn pictures_in_the_text_come_along_but_not_its_ornaments() {
    let embedded = "Content-ID: <x>\nContent-Disposition: inline\n";
    let (names, kept) = files(
        "related",
        &[picture("photo", embedded, 15_000), picture("logo", embedded, 9_000)],
    );
    assert_eq!(names, [("photo".to_owned(), Place::Kept(0))]);
    assert_eq!(kept.len(), 1);
}

#[test]
fn the_mail_that_aborts_a_recursive_parser_is_refused_on_a_small_stack() {
    let outcome = std::thread::Builder::new()
        .stack_size(512 * 1024)
        .spawn(|| {
            let mut mail = b"From: tybalt@example.com\n".to_vec();
            mail.extend(b"Content-Type: message/rfc822\n\n".repeat(768 * 1024 / 30));
            read_mail(&mail, None, None).map_err(|fault| fault.kind)
        })
        .unwrap()
        .join();
    assert_eq!(outcome.unwrap(), Err(FaultKind::BadContent));
}

#[test]
fn a_mail_nested_inside_encoded_mails_is_never_unfolded() {
    let bomb = b"Content-Type: message/rfc822\n\n".repeat(20_000);
    let encoded = data_encoding::BASE64.encode(&bomb);
    let mail = format!(
        "From: tybalt@example.com\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{encoded}\n"
    );
    let Ok(Read::Mail(mail)) = read_mail(mail.as_bytes(), None, None) else {
        panic!("unread")
    };
    assert_eq!(mail.text.attachments.len(), 1);
}

#[test]
fn a_keyed_return_path_identifies_what_the_report_does_not() {
    let report = b"From: postmaster@example.com\nContent-Type: message/delivery-status\n\nFinal-Recipient: rfc822; juliet@example.com\nAction: failed\nStatus: 5.1.1\n";
    let Ok(Read::Reports(reports)) = read_mail(report, Some(id()), Some("")) else {
        panic!("no report")
    };
    assert_eq!((reports[0].about, reports[0].keyed), (Some(id()), true));
}

#[test]
fn words_of_a_mail_server_at_a_keyed_return_path_are_a_failure() {
    let words = b"From: MAILER-DAEMON@example.com\nSubject: failure\n\n<juliet@example.com>:\n550 no such user here\n";
    let Ok(Read::Reports(reports)) = read_mail(words, Some(id()), Some("")) else {
        panic!("no report")
    };
    let Evidence::Failed(fault) = &reports[0].evidence else {
        panic!("{:?}", reports[0].evidence)
    };
    assert_eq!((fault.kind, fault.retry), (FaultKind::NoSuchUser, false));
    assert_eq!(fault.said.as_ref().map(Line::as_str), Some("550 no such user here"));
}

#[test]
fn a_person_who_writes_to_a_return_path_is_heard_as_a_person() {
    let vacation = b"From: juliet@example.com\nAuto-Submitted: auto-replied\nSubject: away\n\nUntil Thursday.\n";
    assert!(matches!(read_mail(vacation, Some(id()), Some("")), Ok(Read::Mail(mail)) if mail.text.automatic));
}

#[test]
fn a_long_text_arrives_cut_and_says_so() {
    let poem = "O Roméo, Romeo, wherefore art thou Romeo?\n".repeat(40_000);
    let mail = format!("From: juliet@example.com\nSubject: Re: x\nContent-Type: text/plain; charset=utf-8\n\n{poem}");
    let text = |mail: &str| match read_mail(mail.as_bytes(), None, None) {
        Ok(Read::Mail(mail)) => mail.text,
        other => panic!("{other:?}"),
    };
    let plain = text(&mail);
    assert!(plain.body.as_str().len() <= TEXT_MAX && plain.body.as_str().starts_with("O Roméo"));
    assert!(plain.body.as_str().ends_with(CUT_HERE) && plain.original.is_none());
    let quoted = text(&format!(
        "{mail}\nOn 21 Nov 2026 Romeo <romeo@example.org> wrote:\n{}",
        "> Call me but love\n".repeat(20_000)
    ));
    assert!(quoted.body.as_str().ends_with(CUT_HERE));
    let original = quoted.original.unwrap();
    assert!(original.as_str().len() <= TEXT_MAX && original.as_str().ends_with(CUT_HERE));
    let short = text(&mail.replace(&poem, &format!("Yes.\n\n{}", poem.replace("O R", "> O R"))));
    assert_eq!(short.body.as_str(), "Yes. [...]");
}

/// What grows faster than its input would take minutes at the largest size; the rest is for machines that do other
/// work at the same time.
const LIMIT: Duration = Duration::from_secs(30);

#[test]
#[allow(clippy::disallowed_methods, reason = "measures how long reading takes")]
fn bombs_are_read_or_refused_in_time() {
    let kinds: [(&str, &str, &str); 17] = [
        ("To: ", "a@b.example, ", "\n\nhi"),
        ("Subject: ", "=?utf-8?q?x?= ", "\n\nhi"),
        ("Subject: ", "=?utf-8?b?", "\n\nhi"),
        ("References: ", "<a@b.example> ", "\n\nhi"),
        ("Received: from a ", "(", "; date\n\nhi"),
        ("Received: ", "by with id from ", "\n\nhi"),
        ("", "Received: by a.example; Mon, 1 Jan 2024 12:00:00 +0000\n", "\nhi"),
        ("Authentication-Results: a", ";dkim=pass (", "\n\nhi"),
        ("Content-Type: text/plain", "; a*0*=utf-8''%20", "\n\nhi"),
        ("Content-Type: multipart/mixed; boundary=x\n\n", "--x\n", "--x--"),
        ("Content-Type: multipart/mixed; boundary=x\n\n", "--x-\n", "--x--"),
        ("Content-Type: text/html\n\n", "<table><tr><td>", "hi"),
        ("Content-Type: text/html\n\n", "<b><p><font color=a>", "hi"),
        ("Content-Type: text/html\n\n", "<a href=\"", "hi"),
        ("Subject: Re: x\n\n", "> a\n\n-- \nb\n", "hi"),
        ("Subject: Re: x\n\n", "-----a-----\n\n", "hi"),
        ("Content-Type: message/delivery-status\n\n", "Action: failed\n\n", "hi"),
    ];
    for (before, middle, after) in kinds {
        for size in [1_000, 10_000, 100_000] {
            let mail = format!("From: tybalt@example.com\n{before}{}{after}\n", middle.repeat(size));
            let begin = Instant::now();
            let _ = read_mail(mail.as_bytes(), None, None);
            assert!(
                begin.elapsed() < LIMIT,
                "{before:?}{middle:?} x {size}: {:?}",
                begin.elapsed()
            );
        }
    }
}
