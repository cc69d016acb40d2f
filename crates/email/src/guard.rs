//! Measures a mail before any parser sees it: what could make one run long or deep is refused here.

use crate::fields::Field;
use crate::mime::{self, Part};
use causeway_core::fault::{Fault, FaultKind};

/// How much a mail may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in all.
    pub bytes: usize,
    /// Levels of multipart and message/rfc822 inside each other.
    pub depth: usize,
    /// Parts in all.
    pub parts: usize,
    /// Bytes in one header section.
    pub header_bytes: usize,
    /// Fields in one header section.
    pub header_fields: usize,
    /// Addresses in all address fields of the mail.
    pub addresses: usize,
}

/// The fields that hold lists of addresses (RFC 5322 sections 3.6.2, 3.6.3 and 3.6.6).
const ADDRESS_FIELDS: [&str; 10] = [
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Bcc",
    "Resent-From",
    "Resent-To",
    "Resent-Cc",
    "Resent-Bcc",
];

// ---------------------------------------------------------------------------------------------------------------------

impl Default for Limits {
    /// 25 MiB, 30 levels, 1000 parts, 256 KiB and 1000 fields of header, 1000 addresses.
    fn default() -> Self {
        Self {
            bytes: 25 * 1024 * 1024,
            depth: 30,
            parts: 1000,
            header_bytes: 256 * 1024,
            header_fields: 1000,
            addresses: 1000,
        }
    }
}

/// Measures a mail. [`FaultKind::TooLarge`] for too many bytes, [`FaultKind::BadContent`] for any other excess; the
/// fault's sentence names the limit. Takes time in proportion to size and depth, and no stack.
pub fn measure(mail: &[u8], limits: &Limits) -> Result<(), Fault> {
    measured(mail, limits).map(drop)
}

/// The parts of a mail that keeps within the limits.
pub(crate) fn measured<'a>(mail: &'a [u8], limits: &Limits) -> Result<Vec<Part<'a>>, Fault> {
    if mail.len() > limits.bytes {
        return Err(Fault::of(FaultKind::TooLarge).saying(&format!("at most {} bytes", limits.bytes)));
    }
    let parts = mime::split(mail, limits)?;
    let addresses: usize = parts
        .iter()
        .take(1)
        .flat_map(|top| top.fields.iter())
        .filter(|field| ADDRESS_FIELDS.iter().any(|name| field.is(name)))
        .map(count_addresses)
        .sum();
    match addresses > limits.addresses {
        true => Err(Fault::of(FaultKind::BadContent).saying(&format!("more than {} addresses", limits.addresses))),
        false => Ok(parts),
    }
}

/// An upper bound: every comma divides at most two addresses, every semicolon ends at most one group.
fn count_addresses(field: &Field<'_>) -> usize {
    1 + field.raw().iter().filter(|b| matches!(b, b',' | b';')).count()
}

#[cfg(test)]
mod tests;
