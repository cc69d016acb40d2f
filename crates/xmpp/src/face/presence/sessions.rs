//! Which sessions of users are known to be online.

use crate::address::Caller;
use jid::BareJid;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many are remembered at most; then those of who comes are forgotten, or else all, and some are greeted twice.
const SESSIONS: usize = 4096;

/// The sessions that told a contact, or the gateway, that they are online. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sessions(Arc<Mutex<BTreeSet<Session>>>);

/// The account, the local part of whom it told, which is empty for the gateway, and the full JID.
type Session = (String, String, String);

// ---------------------------------------------------------------------------------------------------------------------

impl Sessions {
    /// A session came; whether it was not there before.
    pub(super) fn came(&self, caller: &Caller, local: Option<&str>) -> bool {
        let mut all = self.lock();
        if all.len() >= SESSIONS {
            let his = caller.bare.as_str();
            all.retain(|(bare, _, _)| bare != his);
        }
        if all.len() >= SESSIONS {
            all.clear();
        }
        all.insert(session(caller, local))
    }

    /// A session left; whether it was there.
    pub(super) fn left(&self, caller: &Caller, local: Option<&str>) -> bool {
        self.lock().remove(&session(caller, local))
    }

    /// The full JIDs of a user's sessions that told the gateway.
    pub(crate) fn of(&self, user: &BareJid) -> Vec<String> {
        let first = (user.to_string(), String::new(), String::new());
        self.lock()
            .range(first..)
            .take_while(|(bare, local, _)| *bare == user.as_str() && local.is_empty())
            .map(|(_, _, full)| full.clone())
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn session(caller: &Caller, local: Option<&str>) -> Session {
    (
        caller.bare.to_string(),
        local.unwrap_or_default().to_owned(),
        caller.full.clone(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_shows_himself_to_everybody_pushes_out_nobody_else() {
        let sessions = Sessions::default();
        let caller = |full: &str| Caller::read(full).unwrap();
        assert!(sessions.came(&caller("romeo@verona.example/balcony"), None));
        for n in 0..2 * SESSIONS {
            sessions.came(&caller("tybalt@verona.example/street"), Some(&format!("guest{n}")));
        }
        let romeo = caller("romeo@verona.example/balcony");
        assert_eq!(sessions.of(&romeo.bare), [romeo.full]);
    }
}
