//! Which messages went back to their senders: when a search finds one of them, it must not be taken after all.

use crate::address::Caller;
use crate::stanza::Outward;
use jid::BareJid;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many are remembered, the latest.
const MOST: usize = 1000;
/// The word that begins the line of one in a note.
const WORD: &str = "refused";

/// The refusals of one domain, shared by the link that says them and the search that must know them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Refusals(Arc<Mutex<VecDeque<String>>>);

// ---------------------------------------------------------------------------------------------------------------------

impl Refusals {
    /// This is being said; nothing but a refused message with an id is remembered.
    pub(crate) fn said(&self, stanza: &Outward) {
        let element = stanza.element();
        let to = element.attr("to").and_then(Caller::read);
        if let (true, Some(to), Some(id)) = (stanza.is_refused_message(), to, element.attr("id")) {
            self.remember(mark(&to.bare, id));
        }
    }

    /// Whether the message of this user with this id went back.
    pub(crate) fn hold(&self, user: &BareJid, id: &str) -> bool {
        self.lock().contains(&mark(user, id))
    }

    /// Takes up what an earlier process noted.
    pub(crate) fn read(&self, note: &[u8]) {
        let text = String::from_utf8_lossy(note);
        let marks = text
            .lines()
            .filter_map(|line| line.strip_prefix(WORD)?.strip_prefix(' '));
        marks.for_each(|mark| self.remember(mark.to_owned()));
    }

    /// A line for each, for a note.
    pub(crate) fn written(&self) -> String {
        self.lock().iter().fold(String::new(), |mut text, mark| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{WORD} {mark}");
            text
        })
    }

    fn remember(&self, mark: String) {
        let mut marks = self.lock();
        if marks.len() >= MOST {
            marks.pop_front();
        }
        marks.push_back(mark);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A hash, since a note is read by people and ids are anything.
fn mark(user: &BareJid, id: &str) -> String {
    let digest = Sha256::digest(format!("{user}\0{id}"));
    data_encoding::HEXLOWER.encode(digest.get(..8).unwrap_or_default())
}
