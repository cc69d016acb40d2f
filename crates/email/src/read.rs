//! A mail from the wire as core values.

mod attachments;
mod authentication;
mod author;
mod body;
mod html;
mod ids;
mod reaction;

use crate::address::{self, MailDomain};
use crate::date;
use crate::dsn::{self, DsnReport};
use crate::fields::Fields;
use crate::guard::{self, Limits};
use crate::hops;
use crate::mime::{Part, structured};
use crate::quote;
use crate::token::BounceKeys;
use crate::verdict::{self, Verdict};
use author::Author;
use causeway_core::address::ForeignId;
use causeway_core::clock::Timestamp;
use causeway_core::emoji::Emoji;
use causeway_core::envelope::EnvelopeId;
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::file::Attachment;
use causeway_core::hop::Hop;
use causeway_core::language::Tag;
use causeway_core::message::Text;
use causeway_core::text::{Body, Line};
use mail_parser::MessageParser;
use std::borrow::Cow;
use std::sync::Arc;

pub use ids::own_id;

/// A mail and what is known about its arrival.
pub struct Reading<'a> {
    /// The mail as it came, header and body.
    pub mail: &'a [u8],
    /// The gateway's domain.
    pub domain: &'a MailDomain,
    /// Host names and addresses whose Received lines are facts.
    pub trusted_hosts: &'a [String],
    /// Whose Authentication-Results count (RFC 8601 section 2.5).
    pub authserv_ids: &'a [String],
    /// When it reached the mailbox or the gateway's door.
    pub arrived: Timestamp,
    /// The keys of return paths.
    pub keys: &'a BounceKeys,
    /// MAIL FROM where it is known, `""` for the null path.
    pub return_path: Option<&'a str>,
    /// The delivery whose keyed return path the mail came to, where the envelope recipient said so.
    pub bounced: Option<EnvelopeId>,
    /// Which files are kept.
    pub room: Room,
}

/// How much room there is for the files of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// The largest file that is kept, in bytes.
    pub largest: u64,
    /// How many files are kept.
    pub most: usize,
}

/// What a mail turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    /// Something said.
    Mail(Box<IncomingMail>),
    /// News about earlier mails, one for each recipient that the report names.
    Reports(Vec<DsnReport>),
    /// A mail that has been here before.
    Loop,
}

/// Something said by mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingMail {
    /// The author, in canonical spelling.
    pub from: ForeignId,
    /// The author's address as spelled in the mail; answers go to this spelling.
    pub from_spelled: String,
    /// The words; `reply_to` and `thread` are not set here, because only the caller knows which ids it knows.
    pub text: Text,
    /// The emojis of a reaction to the mail that it answers (RFC 9078); the words beside them are for programs that know none.
    pub reaction: Vec<Emoji>,
    /// The language that it says it is in.
    pub lang: Option<Tag>,
    /// The bytes of the files that the text keeps, in the order of their numbers.
    pub files: Vec<Arc<[u8]>>,
    /// The id without brackets; made from a digest of the mail where it has none.
    pub message_id: String,
    /// The ids that it answers, without brackets.
    pub in_reply_to: Vec<String>,
    /// The ids of its thread, oldest first, without brackets.
    pub references: Vec<String>,
    /// Its way, oldest step first: the author's clock, then the servers.
    pub hops: Vec<Hop>,
    /// Whether the author is who the mail says.
    pub authenticated: Authenticated,
    /// The author's clock.
    pub said_at: Option<Timestamp>,
    /// Whether a machine sent it, and why it seems so.
    pub verdict: Verdict,
}

/// What trusted servers found out about the author's domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authenticated {
    /// It is the author's (DMARC, or DKIM aligned to From).
    Pass,
    /// It is not, or the mail names its author twice.
    Fail,
    /// Nobody who is trusted said anything.
    Unknown,
}

/// The longest text that is taken of a mail, in bytes.
const TEXT_MAX: usize = 200_000;
/// What stands below a text that was longer.
const CUT_HERE: &str = "\n[cut here: the mail has more than 200 kB of text]";

// ---------------------------------------------------------------------------------------------------------------------

impl Default for Room {
    /// 20 MiB, 20 files.
    fn default() -> Self {
        Self {
            largest: 20 << 20,
            most: 20,
        }
    }
}

/// Reads a mail. [`FaultKind::BadContent`] when it passes the limits of [`guard::measure`] or has no author,
/// [`FaultKind::BadAddress`] when the author's address is none that can be answered.
///
/// Reports are told apart first, then loops: a bounce of one of our own mails holds our own marks.
pub fn read(reading: &Reading<'_>) -> Result<Read, Fault> {
    let limits = Limits {
        bytes: usize::MAX,
        ..Limits::default()
    };
    let parts = guard::measured(reading.mail, &limits)?;
    let top = parts.first().ok_or_else(|| Fault::of(FaultKind::BadContent))?;
    let author = Author::find(&top.fields, reading.return_path);
    let local = author.as_ref().map(Author::local);
    let verdict = verdict::judge(top, local, reading.return_path, &reading.domain.domain);
    if let Some(reports) = dsn::reports(&parts, reading, &verdict) {
        return Ok(Read::Reports(reports));
    }
    if verdict.loop_ {
        return Ok(Read::Loop);
    }
    let author = author.ok_or_else(|| Fault::of(FaultKind::BadContent).saying("the mail names no author"))?;
    mail(reading, &parts, top, author, verdict).map(|mail| Read::Mail(Box::new(mail)))
}

fn mail(
    reading: &Reading<'_>,
    parts: &[Part<'_>],
    top: &Part<'_>,
    author: Author,
    verdict: Verdict,
) -> Result<IncomingMail, Fault> {
    let from = address::canonical(&author.address)?;
    let fields = &top.fields;
    let subject = fields.first("Subject").and_then(|field| unstructured(field.raw()));
    let whole = body::words(parts);
    let luggage = attachments::taken(parts, reading.room);
    let text = text(&whole, subject, luggage.attachments, &author, verdict.automatic)?;
    Ok(IncomingMail {
        message_id: ids::message_id(fields).unwrap_or_else(|| ids::digest(fields, &whole)),
        reaction: reaction::of(parts),
        lang: language(fields),
        in_reply_to: ids::listed(fields, "In-Reply-To"),
        references: ids::listed(fields, "References"),
        hops: hops::chain(fields, Some(&author.address), reading.trusted_hosts, reading.arrived),
        authenticated: authentication::of(fields, &author, address::domain_of(&from), reading),
        said_at: fields
            .value("Date")
            .and_then(|value| date::parse(&value, reading.arrived)),
        from,
        from_spelled: author.address,
        text,
        files: luggage.files,
        verdict,
    })
}

fn text(
    whole: &str,
    subject: Option<Line>,
    attachments: Vec<Attachment>,
    author: &Author,
    automatic: bool,
) -> Result<Text, Fault> {
    let whole_body = Body::clean(whole);
    let plain = whole_body.as_ref().map_or("", Body::as_str);
    let cut = quote::cut(plain, subject.as_ref().map(Line::as_str));
    // Without any words the mail still has a subject or an attachment to show.
    let body = Body::clean(&shortened(&cut.text)).or_else(|| Body::clean("(no text)"));
    let mut text = Text::plain(body.ok_or_else(|| Fault::of(FaultKind::BadContent))?);
    text.subject = subject;
    text.original = match cut.cut {
        true => Body::clean(&shortened(plain)),
        false => None,
    };
    text.sender_name = author.name.clone();
    text.attachments = attachments;
    text.automatic = automatic;
    Ok(text)
}

/// The text, or its begin with a note where it is longer than anybody reads.
fn shortened(text: &str) -> Cow<'_, str> {
    if text.len() <= TEXT_MAX {
        return text.into();
    }
    let end = text.floor_char_boundary(TEXT_MAX.saturating_sub(CUT_HERE.len()));
    format!("{}{CUT_HERE}", text.get(..end).unwrap_or_default()).into()
}

/// The one language that a mail says it is in (RFC 3282 section 2).
fn language(fields: &Fields<'_>) -> Option<Tag> {
    Tag::read(&fields.value("Content-Language")?)
}

/// A header text with its encoded words decoded (RFC 2047).
fn unstructured(raw: &[u8]) -> Option<Line> {
    let value = structured("Subject", raw, &MessageParser::new().header_text("Subject"))?;
    Line::clean(value.as_text()?)
}

#[cfg(test)]
mod tests;
