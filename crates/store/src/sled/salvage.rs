//! Reads what can still be read of a damaged store, from the bytes of sled's log and without sled.
//!
//! The log (sled 0.34) is a row of segments of 512 KiB. After 20 bytes of header a segment holds messages: checksum,
//! kind, length, number of the segment, number of the page, body. A message is a whole page, or one change to a page.
//! Each has a checksum of its own and says where in the order of all messages it belongs. So one that is damaged spoils
//! nothing around it: the next is found by trying every byte.
//!
//! A page says which range of keys it holds. Of all versions of all pages that are found the latest has its range, and
//! an older one what the later ones leave. What no version has is a gap.

mod claims;

use crate::error::StoreError;
use claims::{Claims, Range};
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// The length of a segment.
pub(super) const SEGMENT: usize = 512 << 10;
/// The length of its header.
pub(super) const SEGMENT_HEADER: usize = 20;
/// The kind of a message that holds a whole page.
const NODE: u8 = 8;
/// The kind of a message that holds a change to a page.
const LINK: u8 = 10;
/// The last kind of message.
const LAST_KIND: u8 = 11;
/// Numbers of segments and pages are below this.
const NUMBER_MAX: u64 = 1 << 40;

/// What is known of the keys that were found.
pub(crate) struct Salvaged {
    claims: Claims,
}

/// Where a message lies: its place in the order of all, and its body in the file.
#[derive(Debug, Clone, Copy)]
struct Found {
    number: u64,
    at: u64,
    len: usize,
}

/// A version of a page with rows, and its changes.
struct Version {
    page: u64,
    base: Found,
    range: Range,
}

/// All messages that matter.
#[derive(Default)]
struct Log {
    versions: Vec<Version>,
    /// The changes of each page, in order.
    links: BTreeMap<u64, BTreeMap<u64, Found>>,
    /// The places of whole pages, those without rows too: a change belongs to the latest before it.
    bases: BTreeMap<u64, BTreeMap<u64, ()>>,
}

/// A message whose checksum is right.
pub(super) struct Message<'a> {
    pub(super) kind: u8,
    pub(super) segment: u64,
    page: u64,
    body: &'a [u8],
    /// From the beginning of the message.
    body_at: usize,
}

/// A page with rows.
struct Leaf<'a> {
    range: Range,
    prefix: &'a [u8],
    rows: BTreeMap<Vec<u8>, &'a [u8]>,
}

/// Bytes that are read from the front; `None` when they end too soon or do not fit.
struct Cursor<'a>(&'a [u8]);

// ---------------------------------------------------------------------------------------------------------------------

/// Reads the log `db`, and shows each row as sled stored it, each key once.
pub(crate) fn salvage(
    db: &Path,
    show: &mut dyn FnMut(Vec<u8>, Vec<u8>) -> Result<(), StoreError>,
) -> Result<Salvaged, StoreError> {
    let reading = |e: std::io::Error| StoreError::io(&format!("reading {}", db.display()), &e);
    let file = File::open(db).map_err(reading)?;
    let mut log = Log::default();
    let mut segment = vec![0; SEGMENT];
    let len = file.metadata().map_err(reading)?.len();
    for at in (0..len).step_by(SEGMENT) {
        let there = usize::try_from(len.saturating_sub(at)).unwrap_or(SEGMENT).min(SEGMENT);
        let bytes = segment.get_mut(..there).unwrap_or_default();
        file.read_exact_at(bytes, at).map_err(reading)?;
        log.segment(bytes, at);
    }
    let mut claims = Claims::default();
    log.versions
        .sort_by_key(|version| std::cmp::Reverse(version.base.number));
    for version in &log.versions {
        let claimed = claims.claim(&version.range);
        if claimed.is_empty() {
            continue;
        }
        let bodies = log.bodies(version, &file).map_err(reading)?;
        for (key, stored) in rows_of(&bodies) {
            if claimed.iter().any(|range| range.has(&key)) {
                show(key, stored)?;
            }
        }
    }
    Ok(Salvaged { claims })
}

impl Salvaged {
    /// Whether some version of some page had the row of this key, if there was one.
    pub(crate) fn knows(&self, key: &[u8]) -> bool {
        self.claims.has(key)
    }
}

impl Log {
    /// Notes the messages of the segment that begins at `start`.
    fn segment(&mut self, bytes: &[u8], start: u64) {
        let mut at = SEGMENT_HEADER;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let Some(message) = Message::read(rest) else {
                at = at.saturating_add(1);
                continue;
            };
            let found = Found {
                number: message.number(at),
                at: start.saturating_add(at.saturating_add(message.body_at) as u64),
                len: message.body.len(),
            };
            self.note(&message, found);
            at = at.saturating_add(message.len());
        }
    }

    fn note(&mut self, message: &Message<'_>, found: Found) {
        let page = message.page;
        match message.kind {
            LINK => drop(self.links.entry(page).or_default().insert(found.number, found)),
            NODE => {
                self.bases.entry(page).or_default().insert(found.number, ());
                let leaf = Leaf::read(message.body);
                self.versions.extend(leaf.map(|leaf| Version {
                    page,
                    base: found,
                    range: leaf.range,
                }));
            }
            _ => {}
        }
    }

    /// The bodies of a version: the whole page, and its changes in order.
    fn bodies(&self, version: &Version, file: &File) -> std::io::Result<Vec<Vec<u8>>> {
        let after = version.base.number.saturating_add(1);
        let bases = self.bases.get(&version.page);
        let next = bases
            .and_then(|bases| bases.range(after..).next())
            .map_or(u64::MAX, |(number, ())| *number);
        let links = self.links.get(&version.page);
        let links = links.into_iter().flat_map(|links| links.range(after..next.max(after)));
        let all = [version.base].into_iter().chain(links.map(|(_, found)| *found));
        all.map(|found| {
            let mut body = vec![0; found.len];
            file.read_exact_at(&mut body, found.at)?;
            Ok(body)
        })
        .collect()
    }
}

/// The rows of a page after its changes.
fn rows_of(bodies: &[Vec<u8>]) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let Some((base, links)) = bodies.split_first() else {
        return BTreeMap::new();
    };
    let Some(leaf) = Leaf::read(base) else {
        return BTreeMap::new();
    };
    let mut rows: BTreeMap<_, _> = leaf
        .rows
        .into_iter()
        .map(|(key, stored)| (key, stored.to_vec()))
        .collect();
    for link in links {
        let mut link = Cursor(link);
        match link.byte() {
            Some(0) => {
                if let Some((key, stored)) = link.bytes().zip(link.bytes()) {
                    rows.insert([leaf.prefix, key].concat(), stored.to_vec());
                }
            }
            Some(1) => {
                if let Some(key) = link.bytes() {
                    rows.remove(&[leaf.prefix, key].concat());
                }
            }
            _ => {}
        }
    }
    rows
}

impl<'a> Message<'a> {
    /// The message at the beginning of `bytes`, if a whole one stands there.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (sum, rest) = bytes.split_first_chunk::<4>()?;
        let mut cursor = Cursor(rest);
        let kind = cursor.byte().filter(|kind| (1..=LAST_KIND).contains(kind))?;
        let (len, segment, page) = (cursor.number()?, cursor.number()?, cursor.number()?);
        if segment >= NUMBER_MAX {
            return None;
        }
        let header = rest.get(..rest.len().checked_sub(cursor.0.len())?)?;
        let body = cursor.0.get(..usize::try_from(len).ok()?)?;
        let mut tested = crc32fast::Hasher::new();
        tested.update(body);
        tested.update(header);
        let whole = tested.finalize() ^ u32::MAX == u32::from_le_bytes(*sum);
        whole.then_some(Self {
            kind,
            segment,
            page,
            body,
            body_at: header.len().saturating_add(4),
        })
    }
}

impl Message<'_> {
    /// Its place in the order of all messages, when it stands so far from the beginning of its segment.
    pub(super) fn number(&self, at: usize) -> u64 {
        self.segment.saturating_mul(SEGMENT as u64).saturating_add(at as u64)
    }

    /// Its length with its header, in bytes.
    pub(super) fn len(&self) -> usize {
        self.body_at.saturating_add(self.body.len())
    }
}

impl<'a> Leaf<'a> {
    fn read(body: &'a [u8]) -> Option<Self> {
        let mut cursor = Cursor(body);
        let (_next, _merging_child, _merging) = (cursor.number()?, cursor.number()?, cursor.byte()?);
        let prefix_len = usize::from(cursor.byte()?);
        let (lo, hi) = (cursor.bytes()?, cursor.bytes()?);
        let prefix = lo.get(..prefix_len)?;
        if cursor.byte()? != 0 {
            return None;
        }
        let count = cursor.number()?;
        let keys = (0..count).map(|_| cursor.bytes()).collect::<Option<Vec<_>>>()?;
        let values = (0..count).map(|_| cursor.bytes()).collect::<Option<Vec<_>>>()?;
        let keys = keys.into_iter().map(|key| [prefix, key].concat());
        Some(Self {
            range: Range::between(lo, hi),
            prefix,
            rows: keys.zip(values).collect(),
        })
    }
}

impl<'a> Cursor<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number in one to nine bytes, the first of which tells how many there are.
    fn number(&mut self) -> Option<u64> {
        let first = self.byte()?;
        Some(match first {
            0..=240 => first.into(),
            241..=248 => u64::from(first.checked_sub(241)?)
                .checked_mul(256)?
                .checked_add(240)?
                .checked_add(self.byte()?.into())?,
            249 => u64::from(self.byte()?)
                .checked_mul(256)?
                .checked_add(2288)?
                .checked_add(self.byte()?.into())?,
            250.. => {
                let mut number = [0; 8];
                let bytes = self.take(usize::from(first.checked_sub(247)?))?;
                number.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = *byte);
                u64::from_le_bytes(number)
            }
        })
    }

    /// Bytes behind their number.
    fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = self.number()?;
        self.take(usize::try_from(len).ok()?)
    }
}

#[cfg(test)]
mod tests;
