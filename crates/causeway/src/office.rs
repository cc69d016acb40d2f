//! The office: the commands that concern more than home. Each is defined here once, and every door serves it.

mod again;
mod data;
mod fate;
mod known;
mod mine;
mod orders;
mod people;
mod state;
pub mod table;
mod waiting;

use crate::control::answer::Records;
use crate::engine::desk::Hall;
use causeway_core::address::{Contact, NetworkId, Party};
use causeway_core::clock::{Clock, Timestamp};
use causeway_core::command::{Call, Caller, Choice, Clerk, Command, Field, FieldKind, Form, Reply, Report};
use causeway_core::delivery::Delivery;
use causeway_core::envelope::Envelope;
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::language::Language;
use causeway_core::network::{Pending, Tasks};
use causeway_store::StoreError;
use causeway_xmpp::Home;
use jid::BareJid;
use std::sync::{Arc, OnceLock};
use table::{TABLE, Whose};
use tokio::sync::oneshot;

/// Serves the commands.
#[derive(Clone)]
pub struct Office(Arc<Means>);

/// What it works with.
pub struct Means {
    /// Reads the ledger.
    pub records: Records,
    /// Writes it.
    pub hall: Hall,
    /// Who may do what only admins may; the command line may it always.
    pub admins: Vec<BareJid>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Since when the gateway runs.
    pub started: Timestamp,
    /// Changes what is logged.
    pub log: Log,
    /// Runs what takes long.
    pub tasks: Arc<dyn Tasks>,
    /// Home, which itself needs the office first.
    pub home: OnceLock<Arc<Home>>,
}

/// Changes what is logged while the process runs: a level, or what the config says.
pub type Log = Arc<dyn Fn(Option<&str>) -> Result<(), String> + Send + Sync>;

/// One call, with all that serving it needs.
struct Visit {
    means: Arc<Means>,
    call: Call,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Office {
    /// An office with these means.
    pub fn new(means: Means) -> Self {
        Self(Arc::new(means))
    }

    /// Gives it home; a second one is ignored.
    pub fn found(&self, home: Arc<Home>) {
        let _ = self.0.home.set(home);
    }
}

impl Clerk for Office {
    fn commands(&self, caller: &Caller, language: Language) -> Vec<Command> {
        TABLE
            .iter()
            .filter(|entry| self.0.may(caller, entry.whose))
            .map(|entry| entry.told(language))
            .collect()
    }

    fn options(&self, call: &Call) -> Option<Form> {
        match call.name.as_str() {
            "messages" => Some(mine::options(call.language)),
            "users" => Some(people::options(call.language)),
            "queue" => Some(waiting::options(call.language)),
            _ => None,
        }
    }

    fn call(&self, call: Call) -> Pending<'static, Reply> {
        let visit = Visit {
            means: self.0.clone(),
            call,
        };
        let (done, reply) = oneshot::channel();
        let work = async move {
            let served = visit.served().await.unwrap_or_else(Reply::Refused);
            // Whoever asked may be gone; what was ordered is done all the same.
            let _ = done.send(served);
        };
        let tasks = self.0.tasks.clone();
        Box::pin(async move {
            // A link that waits for the reply goes on reading meanwhile, so the work is not done in its task.
            tasks.start("office", Box::pin(work));
            reply
                .await
                .unwrap_or_else(|_| Reply::Refused(Fault::of(FaultKind::Internal)))
        })
    }
}

impl Means {
    fn may(&self, caller: &Caller, whose: Whose) -> bool {
        match (whose, caller) {
            (Whose::User, Caller::User { .. }) | (Whose::Admin, Caller::CommandLine) => true,
            (Whose::User, Caller::CommandLine) => false,
            (Whose::Admin, Caller::User { jid, .. }) => self.admins.contains(jid),
        }
    }
}

impl Visit {
    async fn served(&self) -> Result<Reply, Fault> {
        let found = TABLE.iter().find(|entry| entry.name == self.call.name);
        let entry = found.ok_or_else(|| Fault::of(FaultKind::NotSupported))?;
        if !self.means.may(&self.call.caller, entry.whose) {
            return Err(Fault::of(FaultKind::NotAllowed));
        }
        if entry.whose == Whose::Admin {
            let who = self.call.user().map_or("the command line", |user| user.as_str());
            tracing::info!(who, command = entry.name, "an admin's command");
        }
        match entry.name {
            "messages" => mine::messages(self),
            "trace" => mine::trace(self),
            "resend" => again::resend(self).await,
            "cancel" => again::cancel(self).await,
            "accept" | "refuse" => known::introduce(self).await,
            "export" => data::export(self),
            "forget-me" => data::forget(self).await,
            "users" => people::users(self),
            "announce" => people::announce(self).await,
            "queue" => waiting::queue(self),
            "retry" | "drop" => waiting::order(self).await,
            "block" | "allow" => orders::order(self).await,
            "rules" => orders::rules(self),
            "log-level" => state::log_level(self),
            "health" => state::health(self).await,
            "statistics" => state::statistics(self).await,
            _ => Err(Fault::of(FaultKind::NotSupported)),
        }
    }

    fn language(&self) -> Language {
        self.call.language
    }

    /// The one of two that is in the reader's language.
    fn say(&self, en: &str, de: &str) -> String {
        self.language().pick(en, de).to_owned()
    }

    fn title(&self) -> String {
        let entry = TABLE.iter().find(|entry| entry.name == self.call.name);
        entry.map_or("", |entry| entry.title(self.language())).to_owned()
    }

    /// Who calls, and at the domain of which network.
    fn user(&self) -> Result<(&BareJid, &NetworkId), Fault> {
        match &self.call.caller {
            Caller::User { jid, network } => Ok((jid, network)),
            Caller::CommandLine => Err(Fault::of(FaultKind::NotAllowed)),
        }
    }

    fn home(&self) -> Result<&Arc<Home>, Fault> {
        self.means.home.get().ok_or_else(|| Fault::of(FaultKind::Busy))
    }

    /// An address as its network writes it.
    fn written(&self, party: &Party) -> String {
        let network = party.contact().and_then(|contact| {
            let wired = &self.means.records.wired;
            let wired = wired.iter().find(|it| it.network.profile().id == contact.network)?;
            Some(wired.network.written(&contact.id))
        });
        network.unwrap_or_else(|| party.to_string())
    }

    /// The contact that a call is about: the one at whose address it was called, or else the one that was typed.
    fn contact(&self) -> Result<Option<Contact>, Fault> {
        if self.call.contact.is_some() {
            return Ok(self.call.contact.clone());
        }
        let Some(typed) = self.call.value("address") else {
            return Ok(None);
        };
        let (_, network) = self.user()?;
        let parties = self.means.records.parties(typed);
        let contact = parties
            .iter()
            .filter_map(Party::contact)
            .find(|it| it.network == *network);
        contact
            .cloned()
            .map(Some)
            .ok_or_else(|| Fault::of(FaultKind::BadAddress))
    }

    /// A form with fields of this command.
    fn ask(&self, instructions: impl Into<String>, fields: Vec<Field>) -> Reply {
        Reply::Ask(Form {
            title: self.title(),
            instructions: instructions.into(),
            fields,
        })
    }

    /// The question whether it is really meant.
    fn sure(&self) -> Field {
        Field {
            value: Some("false".to_owned()),
            ..must(
                "confirm",
                &self.say("Do you want that?", "Willst du das?"),
                FieldKind::YesNo,
            )
        }
    }

    /// The answer to somebody who was not sure.
    fn nothing_done(&self) -> Reply {
        done(self.say("Nothing was changed.", "Nichts wurde geändert."))
    }

    /// A message in one line: when, with whom, its first words, what became of it.
    fn line(&self, (envelope, delivery): &(Envelope, Delivery)) -> String {
        format!(
            "{}, {}: “{}” – {}",
            fate::moment(envelope.accepted),
            self.written(&envelope.draft.to),
            envelope.draft.payload.first_words(40),
            fate::fate(delivery, self.language())
        )
    }
}

fn done(text: impl Into<String>) -> Reply {
    Reply::Done(Report::saying(text))
}

fn must(name: &'static str, label: &str, kind: FieldKind) -> Field {
    Field {
        name,
        label: label.to_owned(),
        kind,
        value: None,
        required: true,
    }
}

fn may(name: &'static str, label: &str, kind: FieldKind) -> Field {
    Field {
        required: false,
        ..must(name, label, kind)
    }
}

fn choice(value: impl ToString, label: impl Into<String>) -> Choice {
    Choice {
        value: value.to_string(),
        label: label.into(),
    }
}

/// What the ledger gave. What went wrong with it is the admin's business, and the log's.
fn read<T>(result: Result<T, StoreError>) -> Result<T, Fault> {
    result.map_err(|e| {
        tracing::error!("the ledger could not be read: {e}");
        Fault::of(FaultKind::Internal)
    })
}

#[cfg(test)]
mod tests;
