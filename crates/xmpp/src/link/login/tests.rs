use super::*;

fn check(condition: &str, is_late: bool, words: &[&str]) {
    let error = StreamError {
        condition: condition.into(),
        text: None,
    };
    let advice = error.advice("pigeon.verona.example");
    assert_eq!(error.needs_an_admin(), is_late, "{condition}");
    assert_eq!(advice.is_empty(), words.is_empty(), "{advice}");
    for word in words {
        assert!(advice.contains(word), "{condition}: {advice}");
    }
}

#[test]
fn every_refusal_that_an_admin_can_mend_says_how() {
    check("host-unknown", true, &["then restart it", "not its component port"]);
    check("invalid-namespace", true, &["not its component port"]);
    check(
        "not-authorized",
        true,
        &["another secret", "no component pigeon.verona.example"],
    );
    check("conflict", true, &["pigeon.verona.example", "another domain"]);
    check("system-shutdown", false, &[]);
}

#[test]
fn that_somebody_else_holds_the_name_is_news_once_until_a_login() {
    let conflict = StreamError {
        condition: "conflict".into(),
        text: None,
    };
    let mut told = Told::default();
    assert!(told.is_news(&conflict));
    assert!(!told.is_news(&conflict));
    told.logged_in();
    assert!(told.is_news(&conflict));
}

#[test]
fn other_refusals_are_news_every_time() {
    let wrong_secret = StreamError {
        condition: "not-authorized".into(),
        text: None,
    };
    let mut told = Told::default();
    assert!(told.is_news(&wrong_secret) && told.is_news(&wrong_secret));
}
