//! Cards in both formats: vcard-temp (XEP-0054) and vCard4 (XEP-0292).

use super::card::{Lines, xmpp_uri};
use crate::ns;
use crate::xml::{Build, element};
use data_encoding::BASE64;
use minidom::Element;

/// XEP-0054 section 3.1, with the picture (XEP-0153 section 3.1).
pub(super) fn temp(lines: &Lines) -> Element {
    let part = |name: &str| element(name, ns::VCARD);
    let field = |name: &str, text: &str| part(name).saying(text);
    let address = lines.address.iter().map(|(name, address)| {
        part(&name.to_uppercase())
            .holding(part("INTERNET"))
            .holding(part("PREF"))
            .holding(field("USERID", address))
    });
    let photo = lines.picture.iter().map(|picture| {
        part("PHOTO")
            .holding(field("TYPE", "image/png"))
            .holding(field("BINVAL", &BASE64.encode(picture.bytes())))
    });
    [field("FN", &lines.name), field("NICKNAME", &lines.name)]
        .into_iter()
        .chain(photo)
        .chain(lines.jid.iter().map(|jid| field("JABBERID", jid)))
        .chain(address)
        .chain(lines.urls.iter().map(|url| field("URL", url)))
        .chain(lines.note.iter().map(|note| field("DESC", note)))
        .fold(part("vCard"), Element::holding)
}

/// XEP-0292 section 3, in the format of RFC 6351. The picture is in its own nodes (XEP-0084).
pub(super) fn four(lines: &Lines) -> Element {
    let part = |name: &str| element(name, ns::VCARD_4);
    let field = |name: &str, kind: &str, text: &str| part(name).holding(part(kind).saying(text));
    [field("fn", "text", &lines.name), field("nickname", "text", &lines.name)]
        .into_iter()
        .chain(lines.jid.iter().map(|jid| field("impp", "uri", &xmpp_uri(jid))))
        .chain(lines.address.iter().map(|(name, address)| field(name, "text", address)))
        .chain(lines.urls.iter().map(|url| field("url", "uri", url)))
        .chain(lines.note.iter().map(|note| field("note", "text", note)))
        .fold(part("vcard"), Element::holding)
}

#[cfg(test)]
mod tests;
