use super::*;

#[test]
fn original_recipients_are_decoded() {
    for (text, expect) in [
        ("juliet+2Bchat@example.com", "juliet+chat@example.com"),
        ("juliet+chat@example.com", "juliet+chat@example.com"),
        ("a+", "a+"),
        ("a+2", "a+2"),
        ("a+FF", "a+FF"),
        ("a+3D=", "a=="),
    ] {
        assert_eq!(from_xtext(text), expect, "{text}");
    }
}

fn group(text: &str, expect: &Evidence) {
    let fields = Fields::parse(text.as_bytes());
    assert_eq!(&evidence(&fields, recipient(&fields).as_deref()), expect, "{text}");
}

#[test]
fn the_action_decides_and_else_the_class_of_the_status() {
    let failed = |text: &str, status| Evidence::Failed(status::final_fault(status, text, None));
    group("Action: delivered (to mailbox)\nStatus: 2.0.0", &Evidence::Delivered);
    group("Action: Relayed\nStatus: 2.0.0", &Evidence::Relayed);
    group("Action: expanded\nStatus: 2.0.0", &Evidence::Relayed);
    group("Action: delayed", &Evidence::Delayed(None));
    group("Action: failed\nStatus: 5.1.1", &failed("", Some((5, 1, 1))));
    group("Action: error\nStatus: 5.1.1", &failed("", Some((5, 1, 1))));
    group("Action: (unknown)\nStatus: 2.1.5", &Evidence::Delivered);
    group("Final-Recipient: rfc822; a@b.example", &failed("", None));
    group(
        "Status: 4.4.1 (no answer)\nDiagnostic-Code: smtp; connection refused",
        &Evidence::Delayed(Some(status::passing_fault(Some((4, 4, 1)), "connection refused", None))),
    );
}
