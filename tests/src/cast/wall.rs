//! The clock on the gateway's wall, which a test may turn (libfaketime). The monotonic clock, by which the system measures
//! waits, goes on as ever, as it does when an admin or NTP sets the time.

use crate::servers::ground::Ground;
use anyhow::{Context, Result};
use std::fs;
use std::path::PathBuf;

/// A clock that is off by so many seconds.
pub struct WallClock {
    file: PathBuf,
    library: PathBuf,
}

// ---------------------------------------------------------------------------------------------------------------------

impl WallClock {
    /// A clock that goes right, whose setting lies in the directory `place`.
    pub fn new(ground: &Ground, place: &str) -> Result<Self> {
        let clock = Self {
            file: ground.dir(place)?.join("offset"),
            library: library()?,
        };
        clock.turn(0)?;
        Ok(clock)
    }

    /// The variables that make a program look at this clock.
    pub fn env(&self) -> Vec<(&'static str, String)> {
        let on = || "1".to_owned();
        vec![
            ("LD_PRELOAD", self.library.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.display().to_string()),
            ("FAKETIME_NO_CACHE", on()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", on()),
            ("NO_FAKE_STAT", on()),
        ]
    }

    /// Sets it so many seconds ahead of the right time, or behind it.
    pub fn turn(&self, seconds: i64) -> Result<()> {
        // Replaced as a whole, because the program may look at any moment.
        let fresh = self.file.with_extension("fresh");
        fs::write(&fresh, format!("{seconds:+}\n"))?;
        Ok(fs::rename(&fresh, &self.file)?)
    }
}

/// Where Debian keeps it; one of the folders has the machine's architecture in its name.
fn library() -> Result<PathBuf> {
    let folders = fs::read_dir("/usr/lib")?.flatten();
    let mut paths = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    paths
        .find(|path| path.exists())
        .context("this test needs libfaketime: apt-get install libfaketime")
}
