//! Who may pass and how much at once: the admin's rules, the limits, and what each user wants of strangers.

use crate::engine::dispatch::HOME;
use crate::engine::rulebook::Rulebook;
use causeway_core::address::{Contact, NetworkId, Party};
use causeway_core::clock::{Clock, Timestamp};
use causeway_core::delivery::{Event, Stage};
use causeway_core::envelope::{Draft, EnvelopeId};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::limit::{Limits, Usage, weight};
use causeway_core::network::{Arrival, Row};
use causeway_core::policy::Policy;
use causeway_core::registration::{Acquaintance, Registration, Settings, Strangers};
use causeway_store::{Change, Ledger, StoreError};
use jid::BareJid;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The shelf of what was counted.
const SHELF: &str = "limits";
/// How many senders are counted in memory; beyond that the ledger remembers for a while.
const SENDERS: usize = 4096;
/// How many messages of a stranger may wait for the user's word.
const WAITING: usize = 100;
/// How many rows one round of tidying looks at.
const PAGE: usize = 200;

/// The gate that every message passes on its way into the ledger.
pub struct Gate {
    policy: Policy,
    rulebook: Rulebook,
    limits: Limits,
    ledger: Arc<Ledger>,
    clock: Arc<dyn Clock>,
    usage: Mutex<BTreeMap<String, Usage>>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Gate {
    /// A gate in front of `ledger`.
    pub fn new(policy: Policy, limits: Limits, ledger: Arc<Ledger>, clock: Arc<dyn Clock>) -> Self {
        Self {
            policy,
            rulebook: Rulebook::read(&ledger),
            limits,
            ledger,
            clock,
            usage: Mutex::default(),
        }
    }

    /// Whether a message would pass; nothing is counted.
    pub fn admit(&self, draft: &Draft) -> Result<(), Fault> {
        self.rulebook.admit(&self.policy, draft)?;
        self.welcome(draft)?;
        match self.limits.of(draft) {
            Some((rates, who)) => self.with_usage(who, |usage| {
                usage.clone().take(rates, weight(&draft.payload), self.clock.now())
            }),
            None => Ok(()),
        }
    }

    /// Lets messages through and counts them; what to write down about that. Where one does not pass, none does.
    pub fn pass<'a>(&self, drafts: impl Iterator<Item = &'a Draft>) -> Result<Vec<Change>, Fault> {
        let (mut counts, mut changes) = (Vec::new(), Vec::new());
        for draft in drafts {
            self.rulebook.admit(&self.policy, draft)?;
            self.welcome(draft)?;
            counts.extend(self.count(draft)?);
            if let (Party::Home(user), Party::Foreign(contact), Some(_)) =
                (&draft.from, &draft.to, draft.payload.text())
            {
                changes.extend(self.introduce(user, contact, Acquaintance::Known)?);
            }
        }
        changes.extend((!counts.is_empty()).then(|| rows_on(SHELF, counts)));
        Ok(changes)
    }

    /// The config's rules about who may pass.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The admins' orders about that.
    pub fn rulebook(&self) -> &Rulebook {
        &self.rulebook
    }

    /// What to write down when a user has said how he stands to a contact, be it by writing to it. What waited for his
    /// word goes on at once. Nothing when he stood so before.
    pub fn introduce(&self, user: &BareJid, contact: &Contact, stands: Acquaintance) -> Result<Vec<Change>, Fault> {
        let before = self.acquaintance(user, contact);
        if before == Some(stands) {
            return Ok(Vec::new());
        }
        let row = Row::put(Acquaintance::key(user, contact), stands.as_bytes());
        let mut changes = vec![rows_on(HOME, vec![row])];
        if before == Some(Acquaintance::Asked) {
            let waiting = self
                .waiting(user, contact)
                .map_err(|_| Fault::of(FaultKind::Internal))?;
            changes.extend(waiting.into_iter().map(|id| Change::Step {
                id,
                event: Event::Hurried,
            }));
        }
        Ok(changes)
    }

    /// What a contact has said to a user and what is not over.
    fn waiting(&self, user: &BareJid, contact: &Contact) -> Result<Vec<EnvelopeId>, StoreError> {
        let (user, contact) = (Party::Home(user.clone()), Party::Foreign(contact.clone()));
        let mut waiting = Vec::new();
        for id in self.ledger.history(&contact, Some(&user), WAITING)? {
            let is_waiting = self
                .ledger
                .delivery(id)?
                .is_some_and(|delivery| matches!(delivery.stage, Stage::Queued { .. }));
            let is_his = self
                .ledger
                .envelope(id)?
                .is_some_and(|envelope| envelope.draft.from == contact);
            waiting.extend((is_waiting && is_his).then_some(id));
        }
        Ok(waiting)
    }

    /// Rows of senders who have been quiet for so long that they count as new, those behind `after`; and where to go on.
    pub fn idle(&self, after: Option<&str>, now: Timestamp) -> Result<(Option<Change>, Option<String>), StoreError> {
        let rows = self.ledger.rows(SHELF, "", after, PAGE)?;
        let last = rows.last().map(|(key, _)| key.clone());
        let mut gone = Vec::new();
        for (key, value) in rows {
            let is_over = serde_json::from_slice::<Usage>(&value).map_or(true, |usage| usage.is_over(now));
            if is_over {
                self.usage.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
                gone.push(Row::gone(key));
            }
        }
        Ok(((!gone.is_empty()).then(|| rows_on(SHELF, gone)), last))
    }

    fn count(&self, draft: &Draft) -> Result<Option<Row>, Fault> {
        let Some((rates, who)) = self.limits.of(draft).filter(|(rates, _)| !rates.is_empty()) else {
            return Ok(None);
        };
        self.with_usage(who.clone(), |usage| {
            usage.take(rates, weight(&draft.payload), self.clock.now())?;
            let value = serde_json::to_vec(usage).map_err(|_| Fault::of(FaultKind::Internal))?;
            Ok(Some(Row::put(who, value)))
        })
    }

    fn with_usage<T>(&self, who: String, work: impl FnOnce(&mut Usage) -> T) -> T {
        let mut all = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= SENDERS && !all.contains_key(&who) {
            all.clear();
        }
        let usage = all.entry(who).or_insert_with_key(|who| self.remembered(who));
        work(usage)
    }

    fn remembered(&self, who: &str) -> Usage {
        let row = self.ledger.row(SHELF, who).ok().flatten();
        row.and_then(|row| serde_json::from_slice(&row).ok())
            .unwrap_or_default()
    }

    /// Whether the user takes a message from this sender. What waits for the user's word is let in: it waits inside.
    fn welcome(&self, draft: &Draft) -> Result<(), Fault> {
        let (Party::Foreign(contact), Party::Home(user), true) = (&draft.from, &draft.to, draft.payload.is_said())
        else {
            return Ok(());
        };
        let wanted = match self.settings(&contact.network, user).strangers {
            Strangers::Deliver => true,
            Strangers::Ask => self.acquaintance(user, contact) != Some(Acquaintance::Refused),
            Strangers::Refuse => self.acquaintance(user, contact) == Some(Acquaintance::Known),
        };
        match wanted {
            true => Ok(()),
            false => Err(Fault::of(FaultKind::NotWanted)),
        }
    }

    fn settings(&self, network: &NetworkId, user: &BareJid) -> Settings {
        let row = self.ledger.row(HOME, &Registration::key(network, user)).ok().flatten();
        row.and_then(|row| Registration::read(&row))
            .unwrap_or_default()
            .settings
    }

    fn acquaintance(&self, user: &BareJid, contact: &Contact) -> Option<Acquaintance> {
        let row = self
            .ledger
            .row(HOME, &Acquaintance::key(user, contact))
            .ok()
            .flatten()?;
        Acquaintance::read(&row)
    }
}

fn rows_on(shelf: &str, rows: Vec<Row>) -> Change {
    Change::Arrive {
        shelf: shelf.to_owned(),
        arrival: Arrival::rows(rows),
        ids: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
