//! A look at the IMAP server for the health check.

use super::connection::{Can, Connection};
use crate::config::{After, Imap};
use causeway_core::fault::Fault;
use causeway_core::network::Finding;

/// What was seen.
pub(crate) struct Seen {
    can: Can,
    mails: u32,
    encrypted: bool,
    uids: bool,
}

// ---------------------------------------------------------------------------------------------------------------------

/// Connects, logs in and opens the mailbox, and leaves everything as it is.
pub(crate) async fn look(config: &Imap) -> Result<Seen, Fault> {
    let mut connection = Connection::open(config).await?;
    let seen = Seen {
        can: connection.can,
        mails: connection.mailbox.exists,
        encrypted: connection.encrypted,
        uids: connection.mailbox.uid_validity.is_some() && connection.uid_next(config).await.is_ok(),
    };
    connection.logout().await;
    Ok(seen)
}

impl Seen {
    /// The findings under `what`.
    pub(crate) fn findings(&self, what: &str, config: &Imap) -> Vec<Finding> {
        let over = if self.encrypted { "with TLS" } else { "without TLS" };
        let seen = format!("logged in {over}; {} mails in {}", self.mails, config.mailbox);
        let mut findings = vec![Finding::good(what, seen)];
        if !self.uids {
            findings.push(Finding::bad(
                format!("{what}: UIDs"),
                "the server keeps no lasting UIDs",
                "another IMAP server is needed: mails would be lost or come twice",
            ));
        }
        if !self.can.idle {
            findings.push(Finding::warning(
                format!("{what}: IDLE"),
                "not offered",
                format!(
                    "mails come up to {} seconds late (imap.poll_seconds)",
                    config.poll_seconds
                ),
            ));
        }
        if matches!(config.after, After::MoveTo(_)) && !self.can.moving {
            findings.push(Finding::warning(
                format!("{what}: MOVE"),
                "not offered",
                "mails are copied and deleted instead, which other programs may see half done",
            ));
        }
        findings
    }
}
