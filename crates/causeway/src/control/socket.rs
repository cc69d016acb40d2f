//! The control socket of a running gateway: a Unix socket in the data directory, one question and one answer a connection.

use crate::control::answer::Clerk;
use crate::control::ask::{Answer, Ask};
use crate::engine::keeper::Keeper;
use causeway_core::clock::{Clock, Timestamp};
use causeway_store::{Change, Done};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// The longest question in bytes.
const LONGEST: u64 = 64 << 10;
/// How long a question or an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Serves the socket.
pub struct Counter {
    /// Answers.
    pub clerk: Clerk,
    /// Carries orders out.
    pub keeper: Keeper,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Since when the gateway runs.
    pub started: Timestamp,
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

    /// Serves one after the other; each has its time.
    pub async fn serve(self: Arc<Self>, listener: UnixListener) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let served = tokio::time::timeout(PATIENCE, self.one(stream)).await;
                    if !matches!(served, Ok(Ok(()))) {
                        tracing::debug!("a question on the control socket was not answered");
                    }
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
            Ask::Retry { .. } | Ask::Drop { .. } => match self.clerk.orders(ask) {
                Ok(orders) => Ok(self.carry_out(orders).await),
                Err(e) => Err(e),
            },
            Ask::Trace { .. } | Ask::Queue { .. } => self.clerk.answer(ask),
        };
        answered.unwrap_or_else(|e| Answer::Sorry { why: e.to_string() })
    }

    async fn carry_out(&self, orders: crate::control::answer::Orders) -> Answer {
        let steps = orders
            .into_iter()
            .map(|(id, event)| self.keeper.insist(Change::Step { id, event }));
        let done = futures::future::join_all(steps).await;
        Answer::Moved {
            count: done
                .iter()
                .filter(|done| matches!(done, Ok(Done::Stepped(true))))
                .count(),
        }
    }
}
