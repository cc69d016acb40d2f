use super::*;
use crate::address::MailDomain;
use crate::read::{Read, Room, read};
use crate::token::BounceKeys;

/// 2026-11-22 10:00:00 UTC, when the report comes.
const HEARD: Timestamp = Timestamp(1_795_341_600_000);

const OWN: &str = "Received: from example.org by mail.example.org with XMPP id 1; Sun, 22 Nov 2026 09:00:00 +0000\n";
const SMARTHOST: &str =
    "Received: from mail.example.org by smtp.example.org with ESMTP id 2; Sun, 22 Nov 2026 09:00:01 +0000\n";
const EXCHANGER: &str =
    "Received: from smtp.example.org by mx.example.com with ESMTP id 3; Sun, 22 Nov 2026 09:00:02 +0000\n";

/// The steps of a report by `reporter`, as host, step and seconds before the report.
fn told(reporter: &str, more: &str, returned: &str) -> Vec<(String, Step, i64)> {
    let mail = format!(
        "From: mailer-daemon@{reporter}
Content-Type: multipart/report; report-type=delivery-status; boundary=x

--x
Content-Type: message/delivery-status

Reporting-MTA: dns; {reporter}
Arrival-Date: Sun, 22 Nov 2026 09:00:00 +0000

Final-Recipient: rfc822; juliet@example.com
{more}
--x
Content-Type: text/rfc822-headers

{returned}Message-ID: <1@mail.example.org>

--x--
"
    );
    let domain = MailDomain {
        domain: "mail.example.org".into(),
        home: "example.org".into(),
    };
    let reading = Reading {
        mail: mail.as_bytes(),
        domain: &domain,
        trusted_hosts: &[],
        authserv_ids: &[],
        arrived: HEARD,
        keys: &BounceKeys::new(Vec::new()),
        return_path: None,
        bounced: None,
        room: Room::default(),
    };
    let Ok(Read::Reports(reports)) = read(&reading) else {
        panic!("no report: {mail}")
    };
    let hops = reports[0].hops.iter();
    hops.map(|hop| {
        let ago = (HEARD.0 - hop.at.unwrap().0) / 1000;
        (hop.who.as_str().to_owned(), hop.step, ago)
    })
    .collect()
}

fn one(who: &str, step: Step, ago: i64) -> (String, Step, i64) {
    (who.to_owned(), step, ago)
}

#[test]
fn what_became_of_it_has_the_time_of_the_last_attempt_or_of_the_report() {
    let tried = "Action: delayed\nLast-Attempt-Date: Sun, 22 Nov 2026 09:59:00 +0000\n";
    assert_eq!(
        told("smtp.example.org", tried, ""),
        [one("smtp.example.org", Step::Deferred, 60)]
    );
    for (action, step) in [
        ("failed", Step::Failed),
        ("delayed", Step::Deferred),
        ("relayed", Step::Expanded),
        ("delivered", Step::Delivered),
    ] {
        let more = format!("Action: {action}\nRemote-MTA: dns; mx.example.com\n");
        assert_eq!(told("smtp.example.org", &more, ""), [one("mx.example.com", step, 0)]);
    }
}

/// Its Arrival-Date is the begin of the dialogue with us; our own record is its end.
#[test]
fn our_own_handover_is_not_told_again() {
    let delivered = "Action: delivered\n";
    let expect = [one("smtp.example.org", Step::Delivered, 0)];
    assert_eq!(told("smtp.example.org", delivered, ""), expect);
    assert_eq!(
        told("SMTP.example.org", delivered, &format!("{SMARTHOST}{OWN}"))[0].1,
        Step::Delivered
    );
    let through_a_filter = format!(
        "{}{SMARTHOST}{OWN}",
        SMARTHOST.replace("from mail.example.org", "from localhost")
    );
    assert_eq!(told("smtp.example.org", delivered, &through_a_filter), expect);
    assert_eq!(told("smtp.example.org", delivered, OWN), expect);
}

#[test]
fn a_host_further_on_tells_when_it_took_the_mail() {
    let way = told(
        "mx.example.com",
        "Action: delivered\n",
        &format!("{EXCHANGER}{SMARTHOST}{OWN}"),
    );
    assert_eq!(
        way,
        [
            one("mx.example.com", Step::Relayed, 3600),
            one("mx.example.com", Step::Delivered, 0)
        ]
    );
}
