//! A mail as a person writes it and as she finds it in her mailbox.

use anyhow::{Context, Result};
use mail_parser::{MessageParser, MessagePart, MimeHeaders};

/// A mail that lies in a mailbox.
#[derive(Debug, Clone)]
pub struct Mail {
    raw: String,
}

/// A mail to be written. Every field may be set by hand; the common ones have a method.
#[derive(Debug, Clone)]
pub struct Letter {
    fields: Vec<(String, String)>,
    body: String,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Mail {
    /// Takes it as it came.
    pub fn new(raw: &[u8]) -> Self {
        Self {
            raw: String::from_utf8_lossy(raw).into_owned(),
        }
    }

    /// It as it came.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// The first field of this name, unfolded and otherwise as written; empty when it is not there.
    pub fn field(&self, name: &str) -> String {
        self.fields(name).into_iter().next().unwrap_or_default()
    }

    /// All fields of this name from the top down, unfolded and otherwise as written.
    pub fn fields(&self, name: &str) -> Vec<String> {
        let head = self.raw.split("\r\n\r\n").next().unwrap_or_default();
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let value = |line: &str| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        };
        unfolded.split("\r\n").filter_map(value).collect()
    }

    /// The subject, decoded (RFC 2047).
    pub fn subject(&self) -> String {
        let mail = MessageParser::default().parse(self.raw.as_bytes());
        mail.and_then(|mail| mail.subject().map(str::to_owned))
            .unwrap_or_default()
    }

    /// The name for people in `From`, decoded, and the address.
    pub fn from(&self) -> (String, String) {
        let mail = MessageParser::default().parse(self.raw.as_bytes());
        let first = mail.as_ref().and_then(|mail| mail.from()?.first());
        let part = |part: Option<&str>| part.unwrap_or_default().to_owned();
        (
            part(first.and_then(|it| it.name())),
            part(first.and_then(|it| it.address())),
        )
    }

    /// The first text part, decoded, with `\n` line ends.
    pub fn text(&self) -> String {
        let mail = MessageParser::default().parse(self.raw.as_bytes());
        let text = mail.and_then(|mail| mail.body_text(0).map(|text| text.into_owned()));
        text.unwrap_or_default().replace("\r\n", "\n")
    }

    /// The text of the first part with this media type, decoded; empty when there is none.
    pub fn part(&self, media_type: &str) -> String {
        let (main, sub) = media_type.split_once('/').unwrap_or((media_type, ""));
        let mail = MessageParser::default().parse(self.raw.as_bytes());
        let found = mail
            .as_ref()
            .and_then(|mail| mail.parts.iter().find(|part| part.is_content_type(main, sub)));
        found.map_or_else(String::new, |part| {
            String::from_utf8_lossy(part.contents()).into_owned()
        })
    }

    /// The files that came along, with their names.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mail = MessageParser::default().parse(self.raw.as_bytes());
        let files = mail.iter().flat_map(|mail| mail.attachments());
        let named = |part: &MessagePart<'_>| {
            (
                part.attachment_name().unwrap_or_default().to_owned(),
                part.contents().to_vec(),
            )
        };
        files.map(named).collect()
    }

    /// A reply as mail programs write one: subject, threading and quote taken from this mail.
    pub fn reply(&self, words: &str) -> Letter {
        let (_, address) = self.from();
        let quoted: String = self.text().lines().map(|line| format!("> {line}\n")).collect();
        let id = self.field("Message-ID");
        let references = format!("{} {id}", self.field("References"));
        Letter::to(&address)
            .subject(&format!("Re: {}", self.subject().trim_start_matches("Re: ")))
            .field("In-Reply-To", &id)
            .field("References", references.trim())
            .text(&format!("{words}\n\nOn Sunday, {address} wrote:\n{quoted}"))
    }
}

impl Letter {
    /// An empty letter to this address.
    pub fn to(address: &str) -> Self {
        Self {
            fields: vec![("To".to_owned(), address.to_owned())],
            body: String::new(),
        }
    }

    /// Gives it a subject, as it stands on the wire.
    pub fn subject(self, subject: &str) -> Self {
        self.field("Subject", subject)
    }

    /// Adds a field, as it stands on the wire.
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Plain text in UTF-8.
    pub fn text(self, words: &str) -> Self {
        self.content("text/plain; charset=utf-8", words)
    }

    /// Content of another kind, as it stands on the wire (but lines may end in `\n`).
    pub fn content(self, media_type: &str, body: &str) -> Self {
        let mut letter = self
            .field("MIME-Version", "1.0")
            .field("Content-Type", media_type)
            .field("Content-Transfer-Encoding", "8bit");
        letter.body = body.replace("\r\n", "\n").replace('\n', "\r\n");
        letter
    }

    /// The mail as `from` sends it: a fresh Message-ID and a date are added where none were given.
    pub fn from(&self, from: &str) -> Result<String> {
        let mut head = format!("From: {from}\r\n");
        for (name, value) in &self.fields {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let has = |wanted: &str| self.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
        if !has("Message-ID") {
            head.push_str(&format!("Message-ID: <{}@orchard.test>\r\n", fresh_word()?));
        }
        if !has("Date") {
            let date = std::process::Command::new("date").arg("-R").output().context("date")?;
            head.push_str(&format!("Date: {}\r\n", String::from_utf8_lossy(&date.stdout).trim()));
        }
        Ok(format!("{head}\r\n{}\r\n", self.body))
    }

    /// The address in `To`.
    pub fn recipient(&self) -> &str {
        self.fields.first().map_or("", |(_, address)| address)
    }
}

/// A word that this machine never gave before.
pub(crate) fn fresh_word() -> Result<String> {
    let uuid = std::fs::read_to_string("/proc/sys/kernel/random/uuid")?;
    Ok(uuid.trim().to_owned())
}
