//! The bytes of the files that come with messages: written in the commit that takes the message, gone in the one that
//! ends its delivery.

use crate::error::StoreError;
use crate::keys;
use crate::ledger::Ledger;
use crate::ledger::entry::Entry;
use crate::ledger::pen::Pen;
use crate::row;
use causeway_core::envelope::{Draft, EnvelopeId};
use causeway_core::file::Place;

// ---------------------------------------------------------------------------------------------------------------------

impl Ledger {
    /// The file of this number that came with an envelope, while its delivery is not over.
    pub fn file(&self, id: EnvelopeId, number: u16) -> Result<Option<Vec<u8>>, StoreError> {
        let key = keys::file(&id, number);
        let value = self.backend.get(&key)?;
        value.map(|value| row::unwrap(&key, &value)).transpose()
    }
}

impl Pen<'_> {
    /// Takes the files of a delivery away; `entry` must be written afterwards.
    pub(crate) fn drop_files(&mut self, entry: &mut Entry) {
        for number in 0..std::mem::take(&mut entry.files) {
            self.batch.delete(keys::file(entry.id(), number));
        }
    }
}

/// The numbers of the files that a message keeps.
pub(crate) fn kept(draft: &Draft) -> impl Iterator<Item = u16> {
    let files = draft.payload.text().map_or(&[][..], |text| &text.attachments);
    files.iter().filter_map(|file| match file.place {
        Place::Kept(number) => Some(number),
        Place::Named | Place::At(_) => None,
    })
}

/// How many rows there may be for them.
pub(crate) fn rows(draft: &Draft) -> u16 {
    kept(draft).max().map_or(0, |last| last.saturating_add(1))
}
