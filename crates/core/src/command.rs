//! What people can ask the gateway to do. Each command is defined once, by a clerk, and every door serves it: ad-hoc
//! forms (XEP-0050), a chat with the gateway, and the command line.
//!
//! A call has no session: it is a function of who calls and what values he has given so far. Where more is needed, the
//! reply is a form, and the door calls again with its values added.

mod typed;

use crate::address::{Contact, NetworkId};
use crate::fault::{Fault, FaultKind};
use crate::language::Language;
use crate::network::Pending;
use jid::BareJid;
use std::collections::BTreeMap;
use std::sync::Arc;

pub use typed::joined;

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// A user at home, vouched for by the XMPP server, at the domain of a network.
    User {
        /// Who.
        jid: BareJid,
        /// Where.
        network: NetworkId,
    },
    /// Who may open the control socket: an admin.
    CommandLine,
}

/// A command as it is offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Its name: lower-case ASCII words with hyphens, the same in every language.
    pub name: &'static str,
    /// What it is called.
    pub title: String,
    /// One sentence about it.
    pub about: String,
    /// Where it makes sense.
    pub place: Place,
}

/// The kind of address that a command is offered at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The gateway itself.
    Gateway,
    /// A contact, which the call names; at the gateway itself the command asks for it.
    Contact,
}

/// The values of fields, by their names.
pub type Values = BTreeMap<String, String>;

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Who calls.
    pub caller: Caller,
    /// The name of the command.
    pub name: String,
    /// The contact at whose address it was called.
    pub contact: Option<Contact>,
    /// Everything that was filled in so far.
    pub values: Values,
    /// The language of the reply.
    pub language: Language,
}

/// What a call comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Something is to be filled in.
    Ask(Form),
    /// It is done.
    Done(Report),
    /// It is not done.
    Refused(Fault),
}

/// Something to be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// Its title.
    pub title: String,
    /// What to do with it; also what was wrong with the values before.
    pub instructions: String,
    /// Its fields.
    pub fields: Vec<Field>,
}

/// One field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name: lower-case ASCII words with hyphens.
    pub name: &'static str,
    /// What it is called.
    pub label: String,
    /// What can be filled in.
    pub kind: FieldKind,
    /// What it holds unless something else is filled in.
    pub value: Option<String>,
    /// Whether it must hold something.
    pub required: bool,
}

/// What a field can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldKind {
    /// One line.
    Text,
    /// Some lines.
    Lines,
    /// One line that nobody should read along.
    Secret,
    /// `true` or `false`.
    YesNo,
    /// One of the values.
    OneOf(Vec<Choice>),
}

/// One value to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The value.
    pub value: String,
    /// What it is called.
    pub label: String,
}

/// The end of a command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// What to tell.
    pub text: String,
    /// Rows, where there are some.
    pub table: Option<Table>,
}

/// Rows of text under columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The columns: name and what it is called.
    pub columns: Vec<(&'static str, String)>,
    /// The rows, each as long as the columns.
    pub rows: Vec<Vec<String>>,
}

/// Serves commands.
pub trait Clerk: Send + Sync {
    /// The commands that this caller may use, in the order in which they are shown.
    fn commands(&self, caller: &Caller, language: Language) -> Vec<Command>;

    /// What can be filled in at once, where a command also does without: for doors where people type it behind the name.
    fn options(&self, _call: &Call) -> Option<Form> {
        None
    }

    /// Carries one out. The caller's right to it is looked at again.
    fn call(&self, call: Call) -> Pending<'static, Reply>;
}

/// Several clerks as one.
#[derive(Clone, Default)]
pub struct Clerks(Vec<Arc<dyn Clerk>>);

// ---------------------------------------------------------------------------------------------------------------------

impl Clerks {
    /// The clerks in the order in which their commands are shown.
    pub fn new(clerks: Vec<Arc<dyn Clerk>>) -> Self {
        Self(clerks)
    }

    /// The clerk who serves a call.
    fn serving(&self, call: &Call) -> Option<&Arc<dyn Clerk>> {
        self.0.iter().find(|clerk| {
            let commands = clerk.commands(&call.caller, call.language);
            commands.iter().any(|command| command.name == call.name)
        })
    }
}

impl Clerk for Clerks {
    fn commands(&self, caller: &Caller, language: Language) -> Vec<Command> {
        self.0
            .iter()
            .flat_map(|clerk| clerk.commands(caller, language))
            .collect()
    }

    fn options(&self, call: &Call) -> Option<Form> {
        self.serving(call)?.options(call)
    }

    fn call(&self, call: Call) -> Pending<'static, Reply> {
        match self.serving(&call) {
            Some(clerk) => clerk.call(call),
            None => Box::pin(async { Reply::Refused(Fault::of(FaultKind::NotSupported)) }),
        }
    }
}

impl Call {
    /// The value of a field, where something visible was filled in.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// Whether a field of the kind [`FieldKind::YesNo`] was answered with yes (XEP-0004 section 3.3).
    pub fn yes(&self, name: &str) -> bool {
        matches!(self.value(name), Some("true" | "1"))
    }

    /// The user who calls; `None` for the command line.
    pub fn user(&self) -> Option<&BareJid> {
        match &self.caller {
            Caller::User { jid, .. } => Some(jid),
            Caller::CommandLine => None,
        }
    }
}

impl Report {
    /// Words and nothing else.
    pub fn saying(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            table: None,
        }
    }
}
