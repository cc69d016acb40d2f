//! One mail from the mailbox as an arrival: for whom it is, what it says, or why it brings nothing.

use super::bounce::Bounce;
use super::recipients::{recipients, return_path};
use crate::address::Recipient;
use crate::config::Imap;
use crate::desk::{Desk, Mail, door};
use crate::fields::{Fields, divide};
use crate::read::Read;
use causeway_core::clock::Timestamp;
use causeway_core::envelope::EnvelopeId;
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::hop::Trust;
use causeway_core::network::{Arrival, House};
use std::sync::Arc;

/// What becomes of a mail.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Intake {
    /// It is for somebody, or earns a bounce.
    Brings(Arrival),
    /// It is not for everybody whom it names, and its sender is not told: that could hit somebody who never wrote.
    Refused(Arrival, Fault),
    /// A person must look at it.
    Aside(Fault),
}

// ---------------------------------------------------------------------------------------------------------------------

/// Judges a mail. `arrived` is when it came into the mailbox.
pub(crate) async fn intake(
    desk: &Arc<Desk>,
    house: &House,
    config: &Imap,
    bytes: Vec<u8>,
    arrived: Timestamp,
) -> Intake {
    let (header, _) = divide(&bytes);
    let written = recipients(header, config, &desk.domain.domain);
    if written.is_empty() {
        let sentence = format!("no recipient of this domain in {}", config.recipient_header);
        return Intake::Aside(Fault::of(FaultKind::Misconfigured).saying(&sentence));
    }
    let mail = Mail {
        return_path: return_path(header),
        bytes: Arc::new(bytes),
        arrived,
        door: door(&config.host, "IMAP", arrived, Trust::Trusted),
    };
    let mut brings = Arrival::default();
    let mut refused = None;
    for rcpt in &written {
        match for_one(desk, house, &mail, rcpt).await {
            Ok(arrival) => {
                brings.items.extend(arrival.items);
                brings.rows.extend(arrival.rows);
                // The same files for everybody, under the same numbers.
                brings.files = std::cmp::max_by_key(arrival.files, brings.files, Vec::len);
            }
            Err(fault) if is_defect(&fault) => return Intake::Aside(fault),
            Err(fault) => refused = Some(fault),
        }
    }
    match refused {
        Some(fault) => Intake::Refused(brings, fault),
        None => Intake::Brings(brings),
    }
}

/// A mail that says in place of one that is too large that it is there. The header is that of the mail, without what
/// describes its body.
pub(crate) fn stand_in(header: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for field in Fields::parse(header).iter() {
        let name = field.name().to_ascii_lowercase();
        if !name.starts_with("content-") && name != "mime-version" {
            out.extend_from_slice(field.name().as_bytes());
            out.push(b':');
            out.extend_from_slice(field.raw());
            if !out.ends_with(b"\n") {
                out.extend_from_slice(b"\r\n");
            }
        }
    }
    let megabytes = size / 100_000;
    let note = format!(
        "\r\n[A mail of {}.{} MB, which is more than the gateway takes. It stays in the gateway's mailbox.]\r\n",
        megabytes / 10,
        megabytes % 10
    );
    out.extend_from_slice(note.as_bytes());
    out
}

/// What the mail brings for one recipient. For an address that nobody has, a bounce where that can do no harm.
async fn for_one(desk: &Arc<Desk>, house: &House, mail: &Mail, rcpt: &str) -> Result<Arrival, Fault> {
    match desk.recipient(house, mail.return_path.as_deref(), rcpt) {
        Ok(recipient) => {
            let read = desk.read(house, mail, bounced(&recipient)).await?;
            desk.arrival(&read, &recipient, mail)
        }
        Err(fault) if fault.kind == FaultKind::NoSuchUser || fault.kind == FaultKind::NotAllowed => {
            let read = desk.read(house, mail, None).await?;
            match read {
                Read::Mail(read) => {
                    let path = mail.return_path.as_deref();
                    let now = house.clock.now();
                    let bounce = Bounce::deserved(&read, path, rcpt, &desk.domain.domain, desk.memory.as_ref(), now);
                    let row = bounce.and_then(|bounce| bounce.row()).ok_or(fault)?;
                    Ok(Arrival::rows(vec![row]))
                }
                Read::Reports(_) | Read::Loop => Err(fault),
            }
        }
        Err(fault) => Err(fault),
    }
}

fn bounced(recipient: &Recipient) -> Option<EnvelopeId> {
    match recipient {
        Recipient::Bounce(id) => Some(*id),
        Recipient::User(_) | Recipient::ForgedBounce => None,
    }
}

/// Whether a mail is not refused but beyond the gateway: somebody may miss it.
fn is_defect(fault: &Fault) -> bool {
    matches!(
        fault.kind,
        FaultKind::BadContent | FaultKind::TooLarge | FaultKind::TooLong | FaultKind::Internal
    )
}

#[cfg(test)]
mod tests;
