//! What a user knows of a mail address: the name and the time of what came from there, and the picture in its `Face`
//! fields.

use crate::fields::{Fields, divide};
use crate::read::{Authenticated, IncomingMail};
use crate::threads::{Pair, Threads};
use crate::verdict::takes_no_replies;
use causeway_core::card::{Card, Picture, uri};
use causeway_core::network::{Memory, Row};
use data_encoding::BASE64;
use jid::BareJid;

/// Width and height of a picture in a `Face` field: the field knows no other (the custom of Usenet and mail, no RFC).
const FACE_SIDE: u32 = 48;
/// The longest `Face` field that is looked at, in bytes. What keeps to the custom has fewer than 1,000.
const FACE_MAX: usize = 2048;

// ---------------------------------------------------------------------------------------------------------------------

/// The card of an address as a user knows it.
pub(crate) fn card(threads: &Threads, memory: &dyn Memory, pair: Pair<'_>) -> Card {
    let known = threads.known(pair);
    let address = pair.contact.as_str();
    let local = address.rsplit_once('@').map_or(address, |(local, _)| local);
    Card {
        name: known.name,
        addresses: vec![uri("mailto", address)],
        picture: memory.row(&key(pair)).and_then(|png| Picture::png(&png)),
        no_reply: takes_no_replies(local),
        last_heard: known.heard,
    }
}

/// The row to write when a mail brings another picture of its author than the one that is there. Only an author who is
/// proven may change what others see of him.
pub(crate) fn news(memory: &dyn Memory, pair: Pair<'_>, mail: &IncomingMail, bytes: &[u8]) -> Option<Row> {
    if mail.authenticated != Authenticated::Pass {
        return None;
    }
    let picture = face(bytes)?;
    let key = key(pair);
    let is_known = memory.row(&key).as_deref() == Some(picture.bytes());
    (!is_known).then(|| Row::put(key, picture.bytes()))
}

fn face(mail: &[u8]) -> Option<Picture> {
    let (header, _) = divide(mail);
    let fields = Fields::parse(header);
    let raw = fields.first("Face")?.raw();
    if raw.len() > FACE_MAX {
        return None;
    }
    let digits: Vec<u8> = raw.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    let picture = Picture::png(&BASE64.decode(&digits).ok()?)?;
    (picture.side() == FACE_SIDE).then_some(picture)
}

fn key(pair: Pair<'_>) -> String {
    format!("{}{}", of(pair.user), pair.contact)
}

/// The beginning of the keys of all rows of a user.
pub(crate) fn of(user: &BareJid) -> String {
    format!("face/{user}/")
}

#[cfg(test)]
mod tests;
