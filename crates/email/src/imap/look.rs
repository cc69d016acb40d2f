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
    /// Whether the mailbox that mails are moved to is there; `None` where none is needed, or where that cannot be told.
    target: Option<bool>,
}

// ---------------------------------------------------------------------------------------------------------------------

/// Connects, logs in and opens the mailbox, and leaves everything as it is.
pub(crate) async fn look(config: &Imap) -> Result<Seen, Fault> {
    let mut connection = Connection::open(config).await?;
    let target = match &config.after {
        After::MoveTo(target) => connection.has_mailbox(target).await.ok(),
        After::Seen | After::Delete => None,
    };
    let seen = Seen {
        target,
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
        if let (After::MoveTo(target), Some(false)) = (&config.after, self.target) {
            findings.push(Finding::warning(
                format!("{what}: mailbox {target}"),
                "there is no such mailbox",
                "the gateway creates it with the first mail, where the server lets it; otherwise create it, or change imap.after",
            ));
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::pretend::Pretend;

    async fn seen(after: &str) -> Vec<String> {
        let server = Pretend::open().await;
        let config = format!(
            r#"{{ "host": "127.0.0.1", "port": {}, "tls": "none", "user": "g", "password": "s", "after": {after} }}"#,
            server.port()
        );
        let config: Imap = serde_json::from_str(&config).unwrap();
        let seen = tokio::select! {
            seen = look(&config) => seen.unwrap(),
            _ = server.serve(usize::MAX) => unreachable!(),
        };
        seen.findings("IMAP", &config).into_iter().map(|one| one.what).collect()
    }

    #[tokio::test]
    async fn a_mailbox_to_move_to_that_is_not_there_is_named() {
        assert_eq!(seen(r#""delete""#).await, ["IMAP"]);
        assert_eq!(seen(r#"{ "move_to": "Archive" }"#).await, ["IMAP"]);
        assert_eq!(seen(r#"{ "move_to": "Tomb" }"#).await, ["IMAP", "IMAP: mailbox Tomb"]);
    }
}
