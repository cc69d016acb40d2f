//! The only place that knows key bytes. `docs/LEDGER.md` lists them for people, and a test compares the two.
//!
//! Numbers are big-endian, so that the order of the bytes is their order. Parties, lanes, destinations and foreign ids
//! stand in keys as the first 128 bits of a SHA-256, so that keys stay short whatever strangers call themselves.

use crate::row;
use causeway_core::address::Party;
use causeway_core::clock::Timestamp;
use causeway_core::delivery::Lane;
use causeway_core::envelope::EnvelopeId;
use causeway_core::message::MessageRef;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// The first 128 bits of a SHA-256 over something that is too long for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Digest([u8; 16]);

/// What a key belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Envelope(EnvelopeId),
    Delivery(EnvelopeId),
    Hop(EnvelopeId, u32),
    File(EnvelopeId, u16),
    Flight(EnvelopeId),
    /// A place in a lane, or among what has left it.
    Standing,
    Held(u64),
    Finished(Timestamp, EnvelopeId),
    Queued(Timestamp, Digest),
    Next(Timestamp, Digest),
    Source,
    LaneOf(Digest),
    Shelf,
    Meta,
    Aside(EnvelopeId),
}

/// A key or the beginning of one.
pub(crate) type Key = Vec<u8>;

macro_rules! prefixes {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {
        $($(#[$doc])* const $name: &str = $prefix;)*

        /// All prefixes.
        #[cfg(test)]
        pub(crate) const PREFIXES: &[&str] = &[$($prefix),*];
    };
}

prefixes! {
    /// The bytes of files.
    FILE = "b/";
    /// Shelves.
    SHELF = "c/";
    /// Envelopes with their deliveries and hops.
    ENVELOPE = "e/";
    /// Deliveries in flight.
    FLIGHT = "f/";
    /// Deliveries held for an admin.
    HELD = "h/";
    /// Lanes.
    LANE = "l/";
    /// Facts about the store itself.
    META = "m/";
    /// The earliest due time of each destination.
    NEXT = "n/";
    /// What has left its lane.
    PAST = "p/";
    /// The heads of lanes that wait for their time.
    QUEUE = "q/";
    /// Finished deliveries by age.
    FINISHED = "r/";
    /// Foreign ids.
    SOURCE = "s/";
    /// The lanes of a party.
    WITH = "w/";
    /// Deliveries put aside because their rows are damaged.
    ASIDE = "x/";
}

// ---------------------------------------------------------------------------------------------------------------------

impl Digest {
    /// The digest of a list of texts; no two different lists have the same.
    fn of(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part.as_bytes());
        }
        Self::cut(&hash.finalize())
    }

    fn cut(bytes: &[u8]) -> Self {
        Self(bytes.first_chunk::<16>().copied().unwrap_or_default())
    }

    /// The digest of a lane.
    pub(crate) fn lane(from: &Party, to: &Party) -> Self {
        let lane = Lane {
            from: from.clone(),
            to: to.clone(),
        };
        Self::of(&["lane", &lane.key()])
    }

    /// The digest of a party.
    pub(crate) fn party(party: &Party) -> Self {
        Self::of(&["party", &party.key()])
    }

    /// The digest of a destination.
    pub(crate) fn destination(name: &str) -> Self {
        Self::of(&["destination", name])
    }

    /// The id of the news of kind `word` about an envelope, the same whenever it is made.
    pub(crate) fn news(about: &EnvelopeId, word: &str, notices: u32) -> EnvelopeId {
        let id = Self::of(&["news", &about.to_string(), word, &notices.to_string()]);
        EnvelopeId::from_random(id.0)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&HEXLOWER.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(serde::de::Error::custom)?;
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| serde::de::Error::custom("not a digest"))
    }
}

/// The schema version.
pub(crate) fn schema() -> Key {
    key(META, &[b"schema"])
}

/// The counter that gives everything its place in line.
pub(crate) fn sequence() -> Key {
    key(META, &[b"sequence"])
}

/// The time of the latest commit.
pub(crate) fn clock() -> Key {
    key(META, &[b"clock"])
}

/// Everything about one envelope. It stands together, so that a life touches one page of the store.
pub(crate) fn all_of(id: &EnvelopeId) -> Key {
    key(ENVELOPE, &[id.as_bytes(), b"/"])
}

/// An envelope.
pub(crate) fn envelope(id: &EnvelopeId) -> Key {
    key(ENVELOPE, &[id.as_bytes(), b"/e"])
}

/// Its delivery.
pub(crate) fn delivery(id: &EnvelopeId) -> Key {
    key(ENVELOPE, &[id.as_bytes(), b"/d"])
}

/// The id in a key of [`envelope`]; `None` for the other keys under [`envelopes`].
pub(crate) fn envelope_in(key: &[u8]) -> Option<EnvelopeId> {
    let id = key.strip_prefix(ENVELOPE.as_bytes())?.strip_suffix(b"/e")?;
    id.try_into().ok().map(EnvelopeId::from_random)
}

/// The id in any key under [`envelopes`].
pub(crate) fn id_of(key: &[u8]) -> Option<EnvelopeId> {
    let (id, _) = key.strip_prefix(ENVELOPE.as_bytes())?.split_first_chunk::<16>()?;
    Some(EnvelopeId::from_random(*id))
}

/// Its hops that do not stand with the delivery.
pub(crate) fn hops(id: &EnvelopeId) -> Key {
    key(ENVELOPE, &[id.as_bytes(), b"/h/"])
}

/// Its hop number `n` of those that have rows of their own.
pub(crate) fn hop(id: &EnvelopeId, n: u32) -> Key {
    key(ENVELOPE, &[id.as_bytes(), b"/h/", &n.to_be_bytes()])
}

/// All lanes.
pub(crate) fn lanes() -> Key {
    key(LANE, &[])
}

/// All of a lane, in order.
pub(crate) fn lane(lane: &Digest) -> Key {
    key(LANE, &[&lane.0, b"/"])
}

/// One place in a lane.
pub(crate) fn place(lane: &Digest, place: u64) -> Key {
    key(LANE, &[&lane.0, b"/", &place.to_be_bytes()])
}

/// The lane in a key of [`place`].
pub(crate) fn lane_at(key: &[u8]) -> Option<Digest> {
    let (lane, _) = key.strip_prefix(LANE.as_bytes())?.split_first_chunk::<16>()?;
    Some(Digest(*lane))
}

/// The place that a key of [`place`] names.
pub(crate) fn place_in(key: &[u8]) -> Option<u64> {
    tail(key)
}

/// The waiting heads of all lanes to a destination, the earliest first.
pub(crate) fn queue(destination: &Digest) -> Key {
    key(QUEUE, &[&destination.0, b"/"])
}

/// The waiting heads of all lanes to a destination that are due later than `at`.
pub(crate) fn queue_after(destination: &Digest, at: Timestamp) -> Key {
    key(
        QUEUE,
        &[
            &destination.0,
            b"/",
            &time(at.plus(std::time::Duration::from_millis(1))),
        ],
    )
}

/// The waiting head of one lane.
pub(crate) fn queued(destination: &Digest, due: Timestamp, lane: &Digest) -> Key {
    key(QUEUE, &[&destination.0, b"/", &time(due), b"/", &lane.0])
}

/// Due time and lane in a key of [`queued`].
pub(crate) fn queued_parts(key: &[u8]) -> Option<(Timestamp, Digest)> {
    let (head, lane) = key.split_last_chunk::<16>()?;
    let (head, _) = head.split_last_chunk::<1>()?;
    Some((untime(tail(head)?), Digest(*lane)))
}

/// The destination in a key of [`queued`].
pub(crate) fn queue_of(key: &[u8]) -> Option<Digest> {
    let (destination, _) = key.strip_prefix(QUEUE.as_bytes())?.split_first_chunk::<16>()?;
    Some(Digest(*destination))
}

/// The destinations with something waiting, the earliest due first.
pub(crate) fn nexts() -> Key {
    key(NEXT, &[])
}

/// The destinations whose earliest due time is later than `at`.
pub(crate) fn nexts_after(at: Timestamp) -> Key {
    key(NEXT, &[&time(at.plus(std::time::Duration::from_millis(1)))])
}

/// The earliest due time of a destination.
pub(crate) fn next(due: Timestamp, destination: &Digest) -> Key {
    key(NEXT, &[&time(due), b"/", &destination.0])
}

/// Due time and destination in a key of [`next`].
pub(crate) fn next_parts(key: &[u8]) -> Option<(Timestamp, Digest)> {
    let (head, destination) = key.split_last_chunk::<16>()?;
    let (head, _) = head.split_last_chunk::<1>()?;
    Some((untime(tail(head)?), Digest(*destination)))
}

/// All deliveries in flight.
pub(crate) fn flights() -> Key {
    key(FLIGHT, &[])
}

/// A delivery in flight.
pub(crate) fn flight(id: &EnvelopeId) -> Key {
    key(FLIGHT, &[id.as_bytes()])
}

/// The envelope id at the end of a key.
pub(crate) fn id_in(key: &[u8]) -> Option<EnvelopeId> {
    let (_, id) = key.split_last_chunk::<16>()?;
    Some(EnvelopeId::from_random(*id))
}

/// All deliveries held for an admin, in the order of their places.
pub(crate) fn helds() -> Key {
    key(HELD, &[])
}

/// A delivery held for an admin.
pub(crate) fn held(place: u64) -> Key {
    key(HELD, &[&place.to_be_bytes()])
}

/// All finished deliveries, the oldest first.
pub(crate) fn finisheds() -> Key {
    key(FINISHED, &[])
}

/// The finished deliveries from `at` on.
pub(crate) fn finisheds_from(at: Timestamp) -> Key {
    key(FINISHED, &[&time(at)])
}

/// A finished delivery.
pub(crate) fn finished(at: Timestamp, id: &EnvelopeId) -> Key {
    key(FINISHED, &[&time(at), b"/", id.as_bytes()])
}

/// A foreign id, whoever said it to whom.
pub(crate) fn sources(source: &MessageRef) -> Key {
    let digest = Digest::of(&["source", source.as_str()]);
    key(SOURCE, &[&digest.0, b"/"])
}

/// A foreign id, as said in one lane.
pub(crate) fn source(source: &MessageRef, lane: &Digest) -> Key {
    let mut key = sources(source);
    key.extend_from_slice(&lane.0);
    key
}

/// What has left all lanes.
pub(crate) fn pasts() -> Key {
    key(PAST, &[])
}

/// What has left a lane, the latest first.
pub(crate) fn past_of(lane: &Digest) -> Key {
    key(PAST, &[&lane.0, b"/"])
}

/// One that has left its lane, under the place that it had there.
pub(crate) fn past(lane: &Digest, place: u64) -> Key {
    key(PAST, &[&lane.0, b"/", &(!place).to_be_bytes()])
}

/// The place that a key of [`past`] names.
pub(crate) fn past_in(key: &[u8]) -> Option<u64> {
    tail(key).map(|inverted| !inverted)
}

/// All files of one envelope. They stand away from it, so that nobody reads them by the way.
pub(crate) fn files(id: &EnvelopeId) -> Key {
    key(FILE, &[id.as_bytes(), b"/"])
}

/// One file of an envelope.
pub(crate) fn file(id: &EnvelopeId, number: u16) -> Key {
    key(FILE, &[id.as_bytes(), b"/", &number.to_be_bytes()])
}

/// All lanes from and to a party.
pub(crate) fn lanes_of(party: &Party) -> Key {
    key(WITH, &[&Digest::party(party).0, b"/"])
}

/// A lane from or to a party.
pub(crate) fn lane_of(party: &Party, lane: &Digest) -> Key {
    key(WITH, &[&Digest::party(party).0, b"/", &lane.0])
}

/// The lane in a key of [`lane_of`].
pub(crate) fn lane_in(key: &[u8]) -> Option<Digest> {
    let (_, lane) = key.split_last_chunk::<16>()?;
    Some(Digest(*lane))
}

/// All shelves.
pub(crate) fn shelves() -> Key {
    key(SHELF, &[])
}

/// All rows of a shelf whose own key begins with `prefix`.
pub(crate) fn shelf(shelf: &str, prefix: &str) -> Key {
    key(SHELF, &[shelf.as_bytes(), b"\0", prefix.as_bytes()])
}

/// All deliveries put aside.
pub(crate) fn asides() -> Key {
    key(ASIDE, &[])
}

/// A delivery put aside.
pub(crate) fn aside(id: &EnvelopeId) -> Key {
    key(ASIDE, &[id.as_bytes()])
}

/// The end of all keys that begin with `prefix`, exclusive.
pub(crate) fn end(prefix: &[u8]) -> Key {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last.saturating_add(1));
            return end;
        }
    }
    vec![u8::MAX]
}

/// Where all rows begin.
pub(crate) fn first() -> Key {
    vec![0]
}

/// The end of all rows, exclusive.
pub(crate) fn last() -> Key {
    vec![u8::MAX]
}

/// The smallest key that is greater than `key`.
pub(crate) fn after(key: &[u8]) -> Key {
    let mut after = key.to_vec();
    after.push(0);
    after
}

/// A key for people: printable bytes as they are, others in hexadecimal.
pub(crate) fn readable(key: &[u8]) -> String {
    let (prefix, rest) = key.split_at_checked(2).unwrap_or((key, &[]));
    let plain = rest.iter().all(|b| b.is_ascii_graphic());
    let rest = if plain {
        String::from_utf8_lossy(rest).into_owned()
    } else {
        HEXLOWER.encode(rest)
    };
    format!("{}{rest}", String::from_utf8_lossy(prefix).escape_debug())
}

/// All envelopes with their deliveries and hops.
pub(crate) fn envelopes() -> Key {
    key(ENVELOPE, &[])
}

/// What a key belongs to; `None` where it has not the shape of any.
pub(crate) fn kind(key: &[u8]) -> Option<Kind> {
    let (prefix, rest) = key.split_at_checked(2)?;
    let prefix = std::str::from_utf8(prefix).ok()?;
    let id = || rest.first_chunk::<16>().copied().map(EnvelopeId::from_random);
    let long = |len: usize| (rest.len() == len).then_some(());
    Some(match prefix {
        ENVELOPE => match rest.get(16..)? {
            b"/e" => Kind::Envelope(id()?),
            b"/d" => Kind::Delivery(id()?),
            more => Kind::Hop(id()?, u32::from_be_bytes(more.strip_prefix(b"/h/")?.try_into().ok()?)),
        },
        FILE => Kind::File(
            id()?,
            u16::from_be_bytes(rest.get(16..)?.strip_prefix(b"/")?.try_into().ok()?),
        ),
        FLIGHT => long(16).and_then(|()| Some(Kind::Flight(id()?)))?,
        ASIDE => long(16).and_then(|()| Some(Kind::Aside(id()?)))?,
        LANE | PAST => long(25).map(|()| Kind::Standing)?,
        HELD => long(8).and_then(|()| Some(Kind::Held(tail(key)?)))?,
        FINISHED => {
            let (head, _) = rest.split_last_chunk::<16>()?;
            Kind::Finished(untime(tail(head.strip_suffix(b"/")?)?), id_in(key)?)
        }
        QUEUE => long(42)
            .and_then(|()| queued_parts(key))
            .map(|(due, lane)| Kind::Queued(due, lane))?,
        NEXT => long(25)
            .and_then(|()| next_parts(key))
            .map(|(due, to)| Kind::Next(due, to))?,
        SOURCE => long(33).map(|()| Kind::Source)?,
        WITH => long(33).and_then(|()| lane_in(key)).map(Kind::LaneOf)?,
        SHELF => Kind::Shelf,
        META => Kind::Meta,
        _ => return None,
    })
}

/// The error of a key that has not the shape which belongs to its prefix.
pub(crate) fn misshapen(key: &[u8]) -> crate::error::StoreError {
    row::damaged(key, "has a key of the wrong shape")
}

fn key(prefix: &str, parts: &[&[u8]]) -> Key {
    let mut key = prefix.as_bytes().to_vec();
    for part in parts {
        key.extend_from_slice(part);
    }
    key
}

/// A time as eight bytes whose order is the order of times, also before 1970.
fn time(at: Timestamp) -> [u8; 8] {
    (at.0 as u64 ^ (1 << 63)).to_be_bytes()
}

fn untime(bits: u64) -> Timestamp {
    Timestamp((bits ^ (1 << 63)) as i64)
}

fn tail(key: &[u8]) -> Option<u64> {
    key.split_last_chunk::<8>()
        .map(|(_, number)| u64::from_be_bytes(*number))
}

#[cfg(test)]
mod tests;
