use super::*;
use crate::cast::{DOMAIN, NOW, Props, gateway, juliet, leased, parcel, romeo, stanza};
use crate::link::line::{Desk, Fate, line};
use causeway_core::address::Party;
use causeway_core::command::{Call, Caller, Clerk, Reply, Values};
use causeway_core::envelope::Draft;
use causeway_core::language::Language;
use causeway_core::message::Text;
use causeway_core::network::Row;
use causeway_core::registration::{Registration, Settings};
use causeway_core::text::Body;
use futures::future::{Either, select};
use std::collections::BTreeMap;

const JULIET: &str = "juliet\\40capulet@pigeon.verona.example";
const BALCONY: &str = "romeo@verona.example/balcony";

/// Romeo's server, as far as the gateway meets it.
struct Verona {
    props: Props,
    face: Face,
    desk: Desk,
    roster: BTreeMap<String, RosterItem>,
    /// Sessions whose client takes suggestions.
    clever: Vec<String>,
    /// What the gateway sent, in a few words.
    heard: Vec<String>,
}

impl Verona {
    fn new(privileged: bool) -> Self {
        let props = Props::new();
        let (line, desk) = line();
        desk.connected("s1");
        if privileged {
            let grant = stanza(&format!(
                "<message from='verona.example' to='{DOMAIN}'><privilege xmlns='urn:xmpp:privilege:2'>\
                 <perm access='roster' type='both'/></privilege></message>"
            ));
            assert!(desk.privileges.hear(&grant, |_| true));
        }
        Self {
            face: Face { line, ..props.face() },
            props,
            desk,
            roster: BTreeMap::new(),
            clever: Vec::new(),
            heard: Vec::new(),
        }
    }

    fn registered(privileged: bool, settings: Settings) -> Self {
        let verona = Self::new(privileged);
        let registration = Registration { since: NOW, settings };
        let key = Registration::key(&juliet().network, &romeo());
        verona.keep(&Row::put(key, registration.write()));
        verona
    }

    fn keep(&self, row: &Row) {
        let mut rows = self.props.paper.rows.lock().unwrap();
        rows.insert(row.key.clone(), row.value.clone().unwrap());
    }

    fn has(&mut self, jid: &str, name: Option<&str>, subscription: &str) {
        let item = RosterItem {
            jid: jid.to_owned(),
            name: name.map(str::to_owned),
            subscription: Some(subscription.to_owned()),
            groups: vec!["Capulets".to_owned()],
        };
        self.roster.insert(jid.to_owned(), item);
    }

    /// Lets the gateway work, and answers what it asks.
    async fn play<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = Box::pin(work);
        loop {
            let order = match select(work.as_mut(), Box::pin(self.desk.orders.recv())).await {
                Either::Left((done, _)) => return done,
                Either::Right((order, _)) => order.unwrap(),
            };
            for sent in &order.stanzas {
                self.take(sent.element());
            }
            let _ = order.proof.send(Fate::Taken);
        }
    }

    fn take(&mut self, sent: &Element) {
        let (kind, to) = (sent.attr("type").unwrap_or("available"), sent.attr("to").unwrap());
        if sent.name() == "presence" {
            let from = sent.attr("from").unwrap();
            return self.heard.push(format!("{kind} {from}"));
        }
        let payload = sent.children().next().unwrap().clone();
        let answer = match payload.ns().as_str() {
            ns::ROSTER if kind == "get" => self.items(),
            ns::ROSTER => self.change(payload.children().next().unwrap()),
            ns::DISCO_INFO if self.clever.iter().any(|it| it == to) => {
                "<query xmlns='http://jabber.org/protocol/disco#info'><feature var='http://jabber.org/protocol/rosterx'/></query>"
                    .to_owned()
            }
            ns::DISCO_INFO => "<query xmlns='http://jabber.org/protocol/disco#info'/>".to_owned(),
            _ => {
                let item = payload.children().next().unwrap();
                let said = ["action", "jid", "name"].map(|it| item.attr(it).unwrap_or_default());
                self.heard.push(format!("suggested {}", said.join(" ")));
                String::new()
            }
        };
        let id = sent.attr("id").unwrap();
        let answer = stanza(&format!(
            "<iq type='result' id='{id}' from='{to}' to='{DOMAIN}'>{answer}</iq>"
        ));
        assert!(self.desk.requests.take(&answer));
    }

    fn items(&self) -> String {
        let items = self.roster.values().map(|item| {
            let name = item
                .name
                .as_ref()
                .map(|name| format!("name='{name}'"))
                .unwrap_or_default();
            let groups: String = item.groups.iter().map(|it| format!("<group>{it}</group>")).collect();
            let subscription = item.subscription.as_deref().unwrap();
            let jid = &item.jid;
            format!("<item jid='{jid}' {name} subscription='{subscription}'>{groups}</item>")
        });
        format!("<query xmlns='jabber:iq:roster'>{}</query>", items.collect::<String>())
    }

    fn change(&mut self, item: &Element) -> String {
        let attr = |name: &str| item.attr(name).map(str::to_owned);
        let jid = attr("jid").unwrap();
        let groups: Vec<String> = item.children().map(Element::text).collect();
        self.heard.push(format!(
            "set {jid} “{}” {} {groups:?}",
            attr("name").unwrap_or_default(),
            attr("subscription").unwrap_or_default()
        ));
        match item.attr("subscription") {
            Some("remove") => drop(self.roster.remove(&jid)),
            _ => drop(self.roster.insert(
                jid.clone(),
                RosterItem {
                    jid,
                    name: attr("name"),
                    subscription: attr("subscription"),
                    groups,
                },
            )),
        }
        String::new()
    }

    async fn list(&mut self, name: Option<&str>) -> Way {
        let face = self.face.clone();
        self.play(face.list(&romeo(), &juliet(), name)).await.unwrap()
    }

    /// Juliet writes.
    async fn meet(&mut self, text: Text) {
        let face = self.face.clone();
        self.play(face.meet(&parcel(Payload::Text(text)))).await;
    }

    fn is_subscribed(&self) -> bool {
        let memory = self.props.paper.as_ref();
        self.face
            .shelf
            .is_subscribed(memory, &romeo(), Some("juliet\\40capulet"))
    }
}

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
            format!("available {DOMAIN}"),
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
            format!("unavailable {DOMAIN}"),
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
