//! Whether a sender is proven: only then may anything ever go back there (RFC 3834 section 2, backscatter).

use crate::address::canonical;
use crate::read::{Authenticated, IncomingMail, own_id};
use causeway_core::network::Memory;

// ---------------------------------------------------------------------------------------------------------------------

/// Whether a mail comes from whom it says: a trusted server vouches for the author's domain, or the mail answers one of
/// ours that went to that very address; and the return path, where it is known, is the author's address too.
pub(crate) fn is_proven(mail: &IncomingMail, return_path: Option<&str>, domain: &str, memory: &dyn Memory) -> bool {
    let same = |path: &str| canonical(path).is_ok_and(|sender| sender == mail.from);
    let vouched = mail.authenticated == Authenticated::Pass || answers_ours(mail, domain, memory);
    vouched && return_path.is_none_or(same)
}

fn answers_ours(mail: &IncomingMail, domain: &str, memory: &dyn Memory) -> bool {
    mail.in_reply_to
        .iter()
        .chain(&mail.references)
        .filter_map(|id| own_id(id, domain))
        .filter_map(|id| memory.recall(id))
        .any(|envelope| {
            envelope
                .draft
                .to
                .contact()
                .is_some_and(|contact| contact.id == mail.from)
        })
}
