//! Who speaks for the gateway and who spoke to it: JIDs on the link, and local parts to foreign ids.

use causeway_core::address::{Contact, ForeignId, Scope, escape_local, unescape_local};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::network::Network;
use jid::{BareJid, NodePart};
use std::sync::Arc;

/// The resource that contacts speak with, and that they and the gateway itself are present with. Receipts (XEP-0184 section
/// 5.3) and capabilities belong to a full JID, and one that never changes gives every client the same picture after a restart.
pub(crate) const RESOURCE: &str = "gateway";

/// A component domain. Everything that the gateway says is said by a [`Speaker`], and only a domain makes those.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gateway(Arc<str>);

/// A JID under the gateway's own domain. A stanza from any other closes the stream for everybody (RFC 6120 section
/// 4.9.3.9), so outgoing stanzas take their `from` from this type and no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Speaker(String);

/// The JID of ours that a stanza is addressed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Addressee {
    /// The local part as it was written, still escaped; `None` for the domain itself.
    pub(crate) local: Option<String>,
    /// The same JID as the speaker of an answer.
    pub(crate) speaker: Speaker,
}

/// The JID that a stanza comes from, vouched for by the server (XEP-0114 section 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// As it was written. A resource may hold what no profile of stringprep knows yet, so only the bare part is parsed.
    pub(crate) full: String,
    /// Without its resource.
    pub(crate) bare: BareJid,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Gateway {
    pub(crate) fn new(jid: &BareJid) -> Self {
        Self(jid.domain().as_str().into())
    }

    /// The domain.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The domain one level up, where the server's own accounts usually are.
    pub(crate) fn parent(&self) -> &str {
        self.0.split_once('.').map_or(self.as_str(), |(_, parent)| parent)
    }

    /// The domain itself as a speaker.
    pub(crate) fn itself(&self) -> Speaker {
        Speaker(self.0.to_string())
    }

    /// A contact's bare JID as a speaker; `None` when no JID can have this local part.
    pub(crate) fn contact(&self, local: &str) -> Option<Speaker> {
        let local = NodePart::new(local).ok()?;
        Some(Speaker(format!("{}@{}", local.as_str(), self.0)))
    }

    /// Reads the `to` of a stanza; `None` when it is not under this domain.
    pub(crate) fn addressed(&self, to: &str) -> Option<Addressee> {
        let (bare, resource) = split_resource(to);
        let (local, domain) = match bare.split_once('@') {
            Some((local, domain)) => (Some(local), domain),
            None => (None, bare),
        };
        if !domain.eq_ignore_ascii_case(&self.0) || local == Some("") {
            return None;
        }
        let mut own = local.map(|local| format!("{local}@")).unwrap_or_default();
        own.push_str(&self.0);
        if let Some(resource) = resource {
            own.push('/');
            own.push_str(resource);
        }
        Some(Addressee {
            local: local.map(str::to_owned),
            speaker: Speaker(own),
        })
    }
}

impl Speaker {
    /// The JID.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The bare JID as a speaker.
    pub(crate) fn bare(&self) -> Self {
        Self(split_resource(&self.0).0.to_owned())
    }

    /// The JID that this contact, or the gateway itself, is present with.
    pub(crate) fn present(&self) -> Self {
        Self(format!("{}/{RESOURCE}", split_resource(&self.0).0))
    }
}

impl Caller {
    /// Reads the `from` of a stanza; `None` when its bare part is no JID.
    pub(crate) fn read(from: &str) -> Option<Self> {
        let bare = BareJid::new(split_resource(from).0).ok()?;
        Some(Self {
            full: from.to_owned(),
            bare,
        })
    }

    /// Whether it is a person's account and not a server.
    pub(crate) fn is_account(&self) -> bool {
        self.bare.node().is_some()
    }
}

/// The contact that an escaped local part names.
pub(crate) fn contact_of(network: &dyn Network, local: &str) -> Result<Contact, Fault> {
    let written = unescape_local(local).ok_or_else(|| Fault::of(FaultKind::BadAddress))?;
    let id = network.contact(&written)?;
    Ok(contact(network, id))
}

/// A contact that everybody reaches through the gateway.
pub(crate) fn contact(network: &dyn Network, id: ForeignId) -> Contact {
    Contact {
        network: network.profile().id.clone(),
        scope: Scope::Gateway,
        id,
    }
}

/// The escaped local part that the gateway itself would write for a foreign id.
pub(crate) fn canonical_local(network: &dyn Network, id: &ForeignId) -> Option<String> {
    let escaped = escape_local(&network.written(id))?;
    NodePart::new(&escaped).ok().map(|node| node.as_str().to_owned())
}

fn split_resource(jid: &str) -> (&str, Option<&str>) {
    match jid.split_once('/') {
        Some((bare, resource)) => (bare, Some(resource)),
        None => (jid, None),
    }
}

#[cfg(test)]
mod tests;
