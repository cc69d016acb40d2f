//! A user and his own messages.

use super::*;

#[tokio::test]
async fn a_user_sees_what_became_of_his_messages_and_of_nobody_elses() {
    let house = House::open();
    let failed = house.say(ROMEO, "But, soft!").await;
    house.tried(failed, FaultKind::NoSuchUser);
    house.say(ROMEO, "What light?").await;
    house.say("mercutio@verona.example", "A plague!").await;
    let told = house.told(ROMEO, "messages", &[]).await;
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 3, "{told}");
    assert!(
        lines[1].ends_with("| juliet | What light? | waits for its turn"),
        "{told}"
    );
    assert!(lines[2].ends_with("failed: Nobody has this address"), "{told}");
    let way = house.told(ROMEO, "trace", &[("message", &failed.to_string())]).await;
    assert!(
        way.contains("written down by causeway") && way.contains("failed at"),
        "{way}"
    );
}

#[tokio::test]
async fn nobody_touches_the_messages_of_others() {
    let house = House::open();
    let romeos = house.say(ROMEO, "But, soft!").await;
    let id = romeos.to_string();
    for name in ["trace", "resend", "cancel"] {
        let told = house.told("tybalt@verona.example", name, &[("message", &id)]).await;
        assert_eq!(told, "refused: BadContent", "{name}");
    }
    assert!(matches!(house.stage(romeos), Stage::Queued { .. }));
}

#[tokio::test]
async fn a_waiting_message_is_tried_at_once() {
    let house = House::open();
    let id = house.say(ROMEO, "But, soft!").await;
    house.tried(id, FaultKind::Deferred);
    let now = house.clock.now();
    assert!(matches!(house.stage(id), Stage::Queued { due } if due > now.plus(std::time::Duration::from_secs(10))));
    let told = house.told(ROMEO, "resend", &[("message", &id.to_string())]).await;
    assert_eq!(told, "It is tried now.");
    assert!(matches!(house.stage(id), Stage::Queued { due } if due <= house.clock.now()));
}

#[tokio::test]
async fn a_failed_message_goes_out_again_and_says_so() {
    let house = House::open();
    let id = house.say(ROMEO, "But, soft!").await;
    house.tried(id, FaultKind::NoSuchUser);
    let told = house.told(ROMEO, "resend", &[("message", &id.to_string())]).await;
    assert_eq!(told, "It is sent again.");
    let history = house
        .ledger
        .history(&house.network.person("juliet").unwrap(), None, 9)
        .unwrap();
    let again = history.into_iter().find(|other| {
        let stage = house.ledger.delivery(*other).unwrap().map(|it| it.stage);
        let envelope = house.ledger.envelope(*other).unwrap().unwrap();
        envelope.draft.from.home().is_some() && matches!(stage, Some(Stage::Queued { .. }))
    });
    let hops = house.ledger.hops(again.unwrap()).unwrap();
    let said = hops[0].said.as_ref().unwrap().as_str();
    assert!(said.contains("sent again") && said.contains(&id.to_string()), "{said}");
}

#[tokio::test]
async fn a_waiting_message_can_be_stopped() {
    let house = House::open();
    assert_eq!(house.told(ROMEO, "cancel", &[]).await, "There is no such message.");
    let id = house.say(ROMEO, "But, soft!").await;
    assert_eq!(house.told(ROMEO, "cancel", &[]).await, "asks for message");
    let told = house.told(ROMEO, "cancel", &[("message", &id.to_string())]).await;
    assert!(told.starts_with("It is stopped."), "{told}");
    assert!(matches!(house.stage(id), Stage::Failed { fault, .. } if fault.kind == FaultKind::Cancelled));
    let again = house.told(ROMEO, "cancel", &[("message", &id.to_string())]).await;
    assert!(again.starts_with("It is too late"), "{again}");
}

#[tokio::test]
async fn a_stranger_may_write_when_the_user_says_so() {
    let house = House::open();
    assert_eq!(house.told(ROMEO, "accept", &[]).await, "asks for address");
    let told = house.told(ROMEO, "accept", &[("address", "rosaline")]).await;
    assert_eq!(told, "rosaline may write to you.");
    let key = "knows/romeo@verona.example/pigeon\0\0rosaline";
    assert_eq!(house.ledger.row(HOME, key).unwrap().as_deref(), Some(&b"known"[..]));
    house.told(ROMEO, "refuse", &[("address", "rosaline")]).await;
    assert_eq!(house.ledger.row(HOME, key).unwrap().as_deref(), Some(&b"refused"[..]));
}
