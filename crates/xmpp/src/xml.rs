//! Elements built without ceremony, and only from characters that XML 1.0 section 2.2 allows.

use minidom::Element;
use minidom::rxml::{Namespace, NcName};
use std::borrow::Cow;

/// Builds an element step by step. What XML cannot express is left out: a single forbidden character in an attribute
/// or a text would otherwise end the stream for everybody.
pub(crate) trait Build: Sized {
    /// With an attribute in no namespace.
    fn with(self, name: &str, value: &str) -> Self;
    /// With an attribute if there is a value.
    fn with_some(self, name: &str, value: Option<&str>) -> Self;
    /// With `xml:lang`.
    fn in_language(self, language: &str) -> Self;
    /// With a text.
    fn saying(self, text: &str) -> Self;
    /// With a child.
    fn holding(self, child: Element) -> Self;
}

/// An empty element.
pub(crate) fn element(name: &str, namespace: &str) -> Element {
    Element::bare(name, namespace)
}

/// The text of the first child with this name and namespace.
pub(crate) fn text_of(parent: &Element, name: &str, namespace: &str) -> Option<String> {
    parent
        .children()
        .find(|child| child.is(name, namespace))
        .map(Element::text)
}

// ---------------------------------------------------------------------------------------------------------------------

impl Build for Element {
    fn with(mut self, name: &str, value: &str) -> Self {
        if let Ok(name) = NcName::try_from(name) {
            self.set_attr(Namespace::NONE, name, allowed(value).into_owned());
        }
        self
    }

    fn with_some(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    fn in_language(mut self, language: &str) -> Self {
        if let Ok(name) = NcName::try_from("lang") {
            self.set_attr(Namespace::XML, name, allowed(language).into_owned());
        }
        self
    }

    fn saying(mut self, text: &str) -> Self {
        self.append_text(allowed(text).into_owned());
        self
    }

    fn holding(mut self, child: Element) -> Self {
        self.append_child(child);
        self
    }
}

fn allowed(text: &str) -> Cow<'_, str> {
    match text.chars().all(is_allowed) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.chars().filter(|c| is_allowed(*c)).collect()),
    }
}

/// XML 1.0 section 2.2, without CR: readers would turn it into LF.
fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_say_is_left_out() {
        let made = element("body", "jabber:client")
            .with("id", "a\0b\u{ffff}")
            .saying("Soft\u{8}!\r\n");
        assert_eq!(made.attr("id"), Some("ab"));
        assert_eq!(made.text(), "Soft!\n");
    }
}
