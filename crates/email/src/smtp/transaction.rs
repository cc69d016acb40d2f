//! One mail to one recipient over a session, and how that ended.

use super::reply::{Reply, Stage};
use super::session::{Broken, Session};
use crate::config::Deadlines;
use causeway_core::envelope::EnvelopeId;
use causeway_core::fault::{Fault, FaultKind};
use lettre::Address;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{MailBodyParameter, MailParameter, RcptParameter};
use std::fmt;

/// A mail with its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    /// Its id, which becomes the ENVID.
    pub(crate) id: EnvelopeId,
    /// MAIL FROM; `None` for the null path of a report (RFC 5321 section 4.5.5).
    pub(crate) sender: Option<String>,
    /// RCPT TO.
    pub(crate) recipient: String,
    /// The mail: CRLF lines only.
    pub(crate) bytes: Vec<u8>,
    /// Whether it can only go to a server that takes UTF-8 in headers (RFC 6531).
    pub(crate) utf8: bool,
    /// Whether the servers on its way shall report what becomes of it (RFC 3461).
    pub(crate) notify: bool,
}

/// How a transaction ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The server has the mail; its reply.
    Taken(Reply),
    /// The server said no, or would have; the session can go on.
    Refused(Fault),
    /// The server said no and hangs up.
    Dismissed(Fault),
    /// The line broke before the end of the mail: the server does not have it. `heard` when it had answered before.
    Broken { fault: Fault, heard: bool },
    /// The line broke between the end of the mail and the reply (RFC 1047).
    InDoubt(Fault),
}

// ---------------------------------------------------------------------------------------------------------------------

impl Session {
    /// Sends one mail. Nothing but clean lines reaches the wire.
    pub(crate) async fn transact(&mut self, letter: &Letter, deadlines: &Deadlines) -> Ended {
        let commands = match self.prepare(letter) {
            Ok(commands) => commands,
            Err(fault) => return Ended::Refused(fault),
        };
        let opened = match self.offers.pipelining {
            true => self.open_at_once(&commands, deadlines).await,
            false => self.open_in_turn(&commands, deadlines).await,
        };
        self.used += 1;
        match opened {
            Ok(()) => self.finish(letter, deadlines).await,
            Err(ended) => ended,
        }
    }

    /// What the dialogue before the content consists of; the fault when this server cannot take the mail at all.
    fn prepare(&self, letter: &Letter) -> Result<Commands, Fault> {
        if let Some(Some(limit)) = self.offers.size
            && u64::try_from(letter.bytes.len()).is_ok_and(|size| size > limit)
        {
            let sentence = format!(
                "{} takes at most {limit} bytes, this is {}",
                self.server,
                letter.bytes.len()
            );
            return Err(Fault::of(FaultKind::TooLarge).saying(&sentence).for_good());
        }
        if letter.utf8 && !self.offers.utf8 {
            let sentence = format!("{} takes no international addresses (SMTPUTF8)", self.server);
            return Err(Fault::of(FaultKind::NotSupported).saying(&sentence).for_good());
        }
        if !letter.utf8 && !letter.bytes.is_ascii() && !self.offers.eight_bit {
            let sentence = format!("{} takes 7-bit mail only", self.server);
            return Err(Fault::of(FaultKind::BadContent).saying(&sentence).for_good());
        }
        if !has_clean_lines(&letter.bytes) {
            return Err(Fault::of(FaultKind::BadContent)
                .saying("a line end or NUL inside a line")
                .for_good());
        }
        Ok(Commands {
            reset: self.used > 0,
            mail: Mail::new(
                letter.sender.as_deref().map(address).transpose()?,
                self.mail_parameters(letter),
            ),
            rcpt: Rcpt::new(address(&letter.recipient)?, self.rcpt_parameters(letter)),
        })
    }

    fn mail_parameters(&self, letter: &Letter) -> Vec<MailParameter> {
        let other = |keyword: &str, value: String| MailParameter::Other {
            keyword: keyword.into(),
            value: Some(value),
        };
        let mut parameters = Vec::new();
        if self.offers.size.is_some() {
            parameters.push(MailParameter::Size(letter.bytes.len()));
        }
        if !letter.bytes.is_ascii() {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        if letter.utf8 {
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if letter.notify && self.offers.dsn {
            parameters.push(other("RET", "HDRS".into()));
            parameters.push(other("ENVID", letter.id.to_string()));
        }
        parameters
    }

    fn rcpt_parameters(&self, letter: &Letter) -> Vec<RcptParameter> {
        if !self.offers.dsn {
            return Vec::new();
        }
        let other = |keyword: &str, value: String| RcptParameter::Other {
            keyword: keyword.into(),
            value: Some(value),
        };
        if !letter.notify {
            return vec![other("NOTIFY", "NEVER".into())];
        }
        let kind = if letter.recipient.is_ascii() { "rfc822" } else { "utf-8" };
        vec![
            other("NOTIFY", "SUCCESS,DELAY,FAILURE".into()),
            other("ORCPT", format!("{kind};{}", letter.recipient)),
        ]
    }

    /// All commands in one write; the replies come in their order (RFC 2920 section 3.1).
    async fn open_at_once(&mut self, commands: &Commands, deadlines: &Deadlines) -> Result<(), Ended> {
        let first = self.command(commands, deadlines.command).await;
        let mut replies = vec![first.map_err(|broken| broke(broken, false))?];
        for _ in 1..commands.count() {
            let reply = self.reply(deadlines.command).await;
            replies.push(reply.map_err(|broken| broke_after(&replies, commands, broken))?);
        }
        let refused = replies
            .iter()
            .zip(commands.stages())
            .find(|(reply, stage)| !is_wanted(reply, *stage))
            .map(|(reply, stage)| refusal(reply, stage));
        let wants_content = replies.last().is_some_and(|reply| reply.code == 354);
        match refused {
            Some(ended) if wants_content => {
                let _ = self.content(b"", deadlines.command).await;
                Err(match ended {
                    Ended::Refused(fault) => Ended::Dismissed(fault),
                    other => other,
                })
            }
            Some(ended) => Err(ended),
            None => Ok(()),
        }
    }

    async fn open_in_turn(&mut self, commands: &Commands, deadlines: &Deadlines) -> Result<(), Ended> {
        let mut heard = false;
        for (line, stage) in commands.lines().into_iter().zip(commands.stages()) {
            let reply = self.command(line, deadlines.command).await;
            let reply = reply.map_err(|broken| broke(broken, heard))?;
            if !is_wanted(&reply, stage) {
                return Err(refusal(&reply, stage));
            }
            heard = true;
        }
        Ok(())
    }

    async fn finish(&mut self, letter: &Letter, deadlines: &Deadlines) -> Ended {
        match self.content(&letter.bytes, deadlines.data).await {
            Ok(reply) if reply.is_yes() => Ended::Taken(reply),
            Ok(reply) => refusal(&reply, Stage::Content),
            Err(Broken(fault)) if self.has_ended() => Ended::InDoubt(Fault {
                kind: FaultKind::Timeout,
                ..fault
            }),
            Err(Broken(fault)) => Ended::Broken { fault, heard: true },
        }
    }
}

/// The dialogue before the content.
struct Commands {
    reset: bool,
    mail: Mail,
    rcpt: Rcpt,
}

impl Commands {
    fn lines(&self) -> Vec<String> {
        let reset = self.reset.then(|| Rset.to_string());
        let rest = [self.mail.to_string(), self.rcpt.to_string(), Data.to_string()];
        reset.into_iter().chain(rest).collect()
    }

    fn stages(&self) -> impl Iterator<Item = Stage> + use<> {
        let reset = self.reset.then_some(Stage::Sender);
        reset
            .into_iter()
            .chain([Stage::Sender, Stage::Recipient, Stage::Content])
    }

    fn count(&self) -> usize {
        self.stages().count()
    }
}

impl fmt::Display for Commands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines().iter().try_for_each(|line| f.write_str(line))
    }
}

/// The address in lettre's type, which refuses what would end the command early.
fn address(written: &str) -> Result<Address, Fault> {
    written
        .parse()
        .map_err(|_| Fault::of(FaultKind::BadAddress).saying(written))
}

/// Whether every CR is followed by LF, every LF follows CR, and there is no NUL: what else a line end may be is for
/// the next server to guess, and some guess it ends the mail (CVE-2023-51764).
pub(crate) fn has_clean_lines(bytes: &[u8]) -> bool {
    let mut last = 0;
    for byte in bytes {
        let broken = (last == b'\r') != (*byte == b'\n');
        if broken || *byte == 0 {
            return false;
        }
        last = *byte;
    }
    last != b'\r'
}

fn is_wanted(reply: &Reply, stage: Stage) -> bool {
    match stage {
        Stage::Content => reply.code == 354,
        _ => reply.is_yes(),
    }
}

/// A refusal; with 421 the server hangs up (RFC 5321 section 3.8).
fn refusal(reply: &Reply, stage: Stage) -> Ended {
    let fault = reply.fault(stage);
    match reply.code {
        421 => Ended::Dismissed(fault),
        _ => Ended::Refused(fault),
    }
}

fn broke(Broken(fault): Broken, heard: bool) -> Ended {
    Ended::Broken { fault, heard }
}

/// A line that breaks after a refusal does not undo the refusal.
fn broke_after(replies: &[Reply], commands: &Commands, broken: Broken) -> Ended {
    let refused = replies
        .iter()
        .zip(commands.stages())
        .find(|(reply, stage)| !is_wanted(reply, *stage));
    match refused {
        Some((reply, stage)) => Ended::Dismissed(reply.fault(stage)),
        None => broke(broken, true),
    }
}

#[cfg(test)]
mod tests;
