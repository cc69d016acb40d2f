//! Faults to stanza errors and back.

use crate::ns;
use crate::xml::{Build, element, text_of};
use causeway_core::fault::{ErrorType, Fault, FaultKind};
use causeway_core::language::{Language, Words};
use minidom::Element;

/// Why a stanza is sent back (RFC 6120 section 8.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    condition: &'static str,
    error_type: ErrorType,
    text: Words,
    /// A condition of the protocol's own (RFC 6120 section 8.3.4), and its namespace.
    detail: Option<(&'static str, &'static str)>,
}

/// The defined conditions (RFC 6120 section 8.3.3) and the fault that each means for a message that the gateway sent to a user at home.
const MEANINGS: [(&str, FaultKind); 18] = [
    ("bad-request", FaultKind::BadContent),
    ("not-acceptable", FaultKind::BadContent),
    ("feature-not-implemented", FaultKind::NotSupported),
    ("gone", FaultKind::Gone),
    ("redirect", FaultKind::Gone),
    ("item-not-found", FaultKind::NoSuchUser),
    ("jid-malformed", FaultKind::BadAddress),
    ("remote-server-not-found", FaultKind::NoSuchServer),
    ("remote-server-timeout", FaultKind::Timeout),
    ("recipient-unavailable", FaultKind::Deferred),
    ("resource-constraint", FaultKind::Full),
    ("conflict", FaultKind::Refused),
    ("forbidden", FaultKind::Refused),
    ("not-allowed", FaultKind::Refused),
    ("not-authorized", FaultKind::Refused),
    ("policy-violation", FaultKind::Refused),
    ("registration-required", FaultKind::Refused),
    ("service-unavailable", FaultKind::NoSuchUser),
];

// ---------------------------------------------------------------------------------------------------------------------

impl Refusal {
    /// A refusal in the protocol's own terms.
    pub(crate) fn of(condition: &'static str, error_type: ErrorType, text: Words) -> Self {
        Self {
            condition,
            error_type,
            text,
            detail: None,
        }
    }

    /// The same with a condition of the protocol's own, in its namespace.
    pub(crate) fn detailed(self, condition: &'static str, namespace: &'static str) -> Self {
        Self {
            detail: Some((condition, namespace)),
            ..self
        }
    }

    /// The request cannot be understood.
    pub(crate) fn bad_request(text: Words) -> Self {
        Self::of("bad-request", ErrorType::Modify, text)
    }

    /// There is no such thing here.
    pub(crate) fn not_found(text: Words) -> Self {
        Self::of("item-not-found", ErrorType::Cancel, text)
    }

    /// Nobody here answers this kind of request (RFC 6120 section 8.4).
    pub(crate) fn unavailable() -> Self {
        Self::of(
            "service-unavailable",
            ErrorType::Cancel,
            Words::new("The gateway does not offer this", "Das bietet das Gateway nicht an"),
        )
    }

    /// The `<error/>` element in the language of who reads it.
    pub(crate) fn element(&self, language: Language) -> Element {
        let error = element("error", ns::COMPONENT)
            .with("type", self.error_type.as_str())
            .holding(element(self.condition, ns::STANZA_ERRORS))
            .holding(
                element("text", ns::STANZA_ERRORS)
                    .in_language(language.tag())
                    .saying(self.text.told(language)),
            );
        match self.detail {
            Some((condition, namespace)) => error.holding(element(condition, namespace)),
            None => error,
        }
    }
}

impl From<&Fault> for Refusal {
    fn from(fault: &Fault) -> Self {
        let row = fault.kind.row();
        Self::of(row.condition, row.error_type, fault.words())
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::from(&fault)
    }
}

/// What the `<error/>` of a message that came back means. It came back from the user's own server, which does not try
/// again, so the fault is for good whatever its type.
pub(crate) fn fault_of(stanza: &Element) -> Fault {
    let error = stanza.children().find(|child| child.name() == "error");
    let condition = error.and_then(|error| {
        error
            .children()
            .find(|child| child.has_ns(ns::STANZA_ERRORS) && child.name() != "text")
            .map(Element::name)
    });
    let kind = MEANINGS
        .iter()
        .find(|(name, _)| condition == Some(name))
        .map_or(FaultKind::Refused, |(_, kind)| *kind);
    let text = error.and_then(|error| text_of(error, "text", ns::STANZA_ERRORS));
    let said = match (condition, text) {
        (Some(condition), Some(text)) => format!("{condition}: {text}"),
        (Some(condition), None) => condition.to_owned(),
        (None, Some(text)) => text,
        (None, None) => String::new(),
    };
    // RFC 6121 section 8.5.2 has one condition for both, so that nobody can find out who has an account.
    let said = match condition {
        Some("service-unavailable") => format!("there is no such user, or the user takes no messages ({said})"),
        _ => said,
    };
    Fault::of(kind).saying(&said).for_good()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_tells_the_client_its_condition_and_the_other_servers_words() {
        let fault = Fault::of(FaultKind::NoSuchUser).saying("550 5.1.1 no Juliet here");
        let error = Refusal::from(&fault).element(Language::En);
        assert_eq!(error.attr("type"), Some("cancel"));
        assert!(error.has_child("item-not-found", ns::STANZA_ERRORS));
        assert_eq!(
            text_of(&error, "text", ns::STANZA_ERRORS).unwrap(),
            "Nobody has this address: 550 5.1.1 no Juliet here"
        );
    }

    fn check(xml: &str, kind: FaultKind, said: Option<&str>) {
        let stanza: Element = xml.parse().unwrap();
        let fault = fault_of(&stanza);
        assert_eq!(
            (fault.kind, fault.said.as_ref().map(|line| line.as_str())),
            (kind, said),
            "{xml}"
        );
        assert!(!fault.retry);
    }

    #[test]
    fn a_message_that_came_back_says_why() {
        check(
            "<message xmlns='jabber:component:accept'><error type='wait'><recipient-unavailable \
             xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>asleep</text>\
             </error></message>",
            FaultKind::Deferred,
            Some("recipient-unavailable: asleep"),
        );
        check(
            "<message xmlns='jabber:component:accept'><error type='cancel'><service-unavailable \
             xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
            FaultKind::NoSuchUser,
            Some("there is no such user, or the user takes no messages (service-unavailable)"),
        );
        check("<message xmlns='jabber:component:accept'/>", FaultKind::Refused, None);
        check(
            "<message xmlns='jabber:component:accept'><error/></message>",
            FaultKind::Refused,
            None,
        );
    }
}
