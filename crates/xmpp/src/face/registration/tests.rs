use super::*;
use crate::cast::{DOMAIN, Props, juliet, romeo, stanza};
use crate::reception::{Deeds, Reception};
use crate::xml::text_of;
use causeway_core::command::{Call, Caller, Clerk, Reply};
use causeway_core::network::Row;
use causeway_core::registration::Strangers;

/// What comes of a registration request of Romeo's, in the order in which it is said.
async fn asked(props: &Props, set: bool, query: &str) -> Vec<Element> {
    let kind = if set { "set" } else { "get" };
    asked_by(props, "romeo@verona.example/balcony", kind, query).await
}

async fn asked_by(props: &Props, who: &str, kind: &str, query: &str) -> Vec<Element> {
    let iq = stanza(&format!(
        "<iq type='{kind}' id='1' from='{who}' to='{DOMAIN}'><query xmlns='jabber:iq:register'>{query}</query></iq>"
    ));
    let Deeds { mut answers, later, .. } = Reception::new(props.face(), false).receive(&iq);
    if let Some(later) = later {
        answers.extend(later.await);
    }
    answers.iter().map(|it| it.element().clone()).collect()
}

/// What was said, each in two words.
fn words(said: &[Element]) -> Vec<String> {
    let condition = |it: &Element| {
        let error = it.children().find(|child| child.name() == "error")?;
        Some(error.children().next()?.name().to_owned())
    };
    said.iter()
        .map(|it| match condition(it) {
            Some(condition) => condition,
            None => format!(
                "{} {}",
                it.attr("type").unwrap_or("available"),
                it.attr("from").unwrap()
            ),
        })
        .collect()
}

fn settings(props: &Props) -> Option<Settings> {
    Some(props.face().registration(&romeo())?.settings)
}

#[tokio::test]
async fn who_registers_is_asked_for_his_presence_after_the_result() {
    let props = Props::new();
    let said = asked(&props, true, "<name>Romeo Montague</name>").await;
    assert_eq!(
        words(&said),
        [format!("result {DOMAIN}"), format!("subscribe {DOMAIN}")]
    );
    assert_eq!(said[0].attr("to"), Some("romeo@verona.example/balcony"));
    assert_eq!(said[1].attr("to"), Some("romeo@verona.example"));
    assert_eq!(text_of(&said[1], "nick", ns::NICK).as_deref(), Some("Pigeon post"));
    assert_eq!(settings(&props).unwrap().name, Line::clean("Romeo Montague"));
}

#[tokio::test]
async fn who_registers_again_only_changes_his_settings() {
    let props = Props::new();
    asked(&props, true, "").await;
    asked(&props, true, "").await;
    let said = asked(&props, true, "<name>Romeo</name>").await;
    assert_eq!(words(&said), [format!("result {DOMAIN}")]);
    assert_eq!(settings(&props).unwrap().name, Line::clean("Romeo"));
    let other = asked_by(&props, "paris@verona.example/hall", "set", "<name>Paris</name>").await;
    assert_eq!(other.len(), 2);
    assert_eq!(settings(&props).unwrap().name, Line::clean("Romeo"), "each has his own");
}

#[tokio::test]
async fn the_admins_who_are_named_hear_of_a_new_user_once() {
    let mut props = Props::new();
    props.contacts = std::sync::Arc::new(crate::config::Contacts {
        admin: vec![
            "mailto:escalus@verona.example".into(),
            "xmpp:escalus@verona.example?message".into(),
        ],
        ..Default::default()
    });
    let said = asked(&props, true, "").await;
    assert_eq!(said.len(), 3);
    assert_eq!(said[2].attr("to"), Some("escalus@verona.example"));
    assert_eq!(
        text_of(&said[2], "body", ns::COMPONENT).unwrap(),
        "romeo@verona.example has registered with pigeon.verona.example."
    );
    assert_eq!(asked(&props, true, "<name>Romeo</name>").await.len(), 1);
}

#[tokio::test]
async fn one_user_has_only_so_many_requests_under_way() {
    let props = Props::new();
    let mut reception = Reception::new(props.face(), false);
    let iq = stanza(&format!(
        "<iq type='set' id='1' from='romeo@verona.example/balcony' to='{DOMAIN}'><query xmlns='jabber:iq:register'/></iq>"
    ));
    let mut under_way: Vec<_> = (0..20).map(|_| reception.receive(&iq)).collect();
    under_way.retain(|deeds| deeds.later.is_some());
    assert!(under_way.len() < 10, "{}", under_way.len());
    drop(under_way);
    assert!(reception.receive(&iq).later.is_some());
}

#[tokio::test]
async fn two_registrations_at_once_greet_once() {
    let props = Props::new();
    let face = props.face();
    let user = romeo();
    let enroll = || face.enroll(&user, Settings::default(), Vec::new());
    let (one, two) = futures::future::join(enroll(), enroll()).await;
    assert_eq!(one.unwrap().len() + two.unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_on_record_is_shown() {
    let props = Props::new();
    let before = asked(&props, false, "").await.remove(0);
    let query = before.children().next().unwrap();
    assert!(!query.has_child("registered", ns::REGISTER) && query.has_child("instructions", ns::REGISTER));
    asked(&props, true, "<name>Romeo</name>").await;
    let after = asked(&props, false, "").await.remove(0);
    let query = after.children().next().unwrap();
    assert!(query.has_child("registered", ns::REGISTER));
    assert_eq!(text_of(query, "name", ns::REGISTER).as_deref(), Some("Romeo"));
}

fn submitted(kind: &str, fields: &[(&str, &str)]) -> String {
    let fields: String = fields
        .iter()
        .map(|(name, value)| format!("<field var='{name}'><value>{value}</value></field>"))
        .collect();
    format!("<x xmlns='jabber:x:data' type='{kind}'>{fields}</x>")
}

#[tokio::test]
async fn a_form_shows_the_settings_and_takes_them_back() {
    let props = Props::new();
    let form = submitted(
        "submit",
        &[
            ("strangers", "refuse"),
            ("delays", "0"),
            ("FORM_TYPE", "jabber:iq:register"),
        ],
    );
    assert_eq!(asked(&props, true, &form).await.len(), 2);
    let changed = settings(&props).unwrap();
    assert_eq!(
        (changed.strangers, changed.delays, changed.roster),
        (Strangers::Refuse, false, true)
    );

    let shown = asked(&props, false, "").await.remove(0);
    let form = shown.children().next().unwrap().get_child("x", ns::DATA_FORMS).unwrap();
    assert_eq!(form.attr("type"), Some("form"));
    let values: Vec<(&str, String)> = form
        .children()
        .filter(|field| field.name() == "field")
        .map(|field| {
            let value = text_of(field, "value", ns::DATA_FORMS).unwrap_or_default();
            (field.attr("var").unwrap(), value)
        })
        .collect();
    assert_eq!(values[0], ("FORM_TYPE", ns::REGISTER.to_owned()));
    assert!(values.contains(&("strangers", "refuse".to_owned())), "{values:?}");

    let wrong = asked(&props, true, &submitted("submit", &[("strangers", "hug")])).await;
    assert_eq!(words(&wrong), ["not-acceptable"]);
    let aside = asked(&props, true, &submitted("cancel", &[])).await;
    assert_eq!(words(&aside), [format!("result {DOMAIN}")]);
    assert_eq!(settings(&props).unwrap(), changed);
}

#[tokio::test]
async fn who_leaves_is_left_by_all_contacts_and_by_the_gateway_last() {
    let props = Props::new();
    asked(&props, true, "").await;
    let face = props.face();
    let rows = vec![
        face.shelf.subscribed(&romeo(), None),
        face.shelf.subscribed(&romeo(), Some("juliet\\40capulet")),
        face.shelf.listed(&romeo(), "juliet\\40capulet"),
    ];
    for row in rows {
        props.paper.rows.lock().unwrap().insert(row.key, row.value.unwrap());
    }
    let said = words(&asked(&props, true, "<remove/>").await);
    let juliet = "juliet\\40capulet@pigeon.verona.example";
    assert_eq!(
        said,
        [
            format!("result {DOMAIN}"),
            format!("unsubscribe {juliet}"),
            format!("unsubscribed {juliet}"),
            format!("unavailable {juliet}/gateway"),
            format!("unsubscribe {DOMAIN}"),
            format!("unsubscribed {DOMAIN}"),
            format!("unavailable {DOMAIN}/gateway"),
        ]
    );
    assert!(props.paper.rows.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_as_the_protocol_says() {
    let props = Props::new();
    let refused = |said: Vec<Element>| words(&said);
    assert_eq!(
        refused(asked(&props, true, "<remove/>").await),
        ["registration-required"]
    );
    asked(&props, true, "").await;
    assert_eq!(refused(asked(&props, true, "<remove/><name/>").await), ["bad-request"]);
    let tybalt = "tybalt@verona.example/street";
    assert_eq!(refused(asked_by(&props, tybalt, "set", "").await), ["forbidden"]);
    assert_eq!(refused(asked_by(&props, tybalt, "get", "").await), ["forbidden"]);
    assert_eq!(
        refused(asked_by(&props, "verona.example", "set", "").await),
        ["not-allowed"]
    );
}

#[tokio::test]
async fn nothing_is_said_before_it_is_written_down() {
    let props = Props::new();
    props.paper.slow.send_replace(true);
    let face = props.face();
    let user = romeo();
    let mut enroll = Box::pin(face.enroll(&user, Settings::default(), Vec::new()));
    assert!(futures::poll!(&mut enroll).is_pending());
    props.paper.slow.send_replace(false);
    assert_eq!(enroll.await.unwrap().len(), 1);
}

async fn called(props: &Props, name: &str, values: &[(&str, &str)]) -> Reply {
    let face = props.face();
    let call = Call {
        caller: Caller::User {
            jid: romeo(),
            network: juliet().network,
        },
        name: name.to_owned(),
        contact: None,
        values: values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        language: Language::De,
    };
    // The face of these tests has no link, so what is left to say goes nowhere.
    Registrar(face).call(call).await
}

fn offered(props: &Props) -> Vec<&'static str> {
    let caller = Caller::User {
        jid: romeo(),
        network: juliet().network,
    };
    let commands = Registrar(props.face()).commands(&caller, Language::En);
    commands.iter().map(|command| command.name).collect()
}

#[tokio::test(start_paused = true)]
async fn a_command_registers_changes_settings_and_leaves() {
    let props = Props::new();
    assert_eq!(offered(&props), ["register", "settings"]);
    let Reply::Ask(form) = called(&props, "register", &[]).await else {
        panic!("no form");
    };
    assert!(form.instructions.contains("Passwort"), "{}", form.instructions);
    let done = called(&props, "register", &[("strangers", "ask"), ("language", "de")]).await;
    assert!(
        matches!(&done, Reply::Done(report) if report.text.contains("gespeichert")),
        "{done:?}"
    );
    assert_eq!(settings(&props).unwrap().strangers, Strangers::Ask);
    assert_eq!(offered(&props), ["settings", "unregister"]);

    assert!(matches!(
        called(&props, "settings", &[("strangers", "hug")]).await,
        Reply::Refused(_)
    ));
    assert!(matches!(called(&props, "unregister", &[]).await, Reply::Ask(_)));
    called(&props, "unregister", &[("confirm", "false")]).await;
    assert!(settings(&props).is_some());
    called(&props, "unregister", &[("confirm", "true")]).await;
    assert!(settings(&props).is_none());
    assert!(props.paper.rows.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_user_of_another_network_or_one_who_may_not_is_refused() {
    let props = Props::new();
    let clerk = Registrar(props.face());
    assert!(clerk.commands(&Caller::CommandLine, Language::En).is_empty());
    let call = Call {
        caller: Caller::User {
            jid: BareJid::new("tybalt@verona.example").unwrap(),
            network: juliet().network,
        },
        name: "register".into(),
        contact: None,
        values: Values::from([("roster".to_owned(), "true".to_owned())]),
        language: Language::En,
    };
    assert!(matches!(clerk.call(call).await, Reply::Refused(_)));
    assert!(props.paper.rows.lock().unwrap().is_empty());
}

#[test]
fn the_registered_name_goes_before_that_of_the_vcard() {
    let props = Props::new();
    let face = props.face();
    let called = |name: &str| Line::clean(name).unwrap();
    let row = Shelf::name(props.paper.as_ref(), &romeo(), &called("Romeo from the vCard")).unwrap();
    let put = |row: Row| props.paper.rows.lock().unwrap().insert(row.key, row.value.unwrap());
    put(row);
    assert_eq!(face.name_of(&romeo()), Some(called("Romeo from the vCard")));
    let registration = Registration {
        settings: Settings {
            name: Some(called("Romeo")),
            ..Settings::default()
        },
        ..Registration::default()
    };
    put(Row::put(
        Registration::key(&juliet().network, &romeo()),
        registration.write(),
    ));
    assert_eq!(face.name_of(&romeo()), Some(called("Romeo")));
}
