//! Somebody who hands in mails by SMTP, or who plays the mail server in front of the gateway by LMTP.

use crate::patience::SOON;
use crate::servers::ports;
use anyhow::{Context, Result, ensure};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

/// A dialogue with a mail server, in plain text on loopback.
pub struct SmtpClient {
    stream: BufReader<TcpStream>,
    lmtp: bool,
}

/// What the server said to one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The three digits.
    pub code: u16,
    /// All its lines without the digits.
    pub text: String,
}

// ---------------------------------------------------------------------------------------------------------------------

impl SmtpClient {
    /// Connects and says EHLO.
    pub fn connect(port: u16) -> Result<Self> {
        Self::greeted(port, false)
    }

    /// Connects and says LHLO (RFC 2033).
    pub fn connect_lmtp(port: u16) -> Result<Self> {
        Self::greeted(port, true)
    }

    /// Sends one line and reads the reply.
    pub fn say(&mut self, line: &str) -> Result<Reply> {
        self.stream.get_mut().write_all(format!("{line}\r\n").as_bytes())?;
        self.reply()
    }

    /// One whole mail to one recipient: the last reply, which is the first refusal or the word after the dot.
    pub fn send(&mut self, from: &str, to: &str, mail: &str) -> Result<Reply> {
        for line in [format!("MAIL FROM:<{from}>"), format!("RCPT TO:<{to}>")] {
            let reply = self.say(&line)?;
            if !reply.is_good() {
                self.say("RSET")?;
                return Ok(reply);
            }
        }
        let mut replies = self.data(mail, 1)?;
        replies.pop().context("no reply after the dot")
    }

    /// DATA with the content; the replies after the dot, of which LMTP gives one for each of the accepted recipients.
    pub fn data(&mut self, mail: &str, recipients: usize) -> Result<Vec<Reply>> {
        let reply = self.say("DATA")?;
        if reply.code != 354 {
            return Ok(vec![reply]);
        }
        let mut dotted = mail.replace("\r\n.", "\r\n..");
        if dotted.starts_with('.') {
            dotted.insert(0, '.');
        }
        if !dotted.ends_with("\r\n") {
            dotted.push_str("\r\n");
        }
        let stream = self.stream.get_mut();
        stream.write_all(dotted.as_bytes())?;
        stream.write_all(b".\r\n")?;
        let count = if self.lmtp { recipients } else { 1 };
        (0..count).map(|_| self.reply()).collect()
    }

    /// Reads one reply, however many lines it has.
    pub fn reply(&mut self) -> Result<Reply> {
        let mut text = Vec::new();
        loop {
            let mut line = String::new();
            ensure!(
                self.stream.read_line(&mut line)? > 0,
                "the mail server closed the connection"
            );
            let line = line.trim_end();
            let (code, rest) = line.split_at_checked(3).with_context(|| format!("no reply: {line}"))?;
            text.push(rest.get(1..).unwrap_or_default().to_owned());
            if !rest.starts_with('-') {
                let code = code.parse().with_context(|| format!("no reply: {line}"))?;
                let text = text.join("\n");
                return Ok(Reply { code, text });
            }
        }
    }

    fn greeted(port: u16, lmtp: bool) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&ports::at(port), SOON)?;
        stream.set_read_timeout(Some(SOON))?;
        stream.set_nodelay(true)?;
        let mut client = Self {
            stream: BufReader::new(stream),
            lmtp,
        };
        let greeting = client.reply()?;
        ensure!(greeting.code == 220, "greeted with {greeting:?}");
        let hello = client.say(if lmtp { "LHLO orchard.test" } else { "EHLO orchard.test" })?;
        ensure!(hello.is_good(), "EHLO was answered with {hello:?}");
        Ok(client)
    }
}

impl Reply {
    /// Whether it is a yes.
    pub fn is_good(&self) -> bool {
        (200..300).contains(&self.code)
    }
}
