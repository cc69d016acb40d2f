//! One envelope on its way to its recipient; [`Delivery::apply`] and nothing else decides its stage.

use crate::address::Party;
use crate::clock::Timestamp;
use crate::envelope::{Envelope, EnvelopeId};
use crate::evidence::Evidence;
use crate::fault::{Fault, FaultKind};
use crate::hop::Step;
use crate::language::Language;
use crate::promise::{Owed, Terms};
use serde::{Deserialize, Serialize};

/// How many times the process may die with a delivery in hand; after one more it is put aside. An innocent delivery is
/// in hand at a crash as often as the one that caused it, so a single repetition proves nothing.
pub const CRASHES_ALLOWED: u32 = 3;

/// The state of one envelope's way to its recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The envelope.
    pub envelope: EnvelopeId,
    /// How far it is.
    pub stage: Stage,
    /// How many tries have begun.
    pub attempts: u32,
    /// How many tries ended without anybody knowing whether the other side has it: a copy may exist.
    pub doubts: u32,
    /// How many times the process died with it in hand.
    pub crashes: u32,
    /// When it fails if nobody takes it before.
    pub expires: Timestamp,
    /// The reason of the latest wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<Fault>,
    /// How many times its sender was told of a delay.
    pub notices: u32,
}

/// How far a delivery is. Each variant has exactly its own data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case")]
pub enum Stage {
    /// Waits for its turn, not before `due`.
    Queued {
        /// The earliest next try.
        due: Timestamp,
    },
    /// A try has begun.
    InFlight {
        /// When.
        since: Timestamp,
    },
    /// The next side has taken it; what became of it there is not known.
    Handed {
        /// When.
        at: Timestamp,
    },
    /// It reached a device or mailbox.
    Delivered {
        /// When.
        at: Timestamp,
    },
    /// The recipient has seen it.
    Seen {
        /// When.
        at: Timestamp,
    },
    /// It will not arrive.
    Failed {
        /// When that was decided.
        at: Timestamp,
        /// Why.
        fault: Fault,
    },
    /// Put aside for an admin.
    Held {
        /// When.
        at: Timestamp,
        /// Why.
        fault: Fault,
    },
}

/// Everything that can happen to a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Its lane's turn has come: a try begins.
    Leased,
    /// The next side has it. `final_stop` when that side is the mailbox or device itself.
    Handed {
        /// Whether there is nothing behind it that could still fail.
        final_stop: bool,
    },
    /// The try failed, and the other side does not have it.
    Refused(Fault),
    /// The line broke; the other side may have it.
    InDoubt(Fault),
    /// The process started and found it in flight.
    Recovered,
    /// The process stopped in order before the try was over; it never left the house.
    Returned,
    /// News from outside.
    Evidence(Evidence),
    /// Its time is over.
    Expired,
    /// An admin stopped it.
    Cancelled,
    /// Its sender has taken it back or said it better. That means nothing once the other side may have it.
    Withdrawn,
    /// An admin wants it tried at once.
    Hurried,
}

/// What follows from an event besides the new stage.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Effects {
    /// The step to record, if there was one.
    pub step: Option<Step>,
    /// What the sender must hear.
    pub owed: Option<Owed>,
}

/// The deliveries that must stay in order: everything from one party to one other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane {
    /// Who speaks.
    pub from: Party,
    /// Who is spoken to.
    pub to: Party,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Delivery {
    /// The delivery of a fresh envelope, due at once.
    pub fn new(envelope: &Envelope, terms: &Terms) -> Self {
        Self {
            envelope: envelope.id,
            stage: Stage::Queued { due: envelope.accepted },
            attempts: 0,
            doubts: 0,
            crashes: 0,
            expires: envelope.accepted.plus(terms.lifetime_of(&envelope.draft)),
            waits_for: None,
            notices: 0,
        }
    }

    /// The new state after `event` at `now`, and what follows; `None` when the event means nothing in this stage, for
    /// example a receipt that comes twice. Stages only rise, except that a try that failed goes back to the queue.
    pub fn apply(&self, event: &Event, now: Timestamp, terms: &Terms) -> Option<(Self, Effects)> {
        let mut next = self.clone();
        let effects = match (&self.stage, event) {
            (Stage::Queued { .. }, Event::Leased) => {
                next.stage = Stage::InFlight { since: now };
                next.attempts = self.attempts.saturating_add(1);
                Effects::step(Step::Tried)
            }
            (Stage::InFlight { .. }, Event::Handed { final_stop }) => {
                next.waits_for = None;
                if *final_stop {
                    next.stage = Stage::Delivered { at: now };
                    Effects {
                        step: Some(Step::Handed),
                        owed: Some(Owed::Delivered),
                    }
                } else {
                    next.stage = Stage::Handed { at: now };
                    Effects::step(Step::Handed)
                }
            }
            (Stage::InFlight { .. }, Event::Refused(fault)) if !fault.retry => next.fail(fault.clone(), now),
            (Stage::InFlight { .. }, Event::Refused(fault)) => next.wait(fault.clone(), Step::Deferred, now, terms),
            (Stage::InFlight { .. }, Event::InDoubt(fault)) => {
                next.doubts = self.doubts.saturating_add(1);
                next.wait(fault.clone(), Step::InDoubt, now, terms)
            }
            (Stage::InFlight { .. }, Event::Returned) => {
                next.stage = Stage::Queued { due: now };
                next.attempts = self.attempts.saturating_sub(1);
                Effects::default()
            }
            (Stage::InFlight { .. }, Event::Recovered) => next.recover(now),
            (Stage::Queued { .. }, Event::Expired) => {
                let last = self.waits_for.clone();
                next.expire(last.as_ref(), now)
            }
            (Stage::Queued { .. } | Stage::Held { .. }, Event::Cancelled) => {
                next.fail(Fault::of(FaultKind::Cancelled), now)
            }
            (Stage::Queued { .. }, Event::Withdrawn) if self.doubts == 0 => {
                let told = next.fail(Fault::of(FaultKind::Withdrawn), now);
                Effects { owed: None, ..told }
            }
            (Stage::Queued { .. }, Event::Hurried) => {
                next.stage = Stage::Queued { due: now };
                Effects::default()
            }
            (Stage::Held { .. }, Event::Hurried) => {
                next.stage = Stage::Queued { due: now };
                next.crashes = 0;
                next.expires = now.plus(terms.lifetime);
                Effects::default()
            }
            (_, Event::Evidence(evidence)) => return self.hear(evidence, now),
            _ => return None,
        };
        Some((next, effects))
    }

    /// Whether it still waits or is under way.
    pub fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Queued { .. } | Stage::InFlight { .. })
    }

    fn has_failed(&self) -> bool {
        matches!(self.stage, Stage::Failed { .. })
    }

    fn fail(&mut self, fault: Fault, now: Timestamp) -> Effects {
        self.stage = Stage::Failed {
            at: now,
            fault: fault.clone(),
        };
        Effects {
            step: Some(Step::Failed),
            owed: Some(Owed::Failed(fault)),
        }
    }

    /// Its time is over; `last` is what it waited for.
    fn expire(&mut self, last: Option<&Fault>, now: Timestamp) -> Effects {
        let mut said = last.map(|fault| fault.told(Language::En)).unwrap_or_default();
        if self.doubts > 0 {
            said.push_str("; it may have arrived all the same");
        }
        self.fail(Fault::of(FaultKind::Expired).saying(said.trim_start_matches("; ")), now)
    }

    /// Back to the queue; the sender hears of the first wait, and once more when it has lasted.
    fn wait(&mut self, fault: Fault, step: Step, now: Timestamp, terms: &Terms) -> Effects {
        let due = terms.schedule.next(&self.envelope, self.attempts, now);
        if due >= self.expires && now >= self.expires {
            return self.expire(Some(&fault), now);
        }
        self.stage = Stage::Queued {
            due: due.min(self.expires),
        };
        // A try that ended in order was survived: what the process died of before was something else.
        self.crashes = 0;
        let waited_long = self.expires.minus(terms.lifetime).plus(terms.second_notice) <= now;
        let tell = self.notices == 0 || (self.notices == 1 && waited_long);
        let owed = tell.then(|| {
            self.notices += 1;
            Owed::Delayed(Some(fault.clone()))
        });
        self.waits_for = Some(fault);
        Effects { step: Some(step), owed }
    }

    fn recover(&mut self, now: Timestamp) -> Effects {
        self.doubts = self.doubts.saturating_add(1);
        self.crashes = self.crashes.saturating_add(1);
        if self.crashes > CRASHES_ALLOWED {
            self.stage = Stage::Held {
                at: now,
                fault: Fault::of(FaultKind::Poison),
            };
            return Effects {
                step: Some(Step::Held),
                owed: Some(Owed::Delayed(Some(Fault::of(FaultKind::Poison)))),
            };
        }
        self.stage = Stage::Queued { due: now };
        Effects::step(Step::Recovered)
    }

    /// What outside news does: the stage only rises, and a failure counts only while nothing better is known. Good news
    /// about a failed one are recorded and move nothing: its sender was told of the failure.
    fn hear(&self, evidence: &Evidence, now: Timestamp) -> Option<(Self, Effects)> {
        let mut next = self.clone();
        // Whoever relays or delays a doubtful one has it: it must not go out again.
        let taken = (self.is_open() && self.doubts > 0).then_some(Stage::Handed { at: now });
        let (stage, step) = match evidence {
            Evidence::Relayed if self.rank() <= 2 => (taken, Step::Expanded),
            Evidence::Delayed(_) if self.rank() <= 2 => (taken, Step::Deferred),
            Evidence::Delivered if self.has_failed() => return Some((next, Effects::step(Step::Delivered))),
            Evidence::Seen if self.has_failed() => return Some((next, Effects::step(Step::Seen))),
            Evidence::Delivered if self.rank() <= 2 => (Some(Stage::Delivered { at: now }), Step::Delivered),
            Evidence::Seen if self.rank() <= 3 => (Some(Stage::Seen { at: now }), Step::Seen),
            Evidence::Failed(fault) if self.rank() <= 2 => (
                Some(Stage::Failed {
                    at: now,
                    fault: fault.clone(),
                }),
                Step::Failed,
            ),
            _ => return None,
        };
        let owed = match evidence {
            Evidence::Delayed(_) if self.notices >= 2 => None,
            other => Option::from(other),
        };
        if matches!(evidence, Evidence::Delayed(_)) {
            next.notices = self.notices.saturating_add(1);
        }
        if let Some(stage) = stage {
            next.stage = stage;
        }
        Some((next, Effects { step: Some(step), owed }))
    }

    fn rank(&self) -> u8 {
        match self.stage {
            Stage::Queued { .. } => 0,
            Stage::InFlight { .. } => 1,
            Stage::Handed { .. } | Stage::Held { .. } => 2,
            Stage::Delivered { .. } => 3,
            Stage::Seen { .. } => 4,
            Stage::Failed { .. } => 5,
        }
    }
}

impl Effects {
    fn step(step: Step) -> Self {
        Self {
            step: Some(step),
            owed: None,
        }
    }
}

impl Lane {
    /// The lane of an envelope.
    pub fn of(envelope: &Envelope) -> Self {
        Self {
            from: envelope.draft.from.clone(),
            to: envelope.draft.to.clone(),
        }
    }

    /// A text that is equal for equal lanes only, for keys.
    pub fn key(&self) -> String {
        format!("{}\u{1}{}", self.from.key(), self.to.key())
    }
}

#[cfg(test)]
mod tests;
