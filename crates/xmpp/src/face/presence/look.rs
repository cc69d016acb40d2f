//! How the gateway and its contacts look in a roster.
//!
//! A contact is plainly there as long as the gateway is: what is written to it is taken and kept, and a show like `away`
//! would stand beside its name for ever. The gateway itself is there while what it takes can leave, and `away` with a
//! sentence while it is known that nothing can. Both are present with a resource: some clients show nobody as online who
//! has none.

use crate::address::Caller;
use crate::face::Face;
use crate::face::caps::dressed;
use crate::ns;
use crate::stanza::Outward;
use crate::xml::{Build, element};
use causeway_core::language::Words;

// ---------------------------------------------------------------------------------------------------------------------

/// The presence of a contact, or of the gateway itself, for a user or one of his sessions; `None` where no JID can have
/// this local part.
pub(crate) fn present(face: &Face, local: Option<&str>, to: &str) -> Option<Outward> {
    let plain = Outward::presence(&face.speaker(local)?.present(), to, None);
    let plain = match local {
        Some(_) => plain,
        None => of_the_gateway(face, plain, to),
    };
    Some(dressed(face, plain, to, local))
}

/// The same, gone.
pub(crate) fn absent(face: &Face, local: Option<&str>, to: &str) -> Option<Outward> {
    let speaker = face.speaker(local)?.present();
    Some(Outward::presence(&speaker, to, Some("unavailable")))
}

fn of_the_gateway(face: &Face, presence: Outward, to: &str) -> Outward {
    let language = Caller::read(to)
        .map(|caller| face.language(&caller.bare, None))
        .unwrap_or_default();
    let trouble = face.network.trouble();
    let show = trouble.is_some().then(|| element("show", ns::COMPONENT).saying("away"));
    let status = trouble.unwrap_or_else(|| Words::new("Ready", "Bereit"));
    presence
        .holding_some(show)
        .holding(element("status", ns::COMPONENT).saying(status.told(language)))
}
