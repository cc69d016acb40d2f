//! The gateway that is measured: built for release, started on a store of its own, watched from outside.

use crate::cargo::root;
use anyhow::{Context, Result, bail};
use causeway_tests::patience::{LATER, until};
use causeway_tests::servers::ground::{Ground, run};
use causeway_tests::servers::ports;
use causeway_tests::servers::process::Process;
use causeway_tests::servers::xmpp::{COMPONENT_SECRET, Kind};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

/// The domain of the gateway.
pub(crate) const DOMAIN: &str = "mail.xmpp.test";

/// What a gateway is attached to, as ports on loopback.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    /// Where it logs in as a component.
    pub(crate) component: u16,
    /// Where it hands its mails in, without TLS.
    pub(crate) smarthost: u16,
}

/// A gateway and its store.
pub(crate) struct Gateway {
    ground: Arc<Ground>,
    dir: PathBuf,
    lmtp: u16,
    process: Option<Process>,
}

/// What the gateway counted since its start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Totals {
    /// Messages written down.
    pub(crate) accepted: usize,
    /// Deliveries that the next side took.
    pub(crate) handed: usize,
}

/// What the kernel counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// Resident now, in MiB.
    pub(crate) resident: f64,
    /// The most that ever was resident, in MiB.
    pub(crate) peak: f64,
}

// ---------------------------------------------------------------------------------------------------------------------

/// The program.
pub(crate) fn binary() -> Result<PathBuf> {
    Ok(root()?.join("target/release/causeway"))
}

impl Gateway {
    /// Writes the configuration of a gateway in the directory `place`; does not start it.
    pub(crate) fn new(ground: &Arc<Ground>, place: &str, ends: Ends) -> Result<Self> {
        let dir = ground.dir(place)?;
        let lmtp = ports::free()?;
        let gateway = Self {
            ground: Arc::clone(ground),
            dir,
            lmtp,
            process: None,
        };
        gateway.attach(ends)?;
        Ok(gateway)
    }

    /// Attaches it elsewhere from its next start on.
    pub(crate) fn attach(&self, ends: Ends) -> Result<()> {
        let text = format!(
            r#"data_dir = {data:?}

[xmpp]
server = "127.0.0.1"
port = {component}

[limits]
messages_per_minute = 0
messages_per_day = 0
megabytes_per_day = 0
incoming_per_hour = 0
incoming_megabytes_per_day = 0

[component.email]
secret = {COMPONENT_SECRET:?}

[email]
domain = {DOMAIN:?}
home_domain = {home:?}

[email.send.smarthost]
host = "127.0.0.1"
port = {smarthost}
tls = "none"

[email.lmtp]
listen = "127.0.0.1:{lmtp}"
"#,
            data = self.data(),
            component = ends.component,
            home = Kind::Prosody.domain(),
            smarthost = ends.smarthost,
            lmtp = self.lmtp,
        );
        self.ground.write(&self.dir.join("bridge.toml"), &text)
    }

    /// Its data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// The port of its door for mails.
    pub(crate) fn lmtp(&self) -> u16 {
        self.lmtp
    }

    /// Starts it and waits for nothing.
    pub(crate) fn spawn(&mut self) -> Result<()> {
        let config = self.dir.join("bridge.toml").display().to_string();
        let words = [binary()?.display().to_string(), "--config".into(), config, "run".into()];
        let log = self.dir.join("causeway.log");
        self.process = Some(Process::start(&self.ground, "causeway", &log, &words, &[])?);
        Ok(())
    }

    /// Starts it and waits until it answers.
    pub(crate) fn start(&mut self) -> Result<()> {
        self.spawn()?;
        until("an answer of the gateway", LATER, || Ok(self.totals().ok().map(|_| ())))
    }

    /// Stops it in order.
    pub(crate) fn stop(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), Process::stop)
    }

    /// What it counted.
    pub(crate) fn totals(&self) -> Result<Totals> {
        let mut stream = UnixStream::connect(self.data().join("control.sock"))?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        stream.write_all(b"{\"ask\":\"status\"}\n")?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line)?;
        let answer: Value = serde_json::from_str(&line)?;
        let number = |key: &str| -> Result<usize> {
            let number = answer.get(key).and_then(Value::as_u64);
            Ok(usize::try_from(number.with_context(|| format!("no {key}: {line}"))?)?)
        };
        Ok(Totals {
            accepted: number("accepted")?,
            handed: number("handed")?,
        })
    }

    /// Its user and system time so far (proc(5): fields 14 and 15 of `stat`, in hundredths of a second).
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid()?))?;
        let (_, fields) = stat.rsplit_once(')').context("no program in stat")?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
        let ticks: u64 = ticks.sum::<Result<u64, _>>()?;
        Ok(Duration::from_millis(ticks * 10))
    }

    /// Its memory.
    pub(crate) fn memory(&self) -> Result<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()?))?;
        let field = |name: &str| -> Result<f64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next());
            Ok(number.with_context(|| format!("no {name}"))?.parse::<f64>()? / 1024.0)
        };
        Ok(Memory {
            resident: field("VmRSS:")?,
            peak: field("VmHWM:")?,
        })
    }

    /// How large its store is on disk, in MiB.
    pub(crate) fn disk(&self) -> Result<f64> {
        let output = Command::new("du")
            .args(["-sk"])
            .arg(self.data())
            .output()
            .context("du")?;
        let words = String::from_utf8_lossy(&output.stdout).into_owned();
        let size = words.split_whitespace().next().context("du says nothing")?;
        Ok(size.parse::<f64>()? / 1024.0)
    }

    /// Forgets the store.
    pub(crate) fn clear(&mut self) -> Result<()> {
        self.stop()?;
        run(Command::new("rm").arg("-rf").arg(self.data()))
    }

    fn pid(&self) -> Result<u32> {
        match &self.process {
            Some(process) => Ok(process.pid()),
            None => bail!("the gateway does not run"),
        }
    }
}
