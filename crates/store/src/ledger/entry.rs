//! What the ledger keeps with a delivery, and the rows that follow from it.

use crate::error::StoreError;
use crate::keys::{self, Digest, Key};
use crate::row;
use causeway_core::address::Party;
use causeway_core::clock::Timestamp;
use causeway_core::delivery::{Delivery, Stage};
use causeway_core::envelope::{Envelope, EnvelopeId};
use causeway_core::hop::Hop;
use causeway_core::text::Line;
use serde::{Deserialize, Serialize};

/// Gets the value under a key.
pub(crate) type Get<'a> = &'a dyn Fn(&[u8]) -> Result<Option<Vec<u8>>, StoreError>;

/// A delivery with its places in the book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The delivery.
    pub(crate) delivery: Delivery,
    /// Who gets it.
    pub(crate) to: Party,
    /// Its lane.
    pub(crate) lane: Digest,
    /// The destination whose bound it shares.
    pub(crate) destination: String,
    /// Its place in its lane, also after it has left it.
    pub(crate) place: u64,
    /// Its first hops.
    pub(crate) hops: Vec<Hop>,
    /// How many more hops stand in rows of their own.
    pub(crate) more_hops: u32,
    /// How many files it has in rows of their own, as long as it is on its way.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) files: u16,
    /// The gateway's name in the next hop that nobody else signs.
    pub(crate) who: Line,
}

/// The row of an envelope to which nothing has happened yet: its delivery stands with it.
#[derive(Debug, Serialize)]
pub(crate) struct Fresh<'a> {
    #[serde(flatten)]
    pub(crate) envelope: &'a Envelope,
    pub(crate) fresh: &'a Entry,
}

/// What the row of an envelope has of its delivery.
#[derive(Debug, Deserialize)]
struct StandsWith {
    fresh: Option<Entry>,
}

/// The waiting head of a lane: all that the dispatcher must know before it leases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) envelope: EnvelopeId,
    pub(crate) destination: String,
    pub(crate) to: Party,
}

/// Where a delivery in flight stands in its lane, for the day when its own row is damaged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Flight {
    pub(crate) lane: Digest,
    pub(crate) place: u64,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Entry {
    /// The entry of a delivery: its own row, or what stands with its envelope as long as it has none.
    pub(crate) fn read(id: &EnvelopeId, get: Get<'_>) -> Result<Option<Self>, StoreError> {
        let (own, envelope) = (keys::delivery(id), keys::envelope(id));
        if let Some(value) = get(&own)? {
            return row::read(&own, &value).map(Some);
        }
        let Some(value) = get(&envelope)? else { return Ok(None) };
        Ok(row::read::<StandsWith>(&envelope, &value)?.fresh)
    }

    /// The envelope.
    pub(crate) fn id(&self) -> &EnvelopeId {
        &self.delivery.envelope
    }

    /// When it is due, while it waits.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        match self.delivery.stage {
            Stage::Queued { due } => Some(due),
            _ => None,
        }
    }

    /// Whether it has a place in its lane.
    pub(crate) fn in_lane(&self) -> bool {
        self.delivery.is_open()
    }

    /// The key of its row in its lane, or among what has left it.
    pub(crate) fn standing(&self) -> Key {
        match self.in_lane() {
            true => keys::place(&self.lane, self.place),
            false => keys::past(&self.lane, self.place),
        }
    }

    /// Whether a try is under way.
    pub(crate) fn in_flight(&self) -> bool {
        matches!(self.delivery.stage, Stage::InFlight { .. })
    }

    /// Whether it is put aside for an admin.
    pub(crate) fn is_held(&self) -> bool {
        matches!(self.delivery.stage, Stage::Held { .. })
    }

    /// How many hops were recorded.
    pub(crate) fn hop_count(&self) -> usize {
        self.hops
            .len()
            .saturating_add(usize::try_from(self.more_hops).unwrap_or(usize::MAX))
    }

    /// Since when it is over; from then on it grows old.
    pub(crate) fn finished(&self) -> Option<Timestamp> {
        match self.delivery.stage {
            Stage::Handed { at } | Stage::Delivered { at } | Stage::Seen { at } | Stage::Failed { at, .. } => Some(at),
            Stage::Queued { .. } | Stage::InFlight { .. } | Stage::Held { .. } => None,
        }
    }

    /// Its row as the head of its lane.
    pub(crate) fn head(&self) -> Head {
        Head {
            envelope: *self.id(),
            destination: self.destination.clone(),
            to: self.to.clone(),
        }
    }
}

fn is_zero(number: &u16) -> bool {
    *number == 0
}
