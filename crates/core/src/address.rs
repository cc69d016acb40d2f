//! Who speaks to whom: networks, foreign ids, contacts, and the XEP-0106 escaping of JID local parts.

use crate::fault::{Fault, FaultKind};
use jid::BareJid;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The short name of a network in addresses, keys and the config, for example the name of a config section.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NetworkId(String);

/// A person's id in the words of the network, in the one spelling that its address module makes (folded where the
/// network folds). Made only by that module; at most 1023 bytes, no control characters, never empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ForeignId(String);

/// Whose eyes see a foreign id: everybody's through the gateway, or one account's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Reached through the gateway itself; the same for every user.
    Gateway,
    /// Seen by one user's own account only.
    Account(BareJid),
}

/// A foreign person as seen from XMPP.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Contact {
    /// The network that knows the person.
    pub network: NetworkId,
    /// Whose eyes.
    pub scope: Scope,
    /// The person there.
    pub id: ForeignId,
}

/// One end of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Party {
    /// A user of XMPP.
    Home(BareJid),
    /// A person on another network.
    Foreign(Contact),
}

// ---------------------------------------------------------------------------------------------------------------------

impl NetworkId {
    /// A name of one to sixteen lower-case ASCII letters, digits or hyphens; `None` for anything else.
    pub fn new(name: &str) -> Option<Self> {
        let fits = (1..=16).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        fits.then(|| Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ForeignId {
    /// Takes an id that the network's address module has brought into its one spelling.
    pub fn new(id: &str) -> Result<Self, Fault> {
        if id.is_empty() || id.len() > 1023 || id.chars().any(char::is_control) {
            return Err(Fault::of(FaultKind::BadAddress));
        }
        Ok(Self(id.to_owned()))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Party {
    /// The network of a foreign party, `None` at home.
    pub fn network(&self) -> Option<&NetworkId> {
        match self {
            Self::Home(_) => None,
            Self::Foreign(contact) => Some(&contact.network),
        }
    }

    /// The contact of a foreign party.
    pub fn contact(&self) -> Option<&Contact> {
        match self {
            Self::Home(_) => None,
            Self::Foreign(contact) => Some(contact),
        }
    }

    /// The JID of a party at home.
    pub fn home(&self) -> Option<&BareJid> {
        match self {
            Self::Home(jid) => Some(jid),
            Self::Foreign(_) => None,
        }
    }

    /// A text that is equal for equal parties and different for different ones, for keys. Parts are divided by NUL,
    /// which none of them can contain.
    pub fn key(&self) -> String {
        match self {
            Self::Home(jid) => format!("home\0{jid}"),
            Self::Foreign(Contact {
                network,
                scope: Scope::Gateway,
                id,
            }) => format!("{network}\0\0{id}"),
            Self::Foreign(Contact {
                network,
                scope: Scope::Account(of),
                id,
            }) => format!("{network}\0{of}\0{id}"),
        }
    }
}

impl fmt::Display for NetworkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ForeignId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Home(jid) => write!(f, "{jid}"),
            Self::Foreign(contact) => write!(f, "{}", contact.id),
        }
    }
}

/// The characters that XEP-0106 section 4.2 escapes, with their two hexadecimal digits.
const ESCAPES: [(char, &str); 10] = [
    (' ', "20"),
    ('"', "22"),
    ('&', "26"),
    ('\'', "27"),
    ('/', "2f"),
    (':', "3a"),
    ('<', "3c"),
    ('>', "3e"),
    ('@', "40"),
    ('\\', "5c"),
];

/// Escapes a foreign id for the local part of a JID (XEP-0106 section 4.2).
///
/// A backslash is escaped only where it would begin a valid escape. `None` when the text begins or ends with a blank,
/// which no local part may express.
pub fn escape_local(id: &str) -> Option<String> {
    if id.starts_with(' ') || id.ends_with(' ') || id.is_empty() {
        return None;
    }
    let mut out = String::with_capacity(id.len() + 8);
    for (at, c) in id.char_indices() {
        let rest = id.get(at..).unwrap_or_default();
        match ESCAPES.iter().find(|(plain, _)| *plain == c) {
            Some((_, code)) if c != '\\' || escape_at(rest).is_some() => {
                out.push('\\');
                out.push_str(code);
            }
            _ => out.push(c),
        }
    }
    Some(out)
}

/// Undoes [`escape_local`]. What is not a valid escape stays as it is; `None` when the local part begins or ends with
/// an escaped blank (XEP-0106 section 4.2).
pub fn unescape_local(local: &str) -> Option<String> {
    let mut out = String::with_capacity(local.len());
    let mut rest = local;
    while let Some(c) = rest.chars().next() {
        let taken = match escape_at(rest) {
            Some(plain) => {
                out.push(plain);
                3
            }
            None => {
                out.push(c);
                c.len_utf8()
            }
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    (!out.starts_with(' ') && !out.ends_with(' ') && !out.is_empty()).then_some(out)
}

/// The character whose escape begins `rest`.
fn escape_at(rest: &str) -> Option<char> {
    let code = rest.strip_prefix('\\')?.get(..2)?;
    ESCAPES
        .iter()
        .find(|(_, hex)| code.eq_ignore_ascii_case(hex))
        .map(|(plain, _)| *plain)
}

#[cfg(test)]
mod tests;
