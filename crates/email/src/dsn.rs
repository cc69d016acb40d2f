//! Delivery status and disposition notifications: what a report says became of one recipient's copy.

mod groups;
pub mod status;
mod steps;
mod words;

use crate::date;
use crate::fields::{Fields, divide};
use crate::mime::Part;
use crate::read::{Reading, own_id};
use crate::verdict::Verdict;
use causeway_core::envelope::EnvelopeId;
use causeway_core::evidence::Evidence;
use causeway_core::hop::{Hop, Step, Trust};
use causeway_core::text::Line;
use groups::groups;
use steps::{Scene, steps, taker};

/// What a report says about one recipient (RFC 3464 section 2.3, RFC 8098 section 3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DsnReport {
    /// The delivery meant, where an own id was found.
    pub about: Option<EnvelopeId>,
    /// Whether a keyed return path proved `about`.
    pub keyed: bool,
    /// The Message-ID of the mail that it is about, without brackets.
    pub original_message_id: Option<String>,
    /// The envelope id that the sender of the mail gave.
    pub envid: Option<String>,
    /// The recipient, as spelled in the report.
    pub recipient: Option<String>,
    /// What became of it.
    pub evidence: Evidence,
    /// The steps that the report tells of, oldest first.
    pub hops: Vec<Hop>,
}

/// Which mail a report is about, as far as it says.
#[derive(Debug, Clone, Default)]
struct Subject {
    about: Option<EnvelopeId>,
    keyed: bool,
    original_message_id: Option<String>,
    envid: Option<String>,
}

/// Per-recipient groups read of one report.
const GROUPS_MAX: usize = 1000;
/// Header fields in which mail servers write the envelope recipient, or in which it may stand anyway.
const RECIPIENT_FIELDS: [&str; 9] = [
    "X-Gm-Original-To",
    "Delivered-To",
    "X-Original-To",
    "Envelope-To",
    "X-Envelope-To",
    "Resent-To",
    "Resent-Cc",
    "To",
    "Cc",
];

// ---------------------------------------------------------------------------------------------------------------------

/// The reports that a mail holds, one for each recipient named, or `None` when it is no report.
///
/// Accepted are machine-readable parts anywhere but inside a forwarded mail, with or without the right multipart around
/// them, and mails of mail servers in words only where they name one of our mails.
pub fn reports(parts: &[Part<'_>], reading: &Reading<'_>, verdict: &Verdict) -> Option<Vec<DsnReport>> {
    let own = |part: &&Part<'_>| !inside_a_mail(parts, part);
    let find = |types: [&str; 2]| {
        parts
            .iter()
            .filter(own)
            .find(|part| types.contains(&part.media_type.as_str()))
    };
    if let Some(part) = find(["message/delivery-status", "message/global-delivery-status"]) {
        return Some(delivery_reports(part, parts, reading));
    }
    let mdn = [
        "message/disposition-notification",
        "message/global-disposition-notification",
    ];
    if let Some(part) = find(mdn) {
        return Some(disposition_report(part, parts, reading).into_iter().collect());
    }
    words::report(parts, reading, verdict, &subject(parts, reading, None)).map(|report| vec![report])
}

fn delivery_reports(part: &Part<'_>, parts: &[Part<'_>], reading: &Reading<'_>) -> Vec<DsnReport> {
    let content = part.content();
    let groups: Vec<Fields<'_>> = groups(&content).take(GROUPS_MAX).map(Fields::parse).collect();
    let message = groups.first().cloned().unwrap_or_default();
    let mut subject = subject(parts, reading, message.value("Original-Envelope-Id"));
    if let Some(id) = message.value("X-Original-Message-ID") {
        subject.take_message_id(&id, reading);
    }
    let scene = Scene {
        message: &message,
        taker: taker(parts, reading),
        heard: reading.arrived,
    };
    groups
        .iter()
        .filter_map(|group| recipient_report(group, &subject, &scene))
        .collect()
}

/// One per-recipient group; `None` for the per-message group. Some writers put both into one.
fn recipient_report(group: &Fields<'_>, subject: &Subject, scene: &Scene<'_>) -> Option<DsnReport> {
    let telling = ["Final-Recipient", "Original-Recipient", "Action", "Status"];
    if !telling.iter().any(|name| group.first(name).is_some()) {
        return None;
    }
    let recipient = recipient(group);
    let evidence = evidence(group, recipient.as_deref());
    let hops = steps(group, &evidence, recipient.as_deref(), scene);
    Some(subject.report(recipient, evidence, hops))
}

/// A read receipt (RFC 8098): `displayed` means seen; any other disposition proves that it arrived.
fn disposition_report(part: &Part<'_>, parts: &[Part<'_>], reading: &Reading<'_>) -> Option<DsnReport> {
    let content = part.content();
    let fields = groups(&content).map(Fields::parse).next()?;
    let mut subject = subject(parts, reading, None);
    if let Some(id) = fields.value("Original-Message-ID") {
        subject.take_message_id(&id, reading);
    }
    let disposition = fields.value("Disposition")?.to_ascii_lowercase();
    let kind = disposition.rsplit(';').next().unwrap_or_default().trim();
    let (evidence, step) = match kind.starts_with("displayed") {
        true => (Evidence::Seen, Step::Seen),
        false => (Evidence::Delivered, Step::Delivered),
    };
    let who = fields.value("Reporting-UA").and_then(|name| Line::clean(&name));
    let hops = who.or_else(|| Line::clean("mail program")).map(|who| Hop {
        at: Some(reading.arrived),
        step,
        who,
        with: None,
        tls: None,
        said: Line::clean(&disposition),
        trust: Trust::Claimed,
    });
    Some(subject.report(recipient(&fields), evidence, hops.into_iter().collect()))
}

/// The recipient as the sender wrote it, else as the last server did.
fn recipient(group: &Fields<'_>) -> Option<String> {
    let original = group
        .value("Original-Recipient")
        .map(|value| from_xtext(address(&value)));
    let last = || group.value("Final-Recipient").map(|value| address(&value).to_owned());
    original
        .filter(|value| !value.is_empty())
        .or_else(last)
        .filter(|value| !value.is_empty())
}

/// The address behind the address type (RFC 3464 section 2.1.2), without brackets.
fn address(value: &str) -> &str {
    let plain = value.split_once(';').map_or(value, |(_, address)| address);
    plain.trim().trim_start_matches('<').trim_end_matches('>')
}

/// Undoes xtext (RFC 3461 section 4), which Original-Recipient may be written in.
fn from_xtext(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, after)) = rest.split_once('+') {
        out.extend_from_slice(plain.as_bytes());
        let code = after.split_at_checked(2);
        let byte = code.filter(|(hex, _)| hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F')));
        match byte.and_then(|(hex, tail)| Some((u8::from_str_radix(hex, 16).ok()?, tail))) {
            Some((byte, tail)) => {
                out.push(byte);
                rest = tail;
            }
            None => {
                out.push(b'+');
                rest = after;
            }
        }
    }
    out.extend_from_slice(rest.as_bytes());
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

fn evidence(group: &Fields<'_>, recipient: Option<&str>) -> Evidence {
    let word = date::without_comments(&group.value("Action").unwrap_or_default()).to_ascii_lowercase();
    let status = group.value("Status").as_deref().and_then(status::find);
    let said = diagnostic(group).unwrap_or_default();
    let failed = || Evidence::Failed(status::final_fault(status, &said, recipient));
    let delayed = || {
        let reason = status.is_some() || !said.is_empty();
        Evidence::Delayed(reason.then(|| status::passing_fault(status, &said, recipient)))
    };
    match word.trim() {
        "delivered" => Evidence::Delivered,
        "relayed" | "expanded" => Evidence::Relayed,
        "delayed" => delayed(),
        "failed" => failed(),
        // Missing, "error" and "(unknown)" are in use: then the class of the status decides (RFC 3463 section 3.1).
        _ => match status {
            Some((2, ..)) => Evidence::Delivered,
            Some((4, ..)) => delayed(),
            _ => failed(),
        },
    }
}

/// What the refusing server said, without the type in front.
fn diagnostic(group: &Fields<'_>) -> Option<String> {
    let value = group.value("Diagnostic-Code")?;
    let said = value
        .split_once(';')
        .map_or(value.as_str(), |(kind, said)| match kind.contains(' ') {
            true => value.as_str(),
            false => said,
        });
    Some(said.trim().to_owned())
}

// ---- which mail it is about -----------------------------------------------------------------------------------------

/// Looks for our own id: the keyed return path first, then the envelope id, then the Message-ID of the returned part,
/// then the ids that the report answers.
fn subject(parts: &[Part<'_>], reading: &Reading<'_>, envid: Option<String>) -> Subject {
    let top = parts.first();
    let keyed = reading
        .bounced
        .or_else(|| top.and_then(|top| keyed_address(&top.fields, reading)));
    let mut subject = Subject {
        about: keyed,
        keyed: keyed.is_some(),
        original_message_id: None,
        envid: envid.map(|envid| from_xtext(&envid)),
    };
    subject.about = subject
        .about
        .or_else(|| EnvelopeId::parse(subject.envid.as_deref()?.trim()));
    if let Some(id) = returned_message_id(parts) {
        subject.take_message_id(&id, reading);
    }
    for name in ["In-Reply-To", "References"] {
        let value = top.and_then(|top| top.fields.value(name)).unwrap_or_default();
        subject.about = subject.about.or_else(|| own_id_in(&value, &reading.domain.domain));
    }
    subject
}

impl Subject {
    fn take_message_id(&mut self, id: &str, reading: &Reading<'_>) {
        let plain = id.trim().trim_start_matches('<').trim_end_matches('>').to_owned();
        self.about = self.about.or_else(|| own_id(&plain, &reading.domain.domain));
        self.original_message_id = Some(plain).filter(|plain| !plain.is_empty());
    }

    fn report(&self, recipient: Option<String>, evidence: Evidence, hops: Vec<Hop>) -> DsnReport {
        DsnReport {
            about: self.about,
            keyed: self.keyed,
            original_message_id: self.original_message_id.clone(),
            envid: self.envid.clone(),
            recipient,
            evidence,
            hops,
        }
    }
}

fn keyed_address(fields: &Fields<'_>, reading: &Reading<'_>) -> Option<EnvelopeId> {
    RECIPIENT_FIELDS
        .iter()
        .flat_map(|name| fields.all(name))
        .find_map(|field| {
            let value = field.value();
            let mut words = value.split(|c: char| !(c.is_ascii_alphanumeric() || "@.-".contains(c)));
            words.find_map(|word| keyed_word(word, reading))
        })
}

fn keyed_word(word: &str, reading: &Reading<'_>) -> Option<EnvelopeId> {
    let (local, domain) = word.rsplit_once('@')?;
    let own = domain.eq_ignore_ascii_case(&reading.domain.domain);
    reading.keys.verify(local).filter(|_| own)?.ok()
}

/// The Message-ID of the returned mail or header, whatever its part is called (RFC 3462 section 2).
fn returned_message_id(parts: &[Part<'_>]) -> Option<String> {
    from_returned(parts, |fields| fields.value("Message-ID"))
}

/// Something of the header of the returned mail.
fn from_returned<T>(parts: &[Part<'_>], find: impl Fn(&Fields<'_>) -> Option<T>) -> Option<T> {
    parts.iter().filter(|part| is_returned(part)).find_map(|part| {
        let content = part.content();
        let (header, _) = divide(content.trim_ascii_start());
        find(&Fields::parse(header))
    })
}

fn is_returned(part: &Part<'_>) -> bool {
    part.is_message()
        || matches!(
            part.media_type.as_str(),
            "text/rfc822-headers" | "message/rfc822-headers" | "message/global-headers" | "text/rfc822-header"
        )
}

/// The first of our ids in a text.
fn own_id_in(text: &str, domain: &str) -> Option<EnvelopeId> {
    text.split(|c: char| c.is_whitespace() || "<>,;\"()[]".contains(c))
        .find_map(|word| own_id(word.trim_end_matches(['.', ':']), domain))
}

fn inside_a_mail(parts: &[Part<'_>], part: &Part<'_>) -> bool {
    let mut above = part.parent;
    while let Some(parent) = above.and_then(|index| parts.get(index)) {
        if parent.is_message() {
            return true;
        }
        above = parent.parent;
    }
    false
}

#[cfg(test)]
mod tests;
