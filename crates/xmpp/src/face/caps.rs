//! Entity capabilities (XEP-0115): a hash in the presence that spares clients the question what an address can do.

use super::{Face, avatar, disco};
use crate::address::{Caller, contact_of};
use crate::ns;
use crate::stanza::Outward;
use crate::xml::{Build, element, text_of};
use causeway_core::language::Language;
use data_encoding::BASE64;
use minidom::Element;
use sha1::{Digest, Sha1};

/// Which program it is; what it can do is in the hash (XEP-0115 section 4).
const NODE: &str = "urn:causeway";

// ---------------------------------------------------------------------------------------------------------------------

/// A presence with what clients want to know of whoever is there, a contact of this local part or the gateway itself:
/// what it can do, and the hash of its picture. It stays as it is where `local` is no contact, or `to` no JID.
pub(crate) fn dressed(face: &Face, presence: Outward, to: &str, local: Option<&str>) -> Outward {
    let contact = local.map(|local| contact_of(face.network.as_ref(), local)).transpose();
    let (Ok(contact), Some(to)) = (contact, Caller::read(to)) else {
        return presence;
    };
    let info = disco::entire(face, &to.bare, contact.as_ref(), Language::default());
    let picture = avatar::of(face, &to.bare, contact.as_ref());
    let caps = element("c", ns::CAPS)
        .with("hash", "sha-1")
        .with("node", NODE)
        .with("ver", &ver(&info));
    presence.holding(caps).holding(avatar::update(picture.as_ref()))
}

/// The node under which a client asks for what the hash stands for (XEP-0115 section 6.2).
pub(super) fn node(info: &Element) -> String {
    format!("{NODE}#{}", ver(info))
}

/// XEP-0115 section 5.1.
fn ver(info: &Element) -> String {
    BASE64.encode(&Sha1::digest(hashed(info)))
}

/// The text that is hashed. That of xmpp-parsers sorts features with the `<` that follows them, and so puts `a/b` before
/// `a`; clients would reject the hash.
fn hashed(info: &Element) -> String {
    let children = |name, namespace| info.children().filter(move |child| child.is(name, namespace));
    let attr = |it: &Element, name| it.attr(name).unwrap_or_default().to_owned();
    let identities = children("identity", ns::DISCO_INFO).map(|it| {
        let language = it.attr_ns(&minidom::rxml::Namespace::XML, "lang").unwrap_or_default();
        [
            attr(it, "category"),
            attr(it, "type"),
            language.to_owned(),
            attr(it, "name"),
        ]
    });
    let features = children("feature", ns::DISCO_INFO).map(|it| attr(it, "var"));
    let mut parts: Vec<String> = sorted(identities).iter().map(|parts| parts.join("/")).collect();
    parts.extend(sorted(features));
    for (name, fields) in sorted(children("x", ns::DATA_FORMS).map(form)) {
        parts.push(name);
        for (var, values) in fields {
            parts.push(var);
            parts.extend(values);
        }
    }
    parts.iter().flat_map(|part| [part.as_str(), "<"]).collect()
}

/// The FORM_TYPE of a form, and its other fields in order.
fn form(form: &Element) -> (String, Vec<(String, Vec<String>)>) {
    let fields = form.children().filter(|child| child.is("field", ns::DATA_FORMS));
    let (types, others): (Vec<_>, Vec<_>) = fields.partition(|field| field.attr("var") == Some("FORM_TYPE"));
    let name = types.first().and_then(|field| text_of(field, "value", ns::DATA_FORMS));
    let others = others.into_iter().map(|field| {
        let values = field.children().filter(|child| child.is("value", ns::DATA_FORMS));
        let var = field.attr("var").unwrap_or_default().to_owned();
        (var, sorted(values.map(Element::text)))
    });
    (name.unwrap_or_default(), sorted(others))
}

fn sorted<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    items.sort_unstable();
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(xml: &str, expect: &str) {
        let info = format!("<query xmlns='http://jabber.org/protocol/disco#info'>{xml}</query>");
        assert_eq!(ver(&info.parse().unwrap()), expect, "{xml}");
    }

    const FEATURES: &str = "<feature var='http://jabber.org/protocol/muc'/>\
        <feature var='http://jabber.org/protocol/disco#items'/>\
        <feature var='http://jabber.org/protocol/caps'/>\
        <feature var='http://jabber.org/protocol/disco#info'/>";

    #[test]
    fn the_hash_is_the_one_that_the_standard_shows() {
        check(
            &format!("<identity category='client' type='pc' name='Exodus 0.9.1'/>{FEATURES}"),
            "QgayPKawpkPSDYmwT/WM94uAlu0=",
        );
        let form = "<x xmlns='jabber:x:data' type='result'>\
            <field var='FORM_TYPE' type='hidden'><value>urn:xmpp:dataforms:softwareinfo</value></field>\
            <field var='os'><value>Mac</value></field>\
            <field var='software_version'><value>0.11</value></field>\
            <field var='ip_version'><value>ipv6</value><value>ipv4</value></field>\
            <field var='software'><value>Psi</value></field>\
            <field var='os_version'><value>10.5.1</value></field></x>";
        check(
            &format!(
                "<identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/>\
                 <identity xml:lang='el' category='client' name='Ψ 0.11' type='pc'/>{FEATURES}{form}"
            ),
            "q07IKJEyjvHSyhy//CH0CxmKi8w=",
        );
    }

    #[test]
    fn a_name_that_begins_another_comes_first() {
        let info: Element =
            "<query xmlns='http://jabber.org/protocol/disco#info'><feature var='a/b'/><feature var='a'/>\
                             </query>"
                .parse()
                .unwrap();
        assert_eq!(hashed(&info), "a<a/b<");
    }
}
