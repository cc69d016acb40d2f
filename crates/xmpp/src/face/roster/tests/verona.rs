//! A server that the gateway meets in these tests.

use super::*;
use crate::cast::NOW;
use crate::link::line::{Desk, Fate, line};
use causeway_core::network::Row;
use causeway_core::registration::Registration;
use futures::future::{Either, select};
use std::collections::BTreeMap;

/// Romeo's server, as far as the gateway meets it.
pub(super) struct Verona {
    pub(super) props: Props,
    pub(super) face: Face,
    pub(super) desk: Desk,
    pub(super) roster: BTreeMap<String, RosterItem>,
    /// Sessions whose client takes suggestions.
    pub(super) clever: Vec<String>,
    /// Whether it answers nothing.
    pub(super) silent: bool,
    /// What the gateway sent, in a few words.
    pub(super) heard: Vec<String>,
}

impl Verona {
    pub(super) fn new(privileged: bool) -> Self {
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
            silent: false,
            heard: Vec::new(),
        }
    }

    pub(super) fn registered(privileged: bool, settings: Settings) -> Self {
        let verona = Self::new(privileged);
        let registration = Registration { since: NOW, settings };
        let key = Registration::key(&juliet().network, &romeo());
        verona.keep(&Row::put(key, registration.write()));
        verona
    }

    pub(super) fn keep(&self, row: &Row) {
        let mut rows = self.props.paper.rows.lock().unwrap();
        rows.insert(row.key.clone(), row.value.clone().unwrap());
    }

    pub(super) fn has(&mut self, jid: &str, name: Option<&str>, subscription: &str) {
        let item = RosterItem {
            jid: jid.to_owned(),
            name: name.map(str::to_owned),
            subscription: Some(subscription.to_owned()),
            groups: vec!["Capulets".to_owned()],
        };
        self.roster.insert(jid.to_owned(), item);
    }

    /// Lets the gateway work, and answers what it asks.
    pub(super) async fn play<T>(&mut self, work: impl Future<Output = T>) -> T {
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

    pub(super) fn take(&mut self, sent: &Element) {
        let (kind, to) = (sent.attr("type").unwrap_or("available"), sent.attr("to").unwrap());
        if sent.name() == "presence" {
            let from = sent.attr("from").unwrap();
            return self.heard.push(format!("{kind} {from}"));
        }
        if self.silent {
            return;
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

    pub(super) fn items(&self) -> String {
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

    pub(super) fn change(&mut self, item: &Element) -> String {
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

    pub(super) async fn list(&mut self, name: Option<&str>) -> Way {
        let face = self.face.clone();
        self.play(face.list(&romeo(), &juliet(), name)).await.unwrap()
    }

    /// Juliet writes.
    pub(super) async fn meet(&mut self, text: Text) {
        let face = self.face.clone();
        self.play(face.meet(&parcel(Payload::Text(text)))).await;
    }

    pub(super) fn is_subscribed(&self) -> bool {
        let memory = self.props.paper.as_ref();
        self.face
            .shelf
            .is_subscribed(memory, &romeo(), Some("juliet\\40capulet"))
    }
}
