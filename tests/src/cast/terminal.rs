//! A program in a terminal, as somebody who sits before it sees and types it.

use crate::patience::{LATER, until};
use crate::servers::ground::Ground;
use crate::servers::process::Process;
use anyhow::{Context, Result, ensure};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

/// The terminal. The program ends with it.
pub struct Terminal {
    socket: PathBuf,
    _server: Process,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Terminal {
    /// Starts `words` in a terminal of 200 by 50, with `env` besides its own environment.
    pub fn open(ground: &Arc<Ground>, name: &str, words: &[String], env: &[(&str, String)]) -> Result<Self> {
        let dir = ground.dir(name)?;
        let socket = dir.join("tmux");
        let serve = ["tmux", "-D", "-f", "/dev/null", "-S"].map(str::to_owned);
        let words_of_server: Vec<String> = serve.into_iter().chain([socket.display().to_string()]).collect();
        let server = Process::start(ground, "tmux", &dir.join("tmux.log"), &words_of_server, &[])?;
        let terminal = Self {
            socket,
            _server: server,
        };
        until("a terminal", LATER, || Ok(terminal.socket.exists().then_some(())))?;
        let set: Vec<String> = env.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let mut open = terminal.tmux();
        open.args(["new-session", "-d", "-x", "200", "-y", "50", "env"])
            .args(set)
            .args(words);
        ensure!(
            open.status().context("tmux")?.success(),
            "tmux could not start {words:?}"
        );
        Ok(terminal)
    }

    /// Types a line and the return key.
    pub fn line(&self, line: &str) -> Result<()> {
        let typed = self.tmux().args(["send-keys", "-l", line]).status()?;
        let entered = self.tmux().args(["send-keys", "Enter"]).status()?;
        ensure!(typed.success() && entered.success(), "the terminal is gone");
        Ok(())
    }

    /// What stands on the screen.
    pub fn screen(&self) -> Result<String> {
        let seen = self.tmux().args(["capture-pane", "-p"]).output()?;
        Ok(String::from_utf8_lossy(&seen.stdout).into_owned())
    }

    /// Waits until the screen shows `words`, and gives all that it shows.
    pub fn wait_for(&self, words: &str) -> Result<String> {
        let shown = until(&format!("“{words}” on the screen"), LATER, || {
            Ok(Some(self.screen()?).filter(|screen| screen.contains(words)))
        });
        shown.with_context(|| format!("the screen shows:\n{}", self.screen().unwrap_or_default()))
    }

    fn tmux(&self) -> Command {
        let mut tmux = Command::new("tmux");
        tmux.arg("-S").arg(&self.socket).stdin(Stdio::null());
        tmux
    }
}
