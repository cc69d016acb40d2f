//! Runs cargo and other programs from the root of the workspace.

use anyhow::{Context, Result, ensure};
use std::path::PathBuf;
use std::process::Command;

/// The root of the workspace.
pub(crate) fn root() -> Result<PathBuf> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let root = here.parent().context("xtask has no parent directory")?;
    Ok(root.to_owned())
}

/// The cargo that runs this task, told to do `words` in the root of the workspace.
pub(crate) fn cargo(words: &[&str]) -> Result<Command> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(words).current_dir(root()?);
    Ok(command)
}

/// Runs a command and shows what it says; not ending well is an error.
pub(crate) fn show(title: &str, command: &mut Command) -> Result<()> {
    println!("\n== {title}");
    let status = command.status().with_context(|| format!("{command:?}"))?;
    ensure!(status.success(), "{title}: failed ({status})");
    Ok(())
}

/// Runs a command and shows what it says only when it does not end well.
pub(crate) fn quietly(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} failed:\n{words}");
    Ok(())
}
