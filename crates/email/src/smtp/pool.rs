//! Connections kept for the next mail to the same server.

use super::session::{Offers, Session, Target};
use super::transaction::{Ended, Letter};
use crate::config::Deadlines;
use causeway_core::fault::Fault;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use tokio::time::Instant;

/// After so many mails a connection is closed: servers count, too.
const USES: u32 = 100;

/// The connections that wait for their next mail, by server.
pub(crate) struct Pool {
    ehlo_name: String,
    deadlines: Deadlines,
    per_server: usize,
    idle: Mutex<BTreeMap<String, Vec<Idle>>>,
}

struct Idle {
    session: Session,
    since: Instant,
}

/// How a mail fared, and over what.
#[derive(Debug)]
pub(crate) struct Sent {
    /// How it ended.
    pub(crate) ended: Ended,
    /// The protocol word of the connection.
    pub(crate) protocol: String,
    /// Whether it was encrypted.
    pub(crate) encrypted: bool,
    /// Whether the server reports what becomes of a mail (RFC 3461).
    pub(crate) dsn: bool,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Pool {
    /// An empty pool that keeps at most `per_server` connections to one server.
    pub(crate) fn new(ehlo_name: String, deadlines: Deadlines, per_server: usize) -> Self {
        Self {
            ehlo_name,
            deadlines,
            per_server,
            idle: Mutex::default(),
        }
    }

    /// Sends one mail. `compose` makes it once the server has said what it offers. A kept connection
    /// that turns out to be dead before it has answered anything is replaced by a fresh one, once.
    pub(crate) async fn send(
        &self,
        target: &Target,
        compose: &(dyn Fn(&Offers) -> Result<Letter, Fault> + Sync),
    ) -> Result<Sent, Fault> {
        if let Some(mut session) = self.take(&target.name) {
            let letter = compose(&session.offers)?;
            let ended = session.transact(&letter, &self.deadlines).await;
            if !is_stale(&ended) {
                return Ok(self.conclude(session, &letter, ended));
            }
        }
        let mut session = Session::open(target, &self.ehlo_name, &self.deadlines).await?;
        let letter = match compose(&session.offers) {
            Ok(letter) => letter,
            Err(fault) => {
                self.keep(session);
                return Err(fault);
            }
        };
        let ended = session.transact(&letter, &self.deadlines).await;
        Ok(self.conclude(session, &letter, ended))
    }

    /// Closes connections that nobody has used for a while.
    pub(crate) async fn sweep(&self) {
        let mut old = Vec::new();
        {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            for waiting in idle.values_mut() {
                let (gone, stay) = std::mem::take(waiting).into_iter().partition(|one| self.is_old(one));
                *waiting = stay;
                old.extend::<Vec<Idle>>(gone);
            }
            idle.retain(|_, waiting| !waiting.is_empty());
        }
        futures::future::join_all(old.into_iter().map(|one| one.session.quit())).await;
    }

    fn conclude(&self, session: Session, letter: &Letter, ended: Ended) -> Sent {
        let sent = Sent {
            protocol: session.protocol(letter.utf8),
            encrypted: session.encrypted,
            dsn: session.offers.dsn,
            ended,
        };
        if matches!(sent.ended, Ended::Taken(_) | Ended::Refused(_)) {
            self.keep(session);
        }
        sent
    }

    /// The connection that was used last: the others grow old.
    fn take(&self, server: &str) -> Option<Session> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = idle.get_mut(server)?;
        let newest = waiting.pop()?;
        (!self.is_old(&newest)).then_some(newest.session)
    }

    fn keep(&self, session: Session) {
        if session.used >= USES {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = idle.entry(session.server.clone()).or_default();
        if waiting.len() < self.per_server {
            waiting.push(Idle {
                session,
                since: Instant::now(),
            });
        }
    }

    fn is_old(&self, one: &Idle) -> bool {
        one.since.elapsed() >= self.deadlines.idle
    }
}

/// Whether a kept connection was dead all along: it broke, or the server hung up, before it said anything about the mail.
fn is_stale(ended: &Ended) -> bool {
    match ended {
        Ended::Broken { heard, .. } => !heard,
        Ended::Dismissed(fault) => fault.retry,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
