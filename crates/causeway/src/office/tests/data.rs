//! A user and everything that is kept about him.

use super::*;

/// What home keeps of Romeo.
async fn romeo_is_known(house: &House) {
    let rows = vec![
        Row::put("name/romeo@verona.example", "Romeo Montague"),
        Row::put("name/romeo@verona.example.org", "Another Romeo"),
        Row::put("form/romeo@verona.example/pigeon/juliet", "juliet"),
        Row::put(
            Registration::key(&NetworkId::new("pigeon").unwrap(), &BareJid::new(ROMEO).unwrap()),
            Registration::default().write(),
        ),
    ];
    let _ = house.hall.desk(HOME).post(Arrival::rows(rows)).await.unwrap();
}

#[tokio::test]
async fn a_user_sees_everything_that_is_kept_about_him() {
    let house = House::open();
    romeo_is_known(&house).await;
    house.say(ROMEO, "But, soft!").await;
    house.say("mercutio@verona.example", "A plague!").await;
    let told = house.told(ROMEO, "export", &[]).await;
    for part in [
        "Romeo Montague",
        "form/romeo@verona.example",
        "user/pigeon/romeo",
        "But, soft!",
        "queued",
    ] {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
    assert!(!told.contains("plague") && !told.contains("Another Romeo"), "{told}");
    let are_json = told
        .lines()
        .all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok());
    assert!(are_json, "{told}");
}

#[tokio::test]
async fn much_is_shown_part_by_part() {
    let house = House::open();
    for _ in 0..80 {
        house.say(ROMEO, &"O Romeo, Romeo! ".repeat(50)).await;
    }
    assert_eq!(house.told(ROMEO, "export", &[]).await, "asks for part");
    let mut words = 0;
    let mut part = 1;
    loop {
        let told = house.told(ROMEO, "export", &[("part", &part.to_string())]).await;
        if told.starts_with("refused") {
            break;
        }
        words += told.matches("\"body\"").count();
        part += 1;
    }
    assert!(part > 3);
    assert_eq!(words, 80);
}

#[tokio::test(start_paused = true)]
async fn who_wants_to_be_forgotten_is_forgotten() {
    let house = House::open();
    romeo_is_known(&house).await;
    let failed = house.say(ROMEO, "But, soft!").await;
    house.tried(failed, FaultKind::NoSuchUser);
    house.say(ROMEO, "What light?").await;
    let mercutios = house.say("mercutio@verona.example", "A plague!").await;
    assert_eq!(house.told(ROMEO, "forget-me", &[]).await, "asks for confirm");
    let unsure = house.told(ROMEO, "forget-me", &[("confirm", "false")]).await;
    assert_eq!(unsure, "Nothing was changed.");
    assert!(house.ledger.envelope(failed).unwrap().is_some());
    let told = house.told(ROMEO, "forget-me", &[("confirm", "true")]).await;
    assert!(
        told.starts_with("You are forgotten. 1 messages were stopped, 2 were removed."),
        "{told}"
    );
    assert!(told.contains("are still under way"), "the news for Romeo wait: {told}");
    assert!(house.ledger.envelope(failed).unwrap().is_none());
    assert!(house.ledger.envelope(mercutios).unwrap().is_some());
    let left = house.ledger.rows(HOME, "", None, 99).unwrap();
    let keys: Vec<&str> = left.iter().map(|(key, _)| key.as_str()).collect();
    assert!(
        !keys.iter().any(|key| key.contains("romeo@verona.example/")),
        "{keys:?}"
    );
    assert!(keys.contains(&"name/romeo@verona.example.org"), "another one: {keys:?}");
    assert!(!keys.contains(&"name/romeo@verona.example"), "{keys:?}");
}
