//! What a side does not know, so that users are told once what becomes of it.

use crate::address::NetworkId;
use crate::capability::{Capabilities, Reactions};
use crate::language::Words;
use crate::message::Payload;
use crate::network::Row;
use jid::BareJid;

/// What goes in other words than it was said, or without something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// A correction goes as a new message.
    Edit,
    /// A retraction goes as a request in words.
    Retraction,
    /// A reaction goes as a message of its own.
    Reaction,
    /// What should be kept nowhere is kept.
    Unkept,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Loss {
    /// What a payload loses on its way to a side.
    pub fn of(payload: &Payload, side: &Capabilities) -> Option<Self> {
        match payload {
            Payload::Edit { .. } => (!side.edits).then_some(Self::Edit),
            Payload::Retract { .. } => (!side.retractions).then_some(Self::Retraction),
            Payload::React { .. } => (side.reactions != Reactions::Shown).then_some(Self::Reaction),
            Payload::Text(text) => (text.unkept && !side.unkept).then_some(Self::Unkept),
            Payload::News(_) => None,
        }
    }

    /// The row on the shelf of home that says that a user was told.
    pub fn told(self, network: &NetworkId, user: &BareJid) -> Row {
        let kind = match self {
            Self::Edit => "edit",
            Self::Retraction => "retraction",
            Self::Reaction => "reaction",
            Self::Unkept => "unkept",
        };
        Row::put(format!("told/{network}/{user}/{kind}"), "once")
    }

    /// What a user is told, where `network` is the network's name for people.
    pub fn words(self, network: &Words) -> Words {
        let (en, de) = (&network.en, &network.de);
        match self {
            Self::Edit => Words::new(
                format!("{en} knows no corrections: what you changed goes out as a new message."),
                format!("{de} kennt keine Korrekturen: Was du geändert hast, geht als neue Nachricht hinaus."),
            ),
            Self::Retraction => Words::new(
                format!("{en} can take nothing back: a message asks to disregard yours."),
                format!("{de} kann nichts zurücknehmen: Eine Nachricht bittet darum, deine nicht zu beachten."),
            ),
            Self::Reaction => Words::new(
                format!("{en} hardly knows reactions: yours go out as short messages, and are not taken back."),
                format!(
                    "{de} kennt Reaktionen kaum: Deine gehen als kurze Nachrichten hinaus und werden nicht zurückgenommen."
                ),
            ),
            Self::Unkept => Words::new(
                format!("{en} keeps what it gets: that this message should be stored nowhere cannot be passed on."),
                format!(
                    "{de} bewahrt auf, was ankommt: Dass diese Nachricht nirgends gespeichert werden soll, lässt sich nicht weitergeben."
                ),
            ),
        }
    }
}
