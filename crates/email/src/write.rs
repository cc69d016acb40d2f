//! A parcel as a mail.

mod attach;
mod bounce;
mod encode;
mod flow;
mod reaction;

use crate::address::{self, MailDomain};
use crate::date;
use crate::verdict::{LOOP_FIELD, OWN_PROTOCOL};
use causeway_core::address::Party;
use causeway_core::envelope::Envelope;
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::message::{Happened, MessageRef, News, Payload, Text};
use causeway_core::network::{Parcel, Quoted};
use causeway_core::text::Line;
use jid::BareJid;
use mail_builder::MessageBuilder;
use mail_builder::headers::HeaderType;
use mail_builder::headers::address::Address;
use mail_builder::headers::message_id::MessageId;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text as HeaderText;
use mail_builder::mime::MimePart;

pub use attach::{Absence, Enclosure};

/// A parcel and what its mail needs besides.
pub struct Writing<'a> {
    /// What to carry.
    pub parcel: &'a Parcel,
    /// The gateway's domain.
    pub domain: &'a MailDomain,
    /// The recipient's address as spelled for RCPT and To.
    pub to: &'a str,
    /// The recipient's name.
    pub to_name: Option<&'a Line>,
    /// The message that news are about, while it is remembered.
    pub about: Option<&'a Envelope>,
    /// The thread that it continues.
    pub thread: &'a ThreadHead,
    /// The files of the message, as far as they could be brought.
    pub files: &'a [Enclosure],
    /// Whether to name the sender's XMPP address in a `Jabber-ID` field.
    pub jabber_id: bool,
    /// Whether to ask for a notification when it is displayed (RFC 8098 section 2.1).
    pub ask_for_receipt: bool,
    /// Whether the next server takes UTF-8 in headers (RFC 6531).
    pub smtputf8: bool,
}

/// The head of a mail thread.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ThreadHead {
    /// Its subject.
    pub subject: Option<Line>,
    /// The id of the mail to answer, without brackets.
    pub in_reply_to: Option<String>,
    /// The ids of the thread, oldest first, without brackets.
    pub references: Vec<String>,
}

/// A mail ready for DATA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// The address in From.
    pub from: String,
    /// The mail: CRLF lines only, none longer than 998 bytes, and none that begins with a dot in its body.
    pub bytes: Vec<u8>,
    /// Whether it can only go to a server that takes UTF-8 in headers.
    pub needs_smtputf8: bool,
    /// Whether it must go with a null return path, because nobody may answer it automatically (RFC 3464 section 2).
    pub null_path: bool,
}

/// The longest line of a mail without its break (RFC 5322 section 2.1.1).
const LINE_MAX: usize = 998;
/// Longer ids and addresses would not fit into a line with the name of their field.
const WORD_MAX: usize = 900;
/// The ids kept of a thread besides its first (RFC 5322 section 3.6.4 sets no bound).
const REFERENCES_MAX: usize = 10;
/// The words that become the subject of a message without one, in characters.
const SUBJECT_WORDS: usize = 60;

// ---------------------------------------------------------------------------------------------------------------------

/// Writes the mail of a parcel: words as a letter from a person, a failure as a delivery status notification.
///
/// The same parcel gives the same bytes at every try. [`FaultKind::BadAddress`] for addresses that mail cannot have,
/// [`FaultKind::NotSupported`] for other news, which mail has no words for, and for a recipient whose name is not ASCII
/// where the next server lacks SMTPUTF8.
pub fn compose(writing: &Writing<'_>) -> Result<Composed, Fault> {
    let to = address::for_smtp(writing.to)?;
    if !to.is_ascii() && !writing.smtputf8 {
        let why = "the next server takes no addresses that are not ASCII";
        return Err(Fault::of(FaultKind::NotSupported).saying(why));
    }
    match writing.parcel.payload() {
        Payload::Text(text) | Payload::Edit { text, .. } => letter(writing, text, &to),
        Payload::React {
            emojis, sender_name, ..
        } => reaction::write(writing, emojis, sender_name.as_ref(), &to),
        Payload::News(News {
            what: Happened::Failed(fault),
            their_id,
            first_words,
            ..
        }) => bounce::write(writing, fault, their_id.as_ref(), first_words, &to),
        Payload::Retract { .. } | Payload::News(_) => Err(Fault::of(FaultKind::NotSupported)),
    }
}

fn letter(writing: &Writing<'_>, text: &Text, to: &str) -> Result<Composed, Fault> {
    let boundary = format!("files-{}", writing.parcel.id());
    let whole = attach::mixed(plain(&words(text, writing.files)), writing.files, &boundary);
    signed(writing, text, to, whole)
}

/// Words as a part that wraps on any screen.
fn plain(words: &str) -> MimePart<'static> {
    let (encoding, encoded) = encode::text(&flow::flowed(words));
    MimePart::raw(encoded)
        .header("Content-Type", Raw::new("text/plain; charset=utf-8; format=flowed"))
        .header("Content-Transfer-Encoding", Raw::new(encoding))
}

/// A mail from the person who sent the parcel; `text` says what its header needs.
fn signed(writing: &Writing<'_>, text: &Text, to: &str, body: MimePart<'_>) -> Result<Composed, Fault> {
    let sender = sender(writing)?;
    let from = writing.domain.puppet(sender)?;
    let name = text
        .sender_name
        .as_ref()
        .map(Line::as_str)
        .or(sender.node().map(|node| node.as_str()));
    let mut mail = head(writing, to)
        .header("From", Address::new_address(name, from.as_str()))
        .header("Subject", HeaderText::new(subject(writing, text)));
    if writing.jabber_id && sender.as_str().len() <= WORD_MAX {
        mail = mail.header("Jabber-ID", HeaderText::new(sender.as_str()));
    }
    if text.automatic {
        mail = mail.header("Auto-Submitted", Raw::new("auto-generated"));
    }
    if let Some(lang) = &writing.parcel.draft().lang {
        mail = mail.header("Content-Language", Raw::new(lang.as_str()));
    }
    if writing.ask_for_receipt && writing.parcel.draft().receipt {
        mail = mail.header(
            "Disposition-Notification-To",
            Address::new_address(None::<&str>, from.as_str()),
        );
    }
    checked(mail.body(body), &from, to, false)
}

/// The fields that every mail of ours begins with: the trace of the gateway first (RFC 5321 section 3.7.2).
fn head<'a>(writing: &Writing<'a>, to: &str) -> MessageBuilder<'a> {
    let parcel = writing.parcel;
    let domain = writing.domain.domain.as_str();
    let trace = format!(
        "from {} by {domain} with {OWN_PROTOCOL} id {}; {}",
        sender(writing).map_or_else(|_| host(&writing.domain.home), |sender| host(sender.domain().as_str())),
        parcel.id(),
        date::format(parcel.accepted()),
    );
    let said_at = parcel.draft().said_at.unwrap_or(parcel.accepted());
    let to_name = writing.to_name.map(|name| name.as_str().to_owned());
    let mut mail = MessageBuilder::new()
        .header("Received", Raw::new(trace))
        .header("Date", Raw::new(date::format(said_at)))
        .header("Message-ID", MessageId::new(format!("{}@{domain}", parcel.id())))
        .header("To", Address::new_address(to_name, to.to_owned()))
        .header(LOOP_FIELD, Raw::new(domain));
    let answered = answered(writing);
    let thread = references(&writing.thread.references, answered.as_deref());
    if let Some(answered) = answered {
        mail = mail.header("In-Reply-To", MessageId::new(answered));
    }
    if !thread.is_empty() {
        mail = mail.header(
            "References",
            HeaderType::MessageId(MessageId::new_list(thread.into_iter())),
        );
    }
    mail
}

/// An XMPP domain as a host name in a trace line.
fn host(domain: &str) -> String {
    idna::domain_to_ascii_strict(domain).unwrap_or_else(|_| "xmpp.invalid".to_owned())
}

fn sender<'a>(writing: &Writing<'a>) -> Result<&'a BareJid, Fault> {
    match &writing.parcel.draft().from {
        Party::Home(jid) => Ok(jid),
        Party::Foreign(_) => Err(Fault::of(FaultKind::NotSupported)),
    }
}

/// The id that the mail answers: the thread's, else the one that the parcel itself knows.
fn answered(writing: &Writing<'_>) -> Option<String> {
    let known = || match writing.parcel.reply_to()? {
        Quoted::Theirs(id) => Some(id.as_str().to_owned()),
        Quoted::Ours(id) => Some(format!("{id}@{}", writing.domain.domain)),
    };
    writing.thread.in_reply_to.clone().or_else(known).filter(|id| is_id(id))
}

/// The first id of the thread and its last ones, each once, the answered one at the end.
fn references(thread: &[String], answered: Option<&str>) -> Vec<String> {
    let good: Vec<&str> = thread
        .iter()
        .map(String::as_str)
        .filter(|id| is_id(id) && Some(*id) != answered)
        .collect();
    let newest = good.len().saturating_sub(REFERENCES_MAX).max(1);
    let kept = good.iter().take(1).chain(good.iter().skip(newest));
    kept.copied().chain(answered).map(str::to_owned).collect()
}

/// Whether an id can stand between brackets in a header (RFC 5322 section 3.6.4). One without an `@` is no Message-ID but
/// the gateway's own name for a mail that had none.
fn is_id(id: &str) -> bool {
    MessageRef::new(id).is_some()
        && id.contains('@')
        && id.len() <= WORD_MAX
        && id.bytes().all(|b| b.is_ascii_graphic() && b != b'<' && b != b'>')
}

/// The subject that was given; in a thread the thread's; else the first words.
fn subject(writing: &Writing<'_>, text: &Text) -> String {
    let thread = writing.thread;
    match (&text.subject, &thread.subject) {
        (Some(given), _) => given.as_str().to_owned(),
        (None, Some(known)) if answered(writing).is_some() => format!("Re: {}", without_prefix(known.as_str())),
        (None, Some(known)) => known.as_str().to_owned(),
        (None, None) => match Line::clean(attach::words(text.body.as_str(), writing.files)) {
            Some(words) => words.short(SUBJECT_WORDS),
            None => String::new(),
        },
    }
}

fn without_prefix(subject: &str) -> &str {
    let mut plain = subject.trim();
    while let Some((_, rest)) = plain
        .split_at_checked(3)
        .filter(|(prefix, _)| prefix.eq_ignore_ascii_case("re:"))
    {
        plain = rest.trim_start();
    }
    plain
}

/// The words, and a line for each file that does not come along.
fn words(text: &Text, files: &[Enclosure]) -> String {
    let mut words = attach::words(text.body.as_str(), files).to_owned();
    for line in files.iter().filter_map(|file| file.line(text.body.as_str())) {
        words.push('\n');
        words.push_str(&line);
    }
    words
}

/// Serializes, and looks once more whether the result is what a mail must be: whatever a stranger's words did to it, it
/// does not leave the house with a line that a server could read in two ways.
fn checked(mail: MessageBuilder<'_>, from: &str, to: &str, null_path: bool) -> Result<Composed, Fault> {
    let broken = || Fault::of(FaultKind::BadContent).saying("the mail would not be well-formed");
    let bytes = mail.write_to_vec().map_err(|_| broken())?;
    let needs_smtputf8 = !to.is_ascii();
    let lines_fit = bytes.split(|b| *b == b'\n').all(|line| match line {
        [] => true,
        [text @ .., b'\r'] => text.len() <= LINE_MAX && !text.contains(&b'\r'),
        _ => false,
    });
    let clean = bytes.ends_with(b"\r\n") && !bytes.contains(&0) && (needs_smtputf8 || bytes.is_ascii());
    match lines_fit && clean {
        true => Ok(Composed {
            from: from.to_owned(),
            bytes,
            needs_smtputf8,
            null_path,
        }),
        false => Err(broken()),
    }
}

#[cfg(test)]
mod tests;
