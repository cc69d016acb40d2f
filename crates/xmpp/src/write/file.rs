//! A file that came along, as a message of its own: a link that clients open (XEP-0066), and what it is (XEP-0447).

use super::Leg;
use crate::ns;
use crate::stanza::Outward;
use crate::upload::Placed;
use crate::xml::{Build, element};
use causeway_core::file::Attachment;
use causeway_core::message::Text;
use causeway_core::network::Parcel;
use minidom::Element;

/// The message for the file with this number. Clients show a file only where the link is the whole body (XEP-0066
/// section 4). Receipts and markers are for the words before it, so it asks for none.
pub(super) fn message(
    parcel: &Parcel,
    text: &Text,
    number: usize,
    file: &Attachment,
    placed: &Placed,
    leg: Leg<'_>,
) -> Outward {
    let id = format!("{}-{}", parcel.id(), number + 1);
    let link = placed.link.as_str();
    let thread = text
        .thread
        .as_ref()
        .map(|line| element("thread", ns::COMPONENT).saying(line.as_str()));
    Outward::message(leg.from, leg.to.as_str(), "chat", Some(&id))
        .holding(element("body", ns::COMPONENT).saying(link))
        .holding_some(thread)
        .holding(element("x", ns::OUT_OF_BAND).holding(element("url", ns::OUT_OF_BAND).saying(link)))
        .holding(sharing(file, placed))
        .holding(
            element("fallback", ns::FALLBACK)
                .with("for", ns::FILE_SHARING)
                .holding(element("body", ns::FALLBACK)),
        )
        .holding(element("origin-id", ns::STANZA_IDS).with("id", &id))
}

/// XEP-0447 section 3 with the metadata of XEP-0446 section 3.
fn sharing(file: &Attachment, placed: &Placed) -> Element {
    let told = |name, text: &str| element(name, ns::FILE_METADATA).saying(text);
    let media_type = file.media_type.as_ref().map(|it| told("media-type", it.as_str()));
    let size = file.size.map(|size| told("size", &size.to_string()));
    let hash = placed.sha256.as_ref();
    let hash = hash.map(|hash| element("hash", ns::HASHES).with("algo", "sha-256").saying(hash));
    let metadata = [Some(told("name", file.name.as_str())), media_type, size, hash];
    let metadata = metadata
        .into_iter()
        .flatten()
        .fold(element("file", ns::FILE_METADATA), Build::holding);
    let source = element("url-data", ns::URL_DATA).with("target", placed.link.as_str());
    element("file-sharing", ns::FILE_SHARING)
        .with("disposition", "attachment")
        .holding(metadata)
        .holding(element("sources", ns::FILE_SHARING).holding(source))
}
