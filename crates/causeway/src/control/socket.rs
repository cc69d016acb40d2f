//! The control socket of a running gateway: a Unix socket in the data directory, one question and one answer a connection.

use crate::control::answer::{Records, carried_out};
use crate::control::ask::{Answer, Ask};
use crate::control::order;
use crate::engine::keeper::Keeper;
use crate::networks::Wired;
use causeway_core::clock::{Clock, Timestamp};
use causeway_core::command::Clerk;
use causeway_core::network::{Finding, Tasks};
use causeway_xmpp::Home;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

/// The longest question in bytes.
const LONGEST: u64 = 64 << 10;
/// How long a question and its answer may take; a check talks to every server.
const PATIENCE: Duration = Duration::from_secs(180);
/// How many are served at once.
const AT_ONCE: usize = 16;

/// Serves the socket.
pub struct Counter {
    /// Answers.
    pub records: Records,
    /// Serves commands.
    pub office: Arc<dyn Clerk>,
    /// Carries orders out.
    pub keeper: Keeper,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Since when the gateway runs.
    pub started: Timestamp,
    /// Checks the link to XMPP.
    pub home: Arc<Home>,
    /// Runs the service of each connection.
    pub tasks: Arc<dyn Tasks>,
}

// ---------------------------------------------------------------------------------------------------------------------

/// Where the socket of a data directory lies.
pub fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}

/// Asks a running gateway; `None` when none runs.
pub fn ask(data_dir: &Path, ask: &Ask) -> anyhow::Result<Option<Answer>> {
    let Ok(mut stream) = std::os::unix::net::UnixStream::connect(path(data_dir)) else {
        return Ok(None);
    };
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_string(ask)?;
    line.push('\n');
    stream.write_all(line.as_bytes())?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    Ok(Some(serde_json::from_str(&answer)?))
}

/// What a check of all sides finds.
pub async fn findings(home: &Home, wired: &[Wired]) -> Vec<Finding> {
    let mut findings = home.check().await;
    for wired in wired {
        findings.extend(wired.network.check().await);
    }
    findings
}

impl Counter {
    /// Opens the socket; one left behind by a killed process is replaced, since the lock of the store proves that
    /// nobody else runs here.
    pub fn open(data_dir: &Path) -> std::io::Result<UnixListener> {
        let path = path(data_dir);
        if path.exists() {
            std::fs::remove_file(&path)?;
        }
        let listener = UnixListener::bind(&path)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        Ok(listener)
    }

    /// Serves whoever connects, some at once; each has its time.
    pub async fn serve(self: Arc<Self>, listener: UnixListener) {
        let seats = Arc::new(Semaphore::new(AT_ONCE));
        loop {
            let seat = seats.clone().acquire_owned().await;
            match listener.accept().await {
                Ok((stream, _)) => {
                    let counter = self.clone();
                    let service = async move {
                        if !matches!(tokio::time::timeout(PATIENCE, counter.one(stream)).await, Ok(Ok(()))) {
                            tracing::debug!("a question on the control socket was not answered");
                        }
                        drop(seat);
                    };
                    self.tasks.start("control", Box::pin(service));
                }
                Err(e) => {
                    tracing::warn!("the control socket: {e}");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    async fn one(&self, stream: UnixStream) -> anyhow::Result<()> {
        let (reader, mut writer) = stream.into_split();
        let mut line = String::new();
        tokio::io::BufReader::new(reader.take(LONGEST))
            .read_line(&mut line)
            .await?;
        let answer = match serde_json::from_str(&line) {
            Ok(ask) => self.answer(&ask).await,
            Err(e) => Answer::Sorry {
                why: format!("this question is not understood: {e}"),
            },
        };
        let mut line = serde_json::to_string(&answer)?;
        line.push('\n');
        writer.write_all(line.as_bytes()).await?;
        Ok(writer.shutdown().await?)
    }

    async fn answer(&self, ask: &Ask) -> Answer {
        let answered = match ask {
            Ask::Status => Ok(Answer::Running {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                seconds: self.clock.now().since(self.started).as_secs(),
                pid: std::process::id(),
                accepted: self.keeper.tally().accepted(),
                handed: self.keeper.tally().handed(),
            }),
            Ask::Retry { .. } | Ask::Drop { .. } => match self.records.orders(ask) {
                Ok(orders) => Ok(Answer::Moved {
                    count: carried_out(&self.keeper, orders).await,
                }),
                Err(e) => Err(e),
            },
            Ask::Trace { .. } | Ask::Queue { .. } => self.records.answer(ask),
            Ask::Check => Ok(Answer::Findings {
                findings: findings(&self.home, &self.records.wired).await,
            }),
            Ask::Commands { language } => Ok(order::offers(self.office.as_ref(), *language)),
            Ask::Do {
                name,
                typed,
                values,
                language,
            } => Ok(order::carry_out(self.office.as_ref(), order::call(name, values, *language), typed).await),
        };
        answered.unwrap_or_else(|e| Answer::Sorry { why: e.to_string() })
    }
}
