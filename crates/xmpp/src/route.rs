//! Which handler a stanza belongs to: its kind, its type and the kind of address it went to, as one closed list.

use crate::address::{Addressee, Caller, Gateway};
use crate::errors::Refusal;
use crate::ns;
use crate::stanza::{Kind, ReturnAddress, language_of};
use causeway_core::fault::ErrorType;
use causeway_core::language::Words;
use minidom::Element;

/// A stanza with its place in the house.
#[derive(Debug)]
pub(crate) struct Routed<'a> {
    /// What it is.
    pub(crate) route: Route<'a>,
    /// Where an answer would go; `None` when it must not or cannot be answered.
    pub(crate) back: Option<ReturnAddress>,
}

/// The closed list.
#[derive(Debug)]
pub(crate) enum Route<'a> {
    /// Something said to a contact, or a receipt or marker for it.
    Say { caller: Caller, local: String },
    /// A message of ours that came back.
    Bounce { caller: Caller },
    /// Something said to the gateway itself.
    SayToGateway { caller: Caller },
    /// Presence.
    Presence {
        caller: Caller,
        local: Option<String>,
        what: Presence,
    },
    /// A request.
    Ask {
        caller: Caller,
        local: Option<String>,
        set: bool,
        request: &'a Element,
    },
    /// An answer to a request of ours, or of nobody.
    Answer { id: &'a str, from: &'a str },
    /// It must be sent back, if there is anybody to send it to.
    Refused(Refusal),
    /// Nothing is owed for it; the word is for the log.
    Ignored(&'static str),
}

/// The kinds of presence that mean something to a gateway (RFC 6121 section 4.7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    Available,
    Unavailable,
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
    Probe,
}

// ---------------------------------------------------------------------------------------------------------------------

/// Finds the place of a stanza. Nothing in it is believed to be well-formed beyond XML.
pub(crate) fn route<'a>(stanza: &'a Element, gateway: &Gateway) -> Routed<'a> {
    let Some(kind) = kind_of(stanza) else {
        return ignored("not a stanza");
    };
    let Some(from) = stanza.attr("from").filter(|from| !from.is_empty()) else {
        return ignored("no sender");
    };
    let Some(to) = gateway.addressed(stanza.attr("to").unwrap_or_default()) else {
        return ignored("not addressed to this domain");
    };
    let back = ReturnAddress {
        kind,
        speaker: to.speaker.clone(),
        to: from.to_owned(),
        id: stanza.attr("id").map(str::to_owned),
        language: language_of(stanza).unwrap_or_default(),
    };
    if gateway.addressed(from).is_some() {
        return from_ourselves(stanza, kind, from);
    }
    let route = match Caller::read(from) {
        _ if was_cut(stanza) => too_large(),
        None => Route::Refused(Refusal::of(
            "jid-malformed",
            ErrorType::Modify,
            Words::new(
                "The gateway cannot read the sender's address",
                "Das Gateway kann die Adresse des Absenders nicht lesen",
            ),
        )),
        Some(caller) => match kind {
            Kind::Message => message(stanza, caller, to),
            Kind::Presence => presence(stanza, caller, to),
            Kind::Iq => iq(stanza, caller, to),
        },
    };
    let answerable = is_answerable(kind, stanza.attr("type"), &back);
    Routed {
        route,
        back: answerable.then_some(back),
    }
}

/// A server returns what is addressed to the component itself. So comes back a ping where the component's domain has no
/// parent to be pinged, and that it came is its answer.
fn from_ourselves<'a>(stanza: &'a Element, kind: Kind, from: &'a str) -> Routed<'a> {
    match (kind, stanza.attr("id")) {
        (Kind::Iq, Some(id)) => Routed {
            route: Route::Answer { id, from },
            back: None,
        },
        _ => ignored("from this very domain"),
    }
}

fn message<'a>(stanza: &'a Element, caller: Caller, to: Addressee) -> Route<'a> {
    match (stanza.attr("type").unwrap_or("normal"), to.local) {
        ("error", Some(_)) => Route::Bounce { caller },
        ("error", None) => Route::Ignored("an error for the gateway itself"),
        // RFC 6121 section 5.2.2: a headline expects no answer.
        ("headline", _) => Route::Ignored("a headline"),
        ("groupchat", _) => Route::Refused(Refusal::of(
            "service-unavailable",
            ErrorType::Cancel,
            Words::new(
                "There are no rooms at this address",
                "An dieser Adresse gibt es keine Räume",
            ),
        )),
        ("chat" | "normal", Some(local)) => Route::Say { caller, local },
        ("chat" | "normal", None) if has_body(stanza) => Route::SayToGateway { caller },
        ("chat" | "normal", None) => Route::Ignored("a message without words for the gateway"),
        // RFC 6121 section 5.2.2 would read an unknown type as normal; saying no is safer than sending what was not meant so.
        _ => Route::Refused(Refusal::bad_request(Words::new(
            "The gateway does not know this type of message",
            "Diese Art von Nachricht kennt das Gateway nicht",
        ))),
    }
}

fn presence<'a>(stanza: &'a Element, caller: Caller, to: Addressee) -> Route<'a> {
    let what = match stanza.attr("type") {
        None => Presence::Available,
        Some("unavailable") => Presence::Unavailable,
        Some("subscribe") => Presence::Subscribe,
        Some("unsubscribe") => Presence::Unsubscribe,
        Some("probe") => Presence::Probe,
        Some("subscribed") => Presence::Subscribed,
        Some("unsubscribed") => Presence::Unsubscribed,
        Some("error") => return Route::Ignored("a presence that came back"),
        Some(_) => {
            return Route::Refused(Refusal::bad_request(Words::new(
                "The gateway does not know this type of presence",
                "Diese Art von Präsenz kennt das Gateway nicht",
            )));
        }
    };
    Route::Presence {
        caller,
        local: to.local,
        what,
    }
}

fn iq<'a>(stanza: &'a Element, caller: Caller, to: Addressee) -> Route<'a> {
    let id = stanza.attr("id").unwrap_or_default();
    let set = match stanza.attr("type") {
        Some("get") => false,
        Some("set") => true,
        Some("result" | "error") => {
            return Route::Answer {
                id,
                from: stanza.attr("from").unwrap_or_default(),
            };
        }
        _ => {
            return Route::Refused(Refusal::bad_request(Words::new(
                "An IQ is a get, a set, a result or an error",
                "Ein IQ ist ein get, ein set, ein result oder ein error",
            )));
        }
    };
    let mut children = stanza.children();
    match (children.next(), children.next(), id) {
        (_, _, "") => Route::Refused(Refusal::bad_request(Words::new(
            "An IQ has an id",
            "Ein IQ hat eine id",
        ))),
        (Some(request), None, _) => Route::Ask {
            caller,
            local: to.local,
            set,
            request,
        },
        // RFC 6120 section 8.2.3 rule 3.
        _ => Route::Refused(Refusal::bad_request(Words::new(
            "A request has exactly one child",
            "Eine Anfrage hat genau ein Kindelement",
        ))),
    }
}

fn kind_of(stanza: &Element) -> Option<Kind> {
    [Kind::Message, Kind::Presence, Kind::Iq]
        .into_iter()
        .find(|kind| stanza.is(kind.as_str(), ns::COMPONENT))
}

/// An answer to an answer would never end (RFC 6120 section 8.3.1), and an IQ without an id cannot be answered.
fn is_answerable(kind: Kind, stanza_type: Option<&str>, back: &ReturnAddress) -> bool {
    match (kind, stanza_type) {
        (_, Some("error")) | (Kind::Iq, Some("result")) | (Kind::Message, Some("headline")) => false,
        (Kind::Iq, _) => back.id.is_some(),
        _ => true,
    }
}

fn too_large() -> Route<'static> {
    Route::Refused(Refusal::of(
        "not-acceptable",
        ErrorType::Modify,
        Words::new(
            "This is larger than the gateway takes: at most 256 KiB, 50 levels of elements, and 8,000 bytes in a name or an \
             attribute",
            "Das ist größer, als das Gateway annimmt: höchstens 256 KiB, 50 Ebenen von Elementen und 8000 Bytes in einem Namen \
             oder Attribut",
        ),
    ))
}

fn was_cut(stanza: &Element) -> bool {
    stanza.children().any(|child| child.has_ns(ns::CUT))
}

fn has_body(stanza: &Element) -> bool {
    stanza.has_child("body", ns::COMPONENT)
}

fn ignored(why: &'static str) -> Routed<'static> {
    Routed {
        route: Route::Ignored(why),
        back: None,
    }
}

#[cfg(test)]
mod tests;
