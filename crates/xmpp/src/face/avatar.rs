//! Pictures, equal wherever one looks for them (XEP-0398): a hash in the presence, the card, two nodes.

use super::Face;
use super::presence::present;
use crate::address::canonical_local;
use crate::ns;
use crate::shelf::Shelf;
use crate::xml::{Build, element};
use causeway_core::address::Contact;
use causeway_core::card::Picture;
use causeway_core::network::{Arrival, Parcel};
use data_encoding::{BASE64, HEXLOWER};
use jid::BareJid;
use minidom::Element;
use sha1::{Digest, Sha1};

/// The gateway's own picture: a causeway over water, 64 pixels to a side.
const ICON: &[u8] = include_bytes!("avatar/gateway.png");

// ---------------------------------------------------------------------------------------------------------------------

impl Face {
    /// Tells a user once that the picture of a contact who writes to him has changed (XEP-0153 section 4.1).
    pub(crate) async fn show_picture(&self, parcel: &Parcel) {
        let draft = parcel.draft();
        let (Some(contact), Some(user)) = (draft.from.contact(), draft.to.home()) else {
            return;
        };
        let memory = self.house.memory.as_ref();
        let local = Shelf::form_of(memory, user, contact)
            .or_else(|| canonical_local(self.network.as_ref(), &contact.id))
            .filter(|local| self.shelf.is_subscribed(memory, user, Some(local)));
        let Some(local) = local else {
            return;
        };
        let hash = of(self, user, Some(contact)).as_ref().map(hash).unwrap_or_default();
        if hash == self.shelf.picture(memory, user, &local) {
            return;
        }
        let told = Arrival::rows(vec![self.shelf.pictured(user, &local, &hash)]);
        if self.house.inbox.post(told).await.is_ok() {
            self.say(present(self, Some(&local), user.as_str()).into_iter().collect())
                .await;
        }
    }
}

/// The picture of a contact as a user knows it, or that of the gateway.
pub(super) fn of(face: &Face, user: &BareJid, contact: Option<&Contact>) -> Option<Picture> {
    match contact {
        Some(contact) => face.network.card(user, &contact.id).picture,
        None => icon(),
    }
}

/// The gateway's own picture.
pub(super) fn icon() -> Option<Picture> {
    Picture::png(ICON)
}

/// The hash that a picture goes by (XEP-0084 section 4.1, XEP-0153 section 3.1).
pub(crate) fn hash(picture: &Picture) -> String {
    HEXLOWER.encode(&Sha1::digest(picture.bytes()))
}

/// What a presence says of the picture; an empty hash says that there is none (XEP-0153 section 3.2).
pub(super) fn update(picture: Option<&Picture>) -> Element {
    let hash = picture.map(hash).unwrap_or_default();
    element("x", ns::VCARD_UPDATE).holding(element("photo", ns::VCARD_UPDATE).saying(&hash))
}

/// XEP-0084 section 4.2.
pub(super) fn metadata(picture: &Picture) -> Element {
    let side = picture.side().to_string();
    let info = element("info", ns::AVATAR_METADATA)
        .with("bytes", &picture.bytes().len().to_string())
        .with("id", &hash(picture))
        .with("type", "image/png")
        .with("width", &side)
        .with("height", &side);
    element("metadata", ns::AVATAR_METADATA).holding(info)
}

/// XEP-0084 section 4.1.
pub(super) fn data(picture: &Picture) -> Element {
    element("data", ns::AVATAR_DATA).saying(&BASE64.encode(picture.bytes()))
}

#[cfg(test)]
mod tests;
