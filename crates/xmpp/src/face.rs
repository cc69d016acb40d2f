//! The gateway's face: what it answers when asked about itself and its contacts.

mod disco;
pub(crate) mod presence;
mod prompt;
mod software;
mod vcard;

use crate::address::{Caller, Gateway, canonical_local, contact_of};
use crate::errors::Refusal;
use crate::ns;
use crate::shelf::Shelf;
use causeway_core::address::{Contact, ForeignId, Party};
use causeway_core::clock::Timestamp;
use causeway_core::envelope::Draft;
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::message::{Payload, Text};
use causeway_core::network::{House, Network};
use causeway_core::text::Body;
use jid::BareJid;
use minidom::Element;
use std::sync::Arc;

/// Everything that an answer may depend on.
#[derive(Clone)]
pub(crate) struct Face {
    pub(crate) gateway: Gateway,
    pub(crate) network: Arc<dyn Network>,
    pub(crate) house: House,
    pub(crate) shelf: Shelf,
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
}

// ---------------------------------------------------------------------------------------------------------------------

impl Face {
    /// Answers a request with the payload of its result, or says why not.
    pub(crate) fn answer(&self, request: &Request<'_>) -> Result<Option<Element>, Refusal> {
        if request.caller.is_account() {
            self.admit(&request.caller.bare)?;
        }
        let contact = match request.local {
            Some(local) => Some(contact_of(self.network.as_ref(), local)?),
            None => None,
        };
        let payload = request.payload;
        match (payload.name(), payload.ns().as_str(), request.set) {
            ("ping", ns::PING, false) => Ok(None),
            ("query", ns::VERSION, false) => Ok(Some(software::version(&self.version))),
            ("time", ns::TIME, false) => software::time(self.house.clock.now()).map(Some),
            ("query", ns::LAST, false) if contact.is_none() => {
                Ok(Some(software::uptime(self.house.clock.now().since(self.started))))
            }
            ("query", ns::DISCO_INFO, false) => disco::info(self, contact.as_ref(), payload).map(Some),
            ("query", ns::DISCO_ITEMS, false) => {
                disco::items(self, &request.caller.bare, contact.as_ref(), payload).map(Some)
            }
            ("vCard", ns::VCARD, false) => Ok(Some(vcard::card(self, contact.as_ref()))),
            ("query", ns::GATEWAY, set) if contact.is_none() => prompt::answer(self, payload, set).map(Some),
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

    /// The local part that the gateway itself writes for a contact.
    pub(crate) fn canonical(&self, contact: &Contact) -> Option<String> {
        canonical_local(self.network.as_ref(), &contact.id)
    }
}

#[cfg(test)]
mod tests;
