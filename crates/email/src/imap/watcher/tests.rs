use super::*;
use crate::config::EmailConfig;
use crate::house::Rooms;
use crate::imap::pretend::Pretend;
use causeway_core::message::MessageRef;
use causeway_core::network::Files;
use std::sync::Arc;

/// A gateway in front of a pretend mailbox.
struct Stage {
    server: Pretend,
    rooms: Arc<Rooms>,
    email: Arc<Email>,
}

async fn stage(more: &str) -> Stage {
    let server = Pretend::open().await;
    let rooms = Rooms::open();
    let config = serde_json::json!({
        "domain": "mail.example.org",
        "home_domain": "example.org",
        "longest_mail": 4000,
        "send": { "smarthost": { "host": "127.0.0.1", "port": 9, "tls": "none" } },
    });
    let mut imap = serde_json::json!({
        "host": "127.0.0.1", "port": server.port(), "tls": "none", "user": "gateway", "password": "s",
    });
    let more: serde_json::Value = serde_json::from_str(more).unwrap();
    imap.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let mut config = config;
    config.as_object_mut().unwrap().insert("imap".into(), imap);
    let config: EmailConfig = serde_json::from_value(config).unwrap();
    let email = Email::new(config, b"secret".to_vec(), rooms.clone(), Files::without_web()).unwrap();
    Stage { server, rooms, email }
}

impl Stage {
    /// The gateway runs until it waits for news (`true`), or dies after `commands` commands (`false`).
    async fn run(&self, commands: usize) -> bool {
        let config = self.email.config.imap.as_ref().unwrap();
        tokio::select! {
            idle = self.server.serve(commands) => idle,
            () = watch(&self.email, config, self.rooms.house()) => unreachable!(),
        }
    }

    async fn catch_up(&self) {
        assert!(self.run(usize::MAX).await);
    }

    /// The Message-IDs that were posted.
    fn posted(&self) -> Vec<String> {
        let drafts = self.rooms.drafts();
        let sources = drafts.iter().filter_map(|draft| draft.source.as_ref());
        sources.map(MessageRef::as_str).map(str::to_owned).collect()
    }

    fn row(&self, name: &str) -> Option<String> {
        let rows = self.rooms.rows.lock().unwrap();
        let key = format!("imap/127.0.0.1/gateway/INBOX/{name}");
        rows.get(&key).map(|row| String::from_utf8(row.clone()).unwrap())
    }
}

fn mail(id: &str) -> String {
    mail_to("gateway+romeo@example.org", id)
}

fn mail_to(rcpt: &str, id: &str) -> String {
    format!(
        "Return-Path: <juliet@example.com>\nDelivered-To: {rcpt}\nFrom: Juliet <juliet@example.com>\nMessage-ID: <{id}>\nSubject: x\n\nGood night, {id}\n"
    )
}

#[tokio::test]
async fn what_lay_there_before_is_left_and_what_comes_is_taken() {
    let stage = stage("{}").await;
    let old = stage.server.put(&mail("old@x"));
    stage.catch_up().await;
    assert_eq!(stage.posted(), Vec::<String>::new());
    let new = stage.server.put(&mail("new@x"));
    stage.catch_up().await;
    assert_eq!(stage.posted(), ["new@x"]);
    assert_eq!(
        (stage.server.flags(old), stage.server.flags(new)),
        (vec![], vec!["Seen".to_owned()])
    );
}

#[tokio::test]
async fn what_lay_there_before_can_be_imported() {
    let stage = stage(r#"{ "first_contact": "import" }"#).await;
    stage.server.put(&mail("1@x"));
    stage.server.put(&mail("2@x"));
    stage.catch_up().await;
    assert_eq!(stage.posted(), ["1@x", "2@x"]);
}

#[tokio::test]
async fn mails_that_were_taken_are_deleted_or_moved() {
    let stage_one = stage(r#"{ "after": "delete", "first_contact": "import" }"#).await;
    stage_one.server.put(&mail("1@x"));
    stage_one.catch_up().await;
    assert!(stage_one.server.mailbox.lock().unwrap().mails.is_empty());
    let stage_two = stage(r#"{ "after": { "move_to": "Archive" }, "first_contact": "import" }"#).await;
    let uid = stage_two.server.put(&mail("1@x"));
    stage_two.catch_up().await;
    let mailbox = stage_two.server.mailbox.lock().unwrap().clone();
    assert_eq!(
        (mailbox.mails.len(), mailbox.moved),
        (0, vec![(uid, "Archive".to_owned())])
    );
}

#[tokio::test]
async fn a_mailbox_to_move_to_is_created() {
    let stage = stage(r#"{ "after": { "move_to": "Tomb" }, "first_contact": "import" }"#).await;
    let uid = stage.server.put(&mail("1@x"));
    stage.catch_up().await;
    let mailbox = stage.server.mailbox.lock().unwrap().clone();
    assert_eq!(
        (mailbox.folders, mailbox.moved),
        (
            vec!["Archive".to_owned(), "Tomb".to_owned()],
            vec![(uid, "Tomb".to_owned())]
        )
    );
}

/// Row I1 of the fault model: the process dies before each of the commands that it sends.
#[tokio::test]
async fn a_crash_at_any_point_loses_nothing_and_doubles_nothing() {
    for after in [r#""seen""#, r#""delete""#, r#"{ "move_to": "Archive" }"#] {
        for commands in 0..20 {
            let stage = stage(&format!(r#"{{ "after": {after}, "first_contact": "import" }}"#)).await;
            let ids = ["1@x", "2@x", "3@x"];
            for id in ids {
                stage.server.put(&mail(id));
            }
            stage.run(commands).await;
            stage.catch_up().await;
            assert_eq!(stage.posted(), ids, "{after} after {commands} commands");
            let mailbox = stage.server.mailbox.lock().unwrap().clone();
            let tidy = mailbox.mails.iter().all(|mail| mail.flags == ["Seen"]);
            assert!(tidy, "{after} after {commands} commands: {mailbox:?}");
        }
    }
}

#[tokio::test]
async fn a_refusal_of_the_house_that_may_pass_is_tried_again() {
    let stage = stage(r#"{ "first_contact": "import" }"#).await;
    stage.server.put(&mail("1@x"));
    *stage.rooms.verdict.lock().unwrap() = Some(Fault::of(FaultKind::Busy));
    tokio::select! {
        idle = stage.server.serve(30) => assert!(!idle),
        () = tokio::time::sleep(Duration::from_millis(300)) => {}
        () = watch(&stage.email, stage.email.config.imap.as_ref().unwrap(), stage.rooms.house()) => unreachable!(),
    }
    *stage.rooms.verdict.lock().unwrap() = None;
    stage.catch_up().await;
    assert_eq!(stage.posted(), ["1@x"]);
}

#[tokio::test]
async fn after_new_uids_only_what_is_new_is_taken() {
    let stage = stage("{}").await;
    stage.catch_up().await;
    stage.server.put(&mail("1@x"));
    stage.server.put(&mail("2@x"));
    stage.catch_up().await;
    {
        let mut mailbox = stage.server.mailbox.lock().unwrap();
        mailbox.uid_validity = 2;
    }
    stage.server.put(&mail("3@x"));
    stage.catch_up().await;
    // The second comes again, being as new as the newest; the ledger knows it by its Message-ID.
    assert_eq!(stage.posted(), ["1@x", "2@x", "2@x", "3@x"]);
}

#[tokio::test]
async fn a_mail_that_ends_the_process_is_put_aside() {
    let stage = stage(r#"{ "first_contact": "import" }"#).await;
    let poison = stage.server.put(&mail("poison@x"));
    stage.server.put(&mail("2@x"));
    // LOGIN, CAPABILITY, SELECT, the list: it dies while it has the first mail in hand.
    for _ in 0..3 {
        assert!(!stage.run(4).await);
    }
    stage.catch_up().await;
    assert_eq!(stage.posted(), ["2@x"]);
    assert_eq!(stage.server.flags(poison), ["Flagged"]);
    assert!(stage.row("aside/1/1").unwrap().contains("poison"));
}

#[tokio::test]
async fn a_stop_in_order_is_nobodys_fault() {
    let stage = stage(r#"{ "first_contact": "import" }"#).await;
    stage.server.put(&mail("1@x"));
    for _ in 0..5 {
        let config = stage.email.config.imap.as_ref().unwrap();
        let watching = watch(&stage.email, config, stage.rooms.house());
        let stopping = async {
            stage.server.serve(4).await;
            stage.rooms.stop.send_replace(true);
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = watching => {}
            () = stopping => {}
        }
        stage.rooms.stop.send_replace(false);
    }
    stage.catch_up().await;
    assert_eq!(stage.posted(), ["1@x"]);
}

#[tokio::test]
async fn a_mail_that_is_too_large_stays_and_is_told_of() {
    let stage = stage(r#"{ "after": "delete", "first_contact": "import" }"#).await;
    let large = stage.server.put(&format!("{}{}\n", mail("1@x"), "sweet ".repeat(1000)));
    stage.server.put(&mail("2@x"));
    stage.catch_up().await;
    assert_eq!(stage.posted(), ["1@x", "2@x"]);
    let drafts = stage.rooms.drafts();
    let text = drafts.first().unwrap().payload.text().unwrap();
    assert!(text.body.as_str().contains("more than the gateway takes"), "{text:?}");
    assert_eq!(stage.server.flags(large), ["Flagged"]);
    assert_eq!(stage.server.mailbox.lock().unwrap().mails.len(), 1);
}

#[tokio::test]
async fn a_mail_for_nobody_stays_for_a_person_to_look_at() {
    for after in [r#""seen""#, r#""delete""#, r#"{ "move_to": "Archive" }"#] {
        let stage = stage(&format!(r#"{{ "after": {after}, "first_contact": "import" }}"#)).await;
        let refused = stage.server.put(&mail_to("gateway+tybalt@example.org", "1@x"));
        stage.server.put(&mail("2@x"));
        stage.catch_up().await;
        stage.catch_up().await;
        assert_eq!(stage.posted(), ["2@x"]);
        assert_eq!(stage.server.flags(refused), ["Flagged"], "{after}");
        assert!(
            stage
                .row(&format!("aside/1/{refused}"))
                .unwrap()
                .contains("not-allowed")
        );
        let rows = stage.rooms.rows.lock().unwrap();
        assert!(!rows.keys().any(|key| key.starts_with("bounce/")));
    }
}

#[tokio::test]
async fn a_mail_for_one_who_may_and_one_who_may_not_is_taken_and_stays() {
    let stage = stage(r#"{ "after": "delete", "first_contact": "import" }"#).await;
    let both = mail_to("gateway+tybalt@example.org, gateway+romeo@example.org", "1@x");
    let uid = stage.server.put(&both);
    stage.catch_up().await;
    stage.catch_up().await;
    assert_eq!(stage.posted(), ["1@x"]);
    assert_eq!(stage.server.flags(uid), ["Flagged"]);
}

#[tokio::test]
async fn a_mail_without_a_recipient_is_for_a_person_to_look_at() {
    let stage = stage(r#"{ "recipient_header": "X-Original-To", "first_contact": "import" }"#).await;
    let uid = stage.server.put(&mail("1@x"));
    stage.server.put(&mail("2@x").replace("Delivered-To", "X-Original-To"));
    stage.catch_up().await;
    assert_eq!(stage.posted(), ["2@x"]);
    assert_eq!(stage.server.flags(uid), ["Flagged"]);
}
