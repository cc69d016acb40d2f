//! What was sent and what came: every message bears a token, so that none is lost, doubled or overtaken unseen.

use crate::bench::stopwatch::{Spans, now, rate};
use anyhow::{Result, bail};
use causeway_tests::patience::until;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Names one message: its conversation, and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Token {
    /// The run that it belongs to.
    pub(crate) run: u32,
    /// The conversation.
    pub(crate) conversation: u32,
    /// Its place in the conversation.
    pub(crate) number: u32,
}

/// The arrivals at one place.
#[derive(Debug, Default)]
pub(crate) struct Course(Mutex<Vec<(Token, Instant)>>);

/// What was sent, in order.
#[derive(Debug, Default)]
pub(crate) struct Sent(Vec<(Token, Instant)>);

/// What a run showed.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    /// How many were sent.
    pub(crate) sent: usize,
    /// How many of them came.
    pub(crate) came: usize,
    /// How many came more than once.
    pub(crate) doubled: usize,
    /// How many came after one that was said later in the same conversation.
    pub(crate) overtaken: usize,
    /// From sending to arrival.
    pub(crate) spans: Spans,
    /// From the first sending to the last arrival.
    pub(crate) whole: Duration,
}

/// What stands before the numbers, so that they are found among other words.
const MARK: &str = "bench-";

// ---------------------------------------------------------------------------------------------------------------------

impl Token {
    /// The last token in a text.
    pub(crate) fn find(text: &str) -> Option<Self> {
        let at = text.rfind(MARK)?;
        let mut numbers = text.get(at + MARK.len()..)?.get(..22)?.split('-');
        let mut number = || numbers.next()?.parse().ok();
        Some(Self {
            run: number()?,
            conversation: number()?,
            number: number()?,
        })
    }

    /// `count` messages, spread over `conversations` like cards.
    pub(crate) fn deal(run: u32, count: u32, conversations: u32) -> impl Iterator<Item = Self> {
        (0..count).map(move |n| Self {
            run,
            conversation: n % conversations,
            number: n / conversations,
        })
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{MARK}{:04}-{:07}-{:07}--", self.run, self.conversation, self.number)
    }
}

impl Course {
    /// A message came.
    pub(crate) fn got(&self, token: Token) {
        let at = now();
        self.list().push((token, at));
    }

    /// How many of a run came.
    pub(crate) fn count(&self, run: u32) -> usize {
        self.list().iter().filter(|(token, _)| token.run == run).count()
    }

    /// Waits until all that was sent has come, or nothing more comes for `patience`; then says how it went.
    pub(crate) fn judge(&self, sent: &Sent, patience: Duration) -> Result<Shown> {
        let Some((Token { run, .. }, _)) = sent.0.first() else {
            bail!("nothing was sent");
        };
        let wanted = sent.0.len();
        let mut before = 0;
        while before < wanted {
            let more = until("more arrivals", patience, || {
                let count = self.count(*run);
                Ok((count > before).then_some(count))
            });
            match more {
                Ok(count) => before = count,
                Err(_) => break,
            }
        }
        let came: Vec<_> = self
            .list()
            .iter()
            .filter(|(token, _)| token.run == *run)
            .copied()
            .collect();
        Ok(sent.compare(&came))
    }

    /// The arrivals of the run of `sent`, as sendings to the next place.
    pub(crate) fn as_sent(&self, sent: &Sent) -> Sent {
        let run = sent.0.first().map(|(token, _)| token.run);
        Sent(
            self.list()
                .iter()
                .filter(|(token, _)| Some(token.run) == run)
                .copied()
                .collect(),
        )
    }

    fn list(&self) -> MutexGuard<'_, Vec<(Token, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sent {
    /// Something is sent now.
    pub(crate) fn note(&mut self, token: Token) {
        self.note_at(token, now());
    }

    /// Something was sent at that moment.
    pub(crate) fn note_at(&mut self, token: Token, at: Instant) {
        self.0.push((token, at));
    }

    /// Adds what others sent at the same time.
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    fn compare(&self, came: &[(Token, Instant)]) -> Shown {
        let sent: BTreeMap<Token, Instant> = self.0.iter().copied().collect();
        let mut first: BTreeMap<Token, Instant> = BTreeMap::new();
        let mut latest: BTreeMap<u32, u32> = BTreeMap::new();
        let (mut doubled, mut overtaken) = (0, 0);
        for (token, at) in came {
            if first.contains_key(token) {
                doubled += 1;
                continue;
            }
            first.insert(*token, *at);
            let last = latest.entry(token.conversation).or_default();
            overtaken += usize::from(token.number < *last);
            *last = token.number.max(*last);
        }
        let spans = first
            .iter()
            .filter_map(|(token, at)| Some(at.saturating_duration_since(*sent.get(token)?)));
        let begin = self.0.iter().map(|(_, at)| *at).min();
        let end = came.iter().map(|(_, at)| *at).max();
        Shown {
            sent: sent.len(),
            came: first.len(),
            doubled,
            overtaken,
            spans: spans.collect(),
            whole: end
                .zip(begin)
                .map(|(end, begin)| end.saturating_duration_since(begin))
                .unwrap_or_default(),
        }
    }
}

impl Shown {
    /// How many came a second.
    pub(crate) fn rate(&self) -> f64 {
        rate(self.came, self.whole)
    }

    /// What went wrong; empty when nothing did.
    pub(crate) fn trouble(&self) -> String {
        let parts = [
            (self.sent.saturating_sub(self.came), "lost"),
            (self.doubled, "doubled"),
            (self.overtaken, "overtaken"),
        ];
        let told = parts.iter().filter(|(count, _)| *count > 0);
        told.map(|(count, what)| format!(", **{count} {what}**")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(conversation: u32, number: u32) -> Token {
        Token {
            run: 7,
            conversation,
            number,
        }
    }

    #[test]
    fn a_token_is_found_among_words() {
        let text = format!("Subject: old bench-0001-0000001-0000001-- Re: {} bye", token(12, 345));
        assert_eq!(Token::find(&text), Some(token(12, 345)));
        assert_eq!(Token::find("bench-"), None);
    }

    #[test]
    fn what_is_lost_doubled_or_overtaken_is_counted() {
        let mut sent = Sent::default();
        for token in [token(0, 0), token(0, 1), token(1, 0), token(1, 1)] {
            sent.note(token);
        }
        let at = now();
        let shown = sent.compare(&[
            (token(0, 1), at),
            (token(0, 0), at),
            (token(1, 0), at),
            (token(1, 0), at),
        ]);
        assert_eq!((shown.sent, shown.came, shown.doubled, shown.overtaken), (4, 3, 1, 1));
        assert_eq!(shown.trouble(), ", **1 lost**, **1 doubled**, **1 overtaken**");
    }
}
