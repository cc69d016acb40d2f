//! Who an address is, for all the ways of asking: names, people, cards.

use super::Face;
use crate::address::{Speaker, canonical_local, contact_of};
use crate::shelf::MOST_CONTACTS;
use causeway_core::address::{Contact, ForeignId};
use causeway_core::card::{Picture, uri};
use causeway_core::language::{Language, Words};
use jid::BareJid;

/// One of a user's contacts.
pub(super) struct Person {
    pub(super) jid: Speaker,
    pub(super) id: ForeignId,
}

/// What a card says, whatever its format.
pub(super) struct Lines {
    pub(super) name: String,
    /// The address, where cards have a name for its kind: that name, and it.
    pub(super) address: Option<(&'static str, String)>,
    /// All other addresses, as URIs.
    pub(super) urls: Vec<String>,
    pub(super) jid: Option<String>,
    pub(super) note: Option<String>,
    pub(super) picture: Option<Picture>,
}

// ---------------------------------------------------------------------------------------------------------------------

/// The contacts that a user added, in the order of their JIDs.
pub(super) fn people(face: &Face, user: &BareJid) -> Vec<Person> {
    let subscribed = face.shelf.contacts_of(face.house.memory.as_ref(), user, MOST_CONTACTS);
    let person = |local: &str| {
        Some(Person {
            jid: face.gateway.contact(local)?,
            id: contact_of(face.network.as_ref(), local).ok()?.id,
        })
    };
    subscribed.iter().filter_map(|it| person(&it.local)).collect()
}

/// What a user knows a contact as: its name, or else its address.
pub(super) fn name(face: &Face, user: &BareJid, id: &ForeignId) -> String {
    match face.network.card(user, id).name {
        Some(name) => name.as_str().to_owned(),
        None => face.network.written(id),
    }
}

/// The JID that the gateway itself gives a person.
pub(super) fn jid(face: &Face, id: &ForeignId) -> Option<Speaker> {
    canonical_local(face.network.as_ref(), id).and_then(|local| face.gateway.contact(&local))
}

/// The card of a contact as a user knows it, or that of the gateway.
pub(super) fn lines(face: &Face, user: &BareJid, contact: Option<&Contact>, language: Language) -> Lines {
    let Some(contact) = contact else {
        return of_the_gateway(face, language);
    };
    let card = face.network.card(user, &contact.id);
    let written = face.network.written(&contact.id);
    let address = face
        .network
        .profile()
        .address_field
        .map(|field| (field, written.clone()));
    Lines {
        name: card.name.map_or(written, |name| name.as_str().to_owned()),
        urls: card.addresses.into_iter().skip(address.iter().len()).collect(),
        address,
        jid: jid(face, &contact.id).map(|jid| jid.as_str().to_owned()),
        note: card.no_reply.then(|| nobody_reads().told(language).to_owned()),
        picture: card.picture,
    }
}

/// A JID as a URI (RFC 5122 section 2.2).
pub(super) fn xmpp_uri(jid: &str) -> String {
    uri("xmpp", jid)
}

fn of_the_gateway(face: &Face, language: Language) -> Lines {
    let title = face.network.profile().title.told(language);
    let note = match language {
        Language::En => format!("A gateway: whoever can be reached by {title} can be written to from here."),
        Language::De => format!("Ein Gateway: Von hier lässt sich allen schreiben, die per {title} erreichbar sind."),
    };
    Lines {
        name: title.to_owned(),
        address: None,
        urls: Vec::new(),
        jid: Some(face.gateway.as_str().to_owned()),
        note: Some(note),
        picture: super::avatar::icon(),
    }
}

fn nobody_reads() -> Words {
    Words::new(
        "Nobody reads what is sent to this address.",
        "Was an diese Adresse geht, liest niemand.",
    )
}
