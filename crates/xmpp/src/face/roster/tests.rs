mod verona;

use super::*;
use crate::cast::journal::Journal;
use crate::cast::{DOMAIN, Props, gateway, juliet, leased, parcel, romeo, stanza};
use crate::shelf::MOST_CONTACTS;
use causeway_core::address::Party;
use causeway_core::command::{Call, Caller, Clerk, Reply, Values};
use causeway_core::envelope::Draft;
use causeway_core::language::Language;
use causeway_core::message::Text;
use causeway_core::registration::Settings;
use causeway_core::text::Body;
use verona::Verona;

const JULIET: &str = "juliet\\40capulet@pigeon.verona.example";
const BALCONY: &str = "romeo@verona.example/balcony";

/// The name on Juliet's card.
fn called() -> Option<String> {
    let card = Props::new().face().network.card(&romeo(), &juliet().id);
    card.name.map(|name| name.to_string())
}

fn text(name: Option<&str>) -> Text {
    Text {
        sender_name: name.and_then(Line::clean),
        ..Text::plain(Body::clean("Good night").unwrap())
    }
}

#[tokio::test(start_paused = true)]
async fn with_the_servers_leave_a_contact_is_put_into_the_roster_and_is_there() {
    let mut verona = Verona::new(true);
    assert_eq!(verona.list(Some("Juliet")).await, Way::Put);
    assert_eq!(
        verona.heard,
        [
            format!("set {JULIET} “Juliet” to [\"Pigeon post\"]"),
            format!("available {JULIET}/gateway"),
        ]
    );
    assert!(verona.is_subscribed());
}

#[tokio::test(start_paused = true)]
async fn what_a_user_has_in_his_roster_stays_as_he_wants_it() {
    let mut verona = Verona::new(true);
    verona.has(JULIET, Some("My love"), "from");
    assert_eq!(verona.list(Some("Juliet")).await, Way::Put);
    assert_eq!(verona.heard[0], format!("set {JULIET} “My love” both [\"Capulets\"]"));
    verona.heard.clear();
    verona.list(None).await;
    assert_eq!(
        verona.heard,
        [format!("available {JULIET}/gateway")],
        "nothing to change"
    );
}

#[tokio::test(start_paused = true)]
async fn without_leave_a_clever_client_is_told() {
    let mut verona = Verona::new(false);
    verona.clever.push(BALCONY.into());
    let mut reception = crate::reception::Reception::new(verona.face.clone(), false);
    for session in ["romeo@verona.example/attic", BALCONY] {
        reception.receive(&stanza(&format!("<presence from='{session}' to='{DOMAIN}'/>")));
    }
    assert_eq!(verona.list(Some("Juliet")).await, Way::Suggested);
    assert_eq!(verona.heard, [format!("suggested add {JULIET} Juliet")]);
    assert!(!verona.is_subscribed(), "the client has not added her yet");
}

#[tokio::test(start_paused = true)]
async fn without_leave_and_a_clever_client_the_contact_asks() {
    let mut verona = Verona::new(false);
    assert_eq!(verona.list(None).await, Way::Asked);
    assert_eq!(verona.heard, [format!("subscribe {JULIET}")]);
}

#[tokio::test(start_paused = true)]
async fn who_writes_for_the_first_time_comes_into_the_roster_under_his_name_once() {
    let mut verona = Verona::registered(true, Settings::default());
    verona.meet(text(Some("Juliet Capulet"))).await;
    assert_eq!(
        verona.heard[0],
        format!("set {JULIET} “Juliet Capulet” to [\"Pigeon post\"]")
    );
    verona.heard.clear();
    verona.meet(text(Some("Juliet Montague"))).await;
    assert!(verona.heard.is_empty(), "a second name changes nothing");

    // Romeo removes her: she does not come back by herself.
    verona.roster.clear();
    let gone = verona.face.shelf.unsubscribed(&romeo(), Some("juliet\\40capulet"));
    verona.props.paper.rows.lock().unwrap().remove(&gone.key);
    verona.meet(text(None)).await;
    assert!(verona.heard.is_empty() && verona.roster.is_empty());
}

#[tokio::test(start_paused = true)]
async fn whom_the_user_has_in_his_roster_already_is_left_alone() {
    let mut verona = Verona::registered(true, Settings::default());
    verona.has(JULIET, None, "none");
    verona.meet(text(Some("Juliet"))).await;
    verona.meet(text(Some("Juliet"))).await;
    assert!(verona.heard.is_empty(), "{:?}", verona.heard);
}

#[tokio::test(start_paused = true)]
async fn a_full_contact_list_takes_nobody_else() {
    let mut verona = Verona::registered(true, Settings::default());
    for number in 0..MOST_CONTACTS {
        let local = format!("montague{number}\\40verona");
        verona.keep(&verona.face.shelf.subscribed(&romeo(), Some(&local)));
    }
    verona.meet(text(Some("Juliet"))).await;
    let (face, juliet) = (verona.face.clone(), juliet());
    let fault = verona.play(face.list(&romeo(), &juliet, None)).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Refused);
    assert!(verona.heard.is_empty(), "{:?}", verona.heard);
    assert!(!verona.is_subscribed());
}

#[tokio::test(start_paused = true)]
async fn nobody_is_forced_upon_a_roster() {
    let unwanted = Settings {
        roster: false,
        ..Settings::default()
    };
    for mut verona in [
        Verona::new(true),
        Verona::registered(true, unwanted),
        Verona::registered(false, Settings::default()),
    ] {
        verona.meet(text(Some("Juliet"))).await;
        assert!(verona.heard.is_empty(), "{:?}", verona.heard);
    }
    let mut verona = Verona::registered(true, Settings::default());
    verona
        .meet(Text {
            automatic: true,
            ..text(Some("Newsletter"))
        })
        .await;
    assert!(verona.heard.is_empty(), "machines stay outside");
    let edit = leased(
        Draft::new(
            Party::Foreign(juliet()),
            Party::Home(romeo()),
            Payload::Text(text(None)),
        ),
        0,
        None,
    );
    let face = verona.face.clone();
    verona.play(face.meet(&edit)).await;
    assert_eq!(verona.heard.len(), 2, "{:?}", verona.heard);
    let name = called().unwrap_or("juliet@capulet".into());
    assert!(verona.heard[0].contains(&format!("“{name}”")), "{:?}", verona.heard);
}

#[tokio::test(start_paused = true)]
async fn the_log_names_nobody_who_comes_and_goes() {
    let journal = Journal::open();
    let mut verona = Verona::new(true);
    verona.silent = true;
    let face = verona.face.clone();
    verona
        .play(face.enroll(&romeo(), Settings::default(), Vec::new()))
        .await
        .unwrap();
    verona.meet(text(None)).await;
    verona.play(face.leave(&romeo(), Vec::new())).await.unwrap();
    journal.says_without_names(&[
        "somebody registered",
        "the gateway could not put itself into a roster",
        "a contact could not be put into a roster",
        "somebody is registered no more",
    ]);
}

#[tokio::test(start_paused = true)]
async fn who_registers_with_the_servers_leave_has_the_gateway_in_the_roster() {
    let mut verona = Verona::new(true);
    let face = verona.face.clone();
    let first = vec![crate::stanza::Outward::presence(
        &gateway().itself(),
        "first",
        Some("probe"),
    )];
    let rest = verona
        .play(face.enroll(&romeo(), Settings::default(), first))
        .await
        .unwrap();
    verona.play(face.say(rest)).await;
    assert_eq!(
        verona.heard,
        [
            format!("probe {DOMAIN}"),
            format!("set {DOMAIN} “Pigeon post” both []"),
            format!("available {DOMAIN}/gateway"),
        ]
    );
    verona.list(None).await;
    verona.has("nurse@verona.example", None, "both");
    verona.heard.clear();

    let rest = verona.play(face.leave(&romeo(), Vec::new())).await.unwrap();
    verona.play(face.say(rest)).await;
    assert_eq!(
        verona.heard,
        [
            format!("set {JULIET} “” remove []"),
            format!("set {DOMAIN} “” remove []"),
            format!("unavailable {JULIET}/gateway"),
            format!("unavailable {DOMAIN}/gateway"),
        ]
    );
    assert_eq!(verona.roster.len(), 1, "the Nurse stays");
}

/// What a command of Romeo's says.
async fn command(verona: &mut Verona, name: &str, values: &[(&str, &str)], contact: Option<Contact>) -> Reply {
    let call = Call {
        caller: Caller::User {
            jid: romeo(),
            network: juliet().network,
        },
        name: name.to_owned(),
        contact,
        values: values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<Values>(),
        language: Language::En,
    };
    let clerk = AddressBook(verona.face.clone());
    verona.play(clerk.call(call)).await
}

fn words(reply: Reply) -> String {
    match reply {
        Reply::Ask(form) => {
            let fields: Vec<&str> = form.fields.iter().map(|field| field.name).collect();
            format!("asks {}", fields.join(", "))
        }
        Reply::Done(report) => report.text,
        Reply::Refused(fault) => format!("refused {:?}", fault.kind),
    }
}

#[tokio::test(start_paused = true)]
async fn a_contact_is_added_listed_renamed_and_removed_by_command() {
    let mut verona = Verona::new(true);
    let asked = words(command(&mut verona, "add-contact", &[], None).await);
    assert_eq!(asked, "asks address, name");
    let wrong = words(command(&mut verona, "add-contact", &[("address", "juliet")], None).await);
    assert_eq!(wrong, "refused BadAddress");
    let none = words(command(&mut verona, "contacts", &[], None).await);
    assert_eq!(none, "You have added nobody.");
    let added = command(
        &mut verona,
        "add-contact",
        &[("address", "Juliet@capulet"), ("name", "")],
        None,
    )
    .await;
    assert_eq!(words(added), "juliet@capulet is in your contact list.");
    let Reply::Done(list) = command(&mut verona, "contacts", &[], None).await else {
        panic!("no list");
    };
    assert_eq!(
        list.table.unwrap().rows,
        [["juliet@capulet", &called().unwrap_or_default(), JULIET]]
    );

    assert_eq!(
        words(command(&mut verona, "rename-contact", &[], Some(juliet())).await),
        "asks name"
    );
    let renamed = command(&mut verona, "rename-contact", &[("name", "My love")], Some(juliet())).await;
    assert_eq!(words(renamed), "juliet@capulet has the new name.");
    assert_eq!(verona.roster[JULIET].name.as_deref(), Some("My love"));

    assert_eq!(
        words(command(&mut verona, "remove-contact", &[], None).await),
        "asks address"
    );
    let removed = command(&mut verona, "remove-contact", &[("address", JULIET)], None).await;
    assert_eq!(words(removed), "juliet@capulet is no longer in your contact list.");
    assert!(verona.roster.is_empty() && !verona.is_subscribed());
}

#[tokio::test(start_paused = true)]
async fn without_leave_a_command_says_what_is_left_to_do() {
    let mut verona = Verona::new(false);
    let added = command(&mut verona, "add-contact", &[("address", "juliet@capulet")], None).await;
    assert!(words(added).contains("say yes"));
    let renamed = command(&mut verona, "rename-contact", &[("name", "My love")], Some(juliet())).await;
    assert!(words(renamed).contains("rename the contact in your client"));
    verona.heard.clear();
    let removed = command(&mut verona, "remove-contact", &[], Some(juliet())).await;
    assert!(words(removed).contains("remove what is left"));
    assert_eq!(
        verona.heard,
        [
            format!("unsubscribe {JULIET}"),
            format!("unsubscribed {JULIET}"),
            format!("unavailable {JULIET}/gateway"),
        ]
    );
}
