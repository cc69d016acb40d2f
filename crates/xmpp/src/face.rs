//! The gateway's face: what it answers when asked about itself and its contacts.

mod aside;
pub(crate) mod attention;
pub(crate) mod avatar;
pub(crate) mod caps;
mod card;
pub(crate) mod chat;
mod commands;
mod disco;
mod forms;
mod nodes;
mod pages;
pub(crate) mod presence;
mod prompt;
pub(crate) mod registration;
pub(crate) mod roster;
mod search;
mod software;
mod vcard;

use crate::address::{Caller, Gateway, canonical_local, contact_of};
use crate::config::Contacts;
use crate::errors::Refusal;
use crate::link::line::Line;
use crate::ns;
use crate::shelf::Shelf;
use crate::stanza::{Outward, ReturnAddress};
use causeway_core::address::{Contact, ForeignId, Party};
use causeway_core::clock::Timestamp;
use causeway_core::command::Clerk;
use causeway_core::envelope::Draft;
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::language::Language;
use causeway_core::message::{Payload, Text};
use causeway_core::network::{House, Network, Pending};
use causeway_core::text::Body;
use jid::BareJid;
use minidom::Element;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Everything that an answer may depend on.
#[derive(Clone)]
pub(crate) struct Face {
    pub(crate) gateway: Gateway,
    pub(crate) network: Arc<dyn Network>,
    pub(crate) house: House,
    pub(crate) shelf: Shelf,
    /// Serves the commands that are not the face's own.
    pub(crate) office: Arc<dyn Clerk>,
    /// Where stanzas go that are no answers.
    pub(crate) line: Line,
    /// Who is online, as far as the gateway is told.
    pub(crate) sessions: presence::Sessions,
    /// Held by whoever registers a user, so that nobody is greeted twice.
    pub(crate) turn: Arc<Mutex<()>>,
    /// Whom it is talking to.
    pub(crate) attention: attention::Attention,
    /// Whom to write to about the gateway.
    pub(crate) contacts: Arc<Contacts>,
    /// The version of the program.
    pub(crate) version: Arc<str>,
    /// When it started.
    pub(crate) started: Timestamp,
}

/// One request (RFC 6120 section 8.2.3).
pub(crate) struct Request<'a> {
    pub(crate) caller: &'a Caller,
    /// The local part of the contact that is asked; `None` for the gateway itself.
    pub(crate) local: Option<&'a str>,
    pub(crate) set: bool,
    pub(crate) payload: &'a Element,
    /// The language to answer in.
    pub(crate) language: Language,
}

/// How a request is answered.
pub(crate) enum Answer {
    /// At once, with the payload of the result.
    Now(Option<Element>),
    /// When the work is done.
    Later(Pending<'static, Result<Option<Element>, Refusal>>),
    /// With a result that the work itself says at its place among other stanzas; what it gives is left to say.
    Flow(Flow),
}

/// Work that is told where its result goes.
pub(crate) type Flow = Box<dyn FnOnce(ReturnAddress) -> Pending<'static, Result<Vec<Outward>, Fault>> + Send>;

// ---------------------------------------------------------------------------------------------------------------------

impl Face {
    /// Answers a request, or says why not.
    pub(crate) fn answer(&self, request: &Request<'_>) -> Result<Answer, Refusal> {
        if request.caller.is_account() {
            self.admit(&request.caller.bare)?;
        }
        let contact = match request.local {
            Some(local) => Some(contact_of(self.network.as_ref(), local)?),
            None => None,
        };
        let language = self.language(&request.caller.bare, Some(request.language));
        let request = &Request { language, ..*request };
        let payload = request.payload;
        match (payload.name(), payload.ns().as_str(), request.set) {
            ("ping", ns::PING, false) => Ok(Answer::Now(None)),
            ("query", ns::VERSION, false) => Ok(software::version(&self.version).into()),
            ("time", ns::TIME, false) => software::time(self.house.clock.wall()).map(Answer::from),
            ("query", ns::LAST, false) => software::last(self, request, contact.as_ref()).map(Answer::from),
            ("query", ns::DISCO_INFO, false) => disco::info(self, request, contact.as_ref()).map(Answer::from),
            ("query", ns::DISCO_ITEMS, false) => disco::items(self, request, contact.as_ref()),
            ("vCard", ns::VCARD, false) => Ok(vcard::temp(&self.lines(request, contact.as_ref())).into()),
            ("vcard", ns::VCARD_4, false) => Ok(vcard::four(&self.lines(request, contact.as_ref())).into()),
            ("pubsub", ns::PUBSUB, false) => nodes::items(self, request, contact.as_ref()).map(Answer::from),
            ("command", ns::COMMANDS, true) => commands::answer(self, request, contact.as_ref()),
            ("query", ns::GATEWAY, _) if contact.is_none() => prompt::answer(self, request).map(Answer::from),
            ("query", ns::SEARCH, _) if contact.is_none() => search::answer(self, request),
            ("query", ns::REGISTER, false) if contact.is_none() => registration::get(self, request).map(Answer::from),
            ("query", ns::REGISTER, true) if contact.is_none() => registration::set(self, request),
            _ => Err(Refusal::unavailable()),
        }
    }

    /// Whether this user may use the gateway at all. The inbox judges whole messages, so it is asked about a small one.
    pub(crate) fn admit(&self, user: &BareJid) -> Result<(), Fault> {
        let id = ForeignId::new("anybody")?;
        let words = Body::clean("?").ok_or_else(|| Fault::of(FaultKind::Internal))?;
        let to = crate::address::contact(self.network.as_ref(), id);
        self.house.inbox.admit(&Draft::new(
            Party::Home(user.clone()),
            Party::Foreign(to),
            Payload::Text(Text::plain(words)),
        ))
    }

    /// What the card of a contact, or of the gateway, says to who asks.
    fn lines(&self, request: &Request<'_>, contact: Option<&Contact>) -> card::Lines {
        card::lines(self, &request.caller.bare, contact, request.language)
    }

    /// The local part that the gateway itself writes for a contact.
    pub(crate) fn canonical(&self, contact: &Contact) -> Option<String> {
        canonical_local(self.network.as_ref(), &contact.id)
    }
}

impl From<Element> for Answer {
    fn from(payload: Element) -> Self {
        Self::Now(Some(payload))
    }
}

#[cfg(test)]
mod tests;
