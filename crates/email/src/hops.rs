//! The way of a mail: its Received lines as hops, with the line between fact and claim.

use crate::date;
use crate::fields::Fields;
use causeway_core::clock::Timestamp;
use causeway_core::hop::{Hop, Step, Trust};
use causeway_core::text::Line;

/// One Received line (RFC 5321 section 4.4), as far as it can be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Received {
    /// Whom the server took the mail from, as that one called itself.
    pub from: Option<String>,
    /// What the server itself says about that one: the comments behind the name.
    pub from_notes: String,
    /// The server that wrote the line.
    pub by: Option<String>,
    /// The protocol.
    pub with: Option<String>,
    /// Its queue id.
    pub id: Option<String>,
    /// Whether the connection was encrypted; `None` when the line does not say.
    pub tls: Option<bool>,
    /// When.
    pub at: Option<Timestamp>,
    /// The words of a line without `from` and `by`, for example of qmail.
    pub remark: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clause {
    From,
    By,
    Via,
    With,
    Id,
    For,
    Tls,
}

enum Token<'a> {
    Word(&'a str),
    Comment(&'a str),
}

/// Hops kept of one mail; what claims more has been through a loop (RFC 5321 section 6.3).
const HOPS_MAX: usize = 100;

// ---------------------------------------------------------------------------------------------------------------------

impl Received {
    /// Reads the unfolded value of a Received line. Never fails; what cannot be read is missing.
    pub fn parse(value: &str, latest: Timestamp) -> Self {
        let (trace, stamp) = last_semicolon(value);
        let mut line = Self {
            at: stamp.and_then(|stamp| date::parse(stamp, latest)),
            ..Self::default()
        };
        let mut clause = None;
        let mut whole_comments = String::new();
        for token in Tokens(trace) {
            match token {
                Token::Word(word) => clause = line.take_word(word, clause),
                Token::Comment(comment) => {
                    line.take_comment(comment, clause);
                    whole_comments.push_str(comment);
                    whole_comments.push(' ');
                }
            }
        }
        line.tls = tls(line.with.as_deref(), &whole_comments, line.tls);
        if line.from.is_none() && line.by.is_none() {
            line.remark = Some(whole_comments.trim().to_owned()).filter(|remark| !remark.is_empty());
        }
        line
    }

    /// The line as a step.
    pub fn hop(&self, trust: Trust) -> Option<Hop> {
        let who = self.by.as_deref().or(self.remark.as_deref()).and_then(Line::clean);
        Some(Hop {
            at: self.at,
            step: Step::Relayed,
            who: who.or_else(|| Line::clean("unnamed host"))?,
            with: self.with.as_deref().and_then(Line::clean),
            tls: self.tls,
            said: self.said(),
            trust,
        })
    }

    fn said(&self) -> Option<Line> {
        let from = self.from.as_deref().map(|from| format!("from {from}"));
        let id = self.id.as_deref().map(|id| format!("id {id}"));
        let words: Vec<String> = from.into_iter().chain(id).collect();
        Line::clean(&words.join(", "))
    }

    fn take_word(&mut self, word: &str, open: Option<Clause>) -> Option<Clause> {
        if let Some(next) = Clause::named(word).filter(|next| self.expects(*next, open)) {
            return Some(next);
        }
        let slot = match open? {
            Clause::From => &mut self.from,
            Clause::By => &mut self.by,
            Clause::Id => &mut self.id,
            Clause::With => {
                let with = self.with.get_or_insert_default();
                with.push_str(if with.is_empty() { "" } else { " " });
                with.push_str(word);
                return open;
            }
            Clause::Tls => {
                self.tls = Some(true);
                return open;
            }
            Clause::Via | Clause::For => return open,
        };
        slot.get_or_insert_with(|| word.trim_matches(['<', '>', ';']).to_owned());
        open
    }

    /// A host may be called `with`: a keyword counts only once and not right behind another one.
    fn expects(&self, next: Clause, open: Option<Clause>) -> bool {
        let filled = match open {
            Some(Clause::From) => self.from.is_some(),
            Some(Clause::By) => self.by.is_some(),
            Some(Clause::With) => self.with.is_some(),
            Some(Clause::Id) => self.id.is_some(),
            _ => true,
        };
        let fresh = match next {
            Clause::From => self.from.is_none() && self.by.is_none(),
            Clause::By => self.by.is_none(),
            Clause::With => self.with.is_none(),
            Clause::Id => self.id.is_none(),
            _ => true,
        };
        filled && fresh
    }

    fn take_comment(&mut self, comment: &str, open: Option<Clause>) {
        if open == Some(Clause::From) {
            self.from_notes.push_str(comment);
            self.from_notes.push(' ');
        }
    }

    /// Whether the mail came from one of these hosts, or from the same machine, by what the server itself saw. The name
    /// that the client gave in its greeting proves nothing, so only the server's own notes count.
    fn came_from(&self, hosts: &[String]) -> bool {
        match &self.from {
            None => true,
            Some(_) => host_words(&self.from_notes).any(|word| is_loopback(word) || is_one_of(word, hosts)),
        }
    }
}

impl Clause {
    fn named(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "from" => Self::From,
            "by" => Self::By,
            "via" => Self::Via,
            "with" => Self::With,
            "id" => Self::Id,
            "for" => Self::For,
            "tls" => Self::Tls,
            _ => return None,
        })
    }
}

/// The steps that a mail's header tells of, oldest first: the author's own clock, then the servers.
///
/// A server's line is a fact down to the first one written by a trusted host, and further down as long as a trusted
/// host took the mail from a trusted one; below that anybody can have written anything, and the steps are claims.
pub fn chain(fields: &Fields<'_>, author: Option<&str>, trusted: &[String], latest: Timestamp) -> Vec<Hop> {
    let lines: Vec<Received> = fields
        .all("Received")
        .take(HOPS_MAX)
        .map(|field| Received::parse(&field.value(), latest))
        .collect();
    let facts = facts(&lines, trusted);
    let servers = lines.iter().enumerate().rev().filter_map(|(at, line)| {
        line.hop(match at < facts {
            true => Trust::Trusted,
            false => Trust::Claimed,
        })
    });
    written(fields, author, latest).into_iter().chain(servers).collect()
}

fn written(fields: &Fields<'_>, author: Option<&str>, latest: Timestamp) -> Option<Hop> {
    Some(Hop {
        at: Some(date::parse(&fields.value("Date")?, latest)?),
        step: Step::Written,
        who: Line::clean(author.unwrap_or("the author"))?,
        with: None,
        tls: None,
        said: None,
        trust: Trust::Claimed,
    })
}

/// How many lines from the top are facts.
pub(crate) fn facts(lines: &[Received], trusted: &[String]) -> usize {
    let by_trusted = |line: &Received| line.by.as_deref().is_some_and(|by| is_one_of(by, trusted));
    let Some(first) = lines.iter().position(by_trusted) else {
        return 0;
    };
    let mut known = first + 1;
    while lines.get(known - 1).is_some_and(|line| line.came_from(trusted)) && lines.get(known).is_some_and(by_trusted) {
        known += 1;
    }
    known
}

/// The protocol word says it (RFC 3848: an S for STARTTLS), or a comment of the server does.
fn tls(with: Option<&str>, comments: &str, clause: Option<bool>) -> Option<bool> {
    let notes = comments.to_ascii_lowercase();
    let noted = [
        "tls1",
        "tlsv1",
        "using tls",
        "version=tls",
        "cipher=",
        "cipher ",
        "(tls",
        "over tls",
    ]
    .iter()
    .any(|word| notes.contains(word));
    if clause == Some(true) || noted {
        return Some(true);
    }
    match with?.to_ascii_uppercase().as_str() {
        "ESMTPS" | "ESMTPSA" | "LMTPS" | "LMTPSA" | "UTF8SMTPS" | "UTF8SMTPSA" | "UTF8LMTPS" | "UTF8LMTPSA"
        | "HTTPS" | "SMTPS" => Some(true),
        "SMTP" | "ESMTP" | "ESMTPA" | "LMTP" | "LMTPA" | "UTF8SMTP" | "UTF8SMTPA" | "UTF8LMTP" | "UTF8LMTPA"
        | "HTTP" => Some(false),
        _ => None,
    }
}

fn host_words(notes: &str) -> impl Iterator<Item = &str> {
    notes
        .split(|c: char| !(c.is_ascii_alphanumeric() || ".-:".contains(c)))
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| !word.is_empty())
}

fn is_loopback(word: &str) -> bool {
    let address = word.strip_prefix("IPv6:").unwrap_or(word);
    address.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn is_one_of(host: &str, hosts: &[String]) -> bool {
    hosts.iter().any(|known| known.eq_ignore_ascii_case(host))
}

struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let text = self.0.trim_start();
        let first = text.chars().next()?;
        let end = match first {
            '(' => comment_end(text),
            _ => text.find(|c: char| c.is_whitespace() || c == '(').unwrap_or(text.len()),
        };
        let (token, rest) = text.split_at_checked(end)?;
        self.0 = rest;
        Some(match first {
            '(' => Token::Comment(token.trim_matches(['(', ')'])),
            _ => Token::Word(token),
        })
    }
}

/// Where the comment at the start of `text` ends; an open one reaches to the end.
fn comment_end(text: &str) -> usize {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + c.len_utf8();
        }
    }
    text.len()
}

/// The text before and after the last semicolon outside comments.
fn last_semicolon(value: &str) -> (&str, Option<&str>) {
    let mut depth = 0usize;
    let mut last = None;
    for (at, c) in value.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ';' if depth == 0 => last = Some(at),
            _ => {}
        }
    }
    match last.and_then(|at| value.split_at_checked(at)) {
        Some((trace, stamp)) => (trace, stamp.get(1..)),
        None => (value, None),
    }
}

#[cfg(test)]
mod tests;
