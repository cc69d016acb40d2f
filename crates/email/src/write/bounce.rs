//! A failure on our side as a delivery status notification (RFC 3464) to the sender of the mail.

use super::{Composed, Writing, checked, encode, head, is_id, sender};
use crate::date;
use causeway_core::fault::Fault;
use causeway_core::message::MessageRef;
use causeway_core::text::Line;
use mail_builder::headers::address::Address;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;
use mail_builder::headers::{Header, HeaderType};
use mail_builder::mime::{BodyPart, MimePart};

/// Writes the notification. It goes with a null return path and says that a machine wrote it (RFC 3834 section 5).
pub(super) fn write(
    writing: &Writing<'_>,
    fault: &Fault,
    their_id: Option<&MessageRef>,
    first_words: &str,
    to: &str,
) -> Result<Composed, Fault> {
    let domain = writing.domain.domain.as_str();
    let recipient = writing.domain.puppet(sender(writing)?)?;
    let from = format!("MAILER-DAEMON@{domain}");
    let their_id = their_id.map(MessageRef::as_str).filter(|id| is_id(id));
    let mut mail = head(writing, to)
        .header(
            "From",
            Address::new_address(Some("Mail Delivery System"), from.as_str()),
        )
        .header("Subject", Raw::new("Undelivered mail returned to sender"))
        .header("Auto-Submitted", Raw::new("auto-replied"));
    if let Some(id) = their_id.filter(|_| super::answered(writing).is_none()) {
        mail = mail.header("In-Reply-To", Raw::new(format!("<{id}>")));
    }
    let mut parts = vec![
        text("text/plain; charset=utf-8", &words(&recipient, fault, first_words)),
        plain("message/delivery-status", &status(domain, &recipient, fault)),
    ];
    let header = header(writing, their_id, to);
    parts.extend((!header.is_empty()).then(|| plain("text/rfc822-headers", &header)));
    let boundary = format!("report-{}", writing.parcel.id());
    let report = Raw::new(format!(
        "multipart/report; report-type=delivery-status; boundary=\"{boundary}\""
    ));
    let body = MimePart {
        headers: vec![("Content-Type".into(), report.into())],
        contents: BodyPart::Multipart(parts),
    };
    checked(mail.body(body), &from, to, true)
}

fn words(recipient: &str, fault: &Fault, first_words: &str) -> String {
    let quoted = match first_words {
        "" => String::new(),
        words => format!("\nIt began: {words}\n"),
    };
    format!("Your message to {recipient} could not be delivered.\n\n{fault}.\n{quoted}")
}

/// The header of the mail that did not arrive (RFC 3462 section 2), as far as it is known: what a person and a program
/// need to find it again.
fn header(writing: &Writing<'_>, their_id: Option<&str>, to: &str) -> String {
    let mut fields: Vec<(&str, HeaderType<'_>)> = Vec::new();
    if let Some(id) = their_id {
        fields.push(("Message-ID", Raw::new(format!("<{id}>")).into()));
    }
    if let Some(draft) = writing.about.map(|about| &about.draft) {
        let text = draft.payload.text();
        let name = text.and_then(|text| text.sender_name.as_ref()).map(Line::as_str);
        if to.is_ascii() {
            fields.push(("From", Address::new_address(name, to).into()));
        }
        if let Some(subject) = text.and_then(|text| text.subject.as_ref()) {
            fields.push(("Subject", Text::new(subject.as_str()).into()));
        }
        if let Some(at) = draft.said_at {
            fields.push(("Date", Raw::new(date::format(at)).into()));
        }
    }
    let mut out = Vec::new();
    for (name, value) in fields {
        out.extend_from_slice(format!("{name}: ").as_bytes());
        value.write_header(&mut out, name.len() + 2);
    }
    String::from_utf8(out).unwrap_or_default()
}

/// The fields for machines. The sentence of the other side is encoded away to ASCII: the type allows nothing else.
fn status(domain: &str, recipient: &str, fault: &Fault) -> String {
    let (class, subject, detail) = match (fault.enhanced_status(), fault.status) {
        // The table's class says what could be tried again (RFC 3463 section 3.1): here nothing is.
        ((_, subject, detail), None) if !fault.retry => (5, subject, detail),
        (told, _) => told,
    };
    let said: String = fault
        .to_string()
        .chars()
        .map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' })
        .take(500)
        .collect();
    format!(
        "Reporting-MTA: dns; {domain}\r\n\r\nFinal-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: {class}.{subject}.{detail}\r\nDiagnostic-Code: x-xmpp; {said}\r\n"
    )
}

fn text(media_type: &'static str, words: &str) -> MimePart<'static> {
    let (encoding, encoded) = encode::text(words);
    MimePart::raw(encoded)
        .header("Content-Type", Raw::new(media_type))
        .header("Content-Transfer-Encoding", Raw::new(encoding))
}

fn plain(media_type: &'static str, fields: &str) -> MimePart<'static> {
    MimePart::raw(fields.as_bytes().to_vec())
        .header("Content-Type", Raw::new(media_type))
        .header("Content-Transfer-Encoding", Raw::new("7bit"))
}
