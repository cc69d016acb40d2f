//! What a server answers, and which fault that is.

use crate::dsn::status::{self, Status};
use causeway_core::fault::{Fault, FaultKind};

/// One reply (RFC 5321 section 4.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    /// The three digits.
    pub(crate) code: u16,
    /// The enhanced status code, where its class agrees with the first digit (RFC 2034 section 4).
    pub(crate) status: Option<Status>,
    /// The text of all lines, without the codes.
    pub(crate) text: String,
    /// The text of each line, without the three digits.
    pub(crate) lines: Vec<String>,
}

/// The step of the dialogue that a reply answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The greeting, EHLO and STARTTLS.
    Opening,
    /// AUTH.
    Login,
    /// RSET before a reused connection's next mail, and MAIL.
    Sender,
    /// RCPT.
    Recipient,
    /// DATA, and the reply after the end of the mail.
    Content,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Reply {
    /// Reads the lines of one reply; `None` when they are none.
    pub(crate) fn parse(lines: &[String]) -> Option<Self> {
        let code: u16 = lines.first()?.get(..3)?.parse().ok()?;
        (200..600).contains(&code).then_some(())?;
        let rests: Vec<String> = lines
            .iter()
            .map(|line| line.get(4..).unwrap_or_default().trim().to_owned())
            .collect();
        let first = rests.first().map(String::as_str).unwrap_or_default();
        let written = first.split(' ').next().unwrap_or_default();
        let status = status::parse(written).filter(|(class, _, _)| u16::from(*class) == code / 100);
        let said: Vec<&str> = rests
            .iter()
            .map(|line| match status {
                Some(_) => line.strip_prefix(written).unwrap_or(line).trim_start(),
                None => line,
            })
            .collect();
        Some(Self {
            code,
            status,
            text: said.join(" "),
            lines: rests,
        })
    }

    /// Whether it says yes (2xx).
    pub(crate) fn is_yes(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// The reply as the server wrote it, on one line.
    pub(crate) fn sentence(&self) -> String {
        match self.status {
            Some((class, subject, detail)) => format!("{} {class}.{subject}.{detail} {}", self.code, self.text),
            None => format!("{} {}", self.code, self.text),
        }
    }

    /// The fault that a reply other than the wanted one means in this step.
    pub(crate) fn fault(&self, stage: Stage) -> Fault {
        let fault = match self.code {
            400..500 => Fault::of(self.temporary()).for_now(),
            500..600 => self.permanent(stage),
            _ => Fault::of(FaultKind::Unreachable),
        };
        let fault = match self.status {
            Some(status) => fault.with_status(status),
            None => fault,
        };
        fault.saying(&self.sentence())
    }

    fn temporary(&self) -> FaultKind {
        match self.status {
            Some((_, 2, 2)) => FaultKind::Full,
            Some((_, 5, 3)) => FaultKind::TooManyRecipients,
            _ => FaultKind::Deferred,
        }
    }

    /// What a 5xx means. Before the transaction it is about the gateway, not about the mail: an admin or another
    /// exchanger may help.
    fn permanent(&self, stage: Stage) -> Fault {
        match (stage, self.code) {
            (Stage::Login, _) | (_, 530 | 534 | 535 | 538) => Fault::of(FaultKind::Misconfigured).for_now(),
            (Stage::Opening, _) => Fault::of(FaultKind::Refused).for_now(),
            (_, code) => {
                let kind = self.status.and_then(meaning).unwrap_or_else(|| by_code(stage, code));
                Fault::of(kind).for_good()
            }
        }
    }
}

/// The fault behind a permanent status code; `None` where it says less than the reply code and the step.
fn meaning(status: Status) -> Option<FaultKind> {
    match status {
        (_, 0 | 5, _) | (_, 3, 0) => None,
        _ => Some(status::kind(status)),
    }
}

/// The fault behind a permanent reply code alone (RFC 5321 section 4.2.3).
fn by_code(stage: Stage, code: u16) -> FaultKind {
    match (code, stage) {
        (550 | 551, Stage::Recipient) => FaultKind::NoSuchUser,
        (552, Stage::Recipient) => FaultKind::Full,
        (552, _) => FaultKind::TooLarge,
        (553, Stage::Recipient) => FaultKind::BadAddress,
        (500..=504 | 555, _) => FaultKind::NotSupported,
        _ => FaultKind::Refused,
    }
}

#[cfg(test)]
mod tests;
