//! How much at once: leaky buckets for what users send and for what senders outside send to them.

use crate::address::Party;
use crate::clock::Timestamp;
use crate::envelope::Draft;
use crate::fault::{Fault, FaultKind};
use crate::message::Payload;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// So much in so long. The whole amount may come at once; it drains evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// What is counted.
    pub measure: Measure,
    /// How many messages or bytes; at least 1.
    pub amount: u64,
    /// In how long; at least a second.
    pub per: Duration,
}

/// What a rate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Measure {
    /// Messages.
    Messages,
    /// Bytes of text and files.
    Bytes,
}

/// The admin's rates; from the config.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limits {
    /// For what one user at home sends.
    pub user: Vec<Rate>,
    /// For what one address outside sends to everybody at home together.
    pub sender: Vec<Rate>,
}

/// How much somebody has sent lately: one bucket for each rate that he was ever measured by.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage(Vec<Bucket>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Bucket {
    measure: Measure,
    /// Seconds in which it drains.
    per: u64,
    /// What is in it, in thousandths.
    level: u64,
    /// When that was so.
    at: Timestamp,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Limits {
    /// The rates that a message counts against, and a text that is equal for everything that counts together. `None` for
    /// what is not counted: news, and what passes inside of home. Who may be somebody else counts apart, so that nobody
    /// can use up what another may send.
    pub fn of(&self, draft: &Draft) -> Option<(&[Rate], String)> {
        match (&draft.payload, &draft.from) {
            (Payload::News(_), _) => None,
            (_, from @ Party::Home(_)) => Some((&self.user, from.key())),
            (_, from @ Party::Foreign(_)) if draft.unproven => Some((&self.sender, format!("{}\0?", from.key()))),
            (_, from @ Party::Foreign(_)) => Some((&self.sender, from.key())),
        }
    }
}

impl Usage {
    /// Counts a message of `bytes` bytes, unless a bucket would run over: then nothing is counted, and the fault says
    /// what the limit is and when there is room again.
    pub fn take(&mut self, rates: &[Rate], bytes: u64, now: Timestamp) -> Result<(), Fault> {
        let mut taken = Vec::with_capacity(rates.len());
        for rate in rates {
            let level = self.level(rate, now);
            let cost = rate.cost(bytes);
            let room = rate.amount.saturating_mul(1000);
            // What is larger than the whole bucket passes when that is empty: sizes have limits of their own, and those of
            // files behind links are only declared.
            if level > 0 && level.saturating_add(cost) > room {
                return Err(rate.exceeded(level.saturating_add(cost).saturating_sub(room).min(level)));
            }
            taken.push(Bucket {
                measure: rate.measure,
                per: rate.per.as_secs(),
                level: level.saturating_add(cost).min(room.saturating_mul(2)),
                at: now,
            });
        }
        self.0 = taken;
        Ok(())
    }

    /// Whether nothing is left in it that could ever refuse anything.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.0
            .iter()
            .all(|bucket| now.since(bucket.at) >= Duration::from_secs(bucket.per.saturating_mul(2)))
    }

    /// What is in the bucket of a rate at this moment.
    fn level(&self, rate: &Rate, now: Timestamp) -> u64 {
        let bucket = self
            .0
            .iter()
            .find(|bucket| bucket.measure == rate.measure && bucket.per == rate.per.as_secs());
        bucket.map_or(0, |bucket| {
            let drained = u128::from(rate.amount)
                .saturating_mul(now.since(bucket.at).as_millis())
                .saturating_mul(1000)
                / rate.per.as_millis().max(1);
            bucket.level.saturating_sub(u64::try_from(drained).unwrap_or(u64::MAX))
        })
    }
}

impl Rate {
    fn cost(&self, bytes: u64) -> u64 {
        match self.measure {
            Measure::Messages => 1000,
            Measure::Bytes => bytes.saturating_mul(1000),
        }
    }

    /// `over` is what must drain first, in thousandths.
    fn exceeded(&self, over: u64) -> Fault {
        let wait = u128::from(over).saturating_mul(self.per.as_millis()) / u128::from(self.amount.max(1)) / 1_000_000;
        let amount = match self.measure {
            Measure::Messages => self.amount.to_string(),
            Measure::Bytes => format!("{} MB", self.amount / 1_000_000),
        };
        let per = match self.per.as_secs() {
            60 => "min".to_owned(),
            3600 => "h".to_owned(),
            86_400 => "d".to_owned(),
            s => format!("{s} s"),
        };
        Fault::of(FaultKind::TooFast).saying(&format!("limit {amount}/{per}, again in {} s", wait.saturating_add(1)))
    }
}

/// What a message weighs: its text and the files that come with it, in bytes.
pub fn weight(payload: &Payload) -> u64 {
    payload.text().map_or(0, |text| {
        let files = text.attachments.iter().filter_map(|file| file.size);
        files.fold(text.body.as_str().len() as u64, u64::saturating_add)
    })
}

#[cfg(test)]
mod tests;
