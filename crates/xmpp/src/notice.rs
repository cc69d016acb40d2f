//! What a user is told once: that a network lacks something, and what becomes of it there.

use crate::address::Speaker;
use crate::face::Face;
use crate::ns;
use crate::stanza::{Outward, ReturnAddress};
use crate::xml::{Build, element};
use causeway_core::envelope::Draft;
use causeway_core::fit::Loss;
use causeway_core::language::Language;
use causeway_core::network::Row;
use causeway_core::registration::Registration;
use jid::BareJid;

/// The note about what a message loses on its way out, in its own conversation, and the row that says that it was told;
/// `None` when it loses nothing, or the user knows.
pub(crate) fn of_loss(face: &Face, draft: &Draft, back: &ReturnAddress) -> Option<(Row, Outward)> {
    let profile = face.network.profile();
    let user = draft.from.home()?;
    let loss = Loss::of(&draft.payload, &profile.capabilities)?;
    let row = loss.told(&profile.id, user);
    let memory = face.house.memory.as_ref();
    if memory.row(&row.key).is_some() {
        return None;
    }
    let registration = memory.row(&Registration::key(&profile.id, user));
    let registration = registration.and_then(|row| Registration::read(&row));
    let language = registration
        .and_then(|it| it.settings.language)
        .unwrap_or(back.language);
    let id = format!("note-{}", draft.source.as_ref()?.as_str());
    let words = loss.words(&profile.title);
    let note = note(&back.speaker.present(), user, &id, language, words.told(language));
    Some((row, note))
}

fn note(from: &Speaker, user: &BareJid, id: &str, language: Language, words: &str) -> Outward {
    Outward::message(from, user.as_str(), "chat", Some(id))
        .holding(
            element("body", ns::COMPONENT)
                .in_language(language.tag())
                .saying(&format!("ℹ {words}")),
        )
        .holding(element("origin-id", ns::STANZA_IDS).with("id", id))
}
