//! Everything of the mail network that runs by itself: the two ways in, and the closing of connections nobody uses.

use crate::imap::watcher;
use crate::lmtp::listener;
use crate::network::Email;
use causeway_core::network::House;
use std::sync::Arc;
use std::time::Duration;

/// How often unused connections are looked for.
const SWEEP: Duration = Duration::from_secs(5);

// ---------------------------------------------------------------------------------------------------------------------

/// Listens and posts until `house` says stop.
pub(crate) async fn watch(email: Arc<Email>, house: House) {
    let lmtp = async {
        if let Some(config) = &email.config.lmtp {
            listener::listen(&email, config, house.clone()).await;
        }
    };
    let imap = async {
        if let Some(config) = &email.config.imap {
            watcher::watch(&email, config, house.clone()).await;
        }
    };
    let sweep = async {
        let tidy = async {
            loop {
                tokio::time::sleep(SWEEP).await;
                email.pool.sweep().await;
            }
        };
        tokio::select! {
            () = tidy => {}
            () = house.tasks.stopping() => {}
        }
    };
    tokio::join!(lmtp, imap, sweep);
}
