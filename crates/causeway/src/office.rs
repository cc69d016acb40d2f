//! The office: the commands that concern more than home. Each is defined here once, and every door serves it.

mod again;
mod data;
mod fate;
mod known;
mod mine;
mod orders;
mod people;
mod state;
mod waiting;

use crate::control::answer::Records;
use crate::engine::desk::Hall;
use causeway_core::address::{Contact, NetworkId, Party};
use causeway_core::clock::{Clock, Timestamp};
use causeway_core::command::{Call, Caller, Choice, Clerk, Command, Field, FieldKind, Form, Place, Reply, Report};
use causeway_core::delivery::Delivery;
use causeway_core::envelope::Envelope;
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::language::Language;
use causeway_core::network::{Pending, Tasks};
use causeway_store::StoreError;
use causeway_xmpp::Home;
use jid::BareJid;
use std::sync::{Arc, OnceLock};

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

/// One command as it stands in the table.
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// Whose it is.
    pub whose: Whose,
    title: [&'static str; 2],
    about: [&'static str; 2],
    place: Place,
}

/// Whose a command is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Every user's, about himself.
    User,
    /// The admins'.
    Admin,
}

/// One call, with all that serving it needs.
struct Visit {
    means: Arc<Means>,
    call: Call,
}

const fn entry(
    whose: Whose,
    name: &'static str,
    title: [&'static str; 2],
    about: [&'static str; 2],
    place: Place,
) -> Entry {
    Entry {
        name,
        whose,
        title,
        about,
        place,
    }
}

/// All commands of the office, in the order in which they are shown; each in the languages of [`Language::ALL`].
pub const TABLE: &[Entry] = {
    use Place::{Contact as AtContact, Gateway};
    use Whose::{Admin, User};
    &[
        entry(
            User,
            "messages",
            ["My messages", "Meine Nachrichten"],
            [
                "What became of the last messages that you sent.",
                "Was aus den letzten Nachrichten geworden ist, die du geschickt hast.",
            ],
            Gateway,
        ),
        entry(
            User,
            "trace",
            ["The way of a message", "Der Weg einer Nachricht"],
            [
                "Every step of one of your messages, with its time.",
                "Jeder Schritt einer deiner Nachrichten, mit seiner Zeit.",
            ],
            Gateway,
        ),
        entry(
            User,
            "resend",
            ["Send again", "Noch einmal senden"],
            [
                "Tries again at once what waits, and sends again what has failed.",
                "Versucht sofort wieder, was wartet, und sendet noch einmal, was gescheitert ist.",
            ],
            Gateway,
        ),
        entry(
            User,
            "cancel",
            ["Stop a message", "Nachricht anhalten"],
            [
                "Stops a message of yours that still waits.",
                "Hält eine deiner Nachrichten an, die noch wartet.",
            ],
            Gateway,
        ),
        entry(
            User,
            "accept",
            ["Let somebody write to me", "Jemanden schreiben lassen"],
            [
                "Takes messages from somebody to whom you never wrote; those that wait come at once.",
                "Nimmt Nachrichten von jemandem an, dem du nie geschrieben hast; die wartenden kommen sofort.",
            ],
            AtContact,
        ),
        entry(
            User,
            "refuse",
            ["Hear no more of somebody", "Von jemandem nichts mehr hören"],
            [
                "Sends back what somebody to whom you never wrote writes to you, if you wish to be asked or refuse strangers.",
                "Schickt zurück, was dir jemand schreibt, dem du nie geschrieben hast, wenn du gefragt werden willst oder Fremde ablehnst.",
            ],
            AtContact,
        ),
        entry(
            User,
            "export",
            ["My data", "Meine Daten"],
            [
                "Shows everything that the gateway keeps about you.",
                "Zeigt alles, was das Gateway über dich aufbewahrt.",
            ],
            Gateway,
        ),
        entry(
            User,
            "forget-me",
            ["Forget me", "Vergiss mich"],
            [
                "Removes everything that the gateway keeps about you.",
                "Entfernt alles, was das Gateway über dich aufbewahrt.",
            ],
            Gateway,
        ),
        entry(
            Admin,
            "users",
            ["Users", "Benutzer"],
            [
                "Who is registered, and since when.",
                "Wer angemeldet ist, und seit wann.",
            ],
            Gateway,
        ),
        entry(
            Admin,
            "queue",
            ["What waits", "Was wartet"],
            [
                "What waits, for how long and why.",
                "Was wartet, wie lange schon und warum.",
            ],
            Gateway,
        ),
        entry(
            Admin,
            "retry",
            ["Try now", "Jetzt versuchen"],
            [
                "Tries something that waits at once.",
                "Versucht sofort, etwas Wartendes zuzustellen.",
            ],
            Gateway,
        ),
        entry(
            Admin,
            "drop",
            ["Stop a delivery", "Zustellung anhalten"],
            [
                "Stops something that waits; its sender is told.",
                "Hält etwas Wartendes an; der Absender erfährt es.",
            ],
            Gateway,
        ),
        entry(
            Admin,
            "block",
            ["Block", "Sperren"],
            [
                "A user, a domain, or an address or domain outside may not use the gateway any more.",
                "Ein Benutzer, eine Domain oder eine Adresse oder Domain draußen darf das Gateway nicht mehr benutzen.",
            ],
            Gateway,
        ),
        entry(
            Admin,
            "allow",
            ["Allow", "Erlauben"],
            [
                "Takes a block back, or allows what the configuration does not.",
                "Nimmt eine Sperre zurück oder erlaubt, was die Konfiguration nicht erlaubt.",
            ],
            Gateway,
        ),
        entry(
            Admin,
            "rules",
            ["Rules", "Regeln"],
            [
                "Who is allowed and blocked, by the configuration and by orders at run time.",
                "Wer erlaubt und wer gesperrt ist, durch die Konfiguration und durch Anordnungen im Betrieb.",
            ],
            Gateway,
        ),
        entry(
            Admin,
            "announce",
            ["Announce", "Bekanntgeben"],
            [
                "Tells all registered users something, in the name of the gateway.",
                "Sagt allen angemeldeten Benutzern etwas, im Namen des Gateways.",
            ],
            Gateway,
        ),
        entry(
            Admin,
            "log-level",
            ["What is logged", "Was im Protokoll steht"],
            [
                "How much the gateway logs, until it starts again.",
                "Wie viel das Gateway protokolliert, bis es neu startet.",
            ],
            Gateway,
        ),
        entry(
            Admin,
            "health",
            ["Health", "Zustand"],
            [
                "Looks whether everything works, and says what to do about what does not.",
                "Prüft, ob alles funktioniert, und sagt, was gegen das zu tun ist, was nicht funktioniert.",
            ],
            Gateway,
        ),
        entry(
            Admin,
            "statistics",
            ["Statistics", "Statistik"],
            [
                "How much there is of what, and for how long the gateway has run.",
                "Wie viel es wovon gibt, und wie lange das Gateway läuft.",
            ],
            Gateway,
        ),
    ]
};

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
        Box::pin(async move { visit.served().await.unwrap_or_else(Reply::Refused) })
    }
}

impl Entry {
    /// What it is called.
    pub fn title(&self, language: Language) -> &'static str {
        let [en, de] = self.title;
        language.pick(en, de)
    }

    /// One sentence about it.
    pub fn about(&self, language: Language) -> &'static str {
        let [en, de] = self.about;
        language.pick(en, de)
    }

    fn told(&self, language: Language) -> Command {
        Command {
            name: self.name,
            title: self.title(language).to_owned(),
            about: self.about(language).to_owned(),
            place: self.place,
        }
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
