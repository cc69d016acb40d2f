//! What a start that was cut short leaves behind, and sled cannot cope with.
//!
//! sled writes a snapshot to `snap.<number>.generating`, renames it, and then removes the one before. It leaves out files
//! that end in `.in___motion` when it looks for the latest, which its own never do: so half a snapshot counts as one, and the store
//! does not open again. It writes its settings in two steps, and refuses half of them. Both need no power cut, a
//! killed process is enough.

use crate::error::StoreError;
use std::io;
use std::path::Path;

/// How the settings of sled begin.
const SETTINGS: &[u8] = b"segment_size: ";
/// Longer than the settings of sled ever are.
const SETTINGS_MAX: usize = 100;

// ---------------------------------------------------------------------------------------------------------------------

/// Removes what was left unfinished in `dir`; its lock must be held. Files that are not sled's stay.
pub(super) fn remove(dir: &Path) -> Result<(), StoreError> {
    let removed = remove_snapshots(dir).and_then(|()| remove_settings(dir));
    removed.map_err(|e| {
        StoreError::io(
            &format!("removing what an unfinished start left in {}", dir.display()),
            &e,
        )
    })
}

/// The snapshot before an unfinished one is still there, or there was none: nothing is lost with it.
fn remove_snapshots(dir: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Settings are durable before the mark is made. Without a mark nothing was ever promised, and sled writes them anew.
fn remove_settings(dir: &Path) -> io::Result<()> {
    if dir.join(super::mark::NAME).exists() {
        return Ok(());
    }
    let path = dir.join("conf");
    match std::fs::read(&path) {
        Ok(bytes) if is_torn(&bytes) => std::fs::remove_file(&path),
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// Whether these are settings that sled began to write, as a disk may hold them.
fn is_torn(bytes: &[u8]) -> bool {
    let begun = bytes.iter().zip(SETTINGS).all(|(found, wanted)| found == wanted);
    let blank = bytes.iter().take(SETTINGS.len()).all(|byte| *byte == 0);
    let whole = bytes
        .split_last_chunk::<4>()
        .is_some_and(|(text, sum)| crc32fast::hash(text).to_le_bytes() == *sum);
    bytes.len() < SETTINGS_MAX && (begun || blank) && !whole
}
