//! What users call themselves: their vCards (XEP-0054) are asked for, and the answers are believed only if they were.

use crate::address::Gateway;
use crate::ns;
use crate::stanza::Outward;
use crate::xml::{element, text_of};
use causeway_core::text::Line;
use jid::BareJid;
use minidom::Element;
use std::collections::VecDeque;

/// How many users are remembered at most; then the one who was asked first is forgotten, and may be asked again.
const MOST_ASKED: usize = 256;
/// How many characters a name has at most.
const NAME_MAX: usize = 100;

/// Whom this connection has asked.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// What makes the ids of this connection differ from those of the ones before: an answer may come late.
    connection: u64,
    serial: u64,
    asked: VecDeque<Asked>,
}

#[derive(Debug)]
struct Asked {
    user: BareJid,
    /// The id of the question; `None` once it was answered.
    waiting: Option<String>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Names {
    /// A new connection: what the old one asked will not be answered any more.
    pub(crate) fn connected(&mut self) {
        *self = Self {
            connection: self.connection.saturating_add(1),
            ..Self::default()
        };
    }

    /// The question for a user's vCard (XEP-0054 section 3.3), unless this connection has asked it already.
    pub(crate) fn ask(&mut self, gateway: &Gateway, user: &BareJid) -> Option<Outward> {
        if self.asked.iter().any(|asked| asked.user == *user) {
            return None;
        }
        if self.asked.len() >= MOST_ASKED {
            self.asked.pop_front();
        }
        self.serial = self.serial.saturating_add(1);
        let id = format!("vcard-{}-{}", self.connection, self.serial);
        let question = Outward::get(&gateway.itself(), user.as_str(), &id).holding(element("vCard", ns::VCARD));
        self.asked.push_back(Asked {
            user: user.clone(),
            waiting: Some(id),
        });
        Some(question)
    }

    /// Takes an answer. It counts once, and only from the very account that was asked (RFC 6120 section 8.1.2.1).
    pub(crate) fn answered(&mut self, id: &str, from: &str, answer: &Element) -> Option<(BareJid, Line)> {
        let asked = self
            .asked
            .iter_mut()
            .find(|asked| asked.waiting.as_deref() == Some(id) && asked.user.as_str() == from)?;
        asked.waiting = None;
        let user = asked.user.clone();
        match answer.attr("type") {
            Some("result") => name_in(answer).map(|name| (user, name)),
            _ => None,
        }
    }
}

/// The full name, or else the nickname.
fn name_in(answer: &Element) -> Option<Line> {
    let card = answer.children().find(|child| child.is("vCard", ns::VCARD))?;
    let field = |name| text_of(card, name, ns::VCARD).and_then(|text| Line::clean(&text));
    let name = field("FN").or_else(|| field("NICKNAME"))?;
    Line::clean(&name.short(NAME_MAX))
}

#[cfg(test)]
mod tests;
