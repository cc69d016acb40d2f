mod admins;
mod data;
mod mine;

use super::*;
use crate::clock::SteadyClock;
use crate::control::ask::Answer;
use crate::control::order;
use crate::engine::dispatch::HOME;
use crate::engine::gate::Gate;
use crate::engine::keeper::keeper;
use crate::networks::Wired;
use crate::supervise::{Supervisor, tasks};
use causeway_core::capability::Capabilities;
use causeway_core::command::Values;
use causeway_core::delivery::Stage;
use causeway_core::envelope::{Draft, EnvelopeId};
use causeway_core::limit::Limits;
use causeway_core::message::{Payload, Text};
use causeway_core::network::{Arrival, Inbox, Outcome, Row, Taken};
use causeway_core::policy::Policy;
use causeway_core::promise::Terms;
use causeway_core::registration::Registration;
use causeway_core::text::{Body, Line};
use causeway_loopback::{Fate, Loopback};
use causeway_store::{Change, Ledger, MemoryBackend};
use causeway_xmpp::Domain;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::Notify;

/// A gateway without servers: the pigeon post, an office, and nobody who carries anything.
struct House {
    office: Office,
    ledger: Arc<Ledger>,
    hall: Hall,
    network: Arc<Loopback>,
    clock: Arc<dyn Clock>,
    logged: Arc<Mutex<Vec<Option<String>>>>,
    supervisor: Supervisor,
}

const ROMEO: &str = "romeo@verona.example";
const NURSE: &str = "nurse@verona.example";

impl House {
    fn open() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SteadyClock::from_system());
        let network = Loopback::new(NetworkId::new("pigeon").unwrap(), Box::new(|_| Fate::Arrives));
        let backend = Arc::new(MemoryBackend::new());
        let route = Box::new(|_: &Party| "pigeon/loft".to_owned());
        let name = Line::clean("causeway").unwrap();
        let ledger = Ledger::open(Box::new(backend), Terms::default(), route, name, clock.now()).unwrap();
        let ledger = Arc::new(ledger);
        let (keeper, writer) = keeper(ledger.clone(), clock.clone(), Arc::new(Notify::new()));
        let supervisor = Supervisor::default();
        supervisor.keep_once("ledger", async { writer.run().await.unwrap() });
        let policy = Policy {
            allow: vec!["verona.example".into()],
            deny: Vec::new(),
            longest_text: 1000,
        };
        let gate = Gate::new(policy, Limits::default(), ledger.clone(), clock.clone());
        let numbers = AtomicU64::new(1);
        let hall = Hall {
            keeper,
            ledger: ledger.clone(),
            gate: Arc::new(gate),
            ids: Arc::new(move || {
                let mut bits = [0; 16];
                bits[..8].copy_from_slice(&numbers.fetch_add(1, Ordering::Relaxed).to_be_bytes());
                EnvelopeId::from_random(bits)
            }),
            notes: None,
            full: Arc::new(AtomicBool::new(false)),
        };
        let logged: Arc<Mutex<Vec<Option<String>>>> = Arc::default();
        let log = logged.clone();
        let wired = Wired {
            network: network.clone(),
            memory: Arc::default(),
            domain: "pigeon.verona.example".to_owned(),
            secret: String::new(),
            port: None,
        };
        let office = Office::new(Means {
            records: Records {
                ledger: ledger.clone(),
                wired: vec![wired],
            },
            hall: hall.clone(),
            admins: vec![BareJid::new(NURSE).unwrap()],
            clock: clock.clone(),
            started: clock.now(),
            log: Arc::new(move |level| {
                log.lock().unwrap().push(level.map(str::to_owned));
                Ok(())
            }),
            tasks: tasks(&supervisor),
            home: OnceLock::new(),
        });
        let domain = Domain {
            jid: BareJid::new("pigeon.verona.example").unwrap(),
            secret: String::new(),
            network: network.clone(),
            port: None,
        };
        let config = toml::from_str("server = '127.0.0.1'").unwrap();
        let now = clock.now();
        office.found(Home::new(
            config,
            vec![domain],
            Arc::new(office.clone()),
            "1".to_owned(),
            now,
        ));
        Self {
            office,
            ledger,
            hall,
            network,
            clock,
            logged,
            supervisor,
        }
    }

    async fn post(&self, draft: Draft) -> Result<EnvelopeId, Fault> {
        let accepted = self.hall.desk(HOME).post(Arrival::post(draft)).await?;
        match accepted.taken() {
            [Taken::New(id)] => Ok(*id),
            other => panic!("{other:?}"),
        }
    }

    /// Somebody at home writes to Juliet.
    async fn say(&self, user: &str, words: &str) -> EnvelopeId {
        let user = Party::Home(BareJid::new(user).unwrap());
        let text = Payload::Text(Text::plain(Body::clean(words).unwrap()));
        let to = self.network.person("juliet").unwrap();
        self.post(Draft::new(user, to, text)).await.unwrap()
    }

    /// A message is tried, and this comes of it.
    fn tried(&self, id: EnvelopeId, fault: FaultKind) {
        let lease = Change::Lease {
            id,
            side: Capabilities::ALL,
            who: Line::clean("causeway").unwrap(),
        };
        let settle = Change::Settle {
            id,
            shelf: "pigeon".to_owned(),
            outcome: Outcome::Failed(Fault::of(fault), None),
        };
        let _ = self.ledger.commit(vec![lease, settle], self.clock.now()).unwrap();
    }

    fn stage(&self, id: EnvelopeId) -> Stage {
        self.ledger.delivery(id).unwrap().unwrap().stage
    }

    async fn call(&self, who: &str, name: &str, values: &[(&str, &str)]) -> Reply {
        let jid = BareJid::new(who).unwrap();
        let network = NetworkId::new("pigeon").unwrap();
        self.call_as(Caller::User { jid, network }, name, values).await
    }

    async fn call_as(&self, caller: Caller, name: &str, values: &[(&str, &str)]) -> Reply {
        let values = values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let call = Call {
            caller,
            name: name.to_owned(),
            contact: None,
            values: values.collect(),
            language: Language::En,
        };
        self.office.call(call).await
    }

    async fn told(&self, who: &str, name: &str, values: &[(&str, &str)]) -> String {
        match self.call(who, name, values).await {
            Reply::Done(report) => {
                let rows = report.table.map(|table| table.rows).unwrap_or_default();
                let rows = rows.into_iter().map(|row| row.join(" | "));
                std::iter::once(report.text).chain(rows).collect::<Vec<_>>().join("\n")
            }
            Reply::Refused(fault) => format!("refused: {:?}", fault.kind),
            Reply::Ask(form) => {
                let names: Vec<&str> = form.fields.iter().map(|field| field.name).collect();
                format!("asks for {}", names.join(", "))
            }
        }
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.supervisor.stop();
    }
}

#[test]
fn every_command_is_told_in_every_language() {
    let mut names: Vec<&str> = TABLE.iter().map(|entry| entry.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), TABLE.len(), "each has a name of its own");
    for entry in TABLE {
        let words = Language::ALL.map(|language| (entry.title(language), entry.about(language)));
        let [(en, about_en), (de, about_de)] = words;
        assert!(!en.is_empty() && !de.is_empty(), "{}", entry.name);
        assert_ne!(about_en, about_de, "{}", entry.name);
    }
}

#[test]
fn the_page_about_commands_is_true() {
    let page = include_str!("../../../../docs/COMMANDS.md");
    for entry in TABLE {
        let whose = match entry.whose {
            Whose::User => "everybody",
            Whose::Admin => "admins",
        };
        let row = format!(
            "| `{}` | {whose} | {} | {} | {} |",
            entry.name,
            entry.title(Language::En),
            entry.title(Language::De),
            entry.about(Language::En)
        );
        assert!(page.contains(&row), "docs/COMMANDS.md lacks this row:\n{row}");
    }
}

#[tokio::test]
async fn only_admins_do_what_admins_do() {
    let house = House::open();
    for entry in TABLE.iter().filter(|entry| entry.whose == Whose::Admin) {
        let by_romeo = house
            .told(ROMEO, entry.name, &[("confirm", "true"), ("who", "juliet")])
            .await;
        assert_eq!(by_romeo, "refused: NotAllowed", "{}", entry.name);
    }
    assert_eq!(house.told(NURSE, "queue", &[]).await, "Nothing waits.");
    let user = BareJid::new(ROMEO).unwrap();
    let network = NetworkId::new("pigeon").unwrap();
    let offered = |caller: &Caller| house.office.commands(caller, Language::En).len();
    let (users, all) = (
        TABLE.iter().filter(|entry| entry.whose == Whose::User).count(),
        TABLE.len(),
    );
    assert_eq!(offered(&Caller::User { jid: user, network }), users);
    assert_eq!(offered(&Caller::CommandLine), all - users);
}

#[tokio::test]
async fn the_command_line_fills_in_what_it_can_and_names_what_is_missing() {
    let house = House::open();
    let id = house.say(ROMEO, "But, soft!").await;
    let line = |name: &'static str, typed: String, values: Values| {
        let call = order::call(name, &values, Language::En);
        let office = house.office.clone();
        async move { order::carry_out(&office, call, &typed).await }
    };
    let Answer::Wanted { field, values, .. } = line("drop", id.to_string(), Values::new()).await else {
        panic!("nothing was asked");
    };
    assert_eq!(field.name, "confirm");
    let answer = line("drop", "confirm=yes".to_owned(), values).await;
    assert!(
        matches!(&answer, Answer::Done { text, .. } if text.starts_with("1 stopped")),
        "{answer:?}"
    );
    let odd = line("rules", "now".to_owned(), Values::new()).await;
    assert!(matches!(odd, Answer::Sorry { .. }));
    let foreign = line("messages", String::new(), Values::new()).await;
    assert!(matches!(foreign, Answer::Sorry { .. }), "that is for users");
    let all = order::offers(&house.office, Language::De);
    assert!(matches!(all, Answer::Commands { commands } if commands.iter().any(|it| it.name == "drop")));
}
