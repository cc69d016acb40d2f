//! What is answered to which LMTP command: the rules of RFC 2033 without any reading or writing.

use crate::address::Recipient;
use causeway_core::fault::{Fault, FaultKind};
use smtp_proto::{Error, MAIL_BODY_7BIT, MAIL_BODY_8BITMIME, MAIL_SMTPUTF8, MailFrom, RcptTo, Request};
use std::borrow::Cow;
use std::fmt;

/// The longest command line with its line end (RFC 5321 section 4.5.3.1.4 allows 512, extensions add to it).
pub(crate) const LINE_MAX: usize = 2048;
/// After so many refused commands the client is sent away.
const MISTAKES: u32 = 100;

/// One conversation with a client.
#[derive(Debug)]
pub(crate) struct Dialogue {
    name: String,
    longest_mail: usize,
    most_recipients: usize,
    greeted: bool,
    transaction: Option<Transaction>,
    mistakes: u32,
}

/// A mail's envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Transaction {
    /// MAIL FROM, empty for the null path.
    pub(crate) sender: String,
    /// The recipients that were accepted, in their order.
    pub(crate) recipients: Vec<Recipient>,
}

/// One reply, ready for the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    code: u16,
    lines: Vec<String>,
}

/// What follows from a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// Answer and read on.
    Answer(Reply),
    /// Answer, then take the mail of this envelope.
    TakeMail(Reply, Transaction),
    /// Answer and hang up.
    HangUp(Reply),
}

// ---------------------------------------------------------------------------------------------------------------------

impl Dialogue {
    /// A conversation that has not begun.
    pub(crate) fn new(name: &str, longest_mail: usize, most_recipients: usize) -> Self {
        Self {
            name: name.to_owned(),
            longest_mail,
            most_recipients,
            greeted: false,
            transaction: None,
            mistakes: 0,
        }
    }

    /// The first line.
    pub(crate) fn greeting(&self) -> Reply {
        Reply::new(220, format!("{} LMTP Causeway", self.name))
    }

    /// The answer to one line. `judge` says whom a recipient means, given the sender.
    pub(crate) fn hear(&mut self, line: &[u8], judge: impl Fn(&str, &str) -> Result<Recipient, Fault>) -> Next {
        let next = match line.ends_with(b"\r\n") && line.len() <= LINE_MAX && std::str::from_utf8(line).is_ok() {
            true => self.obey(Request::parse(&mut line.iter()), judge),
            false => Next::Answer(Reply::new(
                500,
                "5.5.2 A command is a line of at most 2048 bytes that ends in CR LF",
            )),
        };
        match &next {
            Next::Answer(reply) if reply.code >= 500 => {
                self.mistakes += 1;
                match self.mistakes < MISTAKES {
                    true => next,
                    false => Next::HangUp(Reply::new(421, "4.7.0 Too many mistakes")),
                }
            }
            _ => next,
        }
    }

    fn obey(
        &mut self,
        request: Result<Request<Cow<'_, str>>, Error>,
        judge: impl Fn(&str, &str) -> Result<Recipient, Fault>,
    ) -> Next {
        let reply = match request {
            Ok(Request::Lhlo { .. }) => self.lhlo(),
            Ok(Request::Mail { from }) => self.mail(&from),
            Ok(Request::Rcpt { to }) => self.rcpt(&to, judge),
            Ok(Request::Data) => return self.data(),
            Ok(Request::Rset) => {
                self.transaction = None;
                Reply::new(250, "2.0.0 Forgotten")
            }
            Ok(Request::Noop { .. }) => Reply::new(250, "2.0.0 Yes"),
            Ok(Request::Vrfy { .. }) => Reply::new(252, "2.0.0 Send a mail and see"),
            Ok(Request::Quit) => return Next::HangUp(Reply::new(221, "2.0.0 Goodbye")),
            Ok(Request::Ehlo { .. } | Request::Helo { .. }) => Reply::new(500, "5.5.1 This is LMTP: say LHLO"),
            Ok(other) => Reply::new(502, format!("5.5.1 {} is not offered", other.name())),
            Err(error) => mistake(&error),
        };
        Next::Answer(reply)
    }

    fn lhlo(&mut self) -> Reply {
        self.greeted = true;
        self.transaction = None;
        Reply {
            code: 250,
            lines: vec![
                self.name.clone(),
                "PIPELINING".into(),
                "ENHANCEDSTATUSCODES".into(),
                "8BITMIME".into(),
                "SMTPUTF8".into(),
                format!("SIZE {}", self.longest_mail),
            ],
        }
    }

    fn mail(&mut self, from: &MailFrom<Cow<'_, str>>) -> Reply {
        if !self.greeted {
            return Reply::new(503, "5.5.1 Say LHLO first");
        }
        if self.transaction.is_some() {
            return Reply::new(503, "5.5.1 There is a sender already");
        }
        if asks_too_much(from) {
            return Reply::new(555, "5.5.4 A parameter that is not offered");
        }
        if from.size > self.longest_mail {
            return too_large(self.longest_mail);
        }
        self.transaction = Some(Transaction {
            sender: from.address.to_string(),
            recipients: Vec::new(),
        });
        Reply::new(250, "2.1.0 Sender noted")
    }

    fn rcpt(&mut self, to: &RcptTo<Cow<'_, str>>, judge: impl Fn(&str, &str) -> Result<Recipient, Fault>) -> Reply {
        let Some(transaction) = &mut self.transaction else {
            return Reply::new(503, "5.5.1 Say MAIL first");
        };
        if to.orcpt.is_some() || to.flags != 0 || to.rrvs != 0 {
            return Reply::new(555, "5.5.4 A parameter that is not offered");
        }
        if transaction.recipients.len() >= self.most_recipients {
            return Reply::new(452, format!("4.5.3 At most {} recipients", self.most_recipients));
        }
        match judge(&transaction.sender, &to.address) {
            Ok(recipient) => {
                transaction.recipients.push(recipient);
                Reply::new(250, "2.1.5 Recipient noted")
            }
            Err(fault) => refused_recipient(&fault),
        }
    }

    fn data(&mut self) -> Next {
        match self.transaction.take() {
            None => Next::Answer(Reply::new(503, "5.5.1 Say MAIL and RCPT first")),
            // RFC 2033 section 4.2: no mail without a recipient.
            Some(empty) if empty.recipients.is_empty() => {
                self.transaction = Some(empty);
                Next::Answer(Reply::new(503, "5.5.1 No recipient was accepted"))
            }
            Some(transaction) => Next::TakeMail(Reply::new(354, "Go on, and end with a dot"), transaction),
        }
    }
}

impl Reply {
    /// A reply of one line, in ASCII.
    pub(crate) fn new(code: u16, line: impl Into<String>) -> Self {
        let line = line.into().replace(|c: char| !c.is_ascii() || c.is_control(), "?");
        Self {
            code,
            lines: vec![line.chars().take(480).collect()],
        }
    }

    /// The refusal that a fault is: 4xx where trying again can help.
    pub(crate) fn refusal(fault: &Fault) -> Self {
        let (_, subject, detail) = fault.enhanced_status();
        let (class, code) = match (fault.retry, fault.kind) {
            (true, FaultKind::Full | FaultKind::Busy | FaultKind::TooManyRecipients) => (4, 452),
            (true, _) => (4, 451),
            (false, FaultKind::TooLarge | FaultKind::TooLong | FaultKind::Full) => (5, 552),
            (false, FaultKind::BadAddress) => (5, 553),
            (
                false,
                FaultKind::NoSuchUser
                | FaultKind::NotAllowed
                | FaultKind::NotWanted
                | FaultKind::Refused
                | FaultKind::Gone
                | FaultKind::BadContent,
            ) => (5, 550),
            (false, _) => (5, 554),
        };
        Self::new(code, format!("{class}.{subject}.{detail} {fault}"))
    }

    /// The three digits.
    #[cfg(test)]
    pub(crate) fn code(&self) -> u16 {
        self.code
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, line) in self.lines.iter().enumerate() {
            let sign = if at + 1 == self.lines.len() { ' ' } else { '-' };
            write!(f, "{}{sign}{line}\r\n", self.code)?;
        }
        Ok(())
    }
}

/// The reply to a mail beyond the limit.
pub(crate) fn too_large(limit: usize) -> Reply {
    Reply::new(552, format!("5.3.4 At most {limit} bytes"))
}

/// Nobody and nobody who may: the same answer, so that a list of users cannot be had by asking.
fn refused_recipient(fault: &Fault) -> Reply {
    match fault.kind {
        FaultKind::NoSuchUser | FaultKind::NotAllowed => Reply::new(550, "5.1.1 Nobody here has this address"),
        FaultKind::BadAddress => Reply::new(553, "5.1.3 This is not an address here"),
        _ => Reply::refusal(fault),
    }
}

/// Whether MAIL has a parameter of an extension that LHLO does not name.
fn asks_too_much(from: &MailFrom<Cow<'_, str>>) -> bool {
    from.flags & !(MAIL_BODY_7BIT | MAIL_BODY_8BITMIME | MAIL_SMTPUTF8) != 0
        || from.trans_id.is_some()
        || from.env_id.is_some()
        || from.solicit.is_some()
        || from.mtrk.is_some()
        || from.auth.is_some()
        || (from.by, from.mt_priority) != (0, 0)
        || (from.hold_for, from.hold_until) != (0, 0)
}

fn mistake(error: &Error) -> Reply {
    match error {
        Error::InvalidSenderAddress => Reply::new(553, "5.1.7 This is not a sender address"),
        Error::InvalidRecipientAddress => Reply::new(553, "5.1.3 This is not a recipient address"),
        Error::SyntaxError { syntax } => Reply::new(501, format!("5.5.4 Say {syntax}")),
        Error::InvalidParameter { param } => Reply::new(501, format!("5.5.4 {param} has no such value")),
        Error::UnsupportedParameter { .. } => Reply::new(555, "5.5.4 A parameter that is not offered"),
        _ => Reply::new(500, "5.5.2 Not a command"),
    }
}

#[cfg(test)]
mod tests;
