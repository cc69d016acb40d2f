//! The questions and their answers as data; one JSON object a line on the control socket.

use causeway_core::command::Values;
use causeway_core::delivery::{Delivery, Stage};
use causeway_core::envelope::EnvelopeId;
use causeway_core::hop::Hop;
use causeway_core::language::Language;
use causeway_core::network::Finding;
use serde::{Deserialize, Serialize};

/// A question or an order.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case")]
pub enum Ask {
    /// The timelines of one message, or of the latest with somebody.
    Trace {
        /// An id of ours, an id in a side's own words, a JID or a foreign address.
        what: String,
        /// How many timelines at most.
        limit: usize,
        /// Whether the words of the messages are wanted.
        words: bool,
    },
    /// What waits and why.
    Queue {
        /// How many at most.
        limit: usize,
    },
    /// Try these at once.
    Retry {
        /// Which.
        which: Which,
    },
    /// Stop these and tell their senders.
    Drop {
        /// Which.
        which: Which,
    },
    /// Whether somebody is there.
    Status,
    /// Whether the sides would work. A running gateway answers this itself, because a second login under the name of its
    /// component would take stanzas away from it on some servers.
    Check,
    /// What the office can do.
    Commands {
        /// In which language.
        language: Language,
    },
    /// A command of the office.
    Do {
        /// Its name.
        name: String,
        /// What was typed behind it.
        typed: String,
        /// What was filled in before.
        values: Values,
        /// In which language to answer.
        language: Language,
    },
}

/// Which deliveries an order means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Which {
    /// One.
    One(EnvelopeId),
    /// All that wait.
    All,
}

/// An answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// Timelines, newest first.
    Timelines {
        /// The timelines.
        timelines: Vec<Timeline>,
    },
    /// What waits.
    Queue {
        /// The first of them, in the order of their coming.
        waiting: Vec<Waiting>,
        /// Whether there are more.
        more: bool,
        /// Those whose record in the ledger is damaged, with what is wrong: they cannot be tried, only dropped.
        damaged: Vec<(EnvelopeId, String)>,
    },
    /// How many deliveries an order moved.
    Moved {
        /// The number.
        count: usize,
    },
    /// The gateway runs.
    Running {
        /// Its version.
        version: String,
        /// For how many seconds.
        seconds: u64,
        /// Its process.
        pid: u32,
        /// How many messages it wrote down since its start.
        accepted: u64,
        /// How many of its deliveries the next side took since its start.
        handed: u64,
    },
    /// What a check found.
    Findings {
        /// The findings.
        findings: Vec<Finding>,
    },
    /// What the office can do.
    Commands {
        /// Each with one sentence.
        commands: Vec<Offer>,
    },
    /// A command needs to know more.
    Wanted {
        /// What it is about.
        title: String,
        /// What to do, or what was wrong.
        instructions: String,
        /// What to fill in next.
        field: Wanted,
        /// What was filled in so far.
        values: Values,
    },
    /// A command is done.
    Done {
        /// What to tell.
        text: String,
        /// The names and labels of the columns, where there are rows.
        columns: Vec<(String, String)>,
        /// The rows.
        rows: Vec<Vec<String>>,
    },
    /// It could not be answered.
    Sorry {
        /// Why, and what to do.
        why: String,
    },
}

/// A command.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Offer {
    /// Its name.
    pub name: String,
    /// One sentence about it.
    pub about: String,
}

/// A field to fill in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// What it is called.
    pub label: String,
    /// What can be chosen: values and what they are called. Anything, where there are none.
    pub choices: Vec<(String, String)>,
}

/// One message and its way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Timeline {
    /// Its id.
    pub id: EnvelopeId,
    /// Its sender.
    pub from: String,
    /// Its recipient.
    pub to: String,
    /// `text`, `correction`, or which kind of news.
    pub kind: String,
    /// The message that the news is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<EnvelopeId>,
    /// Its words, where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// Where its delivery stands.
    pub delivery: Delivery,
    /// Its way, in the order in which the gateway learnt of it.
    pub hops: Vec<Hop>,
}

/// One delivery that waits.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Waiting {
    /// Its id.
    pub id: EnvelopeId,
    /// Its sender.
    pub from: String,
    /// Its recipient.
    pub to: String,
    /// When it was accepted, in milliseconds since 1970.
    pub accepted: i64,
    /// When it fails, in milliseconds since 1970.
    pub expires: i64,
    /// Its stage.
    pub stage: Stage,
    /// How many tries there were.
    pub attempts: u32,
    /// What it waits for; without one it waits for its turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
}
