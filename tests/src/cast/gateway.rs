//! The gateway under test: its configuration, its process and its command line.

use crate::cast::mail::fresh_word;
use crate::patience::{Deadline, SOON, until};
use crate::servers::dovecot::MAIL_PASSWORD;
use crate::servers::ground::Ground;
use crate::servers::mail::MailSite;
use crate::servers::process::Process;
use crate::servers::xmpp::COMPONENT_SECRET;
use anyhow::{Context, Result, ensure};
use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

/// How long the gateway may take to stop in order.
const DRAIN: Duration = Duration::from_secs(30);

/// In what the kernel tells of a process; the same on every Linux that Debian runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// Where a gateway stands.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The domain of its contacts and of its users' mail addresses.
    pub domain: String,
    /// The domain of its users.
    pub home: String,
    /// Where it logs in.
    pub component_port: u16,
    /// Which way mail leaves.
    pub send: Sending,
    /// Which way mail comes in.
    pub receive: Receiving,
    /// The waits between tries, as the config spells them.
    pub retry: &'static str,
    /// More lines of the section about the XMPP server.
    pub xmpp: &'static str,
    /// The section about files.
    pub files: String,
    /// More sections.
    pub more: &'static str,
}

/// Which way mail leaves.
#[derive(Debug, Clone, Copy)]
pub enum Sending {
    /// By submission to Postfix, or whatever leads there, with STARTTLS and a password.
    Smarthost {
        /// The port on loopback.
        port: u16,
    },
    /// To the mail exchangers that the name server at this port knows.
    Direct {
        /// The port of DNS on loopback.
        resolver: u16,
    },
}

/// Which way mail comes in.
#[derive(Debug, Clone)]
pub enum Receiving {
    /// By LMTP at this port.
    Lmtp {
        /// The port on loopback.
        port: u16,
    },
    /// From this catch-all mailbox in Dovecot.
    Imap {
        /// Its name.
        mailbox: String,
    },
}

/// A gateway with its configuration and its data below the ground's directory.
pub struct Gateway {
    ground: Arc<Ground>,
    dir: PathBuf,
    binary: PathBuf,
    receive: Receiving,
    process: Option<Process>,
    /// What it runs behind, and the variables in its environment.
    shell: (Vec<String>, Vec<(&'static str, String)>),
}

/// What a command of the command line said.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Whether the exit code was 0.
    pub good: bool,
    /// What it printed.
    pub text: String,
    /// What it complained of.
    pub complaint: String,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Gateway {
    /// Writes the configuration of a gateway in the directory `place`; does not start it.
    pub fn new(mail: &MailSite, place: &str, setup: &Setup) -> Result<Self> {
        let ground = Arc::clone(&mail.ground);
        let dir = ground.dir(place)?;
        let gateway = Self {
            binary: binary()?,
            receive: setup.receive.clone(),
            process: None,
            shell: Default::default(),
            ground,
            dir,
        };
        let text = format!(
            "{}{}{}",
            gateway.base(setup),
            sending(mail, setup.send),
            receiving(mail, &setup.receive)
        );
        gateway.ground.write(&gateway.config(), &text)?;
        Ok(gateway)
    }

    /// Where its configuration lies.
    pub fn config(&self) -> PathBuf {
        self.dir.join("bridge.toml")
    }

    /// Where its log lies.
    pub fn log(&self) -> PathBuf {
        self.dir.join("causeway.log")
    }

    /// Where its store lies.
    pub fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// All that it has logged so far.
    pub fn said(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.log())?)
    }

    /// From the next start on it runs behind these words, which must become it, with these variables.
    pub fn run_behind(&mut self, words: &[String], env: &[(&'static str, String)]) {
        self.shell = (words.to_vec(), env.to_vec());
    }

    /// Starts it and waits until its door for mail is open; the link to the XMPP server may take a moment longer.
    pub fn start(&mut self) -> Result<()> {
        ensure!(self.process.is_none(), "the gateway runs already");
        let mut process = self.spawn("causeway.log")?;
        if let Receiving::Lmtp { port } = self.receive {
            process.wait_port(port)?;
        }
        self.process = Some(process);
        Ok(())
    }

    /// Ends it without warning.
    pub fn kill9(&mut self) {
        self.process = None;
    }

    /// Asks it to stop (SIGTERM) and waits until it has. Ending with an error is an error.
    pub fn terminate(&mut self) -> Result<()> {
        let mut process = self.process.take().context("the gateway does not run")?;
        process.signal("TERM");
        ensure!(
            process.ended(DRAIN)?,
            "the gateway ended with an error: see {}",
            self.log().display()
        );
        Ok(())
    }

    /// Starts it although it cannot run, and waits until it has ended, which must be with an error: what it said.
    pub fn start_in_vain(&self) -> Result<String> {
        let name = format!("vain-{}.log", fresh_word()?);
        ensure!(!self.spawn(&name)?.ended(SOON)?, "the gateway ended well");
        Ok(std::fs::read_to_string(self.dir.join(name))?)
    }

    /// Waits until it has ended by itself: whether it ended well.
    pub fn wait_for_end(&mut self) -> Result<bool> {
        let mut process = self.process.take().context("the gateway does not run")?;
        process.ended(DRAIN)
    }

    /// Starts it although another one does its work, and waits until it has ended: its exit code, and how long it lived.
    pub fn start_as_second(&self) -> Result<(Option<i32>, Duration)> {
        let mut process = self.spawn("causeway.log")?;
        let waiting = Deadline::within(SOON);
        let code = process.exit_code(SOON)?;
        Ok((code, SOON - waiting.left().unwrap_or_default()))
    }

    /// Starts a second process with the same configuration and waits until it has ended: whether it ended well.
    pub fn start_twin(&self) -> Result<bool> {
        self.spawn("twin.log")?.ended(SOON)
    }

    /// The process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }

    /// How much of one core it uses within `span` from now.
    pub fn busy(&self, span: Duration) -> Result<f64> {
        let before = self.ticks()?;
        std::thread::sleep(span);
        let ticks = self.ticks()?.saturating_sub(before);
        Ok(f64::from(u32::try_from(ticks)?) / TICKS_PER_SECOND / span.as_secs_f64())
    }

    /// The time on processors that it has used (proc(5), utime and stime).
    fn ticks(&self) -> Result<u64> {
        let pid = self.pid().context("the gateway does not run")?;
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let (_, fields) = stat.rsplit_once(") ").context("no fields")?;
        let used = fields.split(' ').skip(11).take(2).map(str::parse::<u64>);
        used.sum::<Result<u64, _>>().context(stat.clone())
    }

    /// Whether it runs.
    pub fn is_alive(&mut self) -> bool {
        self.process.as_mut().is_some_and(Process::is_alive)
    }

    /// Runs one command of its command line.
    pub fn ask(&self, arguments: &[&str]) -> Result<Answer> {
        let output = Command::new(&self.binary)
            .arg("--config")
            .arg(self.config())
            .args(arguments)
            .env("NO_COLOR", "1")
            .output()
            .with_context(|| self.binary.display().to_string())?;
        Ok(Answer {
            good: output.status.success(),
            text: String::from_utf8_lossy(&output.stdout).into_owned(),
            complaint: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// The same for programs: the answer to `--json`, which must be good.
    pub fn ask_json(&self, arguments: &[&str]) -> Result<serde_json::Value> {
        let mut all = vec!["--json"];
        all.extend(arguments);
        let answer = self.ask(&all)?;
        ensure!(answer.good, "{arguments:?}: {}{}", answer.text, answer.complaint);
        serde_json::from_str(&answer.text).with_context(|| answer.text.clone())
    }

    /// What the second process said.
    pub fn twin_log(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.dir.join("twin.log"))?)
    }

    /// The steps of one message so far, as `causeway trace` names them.
    pub fn steps(&self, id: &str) -> Result<Vec<String>> {
        let answer = self.ask_json(&["trace", "-n", "1", id])?;
        let hops = answer.pointer("/timelines/0/hops").and_then(|hops| hops.as_array());
        let hops = hops.with_context(|| format!("no hops: {answer}"))?;
        let step = |hop: &serde_json::Value| hop.get("step")?.as_str().map(str::to_owned);
        Ok(hops.iter().filter_map(step).collect())
    }

    /// How far one message is, as `causeway trace` names it.
    pub fn stage(&self, id: &str) -> Result<String> {
        let answer = self.ask_json(&["trace", "-n", "1", id])?;
        let stage = answer
            .pointer("/timelines/0/delivery/stage/name")
            .and_then(|name| name.as_str());
        Ok(stage.with_context(|| format!("no stage: {answer}"))?.to_owned())
    }

    /// Waits until a message is that far.
    pub fn wait_for_stage(&self, id: &str, stage: &str) -> Result<()> {
        until(&format!("the stage {stage} of {id}"), SOON, || {
            Ok((self.stage(id)? == stage).then_some(()))
        })
    }

    /// Waits until a step of this kind was recorded for a message.
    pub fn wait_for_step(&self, id: &str, step: &str) -> Result<()> {
        until(&format!("the step {step} of {id}"), SOON, || {
            Ok(self.steps(id)?.iter().any(|it| it == step).then_some(()))
        })
    }

    fn spawn(&self, log: &str) -> Result<Process> {
        let (mut words, env) = self.shell.clone();
        words.extend([self.binary.display().to_string(), "--config".to_owned()]);
        words.extend([self.config().display().to_string(), "run".to_owned()]);
        Process::start(&self.ground, "causeway", &self.dir.join(log), &words, &env)
    }

    fn base(&self, setup: &Setup) -> String {
        format!(
            r#"data_dir = {data:?}
log = "debug"

[xmpp]
server = "127.0.0.1"
port = {port}
{xmpp}
[policy]
allow = [{home:?}]

[files]
{files}
{more}
[delivery]
retry = [{retry}]

[component.email]
secret = {COMPONENT_SECRET:?}

[email]
domain = {domain:?}
home_domain = {home:?}
trusted_hosts = ["mail.test"]
authserv_ids = ["mail.test"]
"#,
            data = self.data(),
            port = setup.component_port,
            xmpp = setup.xmpp,
            more = setup.more,
            files = setup.files,
            retry = setup.retry,
            home = setup.home,
            domain = setup.domain,
        )
    }
}

fn sending(mail: &MailSite, way: Sending) -> String {
    match way {
        Sending::Smarthost { port } => format!(
            r#"
[email.send.smarthost]
host = "127.0.0.1"
port = {port}
tls = "starttls"
tls_name = "mail.test"
ca_file = {ca:?}
user = "causeway"
password = {MAIL_PASSWORD:?}
"#,
            ca = mail.pki.ca,
        ),
        Sending::Direct { resolver } => format!(
            r#"
[email.send.direct]
port = {port}
resolver = "127.0.0.1:{resolver}"
allow_local = true
"#,
            port = mail.postfix.smtp_port,
        ),
    }
}

fn receiving(mail: &MailSite, way: &Receiving) -> String {
    match way {
        Receiving::Lmtp { port } => format!("\n[email.lmtp]\nlisten = \"127.0.0.1:{port}\"\n"),
        Receiving::Imap { mailbox } => format!(
            r#"
[email.imap]
host = "127.0.0.1"
port = {port}
tls = "implicit"
tls_name = "mail.test"
ca_file = {ca:?}
user = {mailbox:?}
password = {MAIL_PASSWORD:?}
first_contact = "import"
"#,
            port = mail.dovecot.imaps_port,
            ca = mail.pki.ca,
        ),
    }
}

/// The program beside this one, as cargo lays them out: `target/debug/causeway` and `target/debug/deps/scenarios-…`.
fn binary() -> Result<PathBuf> {
    let me = env::current_exe()?;
    let found = me
        .ancestors()
        .skip(1)
        .take(2)
        .map(|dir| dir.join("causeway"))
        .find(|path| path.is_file());
    found.with_context(|| {
        format!(
            "no causeway beside {}: run `cargo build -p causeway` first",
            me.display()
        )
    })
}
