//! The file of a backup: a line that says what it is, then frames, each with its checksum, the last of which counts them.
//!
//! A frame is its kind (1 byte), the lengths of key and value (4 bytes each, big-endian), key, value, and a CRC-32 over
//! the number of the frame and all of that. So a frame that is missing, doubled or in the wrong place is found out too.

use crate::backup::Copied;
use crate::error::StoreError;
use causeway_core::clock::Timestamp;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// How the file begins.
const MAGIC: &[u8] = b"causeway backup 1\n";
/// The header follows, as JSON.
const HEADER: u8 = b'H';
/// A row.
const PUT: u8 = b'P';
/// A row that is gone.
const DELETE: u8 = b'D';
/// Nothing follows.
const END: u8 = b'E';
/// The longest key.
const KEY_MAX: u32 = 64 << 10;

/// What a backup says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// When it was taken.
    pub taken: Timestamp,
    /// The version of the program that took it.
    pub version: String,
}

/// Writes a backup under a temporary name.
pub(super) struct Writer {
    path: PathBuf,
    draft: PathBuf,
    file: BufWriter<File>,
    frames: u64,
    bytes: u64,
    /// Whether the draft has become the file.
    done: bool,
}

/// Reads a backup.
pub(super) struct Reader {
    path: PathBuf,
    file: BufReader<File>,
    left: u64,
    frames: u64,
    /// What it says about itself.
    pub(super) header: Header,
}

/// What stands in a backup.
pub(super) enum Word {
    /// The value of a row, or that it is gone.
    Row(Vec<u8>, Option<Vec<u8>>),
    /// The end, whose count is right.
    End,
}

struct Frame {
    kind: u8,
    key: Vec<u8>,
    value: Vec<u8>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Writer {
    /// Begins the draft of `path`.
    pub(super) fn begin(path: &Path, now: Timestamp) -> Result<Self, StoreError> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let draft = path.with_file_name(name);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let file = options.open(&draft).map_err(|e| writing(&draft, &e))?;
        let mut writer = Self {
            path: path.to_owned(),
            file: BufWriter::with_capacity(1 << 18, file),
            draft,
            frames: 0,
            bytes: 0,
            done: false,
        };
        let header = Header {
            taken: now,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let header = serde_json::to_vec(&header).map_err(|e| StoreError::Backup(e.to_string()))?;
        writer.bytes(MAGIC)?;
        writer.frame(HEADER, &[], &header)?;
        Ok(writer)
    }

    /// A row.
    pub(super) fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.frame(PUT, key, value)
    }

    /// A row that is gone.
    pub(super) fn delete(&mut self, key: &[u8]) -> Result<(), StoreError> {
        self.frame(DELETE, key, &[])
    }

    /// Makes the draft durable, and then the file that was asked for.
    pub(super) fn finish(mut self) -> Result<Copied, StoreError> {
        let rows = self.frames.saturating_sub(1);
        self.frame(END, &[], &self.frames.to_be_bytes())?;
        self.file.flush().map_err(|e| self.error(&e))?;
        self.file.get_ref().sync_all().map_err(|e| self.error(&e))?;
        std::fs::rename(&self.draft, &self.path).map_err(|e| self.error(&e))?;
        self.done = true;
        let dir = self.path.parent().filter(|dir| !dir.as_os_str().is_empty());
        let dir = File::open(dir.unwrap_or(Path::new("."))).and_then(|dir| dir.sync_all());
        dir.map_err(|e| self.error(&e))?;
        Ok(Copied {
            rows,
            bytes: self.bytes,
        })
    }

    fn frame(&mut self, kind: u8, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let too_long = |_| StoreError::Backup("a row is longer than 4 GiB".to_owned());
        let lens = [u32::try_from(key.len()), u32::try_from(value.len())].map(|len| len.map_err(too_long));
        let [key_len, value_len] = lens;
        let head = head(kind, key_len?, value_len?);
        let sum = checksum(self.frames, &head, key, value);
        for part in [&head, key, value, &sum] {
            self.bytes(part)?;
        }
        self.frames = self.frames.saturating_add(1);
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.file.write_all(bytes).map_err(|e| self.error(&e))?;
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        Ok(())
    }

    fn error(&self, error: &io::Error) -> StoreError {
        writing(&self.draft, error)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.done {
            // Nobody mistakes half a draft for a backup; it is only in the way.
            let _ = std::fs::remove_file(&self.draft);
        }
    }
}

impl Reader {
    /// Reads the beginning of `path`.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = |e: io::Error| StoreError::Backup(format!("{} cannot be read: {e}", path.display()));
        let file = File::open(path).map_err(failed)?;
        let left = file.metadata().map_err(failed)?.len();
        let mut reader = Self {
            path: path.to_owned(),
            file: BufReader::with_capacity(1 << 18, file),
            left,
            frames: 0,
            header: Header {
                taken: Timestamp(0),
                version: String::new(),
            },
        };
        if reader.bytes(MAGIC.len() as u64)? != MAGIC {
            return Err(reader.broken("is no backup that this version of causeway can read"));
        }
        let frame = reader.frame()?;
        let header = serde_json::from_slice(&frame.value)
            .ok()
            .filter(|_| frame.kind == HEADER);
        reader.header = header.ok_or_else(|| reader.broken("does not say when it was taken"))?;
        Ok(reader)
    }

    /// What comes next.
    pub(super) fn next(&mut self) -> Result<Word, StoreError> {
        let before = self.frames;
        let Frame { kind, key, value } = self.frame()?;
        match kind {
            PUT => Ok(Word::Row(key, Some(value))),
            DELETE => Ok(Word::Row(key, None)),
            END if value == before.to_be_bytes() && self.left == 0 => Ok(Word::End),
            _ => Err(self.broken("does not end as it should")),
        }
    }

    fn frame(&mut self) -> Result<Frame, StoreError> {
        let bytes = self.bytes(9)?;
        let fields = bytes.split_first().and_then(|(kind, lens)| {
            let (key, value) = lens.split_first_chunk::<4>()?;
            Some((
                *kind,
                u32::from_be_bytes(*key),
                u32::from_be_bytes(*value.first_chunk::<4>()?),
            ))
        });
        let (kind, key_len, value_len) = fields.ok_or_else(|| self.broken("is cut short"))?;
        if key_len > KEY_MAX {
            return Err(self.broken("has a damaged frame"));
        }
        let (key, value) = (self.bytes(key_len.into())?, self.bytes(value_len.into())?);
        let sum = self.bytes(4)?;
        if sum != checksum(self.frames, &head(kind, key_len, value_len), &key, &value) {
            return Err(self.broken("has a damaged frame"));
        }
        self.frames = self.frames.saturating_add(1);
        Ok(Frame { kind, key, value })
    }

    fn bytes(&mut self, len: u64) -> Result<Vec<u8>, StoreError> {
        self.left = self.left.checked_sub(len).ok_or_else(|| self.broken("is cut short"))?;
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
        let read = self.file.read_exact(&mut bytes);
        read.map_err(|e| StoreError::Backup(format!("{} cannot be read: {e}", self.path.display())))?;
        Ok(bytes)
    }

    fn broken(&self, what: &str) -> StoreError {
        StoreError::Backup(format!("{} {what} (behind frame {})", self.path.display(), self.frames))
    }
}

fn head(kind: u8, key_len: u32, value_len: u32) -> [u8; 9] {
    let mut head = [0; 9];
    let bytes = [kind]
        .into_iter()
        .chain(key_len.to_be_bytes())
        .chain(value_len.to_be_bytes());
    head.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = byte);
    head
}

fn checksum(number: u64, head: &[u8], key: &[u8], value: &[u8]) -> [u8; 4] {
    let mut sum = crc32fast::Hasher::new();
    [&number.to_be_bytes(), head, key, value]
        .iter()
        .for_each(|part| sum.update(part));
    sum.finalize().to_be_bytes()
}

fn writing(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Backup(format!("{} cannot be written: {error}", path.display()))
}
