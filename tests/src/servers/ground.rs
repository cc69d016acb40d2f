//! The place that servers run in: a temporary directory, and a watchman who ends them all when this process ends.

use anyhow::{Context, Result, ensure};
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// A temporary directory for a set of servers. However this process ends, also by SIGKILL, the servers are ended and
/// the directory goes; with `CAUSEWAY_KEEP_LOGS` in the environment the directory stays.
pub struct Ground {
    dir: PathBuf,
    root: bool,
    watchman: Mutex<Watchman>,
}

/// A shell in a session of its own. It learns of every process group through a pipe, and acts when the pipe closes.
struct Watchman {
    shell: Child,
    ear: Option<ChildStdin>,
}

/// `$1` is the directory, or empty when it shall stay.
const WATCH: &str = r#"
groups=" "
while read -r word group; do
  case $word in
    add) groups="$groups$group " ;;
    end) groups="${groups%% $group *} ${groups#* $group }" ;;
  esac
done
for group in $groups; do
  kill -s KILL -- "-$group" 2>/dev/null
done
[ -z "$1" ] || rm -rf -- "$1"
"#;

// ---------------------------------------------------------------------------------------------------------------------

impl Ground {
    /// A fresh directory that service users may walk into, watched over.
    pub fn new() -> Result<Self> {
        let root = is_root()?;
        if !root {
            run(Command::new("sudo").args(["-n", "true"]))
                .context("sudo must work without asking: run `sudo -v` first")?;
        }
        let dir = tempfile::Builder::new().prefix("causeway-").tempdir()?.keep();
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755))?;
        let removed = match std::env::var_os("CAUSEWAY_KEEP_LOGS") {
            Some(_) => Path::new(""),
            None => &dir,
        };
        let watchman = Mutex::new(Watchman::post(removed, root)?);
        Ok(Self { dir, root, watchman })
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// Whether this process is root.
    pub fn is_root(&self) -> bool {
        self.root
    }

    /// Makes the directory `name` (also several levels deep) in it, with mode 0755.
    pub fn dir(&self, name: &str) -> Result<PathBuf> {
        let dir = self.dir.join(name);
        fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755))?;
        Ok(dir)
    }

    /// Writes a file that everybody may read.
    pub fn write(&self, path: &Path, text: &str) -> Result<()> {
        fs::write(path, text).with_context(|| path.display().to_string())?;
        Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o644))?)
    }

    /// Hands a directory to a service user. A no-op for a normal user, who runs the servers under his own name.
    pub fn give(&self, path: &Path, user: &str) -> Result<()> {
        match self.root {
            true => run(Command::new("chown").arg("-R").arg(format!("{user}:")).arg(path)),
            false => Ok(()),
        }
    }

    /// A command that runs as root, through sudo if need be. Variables are given as arguments because sudo drops them.
    pub fn as_root(&self, program: &str, env: &[(&str, String)]) -> Command {
        let words = match self.root {
            true => "env",
            false => "sudo",
        };
        let mut command = Command::new(words);
        if !self.root {
            command.args(["-n", "env"]);
        }
        command
            .args(env.iter().map(|(key, value)| format!("{key}={value}")))
            .arg(program);
        command
    }

    /// The words that make a command run as a service user; none for a normal user.
    pub fn as_user(&self, user: &str) -> Vec<String> {
        if !self.root {
            return Vec::new();
        }
        let words = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", "--"];
        words.map(str::to_owned).to_vec()
    }

    /// Sends a signal to a process group (`group`) or to its leader only; whether anybody was there to get it.
    pub fn signal(&self, signal: &str, target: Target) -> bool {
        let target = match target {
            Target::Leader(pid) => pid.to_string(),
            Target::Group(pid) => format!("-{pid}"),
        };
        let script = r#"kill -s "$1" -- "$2" 2>/dev/null"#;
        let sent = |mut command: Command| {
            let words = ["-c", script, "sh", signal, &target];
            command.args(words).status().is_ok_and(|status| status.success())
        };
        sent(Command::new("sh")) || (!self.root && sent(self.as_root("sh", &[])))
    }

    /// Tells the watchman of a process group.
    pub fn watch(&self, group: u32) -> Result<()> {
        self.tell("add", group)
    }

    /// Tells the watchman that a process group is no more.
    pub fn forget(&self, group: u32) -> Result<()> {
        self.tell("end", group)
    }

    fn tell(&self, word: &str, group: u32) -> Result<()> {
        let mut watchman = self.watchman.lock().unwrap_or_else(PoisonError::into_inner);
        let ear = watchman.ear.as_mut().context("the watchman is gone")?;
        Ok(writeln!(ear, "{word} {group}")?)
    }
}

/// Who gets a signal.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// One process.
    Leader(u32),
    /// It and all its children.
    Group(u32),
}

impl Watchman {
    /// He is root, because some servers are. Sudo stays in the session that its permission belongs to; he does not.
    fn post(dir: &Path, root: bool) -> Result<Self> {
        let words: &[&str] = if root { &[] } else { &["sudo", "-n"] };
        let mut all = words.iter().chain(&["setsid", "sh", "-c", WATCH, "causeway-watchman"]);
        let program = all.next().context("no command")?;
        let mut shell = Command::new(program)
            .args(all)
            .arg(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir("/")
            .spawn()
            .with_context(|| (*program).to_owned())?;
        let ear = shell.stdin.take();
        Ok(Self { shell, ear })
    }
}

impl Drop for Watchman {
    fn drop(&mut self) {
        self.ear = None;
        let _ = self.shell.wait();
    }
}

/// Runs a command to its end; its own words are in the error when it fails.
pub fn run(command: &mut Command) -> Result<()> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{command:?}"))?;
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    ensure!(
        output.status.success(),
        "{command:?} ended with {}: {out}{err}",
        output.status
    );
    Ok(())
}

/// Whether this process runs as root.
pub fn is_root() -> Result<bool> {
    Ok(user_words(&["-u"])? == "0")
}

/// What `id` says of this process, or of the user named last.
pub fn user_words(question: &[&str]) -> Result<String> {
    let output = Command::new("id").args(question).output().context("id")?;
    ensure!(
        output.status.success(),
        "id {question:?} failed: is the server's package installed?"
    );
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
