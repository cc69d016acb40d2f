//! What a disk may hold after a power cut: all that was synced, and any of the rest.

use crate::trace::Happening;
use std::collections::BTreeMap;
use std::path::Path;

/// What a disk writes as a whole or not at all.
const PAGE: u64 = 4096;

/// How much of what no sync covers is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// Nothing: a volatile cache.
    Nothing,
    /// A random half of the pages.
    Half,
    /// Everything: the process was killed, the machine was not.
    All,
}

/// Which syncs count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Barrier {
    /// All of them.
    AsItWas,
    /// Those that sled makes itself.
    WithoutOurs,
}

/// A power cut and what it leaves.
pub(crate) struct Cut {
    /// The messages that were acknowledged before.
    pub(crate) acknowledged: Vec<u64>,
    files: BTreeMap<String, Vec<u8>>,
}

/// Dice that fall the same way in each run.
pub(crate) struct Dice(u64);

// ---------------------------------------------------------------------------------------------------------------------

impl Cut {
    /// Cuts the power after `at` happenings; the same place always leaves the same.
    pub(crate) fn at(record: &[Happening], at: usize, barrier: Barrier, kept: Kept) -> Self {
        let mut dice = Dice::of(at as u64 + 1);
        let past = &record[..at];
        let durable = durable_until(past, barrier);
        let mut cut = Self {
            acknowledged: Vec::new(),
            files: BTreeMap::new(),
        };
        for (n, happening) in past.iter().enumerate() {
            let synced = |file: &str| {
                durable
                    .iter()
                    .any(|(name, since, until)| name == file && (*since..*until).contains(&n))
            };
            cut.replay(happening, &mut |file| match kept {
                _ if synced(file) => true,
                Kept::Nothing => false,
                Kept::Half => dice.below(2) == 0,
                Kept::All => true,
            });
        }
        cut
    }

    /// Lets one thing happen, page by page where `keeps` says so. Names and lengths of files are kept in order, as a
    /// journaling file system does.
    fn replay(&mut self, happening: &Happening, keeps: &mut dyn FnMut(&str) -> bool) {
        match happening {
            Happening::Opened { file } => drop(self.files.entry(file.clone()).or_default()),
            Happening::Written { file, at, bytes } => self.write(file, *at, bytes, keeps),
            Happening::Resized { file, len } => {
                self.files
                    .entry(file.clone())
                    .or_default()
                    .resize(usize::try_from(*len).unwrap(), 0);
            }
            Happening::Renamed { from, to } => {
                let moved = self.files.remove(from).unwrap();
                self.files.insert(to.clone(), moved);
            }
            Happening::Removed { file } => drop(self.files.remove(file)),
            Happening::Acknowledged { number } => self.acknowledged.push(*number),
            Happening::Synced { .. } => {}
        }
    }

    fn write(&mut self, file: &str, at: u64, bytes: &[u8], keeps: &mut dyn FnMut(&str) -> bool) {
        let held = self.files.entry(file.to_owned()).or_default();
        let mut from = at;
        while from < at + bytes.len() as u64 {
            let to = ((from / PAGE + 1) * PAGE).min(at + bytes.len() as u64);
            if keeps(file) {
                let (begin, end) = (usize::try_from(from).unwrap(), usize::try_from(to).unwrap());
                held.resize(held.len().max(end), 0);
                held[begin..end].copy_from_slice(&bytes[begin - at as usize..end - at as usize]);
            }
            from = to;
        }
    }

    /// Puts the files into a directory.
    pub(crate) fn build(&self, dir: &Path) {
        std::fs::create_dir(dir.join("blobs")).unwrap();
        for (name, bytes) in &self.files {
            std::fs::write(dir.join(name), bytes).unwrap();
        }
    }
}

/// For each file, from when to when its writes were covered by the last sync that counts, following its name.
fn durable_until(past: &[Happening], barrier: Barrier) -> Vec<(String, usize, usize)> {
    let mut spans: Vec<(String, usize, usize)> = Vec::new();
    for happening in past {
        if let Happening::Synced { file, begun, ours } = happening
            && (barrier == Barrier::AsItWas || !ours)
        {
            spans.retain(|(name, ..)| name != file);
            spans.push((file.clone(), 0, *begun));
        }
    }
    spans
}

impl Dice {
    /// Dice for a seed that is not zero.
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }
}
