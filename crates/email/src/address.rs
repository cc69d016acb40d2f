//! Mail addresses: one parser for policy and sending, and the addresses that people on XMPP have in the mail world.

use crate::token::BounceKeys;
use causeway_core::address::{ForeignId, escape_local, unescape_local};
use causeway_core::envelope::EnvelopeId;
use causeway_core::fault::{Fault, FaultKind};
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use jid::{BareJid, NodePart};

/// The gateway's own domain in the mail world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailDomain {
    /// The domain that the gateway takes mail for, in A-labels and lower case.
    pub domain: String,
    /// The XMPP domain whose users keep their name there.
    pub home: String,
}

/// Whom an envelope recipient at the gateway's domain means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// A person on XMPP.
    User(BareJid),
    /// The return path of this envelope; the key proves that the gateway made it.
    Bounce(EnvelopeId),
    /// An address of that shape that no key of ours made: backscatter or a forger.
    ForgedBounce,
}

/// The longest local part in octets (RFC 5321 section 4.5.3.1.1).
const LOCAL_MAX: usize = 64;

// ---------------------------------------------------------------------------------------------------------------------

/// Reads an address as people type it, `juliet@example.com` or `juliet%example.com`, into its one spelling: local part
/// folded as a JID folds it, domain in A-labels and lower case.
///
/// Refuses with [`FaultKind::BadAddress`] what two readers could take for two domains: quoted local parts, source
/// routes, `%` and `!` routing, address literals, blanks and brackets; also what is over-long and domains without a dot.
pub fn canonical(written: &str) -> Result<ForeignId, Fault> {
    let (local, domain) = halves(written)?;
    let local = folded_local(local)?;
    let domain = domain_to_ascii(domain)?;
    ForeignId::new(&format!("{local}@{domain}"))
}

/// An address for people and for the local part of a JID: with the domain in Unicode where that cannot mislead.
/// [`canonical`] reads it back, also after a JID has folded it.
pub fn written(id: &ForeignId) -> String {
    let plain = id.as_str();
    unicode_spelling(plain)
        .filter(|nice| survives_a_jid(nice, id))
        .unwrap_or_else(|| plain.to_owned())
}

/// An address as spelled by its owner in the form that goes on the wire: the name as it is, the domain in A-labels. What
/// [`canonical`] refuses is refused here, so that what was allowed and what is written are the same domain. A name that
/// is not ASCII needs a server with SMTPUTF8 (RFC 6531).
pub fn for_smtp(spelled: &str) -> Result<String, Fault> {
    let id = canonical(spelled)?;
    let (local, _) = halves(spelled)?;
    Ok(format!("{local}@{}", domain_of(&id)))
}

/// The domain of an address, in A-labels.
pub fn domain_of(id: &ForeignId) -> &str {
    id.as_str().rsplit_once('@').map_or("", |(_, domain)| domain)
}

impl MailDomain {
    /// The mail address of somebody on XMPP: `romeo@<domain>` for users of the home domain, `name=domain@<domain>` for
    /// all others. Characters that mail servers route by or quote become `=` and two hexadecimal digits; before a
    /// domain that begins like such digits the `=` is doubled. [`MailDomain::recipient`] reads it back.
    pub fn puppet(&self, user: &BareJid) -> Result<String, Fault> {
        let name = user.node().ok_or_else(|| bad("a server has no mail address"))?;
        let mut local = encode_name(name.as_str());
        if user.domain().as_str() != self.home {
            let domain = domain_to_ascii_any(user.domain().as_str())?;
            local.push_str(if begins_with_hex(&domain) { "==" } else { "=" });
            local.push_str(&domain);
        }
        if local.len() > LOCAL_MAX {
            return Err(bad("the address is longer than mail allows"));
        }
        Ok(format!("{local}@{}", self.domain))
    }

    /// Whom an envelope recipient means. [`FaultKind::Refused`] for another domain, [`FaultKind::NoSuchUser`] for a
    /// local part that [`MailDomain::puppet`] does not make.
    pub fn recipient(&self, rcpt: &str, keys: &BounceKeys) -> Result<Recipient, Fault> {
        let (local, domain) = rcpt.rsplit_once('@').ok_or_else(|| bad("no domain"))?;
        if domain_to_ascii_any(domain)? != self.domain {
            return Err(Fault::of(FaultKind::Refused).saying("this gateway takes no mail for other domains"));
        }
        match keys.verify(local) {
            Some(Ok(id)) => Ok(Recipient::Bounce(id)),
            Some(Err(_)) => Ok(Recipient::ForgedBounce),
            None => self.user(local).map(Recipient::User),
        }
    }

    fn user(&self, local: &str) -> Result<BareJid, Fault> {
        let nobody = || Fault::of(FaultKind::NoSuchUser);
        let lower = local.to_ascii_lowercase();
        let (name, domain) = decode_local(&lower).ok_or_else(nobody)?;
        let domain = match domain {
            None => self.home.clone(),
            Some(domain) => unicode_domain(domain),
        };
        let user = BareJid::new(&format!("{name}@{domain}")).map_err(|_| nobody())?;
        // One person has one address: what puppet() would not write is nobody's.
        match self.puppet(&user) {
            Ok(own) if own.rsplit_once('@').is_some_and(|(own, _)| own == lower) => Ok(user),
            _ => Err(nobody()),
        }
    }
}

/// A domain in A-labels and lower case, with a dot in it and no address literal.
pub(crate) fn domain_to_ascii(domain: &str) -> Result<String, Fault> {
    let ascii = domain_to_ascii_any(domain)?;
    let last = ascii.rsplit_once('.').map_or("", |(_, last)| last);
    if last.is_empty() || last.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad("the domain is not complete"));
    }
    Ok(ascii)
}

fn domain_to_ascii_any(domain: &str) -> Result<String, Fault> {
    // Hyphens anywhere are allowed: registered names have them in the third and fourth place.
    Uts46::new()
        .to_ascii(
            domain.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::Allow,
            DnsLength::Verify,
        )
        .map(|ascii| ascii.into_owned())
        .map_err(|_| bad("the domain is not valid"))
}

fn unicode_domain(ascii: &str) -> String {
    let (unicode, result) = Uts46::new().to_unicode(ascii.as_bytes(), AsciiDenyList::STD3, Hyphens::Allow);
    match result {
        Ok(()) => unicode.into_owned(),
        Err(_) => ascii.to_owned(),
    }
}

fn halves(written: &str) -> Result<(&str, &str), Fault> {
    let written = written.trim_matches(' ');
    let halves = match written.contains('@') {
        true => written.split_once('@'),
        false => written.rsplit_once('%'),
    };
    halves.ok_or_else(|| bad("an address looks like name@example.com"))
}

/// Folds a local part exactly as a JID would (the Nodeprep profile), so that the address is the same on both ways.
fn folded_local(local: &str) -> Result<String, Fault> {
    check_local(local)?;
    let folded = through_a_jid(local).ok_or_else(|| bad("the name holds characters that cannot be carried"))?;
    check_local(&folded)?;
    Ok(folded)
}

/// Dot-atoms only (RFC 5322 section 3.2.3, RFC 6532 section 3.2), without the characters that mail servers route by.
fn check_local(local: &str) -> Result<(), Fault> {
    if local.len() > LOCAL_MAX {
        return Err(bad("the name before the @ is longer than 64 octets"));
    }
    if local.split('.').any(str::is_empty) {
        return Err(bad("the name before the @ has a dot too many"));
    }
    match local.chars().all(is_plain) {
        true => Ok(()),
        false => Err(bad(
            "the name before the @ holds characters that mail servers take in different ways",
        )),
    }
}

fn is_plain(c: char) -> bool {
    match c.is_ascii() {
        true => c.is_ascii_alphanumeric() || "#$&'*+-/=?^_`{|}~.".contains(c),
        false => c.is_alphanumeric(),
    }
}

fn through_a_jid(text: &str) -> Option<String> {
    let escaped = escape_local(text)?;
    unescape_local(NodePart::new(&escaped).ok()?.as_str())
}

fn unicode_spelling(plain: &str) -> Option<String> {
    let (local, domain) = plain.rsplit_once('@')?;
    let unicode = unicode_domain(domain);
    let labels = || unicode.split('.');
    let latin = labels().all(|label| {
        label
            .chars()
            .all(|c| c.is_ascii() || ('\u{c0}'..='\u{24f}').contains(&c))
    });
    let foreign = labels().all(|label| !label.chars().any(|c| c.is_ascii_alphabetic()));
    (latin || foreign).then(|| format!("{local}@{unicode}"))
}

fn survives_a_jid(nice: &str, id: &ForeignId) -> bool {
    let read_back = |text: &str| canonical(text).is_ok_and(|back| back == *id);
    read_back(nice) && through_a_jid(nice).is_some_and(|folded| read_back(&folded))
}

/// The name with everything but letters, digits, `-`, `_` and single inner dots as `=xx`.
fn encode_name(name: &str) -> String {
    // A name of the shape of a return path must not be taken for one.
    let hide_dot = name.len() == 44 && name.starts_with("b.");
    let mut out = String::with_capacity(name.len());
    let mut rest = name.bytes().peekable();
    let mut before = b'.';
    while let Some(byte) = rest.next() {
        let next = rest.peek().copied();
        let plain = match byte {
            b'.' => before != b'.' && next.is_some() && !hide_dot,
            _ => byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_',
        };
        match plain {
            true => out.push(char::from(byte)),
            false => out.push_str(&format!("={byte:02x}")),
        }
        before = byte;
    }
    out
}

/// The name and, for a user of another domain, the domain.
fn decode_local(local: &str) -> Option<(String, Option<&str>)> {
    let mut name = Vec::new();
    let mut rest = local;
    loop {
        let (plain, after) = rest.split_once('=').unwrap_or((rest, ""));
        name.extend_from_slice(plain.as_bytes());
        if plain.len() == rest.len() {
            return String::from_utf8(name).ok().map(|name| (name, None));
        }
        let domain = match after.strip_prefix('=') {
            Some(domain) => Some(domain),
            None if !begins_with_hex(after) => Some(after),
            None => None,
        };
        if let Some(domain) = domain {
            return String::from_utf8(name).ok().map(|name| (name, Some(domain)));
        }
        let (code, tail) = after.split_at_checked(2)?;
        name.push(u8::from_str_radix(code, 16).ok()?);
        rest = tail;
    }
}

fn begins_with_hex(text: &str) -> bool {
    text.len() >= 2 && text.bytes().take(2).all(|b| b.is_ascii_hexdigit())
}

fn bad(why: &str) -> Fault {
    Fault::of(FaultKind::BadAddress).saying(why)
}

#[cfg(test)]
mod tests;
