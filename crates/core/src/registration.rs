//! What a user at home has told the gateway about himself: that he is registered, what he wants (XEP-0077), and whom he
//! knows. The rows stand on the shelf of home.

use crate::address::{Contact, NetworkId, Party};
use crate::clock::Timestamp;
use crate::command::{Choice, Field, FieldKind, Values};
use crate::fault::{Fault, FaultKind};
use crate::language::Language;
use crate::text::Line;
use jid::BareJid;
use serde::{Deserialize, Serialize};

/// What chooses the language of each stanza.
const AUTO: &str = "auto";
/// How many characters a name has at most.
const NAME_MAX: usize = 100;

/// One user's registration with one network.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Registration {
    /// Since when.
    pub since: Timestamp,
    /// What the user wants.
    #[serde(default)]
    pub settings: Settings,
}

/// What a user can choose; also what holds for users who never registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The name that others are shown, where the user does not want the one of his vCard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Line>,
    /// The language to be spoken to in; `None` for that of each stanza (`xml:lang`).
    pub language: Option<Language>,
    /// What happens to what strangers send.
    pub strangers: Strangers,
    /// Whether waits are told before anything has failed.
    pub delays: bool,
    /// Whether contacts are put into the roster by themselves.
    pub roster: bool,
}

/// What happens to a message from somebody to whom the user never wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strangers {
    /// It is delivered.
    #[default]
    Deliver,
    /// The user is asked first; the message waits for the answer.
    Ask,
    /// It is refused at the door.
    Refuse,
}

/// How a user stands to a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acquaintance {
    /// He wrote to it, added it, or said that it may write.
    Known,
    /// He was asked whether it may write, and has not answered.
    Asked,
    /// He said that it may not.
    Refused,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Registration {
    /// The key of its row.
    pub fn key(network: &NetworkId, user: &BareJid) -> String {
        format!("{}{user}", Self::prefix(network))
    }

    /// The beginning of the keys of all rows of a network.
    pub fn prefix(network: &NetworkId) -> String {
        format!("user/{network}/")
    }

    /// Reads the value of its row; `None` for what is none.
    pub fn read(row: &[u8]) -> Option<Self> {
        serde_json::from_slice(row).ok()
    }

    /// The value of its row.
    pub fn write(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl Settings {
    /// The fields of a form that shows the settings as they are, in the words of `language`.
    pub fn fields(&self, language: Language) -> Vec<Field> {
        let field = |name, en: &str, de: &str, kind, value: Option<String>| Field {
            name,
            label: language.pick(en, de).to_owned(),
            kind,
            value,
            required: false,
        };
        let yes_no = |name, en, de, value: bool| field(name, en, de, FieldKind::YesNo, Some(value.to_string()));
        let spoken = self.language.map_or(AUTO, Language::tag).to_owned();
        vec![
            field(
                "name",
                "Your name, as others see it (empty: the one of your vCard)",
                "Dein Name, wie andere ihn sehen (leer: der aus deiner vCard)",
                FieldKind::Text,
                self.name.as_ref().map(ToString::to_string),
            ),
            field(
                "language",
                "The language of the gateway",
                "Die Sprache des Gateways",
                FieldKind::OneOf(languages(language)),
                Some(spoken),
            ),
            field(
                "strangers",
                "Messages from people to whom you never wrote",
                "Nachrichten von Leuten, denen du nie geschrieben hast",
                FieldKind::OneOf(Strangers::choices(language)),
                Some(self.strangers.as_str().to_owned()),
            ),
            yes_no(
                "delays",
                "Tell me when a message has to wait",
                "Sag mir, wenn eine Nachricht warten muss",
                self.delays,
            ),
            yes_no(
                "roster",
                "Put people who write to me into my contact list, where the server allows it",
                "Nimm Leute, die mir schreiben, in meine Kontaktliste auf, wo der Server es erlaubt",
                self.roster,
            ),
        ]
    }

    /// The settings with what was filled in; a field that is missing stays as it is.
    ///
    /// # Errors
    /// [`FaultKind::BadContent`] for a value that is none of the choices.
    pub fn with(mut self, values: &Values) -> Result<Self, Fault> {
        let bad = |name: &str| Fault::of(FaultKind::BadContent).saying(name);
        let yes_no = |name: &str, before: bool| match values.get(name).map(|value| value.trim()) {
            None => Ok(before),
            Some("true" | "1") => Ok(true),
            Some("false" | "0") => Ok(false),
            Some(_) => Err(bad(name)),
        };
        (self.delays, self.roster) = (yes_no("delays", self.delays)?, yes_no("roster", self.roster)?);
        if let Some(name) = values.get("name") {
            self.name = Line::clean(name).and_then(|name| Line::clean(&name.short(NAME_MAX)));
        }
        self.language = match values.get("language").map(|value| value.trim()) {
            None => self.language,
            Some(AUTO | "") => None,
            Some(tag) => Some(Language::read(tag).ok_or_else(|| bad("language"))?),
        };
        if let Some(strangers) = values.get("strangers") {
            self.strangers = Strangers::read(strangers.trim()).ok_or_else(|| bad("strangers"))?;
        }
        Ok(self)
    }
}

impl Strangers {
    const ALL: [Self; 3] = [Self::Deliver, Self::Ask, Self::Refuse];

    /// Its word in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deliver => "deliver",
            Self::Ask => "ask",
            Self::Refuse => "refuse",
        }
    }

    fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strangers| strangers.as_str() == word)
    }

    fn choices(language: Language) -> Vec<Choice> {
        let label = |strangers| match strangers {
            Self::Deliver => language.pick("show them to me", "zeige sie mir"),
            Self::Ask => language.pick("ask me first", "frag mich erst"),
            Self::Refuse => language.pick("send them back", "schick sie zurück"),
        };
        Self::ALL
            .into_iter()
            .map(|strangers| choice(strangers.as_str(), label(strangers)))
            .collect()
    }
}

impl Acquaintance {
    /// The key of its row.
    pub fn key(user: &BareJid, contact: &Contact) -> String {
        format!("knows/{user}/{}", Party::Foreign(contact.clone()).key())
    }

    /// The beginning of the keys of all rows of a user.
    pub fn prefix(user: &BareJid) -> String {
        format!("knows/{user}/")
    }

    /// Reads the value of its row.
    pub fn read(row: &[u8]) -> Option<Self> {
        match row {
            b"known" => Some(Self::Known),
            b"asked" => Some(Self::Asked),
            b"refused" => Some(Self::Refused),
            _ => None,
        }
    }

    /// The value of its row.
    pub fn as_bytes(self) -> &'static [u8] {
        match self {
            Self::Known => b"known",
            Self::Asked => b"asked",
            Self::Refused => b"refused",
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: None,
            language: None,
            strangers: Strangers::default(),
            delays: true,
            roster: true,
        }
    }
}

fn languages(language: Language) -> Vec<Choice> {
    let auto = choice(AUTO, language.pick("the one of my client", "die meines Programms"));
    let all = Language::ALL.into_iter().map(|it| choice(it.tag(), it.name()));
    std::iter::once(auto).chain(all).collect()
}

fn choice(value: &str, label: &str) -> Choice {
    Choice {
        value: value.to_owned(),
        label: label.to_owned(),
    }
}

#[cfg(test)]
mod tests;
