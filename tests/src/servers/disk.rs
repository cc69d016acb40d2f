//! A small disk of its own, in memory, that a test may fill up and free again.

use crate::servers::ground::Ground;
use crate::servers::process::Process;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// A tmpfs over a directory. Only processes that [`Disk::enter`] see it: it stands in a mount namespace of its own
/// (`unshare`, Debian package `util-linux`), so that nothing is left of it however the test ends, and no root is needed.
pub struct Disk {
    keeper: Process,
    /// The directory as it is seen from outside the namespace.
    inside: PathBuf,
}

/// What fills the disk.
const BALLAST: &str = "ballast";

// ---------------------------------------------------------------------------------------------------------------------

impl Disk {
    /// Puts a disk of so many MiB over `dir`, which is made.
    pub fn over(ground: &Arc<Ground>, dir: &Path, mib: u64) -> Result<Self> {
        fs::create_dir_all(dir)?;
        let script = r#"mount -t tmpfs -o "size=$2m,mode=0700" tmpfs "$1" && : >"$1/ready" && exec sleep infinity"#;
        let words = [
            "unshare",
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            script,
            "sh",
        ];
        let mut words: Vec<String> = words.map(str::to_owned).to_vec();
        words.extend([dir.display().to_string(), mib.to_string()]);
        let log = dir.with_extension("disk.log");
        let mut keeper = Process::start(ground, "the keeper of a disk", &log, &words, &[])?;
        let root = format!("/proc/{}/root", keeper.pid());
        let inside = Path::new(&root).join(dir.strip_prefix("/").unwrap_or(dir));
        let ready = inside.join("ready");
        keeper.wait_for("the disk", || Ok(ready.exists().then_some(())))?;
        fs::remove_file(ready)?;
        Ok(Self { keeper, inside })
    }

    /// The words that make a command see the disk.
    pub fn enter(&self) -> Vec<String> {
        let target = self.keeper.pid().to_string();
        let words = [
            "nsenter",
            "--user",
            "--mount",
            "--preserve-credentials",
            "--target",
            &target,
            "--",
        ];
        words.map(str::to_owned).to_vec()
    }

    /// Fills it up to so many KiB.
    pub fn fill(&self, left_kib: u64) -> Result<()> {
        let free = self.free_kib()?;
        let kib = free.checked_sub(left_kib).context("less is free already")?;
        let ballast = self.inside.join(BALLAST);
        let there = fs::metadata(&ballast).map_or(0, |it| it.len()) / 1024;
        let mut command = Command::new("fallocate");
        let size = format!("{}KiB", there + kib);
        let status = command
            .args(["--length", &size])
            .arg(&ballast)
            .status()
            .context("fallocate")?;
        ensure!(status.success(), "{kib} KiB of ballast do not fit");
        Ok(())
    }

    /// Makes room again.
    pub fn free(&self) -> Result<()> {
        Ok(fs::remove_file(self.inside.join(BALLAST))?)
    }

    /// The room that there is, in KiB.
    pub fn free_kib(&self) -> Result<u64> {
        let mut command = Command::new("stat");
        let output = command
            .args(["--file-system", "--format=%a %S"])
            .arg(&self.inside)
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (blocks, size) = text
            .trim()
            .split_once(' ')
            .with_context(|| format!("stat said {text}"))?;
        Ok(blocks.parse::<u64>()? * size.parse::<u64>()? / 1024)
    }
}
