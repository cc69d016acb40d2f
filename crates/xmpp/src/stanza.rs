//! Stanzas on their way out, and the return address of those that came in.

use crate::address::Speaker;
use crate::errors::Refusal;
use crate::ns;
use crate::xml::{Build, element};
use causeway_core::language::Language;
use minidom::Element;
use minidom::rxml::Namespace;

/// A stanza that may be written to the stream: its `from` is ours by construction.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outward(Element);

/// The three kinds of stanzas (RFC 6120 section 8.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Message,
    Presence,
    Iq,
}

/// Where an answer to a stanza goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReturnAddress {
    pub(crate) kind: Kind,
    /// The JID of ours that was addressed.
    pub(crate) speaker: Speaker,
    /// Who asked, as it was written.
    pub(crate) to: String,
    /// The id of what is answered.
    pub(crate) id: Option<String>,
    /// The language that the asker reads.
    pub(crate) language: Language,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Kind {
    /// The name of the element.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Presence => "presence",
            Self::Iq => "iq",
        }
    }
}

impl Outward {
    fn new(kind: Kind, from: &Speaker, to: &str, stanza_type: Option<&str>, id: Option<&str>) -> Self {
        let stanza = element(kind.as_str(), ns::COMPONENT)
            .with_some("id", id)
            .with("from", from.as_str())
            .with("to", to)
            .with_some("type", stanza_type);
        Self(stanza)
    }

    /// A message.
    pub(crate) fn message(from: &Speaker, to: &str, stanza_type: &str, id: Option<&str>) -> Self {
        Self::new(Kind::Message, from, to, Some(stanza_type), id)
    }

    /// Presence; no type means available.
    pub(crate) fn presence(from: &Speaker, to: &str, stanza_type: Option<&str>) -> Self {
        Self::new(Kind::Presence, from, to, stanza_type, None)
    }

    /// A request for an answer.
    pub(crate) fn get(from: &Speaker, to: &str, id: &str) -> Self {
        Self::new(Kind::Iq, from, to, Some("get"), Some(id))
    }

    /// A request that changes something.
    pub(crate) fn set(from: &Speaker, to: &str, id: &str) -> Self {
        Self::new(Kind::Iq, from, to, Some("set"), Some(id))
    }

    /// The same with one more child.
    pub(crate) fn holding(self, child: Element) -> Self {
        Self(self.0.holding(child))
    }

    /// The same with one more child if there is one.
    pub(crate) fn holding_some(self, child: Option<Element>) -> Self {
        match child {
            Some(child) => self.holding(child),
            None => self,
        }
    }

    /// Whether it tells a user that a message of his was not taken.
    pub(crate) fn is_refused_message(&self) -> bool {
        self.0.name() == Kind::Message.as_str() && self.0.attr("type") == Some("error")
    }

    /// Whether it tells a user that a contact is there.
    pub(crate) fn is_available(&self) -> bool {
        self.0.name() == Kind::Presence.as_str() && self.0.attr("type").is_none()
    }

    /// The element to write.
    pub(crate) fn element(&self) -> &Element {
        &self.0
    }
}

/// The language that a stanza asks to be answered in (RFC 6120 section 8.1.5).
pub(crate) fn language_of(stanza: &Element) -> Option<Language> {
    stanza.attr_ns(&Namespace::XML, "lang").and_then(Language::read)
}

impl ReturnAddress {
    /// The stanza that sends it back with a reason.
    pub(crate) fn refused(&self, refusal: &Refusal) -> Outward {
        self.outward("error").holding(refusal.element(self.language))
    }

    /// The result of an IQ.
    pub(crate) fn result(&self, payload: Option<Element>) -> Outward {
        self.outward("result").holding_some(payload)
    }

    fn outward(&self, stanza_type: &str) -> Outward {
        Outward::new(
            self.kind,
            &self.speaker,
            &self.to,
            Some(stanza_type),
            self.id.as_deref(),
        )
    }
}
