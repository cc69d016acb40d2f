//! How far the server has read: a ping behind the stanzas, and its answer, which proves all that went before it.
//!
//! XEP-0114 has no acknowledgements, but a stream keeps its order (RFC 6120 section 10.1).

use super::line::{Fate, Proof};

/// The stanzas of one connection that wait for their proof. When it is dropped they are in doubt.
#[derive(Debug)]
pub(crate) struct Watermark {
    /// What makes the ids of this connection differ from those of any other: an answer may come late, to the next one.
    stream: String,
    serial: u64,
    /// Written after the outstanding ping.
    behind: Vec<Proof>,
    /// Written before the outstanding ping.
    before: Vec<Proof>,
    outstanding: Option<String>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Watermark {
    pub(crate) fn new(stream: &str) -> Self {
        Self {
            stream: stream.to_owned(),
            serial: 0,
            behind: Vec::new(),
            before: Vec::new(),
            outstanding: None,
        }
    }

    /// A stanza was written whose sender wants proof.
    pub(crate) fn wrote(&mut self, proof: Proof) {
        self.behind.push(proof);
    }

    /// Whether a ping is due: something waits, and no ping is under way. One ping covers all that was written before it.
    pub(crate) fn is_due(&self) -> bool {
        self.outstanding.is_none() && !self.behind.is_empty()
    }

    /// Whether nothing waits.
    pub(crate) fn is_quiet(&self) -> bool {
        self.behind.is_empty() && self.before.is_empty()
    }

    /// Whether a ping is under way.
    pub(crate) fn is_asking(&self) -> bool {
        self.outstanding.is_some()
    }

    /// The id of the next ping, which must be written next.
    pub(crate) fn ask(&mut self) -> String {
        self.serial += 1;
        let id = format!("ping-{}-{}", self.stream, self.serial);
        self.before.append(&mut self.behind);
        self.outstanding = Some(id.clone());
        id
    }

    /// An answer came; whether it was the one that is waited for.
    pub(crate) fn answered(&mut self, id: &str) -> bool {
        if self.outstanding.as_deref() != Some(id) {
            return false;
        }
        self.outstanding = None;
        for proof in self.before.drain(..) {
            // Nobody listens any more when the delivery was given up.
            let _ = proof.send(Fate::Taken);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[test]
    fn an_answer_proves_what_was_written_before_its_ping_and_nothing_else() {
        let mut mark = Watermark::new("s");
        let (first, mut first_fate) = oneshot::channel();
        let (second, mut second_fate) = oneshot::channel();
        mark.wrote(first);
        let ping = mark.ask();
        mark.wrote(second);
        assert!(!mark.is_due(), "one ping at a time");
        assert!(!mark.answered("ping-s-0") && !mark.answered(""));
        assert!(mark.answered(&ping));
        assert_eq!(first_fate.try_recv(), Ok(Fate::Taken));
        assert!(second_fate.try_recv().is_err());
        assert!(mark.is_due());
        drop(mark);
        assert_eq!(second_fate.try_recv(), Err(oneshot::error::TryRecvError::Closed));
    }
}
