//! Messages that only the recipient's own devices could read.

use crate::errors::Refusal;
use crate::ns;
use crate::xml::text_of;
use causeway_core::fault::ErrorType;
use causeway_core::language::Words;
use minidom::Element;

/// The refusal of an encrypted message. Relaying its fallback body would tell the recipient nothing, and the sender
/// that all is well.
pub(crate) fn refusal(stanza: &Element) -> Option<Refusal> {
    let sealed = stanza
        .children()
        .any(|child| child.has_ns(ns::ENCRYPTION) || ns::SEALED.iter().any(|sealed| child.has_ns(*sealed)));
    // The plain-text signs of OTR version 2 and 3, which has no namespace.
    let otr = || text_of(stanza, "body", ns::COMPONENT).is_some_and(|body| body.starts_with("?OTR"));
    (sealed || otr()).then(|| {
        Refusal::of(
            "not-acceptable",
            ErrorType::Modify,
            Words::new(
                "The gateway cannot read encrypted messages, and nothing was passed on. Turn encryption off for this contact.",
                "Verschlüsselte Nachrichten kann das Gateway nicht lesen, und nichts wurde weitergegeben. Schalte die \
                 Verschlüsselung für diesen Kontakt aus.",
            ),
        )
    })
}
