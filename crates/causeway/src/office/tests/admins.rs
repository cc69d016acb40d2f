//! What admins order.

use super::*;

#[tokio::test]
async fn who_is_blocked_stays_out_until_he_is_allowed() {
    let house = House::open();
    let text = || Payload::Text(Text::plain(Body::clean("Hist!").unwrap()));
    let romeo = || Party::Home(BareJid::new(ROMEO).unwrap());
    let juliet = || house.network.person("juliet").unwrap();
    house.told(NURSE, "block", &[("who", "Juliet")]).await;
    let out = house.post(Draft::new(romeo(), juliet(), text())).await;
    assert_eq!(out.unwrap_err().kind, FaultKind::Refused);
    let back = house.post(Draft::new(juliet(), romeo(), text())).await;
    assert_eq!(back.unwrap_err().kind, FaultKind::Refused);
    let rules = house.told(NURSE, "rules", &[]).await;
    assert!(rules.contains("juliet | blocked | order"), "{rules}");
    house.told(NURSE, "allow", &[("who", "juliet")]).await;
    assert!(house.post(Draft::new(romeo(), juliet(), text())).await.is_ok());
    house.told(NURSE, "block", &[("who", ROMEO)]).await;
    let blocked = house.post(Draft::new(romeo(), juliet(), text())).await;
    assert_eq!(blocked.unwrap_err().kind, FaultKind::NotAllowed);
}

#[tokio::test]
async fn nobody_becomes_a_user_by_mistake_and_no_admin_is_locked_out() {
    let house = House::open();
    assert_eq!(
        house.told(NURSE, "allow", &[("who", "mantua.example")]).await,
        "asks for who, confirm"
    );
    let unsure = house
        .told(NURSE, "allow", &[("who", "mantua.example"), ("confirm", "false")])
        .await;
    assert_eq!(unsure, "Nothing was changed.");
    for who in [NURSE, "verona.example"] {
        let told = house.told(NURSE, "block", &[("who", who)]).await;
        assert!(told.starts_with("This would lock an admin out."), "{told}");
    }
    assert_eq!(
        house.told(NURSE, "block", &[("who", "not an address")]).await,
        "refused: BadAddress"
    );
}

#[tokio::test]
async fn what_waits_is_dropped_only_by_who_is_sure() {
    let house = House::open();
    let id = house.say(ROMEO, "But, soft!").await;
    let message = id.to_string();
    let queue = house.told(NURSE, "queue", &[]).await;
    assert!(
        queue.contains(&message) && queue.contains("waits for its turn"),
        "{queue}"
    );
    assert_eq!(
        house.told(NURSE, "drop", &[("message", &message)]).await,
        "asks for message, confirm"
    );
    let unsure = house
        .told(NURSE, "drop", &[("message", &message), ("confirm", "false")])
        .await;
    assert_eq!(unsure, "Nothing was changed.");
    assert!(matches!(house.stage(id), Stage::Queued { .. }));
    let told = house
        .told(NURSE, "drop", &[("message", &message), ("confirm", "true")])
        .await;
    assert_eq!(told, "1 stopped; the senders are told.");
    assert!(matches!(house.stage(id), Stage::Failed { .. }));
}

#[tokio::test]
async fn numbers_are_counted_and_the_log_is_turned_up() {
    let house = House::open();
    house.say(ROMEO, "But, soft!").await;
    let statistics = house.told(NURSE, "statistics", &[]).await;
    for row in [
        "\nwait | 1",
        "\naccepted since the start | 1",
        "\npigeon: registered users | 0",
    ] {
        assert!(statistics.contains(row), "{row} is not in\n{statistics}");
    }
    assert_eq!(house.told(NURSE, "log-level", &[]).await, "asks for level");
    house.told(NURSE, "log-level", &[("level", "debug")]).await;
    house.told(NURSE, "log-level", &[("level", "configured")]).await;
    assert_eq!(
        house.told(NURSE, "log-level", &[("level", "loud")]).await,
        "refused: BadContent"
    );
    assert_eq!(*house.logged.lock().unwrap(), [Some("debug".to_owned()), None]);
}
