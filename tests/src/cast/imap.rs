//! Somebody who reads her mailbox by IMAP.

use crate::cast::mail::Mail;
use crate::patience::{SOON, until};
use crate::servers::dovecot::MAIL_PASSWORD;
use crate::servers::ports;
use anyhow::{Context, Result, bail, ensure};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A mailbox in Dovecot, read over plain text on loopback.
pub struct Mailbox {
    stream: BufReader<TcpStream>,
    commands: u32,
    user: String,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Mailbox {
    /// Logs in; the mailbox is made if it is the first time.
    pub fn open(port: u16, user: &str) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&ports::at(port), SOON)?;
        stream.set_read_timeout(Some(SOON))?;
        let mut mailbox = Self {
            stream: BufReader::new(stream),
            commands: 0,
            user: user.to_owned(),
        };
        mailbox.line()?;
        mailbox.command(&format!("LOGIN {user} {MAIL_PASSWORD}"))?;
        mailbox.command("SELECT INBOX")?;
        Ok(mailbox)
    }

    /// All mails, oldest first.
    pub fn mails(&mut self) -> Result<Vec<Mail>> {
        self.command("NOOP")?;
        let mails = self.command("UID FETCH 1:* BODY.PEEK[]")?;
        Ok(mails.iter().map(|raw| Mail::new(raw)).collect())
    }

    /// Waits for the first mail that `wanted` likes.
    pub fn wait_for(&mut self, what: &str, wanted: impl Fn(&Mail) -> bool) -> Result<Mail> {
        self.wait_within(SOON, what, wanted)
    }

    /// The same, for something that may take longer.
    pub fn wait_within(&mut self, limit: Duration, what: &str, wanted: impl Fn(&Mail) -> bool) -> Result<Mail> {
        let found = until(what, limit, || Ok(self.mails()?.into_iter().find(|mail| wanted(mail))));
        found.with_context(|| format!("in the mailbox of {}", self.user))
    }

    /// Waits for a mail whose text contains these words.
    pub fn wait_for_words(&mut self, words: &str) -> Result<Mail> {
        self.wait_for(&format!("a mail that says “{words}”"), |mail| {
            mail.text().contains(words)
        })
    }

    /// The mails that fit, by their UIDs.
    pub fn search(&mut self, what: &str) -> Result<Vec<u32>> {
        let (_, lines) = self.dialogue(&format!("UID SEARCH {what}"))?;
        let found = lines.iter().find_map(|line| line.strip_prefix("* SEARCH"));
        let numbers = found.unwrap_or_default().split_whitespace().map(str::parse);
        Ok(numbers.collect::<Result<_, _>>()?)
    }

    /// Sends one command; the literals in the answer.
    pub fn command(&mut self, command: &str) -> Result<Vec<Vec<u8>>> {
        Ok(self.dialogue(command)?.0)
    }

    /// Sends one command; the literals and the lines of the answer.
    fn dialogue(&mut self, command: &str) -> Result<(Vec<Vec<u8>>, Vec<String>)> {
        self.commands += 1;
        let tag = format!("a{}", self.commands);
        self.stream
            .get_mut()
            .write_all(format!("{tag} {command}\r\n").as_bytes())?;
        let (mut literals, mut lines) = (Vec::new(), Vec::new());
        loop {
            let line = self.line()?;
            if let Some(result) = line.strip_prefix(&format!("{tag} ")) {
                ensure!(
                    result.starts_with("OK"),
                    "{}: {command} was answered with {result}",
                    self.user
                );
                return Ok((literals, lines));
            }
            if let Some(length) = literal(&line) {
                let mut bytes = vec![0; length];
                self.stream.read_exact(&mut bytes)?;
                literals.push(bytes);
            }
            lines.push(line);
        }
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            bail!("the IMAP server closed the connection of {}", self.user);
        }
        Ok(line.trim_end().to_owned())
    }
}

/// The length of the literal that the line announces at its end (RFC 9051 section 4.3).
fn literal(line: &str) -> Option<usize> {
    let (_, length) = line.strip_suffix('}')?.rsplit_once('{')?;
    length.parse().ok()
}
