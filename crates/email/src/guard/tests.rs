use super::*;
use proptest::prelude::*;

fn check(mail: &[u8], expect: Option<(FaultKind, &str)>) {
    let fault = measure(mail, &Limits::default()).err();
    let said = fault.map(|fault| {
        (
            fault.kind,
            fault.said.map(|line| line.as_str().to_owned()).unwrap_or_default(),
        )
    });
    assert_eq!(said, expect.map(|(kind, text)| (kind, text.to_owned())));
}

fn nested(levels: usize) -> Vec<u8> {
    let mut mail = b"From: tybalt@example.com\n".to_vec();
    mail.extend(b"Content-Type: message/rfc822\n\n".repeat(levels));
    mail.extend(b"Subject: inside\n\nwords\n");
    mail
}

fn multipart(levels: usize) -> Vec<u8> {
    let mut mail = Vec::new();
    for level in 0..levels {
        mail.extend(format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n").bytes());
    }
    mail
}

#[test]
fn an_ordinary_mail_passes() {
    check(b"From: juliet@example.com\n\nhi\n", None);
    check(b"", None);
}

#[test]
fn thirty_levels_pass_and_more_do_not() {
    check(&nested(30), None);
    check(
        &nested(31),
        Some((FaultKind::BadContent, "more than 30 levels of parts")),
    );
    check(
        &multipart(31),
        Some((FaultKind::BadContent, "more than 30 levels of parts")),
    );
}

#[test]
fn the_mail_that_aborts_a_recursive_parser_is_refused() {
    let mail = nested(768 * 1024 / 30);
    assert!(mail.len() > 760 * 1024);
    check(&mail, Some((FaultKind::BadContent, "more than 30 levels of parts")));
}

#[test]
fn a_digest_in_a_digest_counts_as_depth() {
    let mut mail = Vec::new();
    for level in 0..40 {
        mail.extend(format!("Content-Type: multipart/digest; boundary=b{level}\n\n--b{level}\n\n").bytes());
    }
    check(&mail, Some((FaultKind::BadContent, "more than 30 levels of parts")));
}

#[test]
fn too_many_parts_are_refused() {
    let mut mail = b"Content-Type: multipart/mixed; boundary=x\n\n".to_vec();
    mail.extend(b"--x\n\nhi\n".repeat(100_000));
    check(&mail, Some((FaultKind::BadContent, "more than 1000 parts")));
}

#[test]
fn a_header_of_a_megabyte_is_refused() {
    let mail = format!("Subject: {}\n\nhi\n", "x".repeat(1 << 20));
    check(
        mail.as_bytes(),
        Some((FaultKind::BadContent, "more than 262144 bytes of header")),
    );
    let mail = format!("{}\nhi\n", "X: y\n".repeat(2000));
    check(
        mail.as_bytes(),
        Some((FaultKind::BadContent, "more than 1000 header fields")),
    );
    let mail = format!(
        "Content-Type: multipart/mixed; boundary=x\n\n--x\nX: {}\n\nhi\n",
        "y".repeat(300_000)
    );
    check(
        mail.as_bytes(),
        Some((FaultKind::BadContent, "more than 262144 bytes of header")),
    );
}

#[test]
fn ten_thousand_recipients_are_refused() {
    let mail = format!("To: {}\n\nhi\n", "a@b.example,".repeat(10_000));
    check(
        mail.as_bytes(),
        Some((FaultKind::BadContent, "more than 1000 addresses")),
    );
}

#[test]
fn too_many_bytes_are_too_large() {
    let limits = Limits {
        bytes: 10,
        ..Limits::default()
    };
    assert_eq!(
        measure(b"From: a@b.c", &limits).map_err(|fault| fault.kind),
        Err(FaultKind::TooLarge)
    );
}

proptest! {
    #[test]
    fn measuring_is_total(mail in any::<Vec<u8>>()) {
        let _ = measure(&mail, &Limits::default());
    }
}
