//! A copy of a store that looks torn in the middle, taken before sled opens it.
//!
//! sled takes the first damaged message behind its snapshot for the end of the log, and writes zeros over everything
//! behind it, before anybody can see that what is behind was promised. So a log that goes on behind such a place is copied
//! first; when the store is then refused the copy is put back, and what can be saved is there for the repair.

use crate::error::StoreError;
use crate::sled::salvage::{Message, SEGMENT, SEGMENT_HEADER};
use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::{Path, PathBuf};

/// The directory with the copy.
const NAME: &str = "keepsake";
/// The kind of a message behind which a segment holds nothing.
const CAP: u8 = 2;
/// Nothing begins closer than this to the end of a segment.
const MARGIN: usize = 32;

/// The files as they were.
pub(super) struct Keepsake {
    dir: PathBuf,
    taken: bool,
}

/// The log, segment by segment.
struct Log {
    file: File,
    len: u64,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Keepsake {
    /// Copies the files of the store in `dir` if its log goes on behind a tear. One that is left there belongs to a start
    /// that was killed, and is put back.
    pub(super) fn take(dir: &Path) -> Result<Self, StoreError> {
        let mut keepsake = Self {
            dir: dir.to_owned(),
            taken: dir.join(NAME).exists(),
        };
        keepsake.put_back()?;
        if is_torn(dir).map_err(|e| keepsake.error(&e))? {
            keepsake.copy().map_err(|e| keepsake.error(&e))?;
            keepsake.taken = true;
        }
        Ok(keepsake)
    }

    /// The store is refused: its files are again what they were.
    pub(super) fn put_back(&mut self) -> Result<(), StoreError> {
        if std::mem::take(&mut self.taken) {
            self.restore().map_err(|e| self.error(&e))?;
        }
        Ok(())
    }

    /// The store is good as it is.
    pub(super) fn forget(self) -> Result<(), StoreError> {
        match self.taken {
            true => std::fs::remove_dir_all(self.dir.join(NAME)).map_err(|e| self.error(&e)),
            false => Ok(()),
        }
    }

    fn copy(&self) -> io::Result<()> {
        let draft = self.dir.join("keepsake.part");
        if draft.exists() {
            std::fs::remove_dir_all(&draft)?;
        }
        DirBuilder::new().mode(0o700).create(&draft)?;
        for name in names(&self.dir)? {
            let copy = draft.join(&name);
            std::fs::copy(self.dir.join(&name), &copy)?;
            File::open(copy)?.sync_all()?;
        }
        File::open(&draft)?.sync_all()?;
        std::fs::rename(draft, self.dir.join(NAME))?;
        File::open(&self.dir)?.sync_all()
    }

    /// A snapshot that sled made meanwhile is about a log that is not there any more.
    fn restore(&self) -> io::Result<()> {
        let from = self.dir.join(NAME);
        for name in names(&self.dir)?.into_iter().filter(|name| name.starts_with("snap.")) {
            if !from.join(&name).exists() && names(&from)?.iter().any(|name| name == "db") {
                std::fs::remove_file(self.dir.join(name))?;
            }
        }
        // The log comes last: while it is there, so is everything that is still to be done.
        let (log, others): (Vec<_>, Vec<_>) = names(&from)?.into_iter().partition(|name| name == "db");
        for name in others.into_iter().chain(log) {
            std::fs::rename(from.join(&name), self.dir.join(&name))?;
        }
        File::open(&self.dir)?.sync_all()?;
        std::fs::remove_dir_all(from)
    }

    fn error(&self, error: &io::Error) -> StoreError {
        StoreError::io(
            &format!("keeping a copy of the damaged store in {}", self.dir.display()),
            error,
        )
    }
}

/// sled's own files in a directory.
fn names(dir: &Path) -> io::Result<Vec<String>> {
    let names = std::fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let names = names.collect::<io::Result<Vec<_>>>()?;
    Ok(names
        .into_iter()
        .filter(|name| name == "db" || name == "conf" || name.starts_with("snap."))
        .collect())
}

/// Whether the log of the store in `dir` goes on behind the place where sled would take it to end.
pub(super) fn is_torn(dir: &Path) -> io::Result<bool> {
    let file = match File::open(dir.join("db")) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        opened => opened?,
    };
    let len = file.metadata()?.len();
    let log = Log { file, len };
    let snapshots = names(dir)?;
    let snapshots = snapshots
        .iter()
        .filter_map(|name| u64::from_str_radix(name.strip_prefix("snap.")?, 16).ok());
    // Before its first snapshot a log is read from its beginning.
    let snapshot = snapshots.max().unwrap_or(0);
    // sled reads the segment of its snapshot again from its beginning.
    let end = log.end(snapshot / SEGMENT as u64 * SEGMENT as u64)?;
    log.goes_on_behind(end)
}

impl Log {
    /// The place where the row of messages that begins at `from` ends.
    fn end(&self, from: u64) -> io::Result<u64> {
        let segments = self.segments()?;
        let mut at = from;
        loop {
            let base = at / SEGMENT as u64 * SEGMENT as u64;
            let Some(offset) = segments
                .iter()
                .find_map(|(offset, lsn)| (*lsn == Some(base)).then_some(*offset))
            else {
                return Ok(at);
            };
            let bytes = self.segment(offset)?;
            let mut within = usize::try_from(at.saturating_sub(base))
                .unwrap_or(SEGMENT)
                .max(SEGMENT_HEADER);
            loop {
                if within.saturating_add(MARGIN) > SEGMENT {
                    break;
                }
                match bytes.get(within..).and_then(Message::read) {
                    Some(message) if message.segment != base / SEGMENT as u64 => {
                        return Ok(base.saturating_add(within as u64));
                    }
                    Some(message) if message.kind == CAP => break,
                    Some(message) => within = within.saturating_add(message.len()),
                    None => return Ok(base.saturating_add(within as u64)),
                }
            }
            at = base.saturating_add(SEGMENT as u64);
        }
    }

    /// Whether any message belongs behind `end`.
    fn goes_on_behind(&self, end: u64) -> io::Result<bool> {
        for (offset, lsn) in self.segments()? {
            // A segment from before the end, as its own header says, holds nothing from behind it.
            if lsn.is_some_and(|lsn| lsn.saturating_add(SEGMENT as u64) <= end) {
                continue;
            }
            let bytes = self.segment(offset)?;
            let behind = (SEGMENT_HEADER..bytes.len()).any(|at| {
                let message = bytes.get(at..).and_then(Message::read);
                message.is_some_and(|message| message.number(at) > end)
            });
            if behind {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Where each segment begins in the file, and in the order of all messages, as its header says.
    fn segments(&self) -> io::Result<Vec<(u64, Option<u64>)>> {
        let offsets = (0..self.len).step_by(SEGMENT);
        let read = offsets.map(|offset| {
            let mut header = [0; SEGMENT_HEADER];
            let there = self.len.saturating_sub(offset) >= SEGMENT_HEADER as u64;
            if there {
                self.file.read_exact_at(&mut header, offset)?;
            }
            Ok((offset, begins_at(&header).filter(|_| there)))
        });
        read.collect()
    }

    fn segment(&self, offset: u64) -> io::Result<Vec<u8>> {
        let there = self.len.saturating_sub(offset).min(SEGMENT as u64);
        let mut bytes = vec![0; usize::try_from(there).unwrap_or(SEGMENT)];
        self.file.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }
}

/// The place of a segment in the order of all messages: a checksum, and two numbers with their bits turned over.
fn begins_at(header: &[u8; SEGMENT_HEADER]) -> Option<u64> {
    let (sum, rest) = header.split_first_chunk::<4>()?;
    let whole = crc32fast::hash(rest) ^ u32::MAX == u32::from_le_bytes(*sum);
    let number = u64::from_le_bytes(*rest.first_chunk::<8>()?) ^ (u64::MAX >> 1);
    whole.then_some(number)
}
