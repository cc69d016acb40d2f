//! Watches the mailbox: reads what is new, in order, each mail into the ledger together with the cursor behind it, and
//! only then tidies it away.

use super::connection::{Connection, Listed};
use super::cursor::{Cursor, InHand, Selected, set_of};
use super::intake::{Intake, intake, stand_in};
use crate::config::Imap;
use crate::network::Email;
use causeway_core::clock::Timestamp;
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::network::{Arrival, House, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::time::sleep;

/// The first pause after a failure, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(80));
/// After so many mails those that were taken are tidied away.
const TIDY_AFTER: usize = 50;
/// So many mails put aside are remembered when left-overs are tidied away.
const ASIDE: usize = 10_000;

/// The mailbox and how far it was read.
struct Watcher<'a> {
    email: &'a Email,
    config: &'a Imap,
    house: House,
    /// What the keys of its rows begin with.
    prefix: String,
    /// The mail that was in hand when the process died, or is now.
    in_hand: Option<InHand>,
    /// Mails that were taken and are not tidied away.
    taken: Vec<u32>,
}

/// A mail that a person must look at, as its row says.
#[derive(Serialize)]
struct Aside {
    why: Fault,
    size: usize,
    at: Timestamp,
}

// ---------------------------------------------------------------------------------------------------------------------

/// Watches until the process stops. Whatever goes wrong is tried again after a pause.
pub(crate) async fn watch(email: &Email, config: &Imap, house: House) {
    let stopping = house.tasks.stopping();
    let mut watcher = Watcher::new(email, config, house);
    tokio::select! {
        () = watcher.go_on() => {}
        () = stopping => {}
    }
    watcher.put_down().await;
}

impl<'a> Watcher<'a> {
    fn new(email: &'a Email, config: &'a Imap, house: House) -> Self {
        let mut watcher = Self {
            email,
            config,
            prefix: format!("imap/{}/{}/{}/", config.host, config.user, config.mailbox),
            house,
            in_hand: None,
            taken: Vec::new(),
        };
        watcher.in_hand = watcher.read_row::<InHand>("in-hand").map(InHand::after_death);
        watcher
    }

    async fn go_on(&mut self) {
        let (shortest, longest) = PAUSES;
        let mut pause = shortest;
        loop {
            let mut worked = false;
            let Err(fault) = self.stay(&mut worked).await;
            tracing::warn!(host = self.config.host, "IMAP: {fault}; again in {} s", pause.as_secs());
            if worked {
                pause = shortest;
            }
            sleep(pause).await;
            pause = pause.mul_f64(1.7).min(longest);
        }
    }

    /// One connection, as long as it lasts.
    async fn stay(&mut self, worked: &mut bool) -> Result<std::convert::Infallible, Fault> {
        let mut connection = Connection::open(self.config).await?;
        let cursor = self.resume(&mut connection).await?;
        let mut cursor = self.tidy_left_overs(&mut connection, cursor).await?;
        loop {
            cursor = self.round(&mut connection, cursor).await?;
            *worked = true;
            self.email.send_bounces(&self.house).await?;
            match connection.can.idle {
                true => connection.idle(Duration::from_secs(self.config.idle_seconds)).await?,
                false => {
                    sleep(Duration::from_secs(self.config.poll_seconds)).await;
                    connection.noop().await?;
                }
            }
        }
    }

    /// Where to go on. A new place is written down before anything is read.
    async fn resume(&mut self, connection: &mut Connection) -> Result<Cursor, Fault> {
        let uid_validity = connection
            .mailbox
            .uid_validity
            .ok_or_else(|| Fault::of(FaultKind::NotSupported).saying("the IMAP server keeps no lasting UIDs"))?;
        let selected = Selected {
            uid_validity,
            uid_next: connection.uid_next(self.config).await?,
        };
        let kept = self.read_row::<Cursor>("cursor");
        let cursor = Cursor::resume(kept, selected, self.config.first_contact, self.house.clock.now());
        if kept != Some(cursor) {
            if kept.is_some() {
                tracing::warn!(
                    host = self.config.host,
                    "the IMAP server changed its UIDs; looking through the mailbox"
                );
            }
            let row = self.row("cursor", &cursor)?;
            self.write(vec![row]).await?;
        }
        Ok(cursor)
    }

    /// Reads all that is new.
    async fn round(&mut self, connection: &mut Connection, mut cursor: Cursor) -> Result<Cursor, Fault> {
        let listed = connection.list(cursor.next).await?;
        let wanted: Vec<Listed> = listed.iter().copied().filter(|one| cursor.wants(one)).collect();
        for (at, one) in wanted.iter().enumerate() {
            let next = wanted.get(at + 1).map(|next| next.uid);
            cursor = self.take(connection, cursor, one, next).await?;
            if self.taken.len() >= TIDY_AFTER {
                cursor = self.tidy(connection, cursor).await?;
            }
        }
        // What was left out because it is known need not be listed again.
        if let Some(last) = listed.last().filter(|last| last.uid >= cursor.next) {
            cursor = cursor.past(last);
            let row = self.row("cursor", &cursor)?;
            self.write(vec![row]).await?;
        }
        self.tidy(connection, cursor).await
    }

    /// Reads one mail. Which one is written down first: a mail that ends the process is put aside the third time.
    async fn take(
        &mut self,
        connection: &mut Connection,
        cursor: Cursor,
        one: &Listed,
        next: Option<u32>,
    ) -> Result<Cursor, Fault> {
        let hand = InHand::take_up(self.in_hand, cursor.uid_validity, one.uid);
        if hand.is_poison() {
            return self
                .put_aside(connection, cursor, one, Fault::of(FaultKind::Poison))
                .await;
        }
        if self.read_row::<InHand>("in-hand") != Some(hand) {
            let row = self.row("in-hand", &hand)?;
            self.write(vec![row]).await?;
        }
        self.in_hand = Some(hand);
        let after = cursor.past(one);
        let Some(bytes) = self.fetch(connection, one).await? else {
            return Ok(after);
        };
        let arrived = one.arrived.unwrap_or_else(|| self.house.clock.now());
        let too_large = (one.size > self.email.desk.limits.bytes).then(|| Fault::of(FaultKind::TooLarge));
        let (mut brings, stays) = match intake(&self.email.desk, &self.house, self.config, bytes, arrived).await {
            Intake::Brings(brings) => (brings, too_large),
            Intake::Refused(brings, fault) => {
                tracing::warn!(
                    uid = one.uid,
                    mailbox = self.config.mailbox,
                    "a mail is not for everybody it names; it stays, flagged: {}",
                    fault.kind
                );
                (brings, Some(fault))
            }
            Intake::Aside(fault) => return self.put_aside(connection, cursor, one, fault).await,
        };
        let stays = match stays {
            Some(why) => {
                brings.rows.push(self.aside_row(cursor.uid_validity, one, why)?);
                true
            }
            None => false,
        };
        brings.rows.push(self.row("cursor", &after)?);
        brings.rows.push(self.hand_row(cursor.uid_validity, next)?);
        match self.house.inbox.post(brings).await {
            Ok(_durable) => {
                self.in_hand = next.map(|uid| InHand::take_up(None, cursor.uid_validity, uid));
                match stays {
                    true => connection.flag(one.uid).await?,
                    false => self.taken.push(one.uid),
                }
                Ok(after)
            }
            Err(fault) if fault.retry => Err(fault),
            Err(fault) => self.put_aside(connection, cursor, one, fault).await,
        }
    }

    /// The mail, or a word in its place when it is too large; `None` when it is gone.
    async fn fetch(&self, connection: &mut Connection, one: &Listed) -> Result<Option<Vec<u8>>, Fault> {
        let limits = &self.email.desk.limits;
        if one.size <= limits.bytes {
            return connection.mail(one.uid, limits.bytes).await;
        }
        let header = connection.header(one.uid, limits.header_bytes).await?;
        Ok(header.map(|header| stand_in(&header, one.size)))
    }

    /// Leaves a mail where it is, flagged, and goes on behind it.
    async fn put_aside(
        &mut self,
        connection: &mut Connection,
        cursor: Cursor,
        one: &Listed,
        why: Fault,
    ) -> Result<Cursor, Fault> {
        tracing::error!(
            uid = one.uid,
            mailbox = self.config.mailbox,
            "a mail is put aside, flagged: {}",
            why.kind
        );
        let after = cursor.past(one);
        let rows = vec![
            self.aside_row(cursor.uid_validity, one, why)?,
            self.row("cursor", &after)?,
            Row::gone(format!("{}in-hand", self.prefix)),
        ];
        self.write(rows).await?;
        self.in_hand = None;
        connection.flag(one.uid).await?;
        Ok(after)
    }

    /// Tidies away what was taken.
    async fn tidy(&mut self, connection: &mut Connection, cursor: Cursor) -> Result<Cursor, Fault> {
        if self.taken.is_empty() {
            return Ok(cursor);
        }
        let done = self.tidy_set(connection, &set_of(&self.taken)).await?;
        self.taken.clear();
        Ok(if done { cursor.tidied() } else { cursor })
    }

    /// What a crash left between the ledger and the mailbox.
    async fn tidy_left_overs(&mut self, connection: &mut Connection, cursor: Cursor) -> Result<Cursor, Fault> {
        let prefix = format!("{}aside/{}/", self.prefix, cursor.uid_validity);
        let rows = self.house.memory.rows(&prefix, None, ASIDE);
        let aside: Vec<u32> = rows
            .iter()
            .filter_map(|(key, _)| key.strip_prefix(&prefix)?.parse().ok())
            .collect();
        for uid in aside.iter().filter(|uid| (cursor.untidied..cursor.next).contains(uid)) {
            connection.flag(*uid).await?;
        }
        let mut done = true;
        for set in cursor.left_over(&aside) {
            done &= self.tidy_set(connection, &set).await?;
        }
        self.taken.clear();
        Ok(if done { cursor.tidied() } else { cursor })
    }

    /// A server that refuses is a matter for its admin, not for those who wait for mail.
    async fn tidy_set(&self, connection: &mut Connection, set: &str) -> Result<bool, Fault> {
        match connection.tidy(set, &self.config.after).await {
            Ok(()) => Ok(true),
            Err(fault) if fault.kind == FaultKind::Misconfigured => {
                tracing::error!("IMAP: mails that were taken cannot be tidied away: {fault}");
                Ok(false)
            }
            Err(fault) => Err(fault),
        }
    }

    /// The process stops in order: the mail in hand is not to blame.
    async fn put_down(&mut self) {
        if self.in_hand.is_some() {
            let row = Row::gone(format!("{}in-hand", self.prefix));
            if let Err(fault) = self.write(vec![row]).await {
                tracing::debug!("the mail in hand stays noted: {fault}");
            }
        }
    }

    fn hand_row(&self, uid_validity: u32, next: Option<u32>) -> Result<Row, Fault> {
        match next {
            Some(uid) => self.row("in-hand", &InHand::take_up(None, uid_validity, uid)),
            None => Ok(Row::gone(format!("{}in-hand", self.prefix))),
        }
    }

    /// What keeps a mail in the mailbox for a person to look at.
    fn aside_row(&self, uid_validity: u32, one: &Listed, why: Fault) -> Result<Row, Fault> {
        let aside = Aside {
            why,
            size: one.size,
            at: self.house.clock.now(),
        };
        self.row(&format!("aside/{uid_validity}/{}", one.uid), &aside)
    }

    async fn write(&self, rows: Vec<Row>) -> Result<(), Fault> {
        let _durable = self.house.inbox.post(Arrival::rows(rows)).await?;
        Ok(())
    }

    fn row<T: Serialize>(&self, name: &str, value: &T) -> Result<Row, Fault> {
        let value = serde_json::to_vec(value).map_err(|_| Fault::of(FaultKind::Internal))?;
        Ok(Row::put(format!("{}{name}", self.prefix), value))
    }

    fn read_row<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let row = self.house.memory.row(&format!("{}{name}", self.prefix))?;
        serde_json::from_slice(&row).ok()
    }
}

#[cfg(test)]
mod tests;
