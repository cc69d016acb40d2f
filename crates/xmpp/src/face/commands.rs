//! Ad-hoc commands (XEP-0050): every command of the office, and every form in it as a data form.

mod menu;

pub(super) use menu::{info, items};

use super::attention::{Key, LARGEST};
use super::forms::{self, Submission};
use super::{Answer, Face, Request};
use crate::errors::Refusal;
use crate::ns;
use crate::xml::{Build, element};
use causeway_core::address::Contact;
use causeway_core::command::{Call, Caller, Command, Form, Reply, Report, Values};
use causeway_core::fault::{ErrorType, Fault, FaultKind};
use causeway_core::language::{Language, Words};
use menu::{named, spoken};
use minidom::Element;

/// How many forms one can go back.
const STEPS: usize = 10;

/// A command that waits for its form.
pub(super) struct Session {
    /// The call so far.
    call: Call,
    /// What was asked for.
    form: Form,
    /// The values as they were before each form that was filled in.
    past: Vec<Values>,
}

/// What a client may ask of a command (XEP-0050 section 3.3). What is filled in is handed in, whatever the button said:
/// only the office knows whether there is more to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Go,
    Back,
    Cancel,
}

/// How a command goes on.
enum Turn {
    /// With this call, after the values as they were before each form.
    Call(Box<Call>, Vec<Values>),
    /// Not at all: it was put aside.
    Over,
}

/// Where a command stands, and what its answer needs.
struct Stand {
    face: Face,
    key: Key,
    command: Command,
    language: Language,
}

// ---------------------------------------------------------------------------------------------------------------------

/// XEP-0050 section 2.3: begins a command, or goes on with one.
pub(super) fn answer(face: &Face, request: &Request<'_>, contact: Option<&Contact>) -> Result<Answer, Refusal> {
    let asked = request.payload;
    if !request.caller.is_account() {
        return Err(Refusal::from(Fault::of(FaultKind::NotAllowed)));
    }
    let action = Action::read(asked.attr("action"))?;
    let node = asked.attr("node").unwrap_or_default();
    let command = named(face, request, contact, node).ok_or_else(no_such_command)?;
    let busy = || Refusal::from(Fault::of(FaultKind::Busy));
    let under_way = face.attention.begin(&request.caller.bare).ok_or_else(busy)?;
    let stand = Stand {
        language: spoken(face, request),
        key: Key {
            user: request.caller.bare.clone(),
            full: request.caller.full.clone(),
            name: String::new(),
        },
        command,
        face: face.clone(),
    };
    let submitted = forms::read(asked);
    let (stand, turn) = match asked.attr("sessionid").filter(|id| !id.is_empty()) {
        Some(id) => {
            let stand = stand.at(id);
            let turn = stand.resume(action, submitted, contact)?;
            (stand, turn)
        }
        None => {
            let values = begun(action, submitted)?;
            let call = face.calls(
                request.caller,
                contact.cloned(),
                stand.command.name,
                values,
                stand.language,
            );
            (stand.at(&face.fresh_name()), Turn::Call(Box::new(call), Vec::new()))
        }
    };
    match turn {
        Turn::Over => Ok(stand.element("canceled").into()),
        Turn::Call(call, past) => Ok(Answer::Later(Box::pin(async move {
            let answer = stand.carry_out(*call, past).await;
            drop(under_way);
            answer.map(Some)
        }))),
    }
}

impl Face {
    /// A call of a user's at this domain.
    pub(super) fn calls(
        &self,
        caller: &crate::address::Caller,
        contact: Option<Contact>,
        name: &str,
        values: Values,
        language: Language,
    ) -> Call {
        Call {
            caller: self.caller(caller),
            name: name.to_owned(),
            contact,
            values,
            language,
        }
    }

    /// A user as the office knows him.
    pub(super) fn caller(&self, caller: &crate::address::Caller) -> Caller {
        Caller::User {
            jid: caller.bare.clone(),
            network: self.network.profile().id.clone(),
        }
    }

    /// A name that no form had before, in this process or the one before it. Whoever guesses it has gained nothing: a
    /// form belongs to a full JID.
    fn fresh_name(&self) -> String {
        format!("{}-{}", self.started.0, self.attention.count())
    }
}

impl Stand {
    fn at(self, session: &str) -> Self {
        Self {
            key: Key {
                name: session.to_owned(),
                ..self.key
            },
            ..self
        }
    }

    /// Goes on with a form that was asked for.
    fn resume(
        &self,
        action: Action,
        submitted: Option<Submission>,
        contact: Option<&Contact>,
    ) -> Result<Turn, Refusal> {
        let now = self.face.house.clock.now();
        let session = self.face.attention.sessions.take(&self.key, now);
        let is_this =
            |session: &Session| session.call.name == self.command.name && session.call.contact.as_ref() == contact;
        let Session {
            mut call,
            form,
            mut past,
        } = session.filter(is_this).ok_or_else(bad_session)?;
        call.language = self.language;
        match (action, submitted) {
            (Action::Cancel, _) | (_, Some(Submission::PutAside)) => return Ok(Turn::Over),
            (Action::Back, _) => call.values = past.pop().ok_or_else(bad_action)?,
            (Action::Go, submitted) => {
                past.push(call.values.clone());
                past.drain(..past.len().saturating_sub(STEPS));
                call.values.extend(match submitted {
                    Some(Submission::Filled(values)) => values,
                    _ => form.held(),
                });
                call.values = bounded(call.values)?;
            }
        }
        Ok(Turn::Call(Box::new(call), past))
    }

    /// Asks the office.
    async fn carry_out(self, call: Call, past: Vec<Values>) -> Result<Element, Refusal> {
        match self.face.office.call(call.clone()).await {
            Reply::Ask(form) => Ok(self.asking(Session { call, form, past })),
            Reply::Done(report) => Ok(self.done(&report)),
            Reply::Refused(fault) => Err(Refusal::from(fault)),
        }
    }

    /// XEP-0050 section 3.4.
    fn asking(self, session: Session) -> Element {
        let actions = element("actions", ns::COMMANDS).with("execute", "complete");
        let actions = match session.past.is_empty() {
            true => actions,
            false => actions.holding(element("prev", ns::COMMANDS)),
        };
        let answer = self
            .element("executing")
            .holding(actions.holding(element("complete", ns::COMMANDS)))
            .holding(forms::to_fill_in(&session.form, None));
        let now = self.face.house.clock.now();
        self.face.attention.sessions.keep(self.key, session, now);
        answer
    }

    /// What came out: a sentence as a note, more than that as a form.
    fn done(&self, report: &Report) -> Element {
        let answer = self.element("completed");
        match &report.table {
            None if !report.text.contains('\n') => {
                answer.holding(element("note", ns::COMMANDS).with("type", "info").saying(&report.text))
            }
            _ => answer.holding(forms::result(&self.command.title, report)),
        }
    }

    fn element(&self, status: &str) -> Element {
        element("command", ns::COMMANDS)
            .in_language(self.language.tag())
            .with("node", self.command.name)
            .with("sessionid", &self.key.name)
            .with("status", status)
    }
}

impl Action {
    fn read(word: Option<&str>) -> Result<Self, Refusal> {
        match word {
            None | Some("execute" | "next" | "complete") => Ok(Self::Go),
            Some("prev") => Ok(Self::Back),
            Some("cancel") => Ok(Self::Cancel),
            Some(_) => Err(malformed(
                "malformed-action",
                Words::new("A command knows no such action", "Eine solche Aktion hat kein Befehl"),
            )),
        }
    }
}

/// What a command begins with. Whoever knows its form may hand it in at once.
fn begun(action: Action, submitted: Option<Submission>) -> Result<Values, Refusal> {
    match (action, submitted) {
        (Action::Go, Some(Submission::Filled(values))) => bounded(values),
        (Action::Go, None) => Ok(Values::new()),
        (Action::Back | Action::Cancel, _) | (_, Some(Submission::PutAside)) => Err(bad_action()),
    }
}

fn bounded(values: Values) -> Result<Values, Refusal> {
    let size: usize = values
        .iter()
        .map(|(name, value)| name.len().saturating_add(value.len()))
        .sum();
    match size <= LARGEST {
        true => Ok(values),
        false => Err(malformed(
            "bad-payload",
            Words::new(
                "This is more than a form takes",
                "Das ist mehr, als ein Formular aufnimmt",
            ),
        )),
    }
}

fn no_such_command() -> Refusal {
    Refusal::not_found(Words::new(
        "There is no such command for you here",
        "Einen solchen Befehl gibt es hier für dich nicht",
    ))
}

fn bad_session() -> Refusal {
    malformed(
        "bad-sessionid",
        Words::new(
            "This form is not waited for any more; begin again",
            "Auf dieses Formular wartet niemand mehr; fang von vorn an",
        ),
    )
}

fn bad_action() -> Refusal {
    malformed(
        "bad-action",
        Words::new("This cannot be done at this point", "Das geht an dieser Stelle nicht"),
    )
}

/// XEP-0050 section 4.
fn malformed(detail: &'static str, text: Words) -> Refusal {
    Refusal::of("bad-request", ErrorType::Modify, text).detailed(detail, ns::COMMANDS)
}

#[cfg(test)]
mod tests;
