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
use causeway_core::network::{Arrival, Inbox, Network, Outcome, Row, Taken};
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
