//! What a conversation's next mail continues: the mail threads of each pair of people, as rows of the shelf.

use crate::read::IncomingMail;
use crate::write::ThreadHead;
use causeway_core::address::ForeignId;
use causeway_core::clock::Timestamp;
use causeway_core::network::{Memory, Quoted, Row};
use causeway_core::text::Line;
use data_encoding::BASE32_NOPAD;
use jid::BareJid;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;

/// So many ids of a thread are kept besides its first (RFC 5322 section 3.6.4 sets no bound).
const REFERENCES: usize = 10;
/// So many threads of one pair are kept; the one that rested longest goes first.
const THREADS: usize = 64;

/// The mail threads of all conversations.
pub(crate) struct Threads {
    memory: Arc<dyn Memory>,
    /// After so much silence a line begins a new thread.
    rest: Duration,
}

/// Two people who talk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair<'a> {
    /// The one at home.
    pub(crate) user: &'a BareJid,
    /// The one with the mail address.
    pub(crate) contact: &'a ForeignId,
}

/// What is known for the next mail of a pair.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Next {
    /// What it continues.
    pub(crate) head: ThreadHead,
    /// The address as the contact spelled it last.
    pub(crate) spelled: Option<String>,
    /// The name that the contact uses.
    pub(crate) name: Option<Line>,
    /// When the contact last wrote.
    pub(crate) heard: Option<Timestamp>,
}

/// What a conversation tells about the contact.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Known {
    /// The name that it uses.
    pub(crate) name: Option<Line>,
    /// When it last wrote.
    pub(crate) heard: Option<Timestamp>,
}

/// A mail that went out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    /// Its Message-ID without brackets.
    pub(crate) id: String,
    /// The subject that it bore.
    pub(crate) subject: Option<Line>,
    /// When it was written.
    pub(crate) at: Timestamp,
}

/// The row of one thread, and under the empty thread that of the whole conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Kept {
    subject: Option<Line>,
    /// The id of its last mail.
    last: String,
    /// The ids before, oldest first.
    references: Vec<String>,
    spelled: Option<String>,
    name: Option<Line>,
    #[serde(default)]
    heard: Option<Timestamp>,
    at: Timestamp,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Threads {
    /// Threads in `memory` that rest after `rest`.
    pub(crate) fn new(memory: Arc<dyn Memory>, rest: Duration) -> Self {
        Self { memory, rest }
    }

    /// What a mail continues. An answer continues what it answers; a line in a thread that thread; another line the last
    /// mail of the conversation, unless that rests.
    pub(crate) fn next(&self, pair: Pair<'_>, thread: Option<&Line>, answers: Option<&str>, now: Timestamp) -> Next {
        let conversation = self.kept(pair, None);
        let kept = match thread {
            Some(thread) => self.kept(pair, Some(thread)),
            None => conversation.clone().filter(|kept| now.since(kept.at) < self.rest),
        };
        let head = match (answers, kept) {
            (Some(id), Some(kept)) if kept.holds(id) => kept.head(Some(id)),
            (Some(id), other) => ThreadHead {
                subject: other.and_then(|kept| kept.subject),
                in_reply_to: Some(id.to_owned()),
                references: vec![id.to_owned()],
            },
            (None, Some(kept)) => kept.head(None),
            (None, None) => ThreadHead::default(),
        };
        let conversation = conversation.unwrap_or_default();
        Next {
            head,
            spelled: conversation.spelled,
            name: conversation.name,
            heard: conversation.heard,
        }
    }

    /// What the conversation of a pair tells about the contact.
    pub(crate) fn known(&self, pair: Pair<'_>) -> Known {
        let kept = self.kept(pair, None).unwrap_or_default();
        Known {
            name: kept.name,
            heard: kept.heard,
        }
    }

    /// The rows that a mail from the contact changes.
    pub(crate) fn heard(&self, pair: Pair<'_>, mail: &IncomingMail, thread: Option<&Line>, now: Timestamp) -> Vec<Row> {
        let kept = Kept {
            subject: mail.text.subject.clone(),
            last: mail.message_id.clone(),
            references: mail.references.clone(),
            spelled: Some(mail.from_spelled.clone()),
            name: mail.text.sender_name.clone(),
            heard: Some(now),
            at: now,
        };
        self.rows(pair, kept, thread)
    }

    /// The rows that a mail to the contact changes.
    pub(crate) fn said(&self, pair: Pair<'_>, next: &Next, mail: Said, thread: Option<&Line>) -> Vec<Row> {
        let mut references = next.head.references.clone();
        if let Some(answered) = &next.head.in_reply_to
            && !references.contains(answered)
        {
            references.push(answered.clone());
        }
        let kept = Kept {
            subject: next.head.subject.clone().or(mail.subject),
            last: mail.id,
            references,
            spelled: next.spelled.clone(),
            name: next.name.clone(),
            heard: next.heard,
            at: mail.at,
        };
        self.rows(pair, kept, thread)
    }

    fn rows(&self, pair: Pair<'_>, mut kept: Kept, thread: Option<&Line>) -> Vec<Row> {
        kept.shorten();
        let Ok(value) = serde_json::to_vec(&kept) else {
            return Vec::new();
        };
        let mut rows = vec![Row::put(key(pair, None), value.clone())];
        if let Some(thread) = thread {
            let key = key(pair, Some(thread));
            rows.extend(self.crowded_out(pair, &key));
            rows.push(Row::put(key, value));
        }
        rows
    }

    /// The row to drop for a new one, when there are too many.
    fn crowded_out(&self, pair: Pair<'_>, new: &str) -> Option<Row> {
        if self.memory.row(new).is_some() {
            return None;
        }
        let conversation = key(pair, None);
        let rows = self.memory.rows(&conversation, Some(&conversation), THREADS);
        if rows.len() < THREADS {
            return None;
        }
        rows.into_iter()
            .min_by_key(|(_, value)| serde_json::from_slice::<Kept>(value).map_or(Timestamp(0), |kept| kept.at))
            .map(|(key, _)| Row::gone(key))
    }

    fn kept(&self, pair: Pair<'_>, thread: Option<&Line>) -> Option<Kept> {
        let row = self.memory.row(&key(pair, thread))?;
        serde_json::from_slice(&row).ok()
    }
}

impl Kept {
    fn holds(&self, id: &str) -> bool {
        self.last == id || self.references.iter().any(|known| known == id)
    }

    /// The head for an answer to `id`, or to the last mail.
    fn head(self, id: Option<&str>) -> ThreadHead {
        let mut references = self.references;
        let answered = id.map_or(self.last.clone(), str::to_owned);
        match references.iter().position(|known| *known == answered) {
            Some(at) => references.truncate(at + 1),
            None => references.push(answered.clone()),
        }
        ThreadHead {
            subject: self.subject,
            in_reply_to: Some(answered),
            references,
        }
    }

    /// Keeps the first id and the last ones.
    fn shorten(&mut self) {
        let surplus = self.references.len().saturating_sub(REFERENCES + 1);
        if surplus > 0 {
            self.references.drain(1..=surplus);
        }
    }
}

/// The thread word for a mail that begins one at the mail side: the same for all mails of the thread.
pub(crate) fn word(mail: &IncomingMail) -> Option<Line> {
    let root = mail
        .references
        .first()
        .or(mail.in_reply_to.first())
        .unwrap_or(&mail.message_id);
    Line::clean(&digest(root))
}

/// The id that a parcel answers, as the mail world spells it. An id without `@` was made here for a mail that had none.
pub(crate) fn answered(quoted: Option<&Quoted>, domain: &str) -> Option<String> {
    match quoted? {
        Quoted::Ours(id) => Some(format!("{id}@{domain}")),
        Quoted::Theirs(id) => Some(id.as_str().to_owned()).filter(|id| id.contains('@')),
    }
}

fn key(pair: Pair<'_>, thread: Option<&Line>) -> String {
    let thread = thread.map(|thread| digest(thread.as_str())).unwrap_or_default();
    format!("{}{}/{thread}", of(pair.user), pair.contact)
}

/// The beginning of the keys of all rows of a user.
pub(crate) fn of(user: &BareJid) -> String {
    format!("thread/{user}/")
}

fn digest(word: &str) -> String {
    let digest = Sha256::digest(word.as_bytes());
    BASE32_NOPAD
        .encode(digest.get(..10).unwrap_or_default())
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
