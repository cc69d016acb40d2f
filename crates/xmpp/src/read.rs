//! Stanzas to core values: what a message to a contact says, and what one that came back means.

mod earlier;
pub(crate) mod encryption;
pub(crate) mod fallback;
mod files;

use crate::address::Caller;
use crate::errors::{Refusal, fault_of};
use crate::ns;
use crate::xml::text_of;
use causeway_core::address::{Contact, Party};
use causeway_core::clock::Timestamp;
use causeway_core::envelope::{Draft, EnvelopeId};
use causeway_core::evidence::{Evidence, Report};
use causeway_core::hop::{Hop, Step, Trust};
use causeway_core::language::Tag;
use causeway_core::message::{MessageRef, Payload, Reference, Text};
use causeway_core::network::Item;
use causeway_core::text::{Body, Line};
use minidom::Element;
use minidom::rxml::Namespace;

/// The length from which a client's id is taken to be unique for ever: a UUID has 36 characters, a counter fewer than this.
const UNIQUE_FROM: usize = 16;

/// What the timeline says of a message that was lost on the link.
const FOUND: &str = "found in the archive of the sender's server";

/// When and over what a stanza reached the gateway.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrived {
    pub(crate) at: Timestamp,
    /// What the clock on the wall showed.
    pub(crate) wall: Timestamp,
    /// Whether the component link is encrypted.
    pub(crate) tls: bool,
    /// When its sender's server had it, where it did not come over the link but was found in an archive.
    pub(crate) found: Option<Timestamp>,
}

// ---------------------------------------------------------------------------------------------------------------------

/// Reads a message of type `chat` or `normal` to a contact. Nothing comes of chat states, markers about unknown
/// messages and messages without words. `known_as` is the sender's name where the message itself has none (XEP-0172).
pub(crate) fn message(
    stanza: &Element,
    caller: &Caller,
    contact: Contact,
    known_as: Option<Line>,
    arrived: Arrived,
) -> Result<Vec<Item>, Refusal> {
    if is_copy(stanza) {
        return Ok(Vec::new());
    }
    let mut items: Vec<Item> = evidence(stanza, caller, arrived).into_iter().collect();
    if let Some(refusal) = encryption::refusal(stanza) {
        return Err(refusal);
    }
    if let Some(payload) = payload(stanza, known_as) {
        items.push(Item::Post(Box::new(draft(stanza, caller, contact, payload, arrived))));
    }
    Ok(items)
}

/// Whether a message says something, so that a person must be behind it and it deserves an answer.
pub(crate) fn speaks(stanza: &Element) -> bool {
    let is_told = |child: &Element| {
        child.is("body", ns::COMPONENT) || child.is("x", ns::OUT_OF_BAND) || child.is("file-sharing", ns::FILE_SHARING)
    };
    earlier::is_act(stanza) || stanza.children().any(is_told)
}

/// Reads a message of type `error`: a delivery of ours that failed, or nothing.
pub(crate) fn bounce(stanza: &Element, caller: &Caller, arrived: Arrived) -> Option<Item> {
    let about = EnvelopeId::parse(stanza.attr("id")?)?;
    Some(report(about, Evidence::Failed(fault_of(stanza)), caller, arrived))
}

/// Wrapped messages (XEP-0280, XEP-0313) that nobody here asked for: a stranger could put any words into any mouth.
pub(crate) fn is_copy(stanza: &Element) -> bool {
    stanza
        .children()
        .any(|child| child.has_ns(ns::CARBONS) || child.has_ns(ns::MAM))
}

/// A receipt (XEP-0184 section 5.4) or a marker (XEP-0333 section 4.2) about a message of ours. Where both come at once,
/// the marker says more.
fn evidence(stanza: &Element, caller: &Caller, arrived: Arrived) -> Option<Item> {
    let seen = stanza
        .children()
        .find(|child| child.has_ns(ns::MARKERS) && ["displayed", "acknowledged"].contains(&child.name()));
    let received = || {
        stanza
            .children()
            .find(|child| child.name() == "received" && (child.has_ns(ns::RECEIPTS) || child.has_ns(ns::MARKERS)))
    };
    let (evidence, sign) = match seen {
        Some(sign) => (Evidence::Seen, sign),
        None => (Evidence::Delivered, received()?),
    };
    let about = EnvelopeId::parse(sign.attr("id")?)?;
    Some(report(about, evidence, caller, arrived))
}

fn report(about: EnvelopeId, evidence: Evidence, caller: &Caller, arrived: Arrived) -> Item {
    let step = match &evidence {
        Evidence::Seen => Step::Seen,
        Evidence::Failed(_) => Step::Failed,
        Evidence::Relayed | Evidence::Delayed(_) | Evidence::Delivered => Step::Delivered,
    };
    let said = match &evidence {
        Evidence::Failed(fault) => fault.said.clone(),
        _ => None,
    };
    // The gateway hears it at this moment by its own clock, and the server vouches for who says it.
    let hops =
        Line::clean(&caller.full).map(|who| over_xmpp(Hop::own(arrived.at, step, who), Some(arrived.tls)).saying(said));
    Item::Report(Report {
        about,
        by: Some(Party::Home(caller.bare.clone())),
        evidence,
        hops: hops.into_iter().collect(),
    })
}

/// What a message says. Whatever words stand beside a retraction or a reaction, they are for programs that know neither.
fn payload(stanza: &Element, known_as: Option<Line>) -> Option<Payload> {
    let sender_name = line(stanza, "nick", ns::NICK).or(known_as);
    if earlier::is_act(stanza) {
        return earlier::act(stanza, sender_name);
    }
    let text = text(stanza, sender_name)?;
    Some(match earlier::corrected(stanza) {
        Some(target) => Payload::Edit {
            target: Reference::Theirs(target),
            text,
        },
        None => Payload::Text(text),
    })
}

fn draft(stanza: &Element, caller: &Caller, contact: Contact, payload: Payload, arrived: Arrived) -> Draft {
    let source = source(stanza);
    Draft {
        said_at: said_at(stanza, arrived),
        lang: body(stanza).and_then(tag).or_else(|| tag(stanza)),
        once: source.as_ref().is_some_and(|id| id.as_str().len() >= UNIQUE_FROM),
        receipt: source.is_some() && stanza.has_child("request", ns::RECEIPTS),
        source,
        way: way(stanza, caller, arrived),
        ..Draft::new(Party::Home(caller.bare.clone()), Party::Foreign(contact), payload)
    }
}

/// When it was said, where that is not the time of its arrival: it was delayed, or the clock on the wall was moved.
fn said_at(stanza: &Element, arrived: Arrived) -> Option<Timestamp> {
    let moved = (arrived.wall != arrived.at).then_some(arrived.wall);
    delay(stanza).map(|(_, at)| at).or(arrived.found).or(moved)
}

/// The id that receipts and errors must carry (XEP-0184 section 5.4, RFC 6120 section 8.1.3); the origin id
/// (XEP-0359 section 3.2) where there is no other. Clients that set both make them equal.
pub(crate) fn source(stanza: &Element) -> Option<MessageRef> {
    let origin = || {
        let child = stanza.children().find(|child| child.is("origin-id", ns::STANZA_IDS))?;
        MessageRef::new(child.attr("id")?)
    };
    stanza.attr("id").and_then(MessageRef::new).or_else(origin)
}

/// The language of what an element says (XML 1.0 section 2.12).
fn tag(element: &Element) -> Option<Tag> {
    element.attr_ns(&Namespace::XML, "lang").and_then(Tag::read)
}

/// The body; of several, which say the same in different languages (RFC 6121 section 5.2.3), the one in the language of the
/// message itself.
fn body(stanza: &Element) -> Option<&Element> {
    let bodies = || stanza.children().filter(|child| child.is("body", ns::COMPONENT));
    let own = tag(stanza);
    let fits = |body: &&Element| tag(body).is_none_or(|tag| Some(tag) == own);
    bodies().find(fits).or_else(|| bodies().next())
}

fn line(stanza: &Element, name: &str, namespace: &str) -> Option<Line> {
    text_of(stanza, name, namespace).and_then(|text| Line::clean(&text))
}

/// The words of a message. A link without words is its own, and so is the subject of a single message (RFC 6121 section
/// 5.2.2).
fn text(stanza: &Element, sender_name: Option<Line>) -> Option<Text> {
    let attachments = files::shared(stanza);
    let subject = line(stanza, "subject", ns::COMPONENT);
    let is_single = stanza.attr("type").is_none_or(|it| it == "normal");
    let whole = body(stanza).map(Element::text).filter(|words| !words.trim().is_empty());
    let whole = whole
        .or_else(|| files::link(&attachments).map(str::to_owned))
        .or_else(|| subject.as_ref().filter(|_| is_single).map(ToString::to_string))?;
    let cut = fallback::without_quote(stanza, &whole).and_then(|kept| Body::clean(&kept));
    let whole = Body::clean(&whole)?;
    let (body, original) = match cut {
        Some(cut) => (cut, Some(whole)),
        None => (whole, None),
    };
    Some(Text {
        subject,
        original,
        thread: line(stanza, "thread", ns::COMPONENT),
        reply_to: earlier::answered(stanza),
        sender_name,
        attachments,
        unkept: is_unkept(stanza),
        ..Text::plain(body)
    })
}

/// Whether the sender hints that nobody should keep it (XEP-0334 sections 4.1 and 4.2).
fn is_unkept(stanza: &Element) -> bool {
    let hints = ["no-store", "no-permanent-store"];
    stanza
        .children()
        .any(|child| child.has_ns(ns::HINTS) && hints.contains(&child.name()))
}

/// Who kept the message back, and since when (XEP-0203 section 4).
fn delay(stanza: &Element) -> Option<(Option<Line>, Timestamp)> {
    let delay = stanza.children().find(|child| child.is("delay", ns::DELAY))?;
    let stamp: jiff::Timestamp = delay.attr("stamp")?.parse().ok()?;
    let by = delay.attr("from").and_then(Line::clean);
    Some((by, Timestamp(stamp.as_millisecond())))
}

/// The single step of a chat message: from the user's session to the gateway's door, and where it was kept before, if
/// it says so. That the step names the session is how a late error finds its way back.
fn way(stanza: &Element, caller: &Caller, arrived: Arrived) -> Vec<Hop> {
    let kept = delay(stanza).and_then(|(by, at)| {
        let who = by.or_else(|| Line::clean(caller.bare.domain().as_str()))?;
        Some(Hop {
            trust: Trust::Claimed,
            ..over_xmpp(Hop::own(at, Step::Relayed, who), None)
        })
    });
    let archived = arrived.found.and_then(|at| {
        let who = Line::clean(caller.bare.domain().as_str())?;
        Some(Hop {
            trust: Trust::Trusted,
            ..over_xmpp(Hop::own(at, Step::Relayed, who), None)
        })
    });
    let said = archived.as_ref().and_then(|_| Line::clean(FOUND));
    let came = Line::clean(&caller.full)
        .map(|who| over_xmpp(Hop::own(arrived.at, Step::Arrived, who), Some(arrived.tls)).saying(said));
    kept.into_iter().chain(archived).chain(came).collect()
}

fn over_xmpp(hop: Hop, tls: Option<bool>) -> Hop {
    hop.over(Line::clean("xmpp"), tls)
}

#[cfg(test)]
mod tests;
