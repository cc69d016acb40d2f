//! What a message means for an earlier one: an answer, a correction, a retraction, a reaction.

use crate::ns;
use causeway_core::emoji::Emoji;
use causeway_core::envelope::EnvelopeId;
use causeway_core::message::{MessageRef, Payload, Reference};
use causeway_core::text::Line;
use minidom::Element;

// ---------------------------------------------------------------------------------------------------------------------

/// Whether a message is about an earlier one and nothing else; what words it has are for programs that know no better.
pub(super) fn is_act(stanza: &Element) -> bool {
    retraction(stanza).is_some() || reactions(stanza).is_some()
}

/// The retraction or the reaction that a message is; `None` when it names no message.
pub(super) fn act(stanza: &Element, sender_name: Option<Line>) -> Option<Payload> {
    if let Some(retraction) = retraction(stanza) {
        let target = Reference::Theirs(MessageRef::new(retraction.attr("id")?)?);
        return Some(Payload::Retract { target, sender_name });
    }
    let reactions = reactions(stanza)?;
    let said = reactions.children().filter(|child| child.is("reaction", ns::REACTIONS));
    let said: Vec<String> = said.map(Element::text).collect();
    let emojis = Emoji::read_all(said.iter().map(String::as_str));
    // Who set only what is no emoji has not taken his reactions away.
    let is_clear = said.is_empty() || !emojis.is_empty();
    Some(Payload::React {
        target: meant(reactions.attr("id").filter(|_| is_clear)?)?,
        emojis,
        sender_name,
    })
}

/// The message that this one answers (XEP-0461 section 3.1).
pub(super) fn answered(stanza: &Element) -> Option<Reference> {
    let reply = stanza.children().find(|child| child.is("reply", ns::REPLY))?;
    meant(reply.attr("id")?)
}

/// The message that this one corrects. It can only be one of the sender's own (XEP-0308 section 5), so an id of ours
/// means nothing here.
pub(super) fn corrected(stanza: &Element) -> Option<MessageRef> {
    let replace = stanza.children().find(|child| child.is("replace", ns::CORRECT))?;
    MessageRef::new(replace.attr("id")?)
}

/// Any message of the conversation; the files that came with one of ours have its id with a number behind it.
fn meant(id: &str) -> Option<Reference> {
    let with_number = || {
        let (id, number) = id.split_once('-')?;
        let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        EnvelopeId::parse(id).filter(|_| is_number)
    };
    match EnvelopeId::parse(id).or_else(with_number) {
        Some(ours) => Some(Reference::Ours(ours)),
        None => MessageRef::new(id).map(Reference::Theirs),
    }
}

/// The element that names what is taken back (XEP-0424 section 4.1; in its version 0.3, XEP-0422 section 3.1). It can
/// only be one of the sender's own, as a correction.
fn retraction(stanza: &Element) -> Option<&Element> {
    let is_fastened =
        |child: &&Element| child.is("apply-to", ns::FASTENING) && child.has_child("retract", ns::RETRACT_0);
    let mut children = stanza.children();
    children.find(|child| child.is("retract", ns::RETRACT) || is_fastened(child))
}

/// XEP-0444 section 3.1.
fn reactions(stanza: &Element) -> Option<&Element> {
    stanza.children().find(|child| child.is("reactions", ns::REACTIONS))
}
