//! The Nurse, who runs the errands of the tests: an office of four commands.

use crate::cast::{PigeonPost, Props, romeo};
use crate::face::Face;
use causeway_core::command::{
    Call, Caller, Choice, Clerk, Command, Field, FieldKind, Form, Place, Reply, Report, Table, Values,
};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::language::Language;
use causeway_core::network::{Network, Pending};
use std::sync::{Arc, Mutex};

/// She remembers what she did.
#[derive(Default)]
pub(crate) struct Nurse {
    pub(crate) done: Mutex<Vec<(String, Values)>>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Nurse {
    /// A face with her as its office.
    pub(crate) fn serving(props: &Props) -> (Arc<Self>, Face) {
        let nurse = Arc::new(Self::default());
        let face = Face {
            office: nurse.clone(),
            ..props.face()
        };
        (nurse, face)
    }

    /// What she did, in order.
    pub(crate) fn errands(&self) -> Vec<String> {
        let done = self.done.lock().unwrap();
        let told = done.iter().map(|(name, values)| {
            let values: Vec<String> = values.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("{name} {}", values.join(" ")).trim().to_owned()
        });
        told.collect()
    }
}

impl Clerk for Nurse {
    fn commands(&self, caller: &Caller, language: Language) -> Vec<Command> {
        let command = |name, en: &str, de: &str, place| Command {
            name,
            title: language.pick(en, de).to_owned(),
            about: String::new(),
            place,
        };
        let mut all = vec![
            command("message", "Carry a message", "Botschaft überbringen", Place::Gateway),
            command("gossip", "Gossip", "Klatsch", Place::Gateway),
            command("praise", "Praise", "Loben", Place::Contact),
        ];
        let is_romeo = matches!(caller, Caller::User { jid, .. } if *jid == romeo());
        all.extend(is_romeo.then(|| command("banish", "Banish", "Verbannen", Place::Gateway)));
        all
    }

    fn options(&self, call: &Call) -> Option<Form> {
        let count = field("count", FieldKind::Text, false);
        (call.name == "gossip").then(|| form("Gossip", vec![count]))
    }

    fn call(&self, call: Call) -> Pending<'static, Reply> {
        let reply = self.reply(&call);
        Box::pin(async { reply })
    }
}

impl Nurse {
    fn reply(&self, call: &Call) -> Reply {
        let is_known = self
            .commands(&call.caller, call.language)
            .iter()
            .any(|it| it.name == call.name);
        if !is_known {
            return Reply::Refused(Fault::of(FaultKind::NotAllowed));
        }
        match call.name.as_str() {
            "message" if call.value("words").is_none() => Reply::Ask(form("A message", vec![words(), place(call)])),
            "message" if call.value("place") == Some("tomb") && call.value("sure").is_none() => {
                Reply::Ask(form("To the tomb?", vec![field("sure", FieldKind::YesNo, true)]))
            }
            "banish" if call.value("token").is_none() => {
                Reply::Ask(form("Banish", vec![field("token", FieldKind::Secret, true)]))
            }
            "praise" if call.contact.is_none() && call.value("who").is_none() => {
                Reply::Ask(form("Praise", vec![field("who", FieldKind::Text, true)]))
            }
            "gossip" => self.done(call, gossip()),
            _ if call.value("words") == Some("treason") => Reply::Refused(Fault::of(FaultKind::BadContent)),
            _ => self.done(call, Report::saying(call.language.pick("It is done.", "Es ist getan."))),
        }
    }

    fn done(&self, call: &Call, report: Report) -> Reply {
        let mut values = call.values.clone();
        values.extend(
            call.contact
                .as_ref()
                .map(|contact| ("contact".to_owned(), PigeonPost::new().written(&contact.id))),
        );
        self.done.lock().unwrap().push((call.name.clone(), values));
        Reply::Done(report)
    }
}

fn words() -> Field {
    field("words", FieldKind::Text, true)
}

fn place(call: &Call) -> Field {
    let choice = |value: &str, en: &str, de: &str| Choice {
        value: value.to_owned(),
        label: call.language.pick(en, de).to_owned(),
    };
    Field {
        value: Some("cell".to_owned()),
        ..field(
            "place",
            FieldKind::OneOf(vec![
                choice("cell", "the cell", "die Zelle"),
                choice("tomb", "the tomb", "die Gruft"),
            ]),
            false,
        )
    }
}

fn field(name: &'static str, kind: FieldKind, required: bool) -> Field {
    Field {
        name,
        label: format!("The {name}"),
        kind,
        value: None,
        required,
    }
}

fn form(title: &str, fields: Vec<Field>) -> Form {
    Form {
        title: title.to_owned(),
        instructions: String::new(),
        fields,
    }
}

fn gossip() -> Report {
    let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
    Report {
        text: "They say:".to_owned(),
        table: Some(Table {
            columns: vec![("who", "Who".to_owned()), ("what", "What".to_owned())],
            rows: vec![row(["Paris", "a man of wax"]), row(["Tybalt", "is angry"])],
        }),
    }
}
