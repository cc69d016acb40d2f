//! Loops and machines: whether a mail has been here before, and whether a person sent it.

use crate::date::without_comments;
use crate::fields::Fields;
use crate::hops::Received;
use crate::mime::Part;
use crate::read::own_id;
use causeway_core::clock::Timestamp;

/// What the header of a mail says about its sender's nature.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// A machine sent it: it is never answered automatically (RFC 3834 section 2).
    pub automatic: bool,
    /// It has been here before.
    pub loop_: bool,
    /// It looks like a bounce.
    pub bounce_like: bool,
    /// The signs that said so, each once.
    pub reasons: Vec<&'static str>,
}

/// The field in which the gateway marks its own mails; the value is its mail domain.
pub const LOOP_FIELD: &str = "X-Causeway-Loop";
/// The protocol word of the gateway's own Received line.
pub const OWN_PROTOCOL: &str = "XMPP";
/// A mail with more Received lines runs in a circle (RFC 5321 section 6.3 names 100 as the least limit for relays; a
/// gateway is the end of the way).
const HOPS_MAX: usize = 50;

/// Fields that only machines write; a value of `None` stands for any.
const MACHINE_FIELDS: [(&str, Option<&str>); 12] = [
    ("List-Id", None),
    ("List-Post", None),
    ("List-Unsubscribe", None),
    ("Mailing-List", None),
    ("Feedback-ID", None),
    ("X-Autoreply", Some("yes")),
    ("X-Autorespond", None),
    ("X-AutoReply-From", None),
    ("X-FC-MachineGenerated", None),
    ("X-POST-MessageClass", Some("9")),
    ("X-Failed-Recipients", None),
    ("Feedback-Type", None),
];
const PRECEDENCES: [&str; 4] = ["bulk", "list", "junk", "auto_reply"];
const BOUNCERS: [&str; 3] = ["mailer-daemon", "mail-daemon", "postmaster"];
const MACHINES: [&str; 7] = [
    "no-reply",
    "noreply",
    "no_reply",
    "donotreply",
    "do-not-reply",
    "bounce",
    "bounces",
];

// ---------------------------------------------------------------------------------------------------------------------

/// Whether an address with this local part says by its name that nobody reads what is sent there. A postmaster does
/// (RFC 2142 section 5).
pub(crate) fn takes_no_replies(local: &str) -> bool {
    let name = local.split('+').next();
    is_one_of(name, &MACHINES) || is_one_of(name, &BOUNCERS) && !is_one_of(name, &["postmaster"])
}

/// Judges a mail by its header. `author` is the local part of From, `return_path` the envelope sender where it is known
/// (`""` for the null path), `domain` the gateway's own.
pub fn judge(top: &Part<'_>, author: Option<&str>, return_path: Option<&str>, domain: &str) -> Verdict {
    let mut verdict = Verdict::default();
    verdict.look_for_bounces(top, author, return_path);
    verdict.look_for_machines(&top.fields, author);
    verdict.look_for_loops(&top.fields, domain);
    verdict
}

impl Verdict {
    fn look_for_bounces(&mut self, top: &Part<'_>, author: Option<&str>, return_path: Option<&str>) {
        let path = top.fields.value("Return-Path");
        let null = |path: &str| matches!(path.trim(), "" | "<>");
        let signs = [
            ("null return path", return_path.or(path.as_deref()).is_some_and(null)),
            ("author is a mail server", is_one_of(author, &BOUNCERS)),
            ("X-Failed-Recipients", top.fields.first("X-Failed-Recipients").is_some()),
            ("multipart/report", top.media_type == "multipart/report"),
        ];
        for (sign, _) in signs.iter().filter(|(_, seen)| *seen) {
            self.bounce_like = true;
            self.machine(sign);
        }
    }

    fn look_for_machines(&mut self, fields: &Fields<'_>, author: Option<&str>) {
        let word = |name: &str| {
            let value = without_comments(&fields.value(name)?).to_ascii_lowercase();
            Some(value.split([';', ' ']).find(|word| !word.is_empty())?.to_owned())
        };
        if word("Auto-Submitted").is_some_and(|word| word != "no") {
            self.machine("Auto-Submitted");
        }
        if word("Precedence").is_some_and(|word| PRECEDENCES.contains(&word.as_str())) {
            self.machine("Precedence");
        }
        for (name, wanted) in MACHINE_FIELDS {
            let seen = fields.first(name).is_some();
            if seen && wanted.is_none_or(|wanted| word(name).as_deref() == Some(wanted)) {
                self.machine(name);
            }
        }
        if is_one_of(author, &MACHINES) {
            self.machine("author takes no answers");
        }
    }

    fn look_for_loops(&mut self, fields: &Fields<'_>, domain: &str) {
        if fields
            .all(LOOP_FIELD)
            .any(|field| field.value().eq_ignore_ascii_case(domain))
        {
            self.circle(LOOP_FIELD);
        }
        if fields
            .value("Message-ID")
            .is_some_and(|id| own_id(&id, domain).is_some())
        {
            self.circle("Message-ID is the gateway's own");
        }
        if fields.all("Received").count() > HOPS_MAX {
            self.circle("more than 50 Received lines");
        }
        if fields
            .all("Received")
            .take(HOPS_MAX)
            .any(|field| is_own_line(&field.value(), domain))
        {
            self.circle("Received line is the gateway's own");
        }
    }

    fn machine(&mut self, reason: &'static str) {
        self.automatic = true;
        self.because(reason);
    }

    fn circle(&mut self, reason: &'static str) {
        self.loop_ = true;
        self.because(reason);
    }

    fn because(&mut self, reason: &'static str) {
        if !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }
}

fn is_one_of(author: Option<&str>, names: &[&str]) -> bool {
    author.is_some_and(|author| names.iter().any(|name| author.eq_ignore_ascii_case(name)))
}

/// Whether the gateway wrote this Received line.
pub(crate) fn is_own_line(value: &str, domain: &str) -> bool {
    let line = Received::parse(value, Timestamp(i64::MAX));
    let own_host = line.by.is_some_and(|by| by.eq_ignore_ascii_case(domain));
    own_host && line.with.is_some_and(|with| with.eq_ignore_ascii_case(OWN_PROTOCOL))
}

#[cfg(test)]
mod tests;
