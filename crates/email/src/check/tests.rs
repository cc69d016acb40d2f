use super::*;
use crate::config::EmailConfig;
use crate::house::Rooms;
use crate::smtp::script::Stage;
use crate::watch::watch;
use causeway_core::network::{Files, Verdict};
use serde_json::json;

/// The findings with a smarthost that plays `script`, or that is away.
async fn findings(script: Option<&str>) -> Vec<Finding> {
    let stage = Stage::open().await;
    let config = json!({
        "domain": "mail.example.org",
        "home_domain": "example.org",
        "send": { "smarthost": { "host": "127.0.0.1", "port": stage.port(), "tls": "none" } },
    });
    let email = Email::new(
        serde_json::from_value(config).unwrap(),
        vec![1],
        Rooms::open(),
        Files::without_web(),
    )
    .unwrap();
    match script {
        Some(script) => tokio::join!(check(&email), stage.play([script])).0,
        None => {
            drop(stage);
            check(&email).await
        }
    }
}

fn verdicts(findings: &[Finding]) -> Vec<(&str, Verdict)> {
    findings.iter().map(|one| (one.what.as_str(), one.verdict)).collect()
}

#[tokio::test]
async fn what_a_smarthost_lacks_is_named() {
    let script = "S: 220 mx\nC: *\nS: 250-mx\nS: 250-SMTPUTF8\nS: 250 SIZE 1000\nC: QUIT\nS: 221 bye\nX";
    assert_eq!(
        verdicts(&findings(Some(script)).await),
        [
            ("SMTP to 127.0.0.1", Verdict::Good),
            ("SMTP to 127.0.0.1: DSN", Verdict::Warning),
            ("SMTP to 127.0.0.1: SIZE", Verdict::Warning),
            ("mail in", Verdict::Warning),
        ]
    );
}

#[tokio::test]
async fn a_smarthost_that_is_away_is_bad_and_says_what_to_do() {
    let findings = findings(None).await;
    assert_eq!(verdicts(&findings)[0], ("SMTP to 127.0.0.1", Verdict::Bad));
    assert!(findings[0].advice.contains("host and port"), "{findings:?}");
}

#[tokio::test]
async fn the_gateways_own_door_is_good_and_somebody_elses_is_not() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = free.local_addr().unwrap().to_string();
    drop(free);
    let config = json!({
        "domain": "mail.example.org",
        "home_domain": "example.org",
        "send": { "direct": {} },
        "lmtp": { "listen": listen },
    });
    let (rooms, config) = (Rooms::open(), serde_json::from_value::<EmailConfig>(config).unwrap());
    let running = Email::new(config.clone(), vec![1], rooms.clone(), Files::without_web()).unwrap();
    let other = Email::new(config, vec![1], Rooms::open(), Files::without_web()).unwrap();
    let seen = async |email: &Email| {
        let config = email.config.lmtp.as_ref().unwrap();
        lmtp(config, email.open.load(Ordering::Relaxed)).await.verdict
    };
    assert_eq!(seen(&running).await, Verdict::Good, "the address is free");
    let looking = async {
        while seen(&other).await == Verdict::Good {
            tokio::task::yield_now().await;
        }
        assert_eq!(seen(&other).await, Verdict::Warning);
        assert_eq!(seen(&running).await, Verdict::Good);
        rooms.stop.send_replace(true);
    };
    tokio::join!(watch(running.clone(), rooms.house()), looking);
    assert!(!running.open.load(Ordering::Relaxed));
}
