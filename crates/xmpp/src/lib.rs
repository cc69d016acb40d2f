//! Home: the XEP-0114 link, stanzas to core values and back, the gateway's face.
//!
//! A stanza's way in: `link` reads it, `route` finds its place, `read` makes core values of it, the inbox writes
//! them down. A parcel's way out: `courier`, `write`, `link`, and a ping that proves that the server has it.

mod address;
mod archive;
#[cfg(test)]
mod cast;
pub mod config;
mod courier;
mod errors;
mod face;
mod home;
mod link;
mod names;
mod notice;
mod ns;
mod people;
mod privilege;
mod read;
mod reception;
mod route;
mod shelf;
mod stanza;
mod strangers;
mod upload;
mod write;
mod xml;

pub use home::{Domain, Home};
pub use people::{Announcement, Registered};

/// Takes bytes as the link takes those of the server, as far as that needs no house: the guard, the parser, the route.
/// It is the door of the fuzz target.
#[doc(hidden)]
pub fn take_any_bytes(bytes: &[u8]) {
    let mut passed = Vec::new();
    link::guard::Guard::default().pass(bytes, &mut passed);
    let Ok(domain) = jid::BareJid::new("mail.example.org") else {
        return;
    };
    if let Ok(stanza) = String::from_utf8_lossy(&passed).parse::<minidom::Element>() {
        drop(route::route(&stanza, &address::Gateway::new(&domain)));
    }
}
