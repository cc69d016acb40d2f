//! Questions to others: an IQ goes out over the link, and its answer comes back to whoever asked.

use super::line::{Line, Order};
use crate::address::Speaker;
use crate::ns;
use crate::stanza::Outward;
use crate::xml::text_of;
use minidom::Element;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How many questions of one domain may be open at once.
const MOST: usize = 256;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many archived messages one answer may bring along.
const MOST_RESULTS: usize = 256;

/// Something to ask somebody (RFC 6120 section 8.2.3).
pub(crate) struct Question<F: FnOnce(&str) -> Element> {
    /// Who asks.
    pub(crate) from: Speaker,
    /// Who is asked, exactly as the answer's `from` will be written.
    pub(crate) to: String,
    /// Whether something is to be changed.
    pub(crate) set: bool,
    /// Makes the request; it is told the question's id.
    pub(crate) payload: F,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The `<iq type='result'/>`.
    pub(crate) stanza: Element,
    /// The messages that came before it with the question's id as their query id (XEP-0313 section 4.2), in their order.
    pub(crate) results: Vec<Element>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// There is no link, or it broke before the answer came. Whether the question was heard is not known.
    Offline,
    /// Too many questions are open.
    Busy,
    /// Nothing came in time. Whether the question was heard is not known.
    Silence,
    /// The other side said no.
    Refused(Refused),
}

/// A no, in the other side's words (RFC 6120 section 8.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The defined condition; empty where there is none.
    pub(crate) condition: String,
    /// What it says for people.
    pub(crate) text: Option<String>,
}

/// The open questions of one domain, shared by those who ask and the link that hears the answers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Requests(Arc<Mutex<Open>>);

/// An answer that is waited for. The question is closed when this is dropped.
#[derive(Debug)]
pub(crate) struct Awaited {
    /// The id of the question.
    pub(crate) id: String,
    requests: Requests,
    answer: oneshot::Receiver<Result<Answer, Refused>>,
}

#[derive(Debug, Default)]
struct Open {
    /// What makes the ids of this connection differ from those of any other; `None` while there is none.
    stream: Option<String>,
    serial: u64,
    waiting: BTreeMap<String, Waiting>,
}

#[derive(Debug)]
struct Waiting {
    who: String,
    results: Vec<Element>,
    answer: oneshot::Sender<Result<Answer, Refused>>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Line {
    /// Asks, and waits for the answer, at most half a minute. The answer counts only if it has the question's id and
    /// comes from exactly the JID that was asked (RFC 6120 section 8.1.2.1). Never call this while the link waits for
    /// you: run it as a task, or as the `later` of a stanza's deeds.
    pub(crate) async fn ask<F: FnOnce(&str) -> Element>(&self, question: Question<F>) -> Result<Answer, NoAnswer> {
        let awaited = self.requests.open(&question.to)?;
        let Question { from, to, set, payload } = question;
        let stanza = match set {
            true => Outward::set(&from, &to, &awaited.id),
            false => Outward::get(&from, &to, &awaited.id),
        };
        let stanza = stanza.holding(payload(&awaited.id));
        // Nobody waits for this proof: the answer proves more.
        let (proof, _) = oneshot::channel();
        let stanzas = vec![stanza];
        let answer = async {
            let sent = self.orders.send(Order { stanzas, proof }).await;
            sent.map_err(|_| NoAnswer::Offline)?;
            awaited.answer().await
        };
        timeout(PATIENCE, answer).await.map_err(|_| NoAnswer::Silence)?
    }
}

impl Requests {
    /// Makes an id for a question to `who`, and waits for its answer from here on.
    pub(crate) fn open(&self, who: &str) -> Result<Awaited, NoAnswer> {
        let mut open = self.lock();
        if open.waiting.len() >= MOST {
            return Err(NoAnswer::Busy);
        }
        open.serial = open.serial.wrapping_add(1);
        let id = match &open.stream {
            Some(stream) => format!("ask-{stream}-{}", open.serial),
            None => return Err(NoAnswer::Offline),
        };
        let (tell, answer) = oneshot::channel();
        let waiting = Waiting {
            who: who.to_owned(),
            results: Vec::new(),
            answer: tell,
        };
        open.waiting.insert(id.clone(), waiting);
        Ok(Awaited {
            id,
            requests: self.clone(),
            answer,
        })
    }

    /// The stream with this id is open; what an earlier one asked will not be answered any more.
    pub(super) fn connected(&self, stream: &str) {
        let mut open = self.lock();
        open.waiting.clear();
        open.stream = Some(stream.to_owned());
    }

    /// There is no stream.
    pub(super) fn disconnected(&self) {
        let mut open = self.lock();
        open.waiting.clear();
        open.stream = None;
    }

    /// Takes an answer, or a part of one; whether it was that.
    pub(crate) fn take(&self, stanza: &Element) -> bool {
        match (stanza.name(), stanza.attr("type")) {
            ("iq", Some("result" | "error")) | ("message", Some("error")) => self.close(stanza),
            ("message", _) => self.collect(stanza),
            _ => false,
        }
    }

    fn close(&self, stanza: &Element) -> bool {
        let (Some(id), Some(from)) = (stanza.attr("id"), stanza.attr("from")) else {
            return false;
        };
        let mut open = self.lock();
        if open.waiting.get(id).is_none_or(|waiting| waiting.who != from) {
            return false;
        }
        let Some(Waiting { results, answer, .. }) = open.waiting.remove(id) else {
            return false;
        };
        let said = match stanza.attr("type") {
            Some("result") => Ok(Answer {
                stanza: stanza.clone(),
                results,
            }),
            _ => Err(Refused::read(stanza)),
        };
        // Whoever asked may have gone in this very moment.
        let _ = answer.send(said);
        true
    }

    fn collect(&self, stanza: &Element) -> bool {
        let result = stanza.children().find(|child| child.is("result", ns::MAM));
        let (Some(id), Some(from)) = (result.and_then(|it| it.attr("queryid")), stanza.attr("from")) else {
            return false;
        };
        match self.lock().waiting.get_mut(id) {
            Some(waiting) if waiting.who == from => {
                if waiting.results.len() < MOST_RESULTS {
                    waiting.results.push(stanza.clone());
                }
                true
            }
            _ => false,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Awaited {
    /// Waits for the answer, however long.
    pub(crate) async fn answer(mut self) -> Result<Answer, NoAnswer> {
        match (&mut self.answer).await {
            Ok(said) => said.map_err(NoAnswer::Refused),
            Err(_) => Err(NoAnswer::Offline),
        }
    }

    /// What was answered so far.
    pub(crate) fn answered(&mut self) -> Option<Result<Answer, NoAnswer>> {
        let said = self.answer.try_recv().ok()?;
        Some(said.map_err(NoAnswer::Refused))
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        self.requests.lock().waiting.remove(&self.id);
    }
}

impl Refused {
    /// Reads the `<error/>` of a stanza.
    pub(crate) fn read(stanza: &Element) -> Self {
        let error = stanza.children().find(|child| child.name() == "error");
        let condition = error.and_then(|error| {
            error
                .children()
                .find(|child| child.has_ns(ns::STANZA_ERRORS) && child.name() != "text")
        });
        Self {
            condition: condition.map(Element::name).unwrap_or_default().to_owned(),
            text: error.and_then(|error| text_of(error, "text", ns::STANZA_ERRORS)),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.condition)?;
        match &self.text {
            Some(text) => write!(f, " ({text})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offline => f.write_str("the XMPP server is not connected"),
            Self::Busy => f.write_str("too many questions are open"),
            Self::Silence => f.write_str("no answer came"),
            Self::Refused(refused) => write!(f, "the answer is {refused}"),
        }
    }
}

#[cfg(test)]
mod tests;
