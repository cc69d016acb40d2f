use super::*;
use proptest::prelude::*;

/// 2026-11-22 10:00:00 UTC.
const TODAY: Timestamp = Timestamp(1_795_341_600_000);

struct Expect<'a> {
    from: &'a str,
    by: &'a str,
    with: &'a str,
    id: &'a str,
    tls: Option<bool>,
    at: &'a str,
}

fn check(value: &str, expect: Expect<'_>) {
    let line = Received::parse(value, TODAY);
    let found = [&line.from, &line.by, &line.with, &line.id].map(|slot| slot.as_deref().unwrap_or("").to_owned());
    assert_eq!(found, [expect.from, expect.by, expect.with, expect.id], "{value}");
    assert_eq!(line.tls, expect.tls, "{value}");
    assert_eq!(line.at.map(date::format).unwrap_or_default(), expect.at, "{value}");
}

#[test]
fn postfix_lines_are_read() {
    check(
        "from out.example.com (out.example.com [192.0.2.7])\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\t key-exchange X25519) (No client certificate requested)\tby mx.example.org (Postfix) with ESMTPS id 4XyZ12\tfor <romeo@mail.example.org>; Mon,  1 Jan 2024 12:00:00 +0000 (UTC)",
        Expect {
            from: "out.example.com",
            by: "mx.example.org",
            with: "ESMTPS",
            id: "4XyZ12",
            tls: Some(true),
            at: "Mon, 01 Jan 2024 12:00:00 +0000",
        },
    );
    check(
        "by mx.example.org (Postfix, from userid 1000) id 4XyZ13; Mon,  1 Jan 2024 12:00:00 +0000 (UTC)",
        Expect {
            from: "",
            by: "mx.example.org",
            with: "",
            id: "4XyZ13",
            tls: None,
            at: "Mon, 01 Jan 2024 12:00:00 +0000",
        },
    );
}

#[test]
fn exim_gmail_microsoft_and_dovecot_lines_are_read() {
    check(
        "from [192.0.2.7] (helo=laptop) by smtp.example.com with esmtpsa (TLS1.3) tls TLS_AES_128_GCM_SHA256 (Exim 4.96) (envelope-from <juliet@example.com>) id 1abcde-000000-0A; Mon, 01 Jan 2024 13:00:00 +0100",
        Expect {
            from: "[192.0.2.7]",
            by: "smtp.example.com",
            with: "esmtpsa",
            id: "1abcde-000000-0A",
            tls: Some(true),
            at: "Mon, 01 Jan 2024 12:00:00 +0000",
        },
    );
    check(
        "by 2002:a05:6402:1234:b0:1 with SMTP id ab12csp345; Mon, 1 Jan 2024 04:00:00 -0800 (PST)",
        Expect {
            from: "",
            by: "2002:a05:6402:1234:b0:1",
            with: "SMTP",
            id: "ab12csp345",
            tls: Some(false),
            at: "Mon, 01 Jan 2024 12:00:00 +0000",
        },
    );
    check(
        "from EX1.example.com (2001:db8::1) by EX2.example.com (2001:db8::2) with Microsoft SMTP Server (version=TLS1_2, cipher=TLS_ECDHE_RSA) id 15.20.1; Mon, 1 Jan 2024 12:00:00 +0000",
        Expect {
            from: "EX1.example.com",
            by: "EX2.example.com",
            with: "Microsoft SMTP Server",
            id: "15.20.1",
            tls: Some(true),
            at: "Mon, 01 Jan 2024 12:00:00 +0000",
        },
    );
    check(
        "from mx.example.org ([192.0.2.1]) by imap.example.org with LMTP id AbC; Mon, 01 Jan 2024 12:00:01 +0000",
        Expect {
            from: "mx.example.org",
            by: "imap.example.org",
            with: "LMTP",
            id: "AbC",
            tls: Some(false),
            at: "Mon, 01 Jan 2024 12:00:01 +0000",
        },
    );
}

#[test]
fn damaged_lines_give_what_they_have() {
    check(
        "from with.example.com by by.example.org with SMTP",
        Expect {
            from: "with.example.com",
            by: "by.example.org",
            with: "SMTP",
            id: "",
            tls: Some(false),
            at: "",
        },
    );
    check(
        "from a (comment; with (nested; semicolon)) by b id 1; not a date",
        Expect {
            from: "a",
            by: "b",
            with: "",
            id: "1",
            tls: None,
            at: "",
        },
    );
    check(
        "",
        Expect {
            from: "",
            by: "",
            with: "",
            id: "",
            tls: None,
            at: "",
        },
    );
    check(
        "from by with id for;",
        Expect {
            from: "by",
            by: "",
            with: "id",
            id: "",
            tls: None,
            at: "",
        },
    );
}

#[test]
fn a_line_of_qmail_is_named_by_its_remark() {
    let line = Received::parse("(qmail 1234 invoked by uid 89); 1 Jan 2024 12:00:00 -0000", TODAY);
    let hop = line.hop(Trust::Claimed).unwrap();
    assert_eq!(hop.who.as_str(), "qmail 1234 invoked by uid 89");
    assert_eq!(
        hop.at.map(date::format).as_deref(),
        Some("Mon, 01 Jan 2024 12:00:00 +0000")
    );
}

fn trusts(header: &str, hosts: &[&str]) -> Vec<(String, Trust)> {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let fields = Fields::parse(header.as_bytes());
    chain(&fields, Some("juliet@example.com"), &hosts, TODAY)
        .into_iter()
        .map(|hop| (hop.who.as_str().to_owned(), hop.trust))
        .collect()
}

fn named(list: &[(&str, Trust)]) -> Vec<(String, Trust)> {
    list.iter().map(|(who, trust)| ((*who).to_owned(), *trust)).collect()
}

const WAY: &str = "Received: from mx.example.org (mx.example.org [192.0.2.1]) by imap.example.org with LMTP id 3; Mon, 1 Jan 2024 12:00:03 +0000\n\
    Received: from out.example.com (out.example.com [192.0.2.7]) by mx.example.org with ESMTPS id 2; Mon, 1 Jan 2024 12:00:02 +0000\n\
    Received: from laptop (unknown [192.0.2.99]) by out.example.com with ESMTPSA id 1; Mon, 1 Jan 2024 12:00:01 +0000\n\
    Date: Mon, 1 Jan 2024 12:00:00 +0000\n";

#[test]
fn the_way_is_told_from_its_beginning_and_facts_end_at_the_trusted_door() {
    assert_eq!(
        trusts(WAY, &["imap.example.org", "mx.example.org"]),
        named(&[
            ("juliet@example.com", Trust::Claimed),
            ("out.example.com", Trust::Claimed),
            ("mx.example.org", Trust::Trusted),
            ("imap.example.org", Trust::Trusted),
        ])
    );
    assert_eq!(
        trusts(WAY, &["mx.example.org"])
            .iter()
            .filter(|(_, trust)| *trust == Trust::Trusted)
            .count(),
        2
    );
    assert!(trusts(WAY, &[]).iter().all(|(_, trust)| *trust == Trust::Claimed));
}

#[test]
fn a_line_forged_under_the_trusted_one_stays_a_claim() {
    let header = "Received: from mx.example.org (evil.example [203.0.113.5]) by mx.example.org with ESMTP id 2; Mon, 1 Jan 2024 12:00:02 +0000\n\
        Received: from bank.example (bank.example [192.0.2.8]) by mx.example.org with ESMTPS id 1; Mon, 1 Jan 2024 12:00:01 +0000\n";
    assert_eq!(
        trusts(header, &["mx.example.org"]),
        named(&[("mx.example.org", Trust::Claimed), ("mx.example.org", Trust::Trusted)])
    );
}

#[test]
fn a_content_filter_on_the_same_machine_does_not_end_the_facts() {
    let header = "Received: from localhost (localhost [127.0.0.1]) by mx.example.org with ESMTP id 2; Mon, 1 Jan 2024 12:00:02 +0000\n\
        Received: from out.example.com (out.example.com [192.0.2.7]) by mx.example.org with ESMTPS id 1; Mon, 1 Jan 2024 12:00:01 +0000\n";
    assert!(
        trusts(header, &["mx.example.org"])
            .iter()
            .all(|(_, trust)| *trust == Trust::Trusted)
    );
}

proptest! {
    #[test]
    fn reading_a_line_is_total(value in any::<String>()) {
        let _ = Received::parse(&value, TODAY).hop(Trust::Claimed);
    }

    #[test]
    fn reading_a_likely_line_is_total(value in "((from|by|with|id|for|via|tls|;|\\(|\\)|a\\.example|<x@y>|Mon, 1 Jan 2024 12:00:00 \\+0000) ?){0,20}") {
        let _ = Received::parse(&value, TODAY).hop(Trust::Claimed);
    }
}
