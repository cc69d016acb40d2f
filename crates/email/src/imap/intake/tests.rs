use super::*;

#[test]
fn a_stand_in_keeps_the_header_and_says_how_large_the_mail_is() {
    let header = b"From: juliet@example.com\r\nSubject: two\r\n lines\r\nContent-Type: multipart/mixed;\r\n boundary=x\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: 8bit\r\nX-Cut: of";
    let text = String::from_utf8(stand_in(header, 39_260_000)).unwrap();
    assert_eq!(
        text,
        "From: juliet@example.com\r\nSubject: two\r\n lines\r\nX-Cut: of\r\n\r\n[A mail of 39.2 MB, which is more than the gateway takes. It stays in the gateway's mailbox.]\r\n"
    );
}
