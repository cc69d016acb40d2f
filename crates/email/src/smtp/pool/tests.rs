use super::*;
use crate::smtp::script::{CA_FILE, Heard, Stage};
use crate::smtp::session::{At, Encryption};
use crate::tls;
use causeway_core::envelope::EnvelopeId;
use causeway_core::fault::FaultKind;
use std::path::Path;
use std::time::Duration;

const HELLO: &str = "S: 220 mx.example.com ESMTP
    C: EHLO mail.example.org
    S: 250-mx.example.com greets you
    S: 250-ENHANCEDSTATUSCODES
    S: 250 8BITMIME
";

fn letter() -> Letter {
    Letter {
        id: EnvelopeId::from_random([7; 16]),
        sender: Some("b.romeo@mail.example.org".into()),
        recipient: "juliet@example.com".into(),
        bytes: b"Subject: The balcony\r\n\r\n.hidden dot\r\nThus with a kiss\r\n".to_vec(),
        utf8: false,
        notify: true,
    }
}

fn target(stage: &Stage) -> Target {
    Target {
        name: "mx.example.com".into(),
        at: At::Name("127.0.0.1".into(), stage.port()),
        encryption: Encryption::None,
        login: None,
    }
}

fn pool() -> Pool {
    Pool::new("mail.example.org".into(), Deadlines::default(), 4)
}

/// Sends one letter to a server that plays `scripts`, one for each connection.
async fn send(scripts: &[&str]) -> (Result<Sent, Fault>, Heard) {
    let stage = Stage::open().await;
    let (pool, target) = (pool(), target(&stage));
    let sending = async {
        let sent = pool.send(&target, &|_| Ok(letter())).await;
        drop(pool);
        sent
    };
    tokio::join!(sending, stage.play(scripts))
}

async fn ended(script: &str) -> Ended {
    send(&[&format!("{HELLO}{script}")]).await.0.unwrap().ended
}

#[tokio::test]
async fn a_mail_is_taken_in_the_servers_own_words() {
    let (sent, heard) = send(&[&format!(
        "{HELLO}C: MAIL FROM:<b.romeo@mail.example.org>
        S: 250 2.1.0 Ok
        C: RCPT TO:<juliet@example.com>
        S: 250 2.1.5 Ok
        C: DATA
        S: 354 go on
        C: <mail>
        S: 250 2.0.0 Ok: queued as 4F1"
    )])
    .await;
    let sent = sent.unwrap();
    let Ended::Taken(reply) = sent.ended else {
        panic!("{:?}", sent.ended)
    };
    assert_eq!(reply.sentence(), "250 2.0.0 Ok: queued as 4F1");
    assert_eq!(
        (sent.protocol.as_str(), sent.encrypted, sent.dsn),
        ("ESMTP", false, false)
    );
    assert_eq!(
        String::from_utf8_lossy(&heard.mails[0]),
        "Subject: The balcony\r\n\r\n..hidden dot\r\nThus with a kiss\r\n.\r\n"
    );
}

#[tokio::test]
async fn reports_are_asked_for_where_they_are_offered() {
    let (sent, _) = send(&["S: 220 mx.example.com ESMTP
        C: EHLO mail.example.org
        S: 250-mx.example.com
        S: 250-SIZE 1000000
        S: 250-PIPELINING
        S: 250 DSN
        C: MAIL FROM:<b.romeo@mail.example.org> SIZE=55 RET=HDRS ENVID=a4dqobyha4dqobyha4dqobyha4
        C: RCPT TO:<juliet@example.com> NOTIFY=SUCCESS,DELAY,FAILURE ORCPT=rfc822;juliet@example.com
        C: DATA
        S: 250 Ok
        S: 250 Ok
        S: 354 go on
        C: <mail>
        S: 250 Ok"])
    .await;
    assert!(sent.unwrap().dsn);
}

#[tokio::test]
async fn a_report_goes_from_the_null_path_and_asks_for_nothing() {
    let stage = Stage::open().await;
    let (pool, target) = (pool(), target(&stage));
    let report = |_: &Offers| {
        Ok(Letter {
            sender: None,
            notify: false,
            ..letter()
        })
    };
    let script = "S: 220 mx.example.com ESMTP
        C: EHLO mail.example.org
        S: 250-mx.example.com
        S: 250 DSN
        C: MAIL FROM:<>
        S: 250 Ok
        C: RCPT TO:<juliet@example.com> NOTIFY=NEVER
        S: 250 Ok
        C: DATA
        S: 354 go on
        C: <mail>
        S: 250 Ok";
    let sending = async {
        let sent = pool.send(&target, &report).await;
        drop(pool);
        sent
    };
    let (sent, _) = tokio::join!(sending, stage.play([script]));
    assert!(matches!(sent.unwrap().ended, Ended::Taken(_)));
}

async fn check_refusal(script: &str, kind: FaultKind, retry: bool) {
    match ended(script).await {
        Ended::Refused(fault) => assert_eq!((fault.kind, fault.retry), (kind, retry), "{script}"),
        other => panic!("{script}: {other:?}"),
    }
}

#[tokio::test]
async fn each_refusal_has_its_fault() {
    check_refusal("C: *\nS: 550 5.1.8 who are you", FaultKind::Refused, false).await;
    check_refusal(
        "C: *\nS: 250 Ok\nC: *\nS: 550 5.1.1 no Juliet",
        FaultKind::NoSuchUser,
        false,
    )
    .await;
    check_refusal(
        "C: *\nS: 250 Ok\nC: *\nS: 451 4.7.1 greylisted",
        FaultKind::Deferred,
        true,
    )
    .await;
    check_refusal(
        "C: *\nS: 250 Ok\nC: *\nS: 250 Ok\nC: *\nS: 554 5.5.1 no",
        FaultKind::Refused,
        false,
    )
    .await;
    let content = "C: *\nS: 250 Ok\nC: *\nS: 250 Ok\nC: *\nS: 354 go on\nC: <mail>\n";
    check_refusal(&format!("{content}S: 554 5.7.1 spam"), FaultKind::Refused, false).await;
    check_refusal(&format!("{content}S: 452 4.3.1 no room"), FaultKind::Deferred, true).await;
}

#[tokio::test]
async fn a_goodbye_in_the_middle_is_tried_again() {
    match ended("C: *\nS: 421 4.3.2 shutting down\nX").await {
        Ended::Dismissed(fault) => assert_eq!((fault.kind, fault.retry), (FaultKind::Deferred, true)),
        other => panic!("{other:?}"),
    }
}

/// Where the line breaks before the end of the mail, the server does not have it.
#[tokio::test]
async fn a_broken_line_before_the_end_is_a_failure() {
    for (script, said) in [
        ("X", false),
        ("C: *\nX", false),
        ("C: *\nS: 250 Ok\nX", true),
        ("C: *\nS: 250 Ok\nC: *\nX", true),
        ("C: *\nS: 250 Ok\nC: *\nS: 250 Ok\nC: *\nX", true),
    ] {
        match ended(script).await {
            Ended::Broken { fault, heard } => {
                assert_eq!(heard, said, "{script}");
                assert!(fault.retry, "{script}");
            }
            other => panic!("{script}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn no_server_no_greeting_no_hello_is_a_failure() {
    for script in [
        "X",
        "S: 220 mx.example.com ESMTP\nX",
        "S: 220 mx.example.com ESMTP\nC: *\nX",
    ] {
        let fault = send(&[script]).await.0.unwrap_err();
        assert_eq!((fault.kind, fault.retry), (FaultKind::Unreachable, true), "{script}");
    }
    let stage = Stage::open().await;
    let nobody = target(&stage);
    drop(stage);
    let fault = pool().send(&nobody, &|_| Ok(letter())).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable);
}

#[tokio::test]
async fn a_server_that_greets_with_a_refusal_is_tried_again_later() {
    let fault = send(&["S: 554 5.7.1 your address is listed\nX"]).await.0.unwrap_err();
    assert_eq!((fault.kind, fault.retry), (FaultKind::Refused, true));
    assert_eq!(fault.said.unwrap().as_str(), "554 5.7.1 your address is listed");
}

#[tokio::test]
async fn a_broken_line_in_the_middle_of_the_mail_is_a_failure() {
    let stage = Stage::open().await;
    let (pool, target) = (pool(), target(&stage));
    let long = |_: &Offers| {
        Ok(Letter {
            bytes: "0123456789abcdef\r\n".repeat(1_000_000).into_bytes(),
            ..letter()
        })
    };
    let script = format!("{HELLO}C: *\nS: 250 Ok\nC: *\nS: 250 Ok\nC: *\nS: 354 go on\nC: *\nX");
    let (sent, _) = tokio::join!(pool.send(&target, &long), stage.play([&script]));
    let ended = sent.unwrap().ended;
    assert!(matches!(ended, Ended::Broken { .. }), "{ended:?}");
}

#[tokio::test]
async fn a_broken_line_after_the_end_is_in_doubt() {
    let content = "C: *\nS: 250 Ok\nC: *\nS: 250 Ok\nC: *\nS: 354 go on\nC: <mail>\n";
    for end in ["X", "S: 25\nX", "Z"] {
        match ended(&format!("{content}{end}")).await {
            Ended::InDoubt(fault) => assert!(fault.retry),
            other => panic!("{end}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_silent_server_is_left_at_the_deadline() {
    for script in ["Z", "D"] {
        let fault = send(&[script]).await.0.unwrap_err();
        assert_eq!((fault.kind, fault.retry), (FaultKind::Timeout, true), "{script}");
        tokio::time::resume();
    }
}

#[tokio::test]
async fn a_dripping_server_is_left_at_the_deadline() {
    match ended("C: *\nD").await {
        Ended::Broken { fault, .. } => assert_eq!(fault.kind, FaultKind::Timeout),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_a_server_will_not_take_is_not_offered_to_it() {
    let cases: [(Letter, &str, FaultKind); 4] = [
        (
            Letter {
                bytes: vec![b'x'; 2000],
                ..letter()
            },
            "250 SIZE 1000",
            FaultKind::TooLarge,
        ),
        (
            Letter { utf8: true, ..letter() },
            "250 8BITMIME",
            FaultKind::NotSupported,
        ),
        (
            Letter {
                bytes: "ü\r\n".into(),
                ..letter()
            },
            "250 SIZE 1000",
            FaultKind::BadContent,
        ),
        (
            Letter {
                recipient: "juliet@example.com> SIZE=1\r\nRSET".into(),
                ..letter()
            },
            "250 DSN",
            FaultKind::BadAddress,
        ),
    ];
    for (letter, offers, kind) in cases {
        let stage = Stage::open().await;
        let (pool, target) = (pool(), target(&stage));
        let script = format!("S: 220 mx\nC: *\nS: 250-mx\nS: {offers}");
        let sending = async {
            let sent = pool.send(&target, &|_| Ok(letter.clone())).await;
            drop(pool);
            sent
        };
        let (sent, heard) = tokio::join!(sending, stage.play([&script]));
        match sent.unwrap().ended {
            Ended::Refused(fault) => assert_eq!((fault.kind, fault.retry), (kind, false)),
            other => panic!("{kind:?}: {other:?}"),
        }
        assert_eq!(heard.lines.len(), 1, "nothing but EHLO: {:?}", heard.lines);
    }
}

/// The sequences that some servers take for the end of a mail (CVE-2023-51764 and its kin).
#[tokio::test]
async fn smuggled_ends_never_reach_the_wire() {
    for end in [
        "\n.\n",
        "\n.\r\n",
        "\r.\r",
        "\r\n.\n",
        "\r\n.\r",
        "\n.\r",
        "\r.\r\n",
        "\r.\n",
        "\0\r\n.\r\n",
    ] {
        let stage = Stage::open().await;
        let (pool, target) = (pool(), target(&stage));
        let evil = |_: &Offers| {
            Ok(Letter {
                bytes: format!("Subject: x\r\n\r\nkind words{end}MAIL FROM:<evil@example.com>\r\n").into_bytes(),
                ..letter()
            })
        };
        let sending = async {
            let sent = pool.send(&target, &evil).await;
            drop(pool);
            sent
        };
        let (sent, heard) = tokio::join!(sending, stage.play([HELLO]));
        let ended = sent.unwrap().ended;
        assert!(
            matches!(&ended, Ended::Refused(fault) if fault.kind == FaultKind::BadContent),
            "{ended:?}"
        );
        assert_eq!(heard.lines.len(), 1, "{:?}", heard.lines);
    }
}

const TAKE: &str = "C: *
    S: 250 Ok
    C: *
    S: 250 Ok
    C: *
    S: 354 go on
    C: <mail>
    S: 250 2.0.0 Ok
";

async fn send_twice(scripts: &[&str]) -> (Vec<Ended>, Heard) {
    let stage = Stage::open().await;
    let (pool, target) = (pool(), target(&stage));
    let sending = async {
        let mut all = Vec::new();
        for _ in 0..2 {
            all.push(pool.send(&target, &|_| Ok(letter())).await.unwrap().ended);
        }
        drop(pool);
        all
    };
    tokio::join!(sending, stage.play(scripts))
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let (ended, heard) = send_twice(&[&format!("{HELLO}{TAKE}C: RSET\nS: 250 Ok\n{TAKE}")]).await;
    assert!(ended.iter().all(|ended| matches!(ended, Ended::Taken(_))), "{ended:?}");
    assert_eq!(heard.mails.len(), 2);
}

#[tokio::test]
async fn a_connection_that_died_meanwhile_is_replaced() {
    for death in ["X", "S: 421 4.4.2 idle too long\nX", "C: RSET\nX"] {
        let first = format!("{HELLO}{TAKE}{death}");
        let second = format!("{HELLO}{TAKE}");
        let (ended, heard) = send_twice(&[&first, &second]).await;
        assert!(
            ended.iter().all(|ended| matches!(ended, Ended::Taken(_))),
            "{death}: {ended:?}"
        );
        assert_eq!(heard.mails.len(), 2);
    }
}

#[tokio::test]
async fn a_connection_is_closed_when_nobody_used_it_for_long() {
    let stage = Stage::open().await;
    let (pool, target) = (pool(), target(&stage));
    let sending = async {
        let _ = pool.send(&target, &|_| Ok(letter())).await.unwrap();
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(31)).await;
        tokio::time::resume();
        pool.sweep().await;
    };
    let script = format!("{HELLO}{TAKE}C: QUIT\nS: 221 bye\nX");
    let ((), heard) = tokio::join!(sending, stage.play([&script]));
    assert_eq!(heard.lines.last().map(String::as_str), Some("QUIT"));
}

#[tokio::test]
async fn a_pipelined_refusal_leaves_the_server_without_a_mail() {
    let (sent, heard) = send(&["S: 220 mx
        C: *
        S: 250-mx
        S: 250 PIPELINING
        C: *
        C: *
        C: DATA
        S: 250 Ok
        S: 550 5.1.1 no Juliet
        S: 354 go on all the same
        C: <mail>
        S: 554 5.5.1 no valid recipients"])
    .await;
    let ended = sent.unwrap().ended;
    assert!(
        matches!(&ended, Ended::Dismissed(fault) if fault.kind == FaultKind::NoSuchUser),
        "{ended:?}"
    );
    assert_eq!(heard.mails, [b"\r\n.\r\n".to_vec()]);
}

fn with_tls(stage: &Stage, login: bool) -> Target {
    let connector = tls::verified(Some(Path::new(CA_FILE))).unwrap();
    Target {
        encryption: Encryption::Required(connector, tls::server_name("localhost").unwrap()),
        login: login.then(|| ("romeo".into(), crate::config::Secret::new("s3cret"))),
        ..target(stage)
    }
}

async fn submit(script: &str) -> (Result<Sent, Fault>, Heard) {
    let stage = Stage::open().await;
    let (pool, target) = (pool(), with_tls(&stage, true));
    let sending = async {
        let sent = pool.send(&target, &|_| Ok(letter())).await;
        drop(pool);
        sent
    };
    tokio::join!(sending, stage.play([script]))
}

#[tokio::test]
async fn a_login_goes_through_tls_only() {
    let (sent, heard) = submit(&format!(
        "S: 220 mx
        C: EHLO mail.example.org
        S: 250-mx
        S: 250 STARTTLS
        C: STARTTLS
        S: 220 2.0.0 ready
        T
        C: EHLO mail.example.org
        S: 250-mx
        S: 250 AUTH LOGIN PLAIN
        C: AUTH PLAIN AHJvbWVvAHMzY3JldA==
        S: 235 2.7.0 welcome
        {TAKE}"
    ))
    .await;
    let sent = sent.unwrap();
    assert_eq!((sent.protocol.as_str(), sent.encrypted), ("ESMTPSA", true));
    assert_eq!(heard.mails.len(), 1);
}

#[tokio::test]
async fn login_is_spoken_where_plain_is_not_known() {
    let (sent, _) = submit(&format!(
        "S: 220 mx
        C: *
        S: 250-mx
        S: 250 STARTTLS
        C: *
        S: 220 ready
        T
        C: *
        S: 250-mx
        S: 250 AUTH=LOGIN
        C: AUTH LOGIN
        S: 334 VXNlcm5hbWU6
        C: cm9tZW8=
        S: 334 UGFzc3dvcmQ6
        C: czNjcmV0
        S: 235 2.7.0 welcome
        {TAKE}"
    ))
    .await;
    assert!(matches!(sent.unwrap().ended, Ended::Taken(_)));
}

#[tokio::test]
async fn a_wrong_password_waits_for_the_admin() {
    let (sent, _) = submit(
        "S: 220 mx
        C: *
        S: 250-mx
        S: 250 STARTTLS
        C: *
        S: 220 ready
        T
        C: *
        S: 250-mx
        S: 250 AUTH PLAIN
        C: *
        S: 535 5.7.8 no",
    )
    .await;
    let fault = sent.unwrap_err();
    assert_eq!((fault.kind, fault.retry), (FaultKind::Misconfigured, true));
    assert_eq!(fault.said.unwrap().as_str(), "535 5.7.8 no");
}

#[tokio::test]
async fn without_tls_no_credentials_are_sent() {
    let (sent, heard) = submit("S: 220 mx\nC: *\nS: 250-mx\nS: 250 AUTH PLAIN").await;
    assert_eq!(sent.unwrap_err().kind, FaultKind::Misconfigured);
    assert_eq!(heard.lines.len(), 1, "{:?}", heard.lines);
}

/// CVE-2011-0411: what comes in clear behind the answer to STARTTLS would be read as if it had come through TLS.
#[tokio::test]
async fn bytes_behind_the_answer_to_starttls_end_the_connection() {
    for injected in [
        "S: 220 ready\nS: 250-evil\nS: 250 AUTH PLAIN\nZ",
        "S: 220-ready\nS: 220 ready\nS: 250 evil\nZ",
    ] {
        let (sent, heard) = submit(&format!(
            "S: 220 mx\nC: *\nS: 250-mx\nS: 250 STARTTLS\nC: *\n{injected}"
        ))
        .await;
        assert_eq!(sent.unwrap_err().kind, FaultKind::Misconfigured);
        assert_eq!(heard.lines.len(), 2, "{:?}", heard.lines);
        tokio::time::resume();
    }
}

#[tokio::test]
async fn a_certificate_of_another_name_is_refused() {
    let stage = Stage::open().await;
    let (pool, mut target) = (pool(), with_tls(&stage, true));
    let connector = tls::verified(Some(Path::new(CA_FILE))).unwrap();
    target.encryption = Encryption::Required(connector, tls::server_name("evil.example.com").unwrap());
    let serving = async {
        let script = "S: 220 mx\nC: *\nS: 250-mx\nS: 250 STARTTLS\nC: *\nS: 220 ready\nZ";
        stage.play([script]).await
    };
    let fault = tokio::select! {
        sent = pool.send(&target, &|_| Ok(letter())) => sent.unwrap_err(),
        heard = serving => panic!("the client left first: {heard:?}"),
    };
    assert!(
        matches!(fault.kind, FaultKind::Misconfigured | FaultKind::Timeout),
        "{fault}"
    );
}
