//! Whom the gateway is talking to: half-filled forms and conversations, kept for a while and in memory only, and how much
//! each user asks at once.

use super::chat::Conversation;
use super::commands::Session;
use causeway_core::clock::Timestamp;
use jid::BareJid;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many of a kind are kept.
const MOST: usize = 500;
/// How many of a kind are kept for one user.
const MOST_EACH: usize = 5;
/// How long one is kept after it was last used.
const TIME: Duration = Duration::from_secs(900);
/// How many calls of one user may be under way.
const CALLS: usize = 4;
/// How much somebody may fill in or say, in bytes.
pub(super) const LARGEST: usize = 16 << 10;

/// Everything that it has in mind at one domain.
#[derive(Clone, Default)]
pub(crate) struct Attention {
    /// Forms of ad-hoc commands.
    pub(super) sessions: Remembered<Session>,
    /// Conversations.
    pub(super) talks: Remembered<Arc<tokio::sync::Mutex<Conversation>>>,
    calls: Arc<Mutex<BTreeMap<BareJid, usize>>>,
    counted: Arc<AtomicU64>,
}

/// Things of users, each under the full JID that it belongs to and a name; the one that rested longest goes first.
pub(super) struct Remembered<V>(Arc<Mutex<BTreeMap<Key, Kept<V>>>>);

/// Whose something is, and which of his it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) user: BareJid,
    pub(super) full: String,
    pub(super) name: String,
}

/// A call that is under way.
pub(super) struct UnderWay {
    user: BareJid,
    calls: Arc<Mutex<BTreeMap<BareJid, usize>>>,
}

struct Kept<V> {
    value: V,
    used: Timestamp,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Attention {
    /// A number that it never gave before.
    pub(super) fn count(&self) -> u64 {
        self.counted.fetch_add(1, Ordering::Relaxed)
    }

    /// Begins a call of a user's; `None` while too many of his are under way.
    pub(super) fn begin(&self, user: &BareJid) -> Option<UnderWay> {
        let mut calls = lock(&self.calls);
        let count = calls.entry(user.clone()).or_default();
        (*count < CALLS).then(|| {
            *count += 1;
            UnderWay {
                user: user.clone(),
                calls: self.calls.clone(),
            }
        })
    }
}

impl<V> Remembered<V> {
    /// Keeps a thing; what makes room for it is forgotten.
    pub(super) fn keep(&self, key: Key, value: V, now: Timestamp) {
        let mut all = lock(&self.0);
        all.retain(|_, kept| now.since(kept.used) < TIME);
        let is_his = |other: &Key| other.user == key.user;
        let others = |all: &BTreeMap<Key, Kept<V>>| all.keys().filter(|other| is_his(other) && **other != key).count();
        if others(&all) >= MOST_EACH {
            forget_oldest(&mut all, is_his);
        }
        if all.len() >= MOST {
            forget_oldest(&mut all, |_| true);
        }
        all.insert(key, Kept { value, used: now });
    }

    /// Gives a thing and forgets it.
    pub(super) fn take(&self, key: &Key, now: Timestamp) -> Option<V> {
        let kept = lock(&self.0).remove(key)?;
        (now.since(kept.used) < TIME).then_some(kept.value)
    }
}

impl<V: Clone + Default> Remembered<V> {
    /// The thing under a key, made where there is none.
    pub(super) fn at(&self, key: Key, now: Timestamp) -> V {
        let value = self.take(&key, now).unwrap_or_default();
        self.keep(key, value.clone(), now);
        value
    }
}

impl<V> Clone for Remembered<V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<V> Default for Remembered<V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut calls = lock(&self.calls);
        if let Some(count) = calls.get_mut(&self.user) {
            *count = count.saturating_sub(1);
        }
        calls.retain(|_, count| *count > 0);
    }
}

fn forget_oldest<V>(all: &mut BTreeMap<Key, Kept<V>>, among: impl Fn(&Key) -> bool) {
    let oldest = all
        .iter()
        .filter(|(key, _)| among(key))
        .min_by_key(|(_, kept)| kept.used)
        .map(|(key, _)| key.clone());
    if let Some(oldest) = oldest {
        all.remove(&oldest);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
