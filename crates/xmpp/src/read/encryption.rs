//! Messages that only the recipient's own devices could read.

use crate::errors::Refusal;
use crate::ns;
use crate::xml::text_of;
use causeway_core::fault::ErrorType;
use causeway_core::language::Words;
use causeway_core::text::Line;
use minidom::Element;

/// The longest name of an encryption that is repeated, in characters.
const NAME_MAX: usize = 40;

// ---------------------------------------------------------------------------------------------------------------------

/// The refusal of an encrypted message. Relaying its fallback body would tell the recipient nothing, and the sender
/// that all is well.
pub(crate) fn refusal(stanza: &Element) -> Option<Refusal> {
    let name = stanza.children().find_map(sealed).or_else(|| otr(stanza))?;
    Some(Refusal::of(
        "not-acceptable",
        ErrorType::Modify,
        Words::new(
            format!(
                "The gateway cannot read messages that are encrypted with {name}, and nothing was passed on. Turn encryption \
                 off for this contact."
            ),
            format!(
                "Mit {name} verschlüsselte Nachrichten kann das Gateway nicht lesen, und nichts wurde weitergegeben. Schalte \
                 die Verschlüsselung für diesen Kontakt aus."
            ),
        ),
    ))
}

/// The encryption that a child of a message is the work of, or the mark of (XEP-0380 section 3).
fn sealed(child: &Element) -> Option<String> {
    let known = |namespace: &str| ns::SEALED.iter().find(|(sealed, _)| *sealed == namespace);
    if !child.has_ns(ns::ENCRYPTION) {
        return known(&child.ns()).map(|(_, name)| (*name).to_owned());
    }
    let named = || Some(Line::clean(child.attr("name")?)?.short(NAME_MAX));
    let by_namespace = child.attr("namespace").and_then(known);
    let name = by_namespace.map(|(_, name)| (*name).to_owned());
    Some(name.or_else(named).unwrap_or_else(|| "a secret key".to_owned()))
}

/// The plain-text signs of OTR version 2 and 3, which has no namespace.
fn otr(stanza: &Element) -> Option<String> {
    let body = text_of(stanza, "body", ns::COMPONENT)?;
    body.starts_with("?OTR").then(|| "OTR".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cast::stanza;
    use causeway_core::language::Language;

    fn check(child: &str, name: &str) {
        let stanza = stanza(&format!("<message>{child}<body>I sent you a secret</body></message>"));
        let error = refusal(&stanza).expect(child).element(Language::De);
        let text = text_of(&error, "text", ns::STANZA_ERRORS).unwrap();
        assert!(
            text.starts_with(&format!("Mit {name} verschlüsselte")),
            "{child}: {text}"
        );
    }

    #[test]
    fn the_encryption_is_named() {
        for (namespace, name) in ns::SEALED {
            check(&format!("<encrypted xmlns='{namespace}'/>"), name);
            check(
                &format!("<encryption xmlns='urn:xmpp:eme:0' namespace='{namespace}'/>"),
                name,
            );
        }
        check(
            "<encryption xmlns='urn:xmpp:eme:0' namespace='urn:other' name='Enigma'/>",
            "Enigma",
        );
        check("<body>?OTRv23?</body>", "OTR");
    }
}
