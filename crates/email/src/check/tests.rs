use super::*;
use crate::house::Rooms;
use crate::smtp::script::Stage;
use causeway_core::network::Verdict;
use serde_json::json;

/// The findings with a smarthost that plays `script`, or that is away.
async fn findings(script: Option<&str>) -> Vec<Finding> {
    let stage = Stage::open().await;
    let config = json!({
        "domain": "mail.example.org",
        "home_domain": "example.org",
        "send": { "smarthost": { "host": "127.0.0.1", "port": stage.port(), "tls": "none" } },
    });
    let email = Email::new(serde_json::from_value(config).unwrap(), vec![1], Rooms::open()).unwrap();
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
