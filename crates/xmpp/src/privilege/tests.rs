use super::*;
use crate::cast::{DOMAIN, gateway, romeo, stanza};
use crate::link::line::{Desk, Fate, Line, State, line};
use crate::link::requests::{NoAnswer, Refused};
use crate::xml::{Build, element};
use causeway_core::network::Verdict;

const PUBSUB: &str = "http://jabber.org/protocol/pubsub";
const OWNER: &str = "http://jabber.org/protocol/pubsub#owner";
const BLOCKING: &str = "urn:xmpp:blocking";

/// As the XEP has it.
const SIDE_BY_SIDE: &str = "<perm access='iq'><namespace ns='http://jabber.org/protocol/pubsub' type='both'/>\
    <namespace ns='http://jabber.org/protocol/pubsub#owner' type='set'/><namespace ns='urn:xmpp:blocking' type='get'/></perm>";
/// As Prosody has it.
const NESTED: &str = "<perm access='iq'><namespace ns='http://jabber.org/protocol/pubsub#owner' type='set'>\
    <namespace ns='urn:xmpp:blocking' type='get'><namespace ns='http://jabber.org/protocol/pubsub' type='both'/></namespace>\
    </namespace></perm>";
const ROSTER: &str = "<perm access='roster' type='both' push='false'/>";
const MESSAGE: &str = "<perm access='message' type='outgoing'/>";

fn advertisement(from: &str, version: u32, perms: &str) -> Element {
    stanza(&format!(
        "<message from='{from}' to='{DOMAIN}'><privilege xmlns='urn:xmpp:privilege:{version}'>{perms}</privilege></message>"
    ))
}

fn is_verona(host: &BareJid) -> bool {
    host.as_str() == "verona.example"
}

fn heard(version: u32, perms: &str) -> Privileges {
    let privileges = Privileges::default();
    assert!(privileges.hear(&advertisement("verona.example", version, perms), is_verona));
    privileges
}

#[test]
fn namespaces_are_read_side_by_side_and_nested() {
    for perms in [SIDE_BY_SIDE, NESTED] {
        let privileges = heard(2, perms);
        let may = |right| privileges.allow(&romeo(), right);
        assert!(may(Right::Get(PUBSUB)) && may(Right::Set(PUBSUB)), "{perms}");
        assert!(!may(Right::Get(OWNER)) && may(Right::Set(OWNER)), "{perms}");
        assert!(may(Right::Get(BLOCKING)) && !may(Right::Set(BLOCKING)), "{perms}");
        assert!(!may(Right::Get("jabber:iq:private")) && !may(Right::ReadRoster) && !may(Right::Message));
    }
}

#[test]
fn rosters_and_messages_are_granted_in_both_versions() {
    for version in [1, 2] {
        let privileges = heard(
            version,
            &format!("{ROSTER}{MESSAGE}<perm access='presence' type='roster'/>"),
        );
        for right in [Right::ReadRoster, Right::WriteRoster, Right::Message] {
            assert!(privileges.allow(&romeo(), right), "{version} {right:?}");
        }
    }
    let privileges = heard(
        2,
        "<perm access='roster' type='get'/><perm access='message' type='none'/>",
    );
    assert!(privileges.allow(&romeo(), Right::ReadRoster));
    assert!(!privileges.allow(&romeo(), Right::WriteRoster) && !privileges.allow(&romeo(), Right::Message));
}

#[test]
fn requests_in_users_names_do_not_exist_in_the_first_version() {
    assert!(!heard(1, SIDE_BY_SIDE).allow(&romeo(), Right::Get(PUBSUB)));
}

#[test]
fn a_host_grants_for_its_own_users_only() {
    let privileges = heard(2, ROSTER);
    for stranger in ["romeo@mantua.example", "romeo@sub.verona.example", "mantua.example"] {
        assert!(!privileges.allow(&BareJid::new(stranger).unwrap(), Right::ReadRoster));
    }
}

#[test]
fn nobody_but_the_bare_host_of_a_home_can_grant_anything() {
    let privileges = Privileges::default();
    for from in [
        "romeo@verona.example",
        "verona.example/x",
        "romeo@verona.example/x",
        "@",
        "",
    ] {
        assert!(!privileges.hear(&advertisement(from, 2, ROSTER), |_| true), "{from}");
    }
    assert!(privileges.hear(&advertisement("evil.example", 2, ROSTER), is_verona));
    assert!(privileges.hosts().is_empty());
}

#[test]
fn the_latest_advertisement_counts_and_a_new_connection_waits_for_its_own() {
    let privileges = heard(2, &format!("{ROSTER}{MESSAGE}"));
    privileges.hear(&advertisement("verona.example", 2, MESSAGE), is_verona);
    assert!(privileges.allow(&romeo(), Right::Message) && !privileges.allow(&romeo(), Right::ReadRoster));
    privileges.hear(&advertisement("verona.example", 1, ROSTER), is_verona);
    assert!(
        privileges.allow(&romeo(), Right::Message),
        "the newer version of two counts"
    );
    privileges.forget();
    assert!(!privileges.allow(&romeo(), Right::Message));
}

#[test]
fn what_is_missing_is_told_with_what_it_costs() {
    let finding = |privileges: &Privileges| finding(DOMAIN, &privileges.hosts());
    let none = finding(&Privileges::default());
    assert_eq!(none.verdict, Verdict::Warning);
    assert!(
        none.seen.contains("none is granted") && none.seen.contains("without “roster”, contacts"),
        "{none:?}"
    );
    let some = finding(&heard(2, ROSTER));
    assert!(
        some.seen
            .starts_with("verona.example grants roster; without “message”,"),
        "{some:?}"
    );
    assert!(some.advice.contains("docs/ATTACHING.md"));
    let all = finding(&heard(1, &format!("{ROSTER}{MESSAGE}")));
    assert_eq!(
        (all.verdict, all.seen.as_str()),
        (Verdict::Good, "verona.example grants roster, message")
    );
}

/// A steward with a line to a server that grants everything.
fn scene(version: u32) -> (Steward, Line, Desk) {
    let (line, desk) = line();
    desk.connected("s1");
    let perms = format!("{ROSTER}{MESSAGE}{SIDE_BY_SIDE}");
    desk.privileges
        .hear(&advertisement("verona.example", version, &perms), is_verona);
    (Steward::new(&gateway(), &line), line, desk)
}

/// Lets the server answer the next stanza, with what `says` makes of it and its id, and gives that stanza.
async fn answered(desk: &mut Desk, says: impl FnOnce(&str) -> String) -> String {
    let order = desk.orders.recv().await.unwrap();
    let asked = order.stanzas[0].element();
    let says = says(asked.attr("id").unwrap());
    if !says.is_empty() {
        desk.requests.take(&stanza(&says));
    }
    let _ = order.proof.send(Fate::Taken);
    String::from(asked)
}

fn wrapped(id: &str, inner: &str) -> String {
    format!(
        "<iq type='result' id='{id}' from='romeo@verona.example' to='{DOMAIN}'><privilege xmlns='urn:xmpp:privilege:2'>\
         <forwarded xmlns='urn:xmpp:forward:0'>{inner}</forwarded></privilege></iq>"
    )
}

#[tokio::test(start_paused = true)]
async fn a_request_in_a_users_name_gives_the_payload_inside() {
    let (steward, _line, mut desk) = scene(2);
    let romeo = romeo();
    let asked = steward.get(&romeo, None, element("pubsub", PUBSUB));
    let server = answered(&mut desk, |id| {
        let inner = format!("<iq xmlns='jabber:client' type='result' id='{id}'><pubsub xmlns='{PUBSUB}'/></iq>");
        wrapped(id, &inner)
    });
    let (answer, sent) = futures::future::join(asked, server).await;
    assert!(answer.unwrap().unwrap().is("pubsub", PUBSUB));
    assert!(
        sent.contains("<privileged_iq xmlns='urn:xmpp:privilege:2'><iq xmlns='jabber:client'"),
        "{sent}"
    );
    assert!(
        sent.contains("from=\"romeo@verona.example\"") || sent.contains("from='romeo@verona.example'"),
        "{sent}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_error_inside_is_found_in_a_result_outside() {
    let (steward, _line, mut desk) = scene(2);
    let romeo = romeo();
    let asked = steward.set(&romeo, None, element("pubsub", OWNER));
    let server = answered(&mut desk, |id| {
        let inner = format!(
            "<iq xmlns='jabber:client' type='error' id='{id}'><error type='cancel'><item-not-found \
             xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
        );
        wrapped(id, &inner)
    });
    let (answer, _) = futures::future::join(asked, server).await;
    let refused = Refused {
        condition: "item-not-found".into(),
        text: None,
    };
    assert_eq!(answer.unwrap_err(), Denied::NoAnswer(NoAnswer::Refused(refused)));
}

#[tokio::test(start_paused = true)]
async fn an_answer_inside_that_is_not_the_one_asked_for_is_senseless() {
    for inner in [
        "",
        "<iq xmlns='jabber:client' type='result' id='other'/>",
        "<iq xmlns='jabber:client' type='result' id='ID' from='tybalt@verona.example'/>",
        "<iq xmlns='jabber:client' type='get' id='ID'/>",
    ] {
        let (steward, _line, mut desk) = scene(2);
        let romeo = romeo();
        let asked = steward.get(&romeo, None, element("pubsub", PUBSUB));
        let server = answered(&mut desk, |id| wrapped(id, &inner.replace("ID", id)));
        let (answer, _) = futures::future::join(asked, server).await;
        assert_eq!(answer.unwrap_err(), Denied::Senseless, "{inner}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_roster_that_was_too_large_to_read_is_not_an_empty_one() {
    let (steward, _line, mut desk) = scene(2);
    let romeo = romeo();
    let cut = |id: &str| {
        format!(
            "<iq type='result' id='{id}' from='{romeo}' to='{DOMAIN}'><cut xmlns='{}'/></iq>",
            ns::CUT
        )
    };
    let server = answered(&mut desk, cut);
    let (roster, _) = futures::future::join(steward.roster(&romeo), server).await;
    assert_eq!(roster, Err(Denied::Senseless));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_granted_is_not_tried() {
    let (steward, _line, mut desk) = scene(2);
    let stranger = BareJid::new("romeo@mantua.example").unwrap();
    let not_granted = Err(Denied::NotGranted);
    assert_eq!(
        steward.get(&romeo(), None, element("query", "jabber:iq:private")).await,
        not_granted
    );
    assert_eq!(
        steward.get(&stranger, None, element("pubsub", PUBSUB)).await,
        not_granted
    );
    assert_eq!(steward.roster(&stranger).await, Err(Denied::NotGranted));
    assert_eq!(
        steward.say_as(&stranger, element("message", ns::CLIENT)).await,
        Err(Denied::NotGranted)
    );
    desk.disconnected();
    assert_eq!(steward.take_from_roster(&romeo(), "x@y").await, Err(Denied::NotGranted));
    assert!(desk.orders.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_roster_is_read_and_written() {
    let (steward, _line, mut desk) = scene(1);
    let romeo = romeo();
    let server = answered(&mut desk, |id| {
        format!(
            "<iq type='result' id='{id}' from='romeo@verona.example' to='{DOMAIN}'><query xmlns='jabber:iq:roster'>\
             <item jid='juliet\\40capulet@{DOMAIN}' name='Juliet' subscription='both'><group>Capulets</group></item>\
             </query></iq>"
        )
    });
    let (roster, _) = futures::future::join(steward.roster(&romeo), server).await;
    let juliet = RosterItem {
        jid: format!("juliet\\40capulet@{DOMAIN}"),
        name: Some("Juliet".into()),
        subscription: Some("both".into()),
        groups: vec!["Capulets".into()],
    };
    assert_eq!(roster.unwrap(), std::slice::from_ref(&juliet));

    let done = |id: &str| format!("<iq type='result' id='{id}' from='romeo@verona.example' to='{DOMAIN}'/>");
    let put = steward.put_into_roster(&romeo, &juliet);
    let (put, sent) = futures::future::join(put, answered(&mut desk, done)).await;
    assert!(put.is_ok() && sent.contains("<group>Capulets</group>"), "{sent}");
    let taken = steward.take_from_roster(&romeo, &juliet.jid);
    let (taken, sent) = futures::future::join(taken, answered(&mut desk, done)).await;
    assert!(taken.is_ok() && sent.contains("remove"), "{sent}");
}

#[tokio::test(start_paused = true)]
async fn a_message_in_a_users_name_goes_in_the_version_that_the_server_speaks() {
    for version in [1, 2] {
        let (steward, _line, mut desk) = scene(version);
        let message = element("message", ns::CLIENT).with("to", "juliet@capulet.example");
        let romeo = romeo();
        let said = steward.say_as(&romeo, message);
        let (said, sent) = futures::future::join(said, answered(&mut desk, |_| String::new())).await;
        assert_eq!(said, Ok(()));
        assert!(sent.contains(&format!("urn:xmpp:privilege:{version}")), "{sent}");
        assert!(
            sent.contains("verona.example") && sent.contains("romeo@verona.example"),
            "{sent}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_a_message_is_heard() {
    let (steward, _line, mut desk) = scene(2);
    let romeo = romeo();
    let said = steward.say_as(&romeo, element("message", ns::CLIENT));
    let server = answered(&mut desk, |id| {
        format!(
            "<message type='error' id='{id}' from='verona.example' to='{DOMAIN}'><error type='auth'><forbidden \
             xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
        )
    });
    let (said, _) = futures::future::join(said, server).await;
    assert!(matches!(said, Err(Denied::NoAnswer(NoAnswer::Refused(_)))), "{said:?}");
}

#[test]
fn a_desk_without_a_link_is_down() {
    let (line, mut desk) = line();
    desk.set(State::Up);
    assert!(line.is_up());
    desk.disconnected();
    assert!(!line.is_up());
}
