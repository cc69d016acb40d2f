//! One server: a session and process group of its own, ended with all its children.

use crate::patience::until;
use crate::servers::ground::{Ground, Target};
use crate::servers::ports;
use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// How long a server may take to start on a busy machine.
const START: Duration = Duration::from_secs(90);

/// How long a server may take to stop in order before it is killed.
const STOP: Duration = Duration::from_secs(15);

/// A running server. Dropping it kills it and its children at once.
pub struct Process {
    name: String,
    child: Child,
    group: u32,
    log: PathBuf,
    ground: Arc<Ground>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Process {
    /// Starts `words` in a session of its own, its output appended to `log`.
    pub fn start(
        ground: &Arc<Ground>,
        name: &str,
        log: &Path,
        words: &[String],
        env: &[(&str, String)],
    ) -> Result<Self> {
        let process = Self::spawn(
            ground,
            name,
            log,
            Command::new("setsid")
                .args(words)
                .envs(env.iter().map(|(key, value)| (*key, value))),
        )?;
        ground.watch(process.group)?;
        Ok(process)
    }

    /// Starts a server as root that makes a session of its own, through sudo if need be. What runs behind sudo is another
    /// process than the one started here, so a shell in front of it writes down who it becomes.
    pub fn start_as_root(
        ground: &Arc<Ground>,
        name: &str,
        log: &Path,
        words: &[String],
        env: &[(&str, String)],
    ) -> Result<Self> {
        if ground.is_root() {
            return Self::start(ground, name, log, words, env);
        }
        let leader = log.with_extension("leader");
        let mut command = ground.as_root("sh", env);
        command
            .args(["-c", r#"echo $$ >"$0" && exec "$@""#])
            .arg(&leader)
            .args(words);
        let mut process = Self::spawn(ground, name, log, &mut command)?;
        let pid = process.wait_for("the process behind sudo", || {
            let written = fs::read_to_string(&leader).unwrap_or_default();
            Ok(written.strip_suffix('\n').map(str::parse::<u32>))
        })?;
        process.group = pid?;
        ground.watch(process.group)?;
        Ok(process)
    }

    /// The process id of its leader, which is the id of its group.
    pub fn pid(&self) -> u32 {
        self.group
    }

    /// Waits until it listens on `port`.
    pub fn wait_port(&mut self, port: u16) -> Result<()> {
        let what = format!("{} on port {port}", self.name);
        let waited = until(&what, START, || {
            self.must_live()?;
            Ok(ports::is_open(port).then_some(()))
        });
        waited.with_context(|| self.last_words())
    }

    /// Waits until `ready` gives something.
    pub fn wait_for<T>(&mut self, what: &str, mut ready: impl FnMut() -> Result<Option<T>>) -> Result<T> {
        let waited = until(what, START, || {
            self.must_live()?;
            ready()
        });
        waited.with_context(|| self.last_words())
    }

    /// Sends it a signal, to the leader only.
    pub fn signal(&self, signal: &str) -> bool {
        self.ground.signal(signal, Target::Leader(self.group))
    }

    /// Asks it to end, and kills what has not ended in time. The error says that killing was needed.
    pub fn stop(mut self) -> Result<()> {
        self.signal("TERM");
        let ended = until(&format!("the end of {}", self.name), STOP, || {
            Ok(self.child.try_wait()?.map(|_| ()))
        });
        ended.with_context(|| self.last_words())
    }

    /// Ends it and its children without warning.
    pub fn kill9(self) {}

    /// Whether it still runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits until it has ended by itself; whether it said that all was well.
    pub fn ended(&mut self, limit: Duration) -> Result<bool> {
        until(&format!("the end of {}", self.name), limit, || {
            Ok(self.child.try_wait()?.map(|status| status.success()))
        })
    }

    /// Waits until it has ended by itself: its exit code, if no signal ended it.
    pub fn exit_code(&mut self, limit: Duration) -> Result<Option<i32>> {
        until(&format!("the end of {}", self.name), limit, || {
            Ok(self.child.try_wait()?.map(|status| status.code()))
        })
    }

    fn spawn(ground: &Arc<Ground>, name: &str, log: &Path, command: &mut Command) -> Result<Self> {
        let out = File::options().create(true).append(true).open(log)?;
        let command = command
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .current_dir("/");
        let child = command.spawn().with_context(|| format!("{command:?}"))?;
        Ok(Self {
            name: name.to_owned(),
            group: child.id(),
            child,
            log: log.to_owned(),
            ground: Arc::clone(ground),
        })
    }

    fn must_live(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("{} ended with {status}", self.name),
        }
    }

    fn last_words(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines.get(lines.len().saturating_sub(20)..).unwrap_or_default();
        format!("{} says in {}:\n{}", self.name, self.log.display(), tail.join("\n"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.ground.signal("KILL", Target::Group(self.group));
        let _ = self.child.wait();
        let _ = self.ground.forget(self.group);
    }
}
