//! Bounces for mails that lay in the mailbox for nobody: kept as rows until a server has them.

use crate::address::canonical;
use crate::date;
use crate::network::Email;
use crate::proof::is_proven;
use crate::read::IncomingMail;
use crate::smtp::session::Offers;
use crate::smtp::transaction::Letter;
use crate::verdict::LOOP_FIELD;
use causeway_core::address::ForeignId;
use causeway_core::clock::Timestamp;
use causeway_core::envelope::EnvelopeId;
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::network::{Arrival, House, Memory, Outcome, Row};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// The rows of bounces that wait.
const PREFIX: &str = "bounce/";
/// So long a bounce is tried; nobody waits for it (RFC 5321 section 4.5.4.1 says days).
const LIFETIME: Duration = Duration::from_secs(2 * 24 * 3600);
/// So many are sent in one go.
const AT_ONCE: usize = 20;

/// One bounce.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bounce {
    /// Who gets it: the sender of the mail.
    to: String,
    /// The address that nobody has.
    recipient: String,
    /// The id of the mail.
    message_id: String,
    /// When it was read.
    at: Timestamp,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Bounce {
    /// The bounce that a mail deserves; `None` where it could hit somebody who never wrote, or a machine.
    pub(crate) fn deserved(
        mail: &IncomingMail,
        return_path: Option<&str>,
        recipient: &str,
        domain: &str,
        memory: &dyn Memory,
        at: Timestamp,
    ) -> Option<Self> {
        let deserved = is_proven(mail, return_path, domain, memory) && !mail.verdict.automatic;
        deserved.then(|| Self {
            to: mail.from.as_str().to_owned(),
            recipient: recipient.to_owned(),
            message_id: mail.message_id.clone(),
            at,
        })
    }

    /// Its row.
    pub(crate) fn row(&self) -> Option<Row> {
        Some(Row::put(
            format!("{PREFIX}{}", self.id()),
            serde_json::to_vec(self).ok()?,
        ))
    }

    /// The same for the same mail and recipient.
    fn id(&self) -> EnvelopeId {
        let digest = Sha256::new()
            .chain_update(&self.message_id)
            .chain_update([0])
            .chain_update(&self.recipient)
            .finalize();
        let mut bits = [0; 16];
        for (bit, byte) in bits.iter_mut().zip(digest) {
            *bit = byte;
        }
        EnvelopeId::from_random(bits)
    }

    /// The bounce as a mail in ASCII (RFC 3462, RFC 3464), from the null path.
    fn letter(&self, domain: &str) -> Result<Letter, Fault> {
        let clean = |text: &str| text.chars().all(|c| c.is_ascii_graphic());
        if ![&self.to, &self.recipient, &self.message_id]
            .into_iter()
            .all(|text| clean(text))
        {
            return Err(Fault::of(FaultKind::BadContent)
                .saying("a bounce beyond ASCII")
                .for_good());
        }
        let (id, to, recipient, message_id) = (self.id(), &self.to, &self.recipient, &self.message_id);
        let lines = [
            format!("From: Mail gateway <mailer-daemon@{domain}>"),
            format!("To: <{to}>"),
            "Subject: Your mail could not be delivered".to_owned(),
            format!("Date: {}", date::format(self.at)),
            format!("Message-ID: <{id}@{domain}>"),
            format!("In-Reply-To: <{message_id}>"),
            "Auto-Submitted: auto-replied".to_owned(),
            format!("{LOOP_FIELD}: {domain}"),
            "MIME-Version: 1.0".to_owned(),
            format!("Content-Type: multipart/report; report-type=delivery-status; boundary=\"{id}\""),
            String::new(),
            format!("--{id}"),
            "Content-Type: text/plain; charset=us-ascii".to_owned(),
            String::new(),
            "Your mail could not be delivered: nobody here has the address".to_owned(),
            recipient.clone(),
            String::new(),
            format!("--{id}"),
            "Content-Type: message/delivery-status".to_owned(),
            String::new(),
            format!("Reporting-MTA: dns; {domain}"),
            String::new(),
            format!("Final-Recipient: rfc822; {recipient}"),
            "Action: failed".to_owned(),
            "Status: 5.1.1".to_owned(),
            String::new(),
            format!("--{id}"),
            "Content-Type: text/rfc822-headers".to_owned(),
            String::new(),
            format!("Message-ID: <{message_id}>"),
            String::new(),
            format!("--{id}--"),
            String::new(),
        ];
        Ok(Letter {
            id,
            sender: None,
            recipient: to.clone(),
            bytes: lines.join("\r\n").into_bytes(),
            utf8: false,
            notify: false,
        })
    }
}

impl Email {
    /// Sends the bounces that wait. One that a server refuses, or that waited too long, is dropped: nobody is told of
    /// the fate of a bounce.
    pub(crate) async fn send_bounces(&self, house: &House) -> Result<(), Fault> {
        for (key, value) in house.memory.rows(PREFIX, None, AT_ONCE) {
            let bounce: Option<Bounce> = serde_json::from_slice(&value).ok();
            let done = match bounce.and_then(|bounce| Some((canonical(&bounce.to).ok()?, bounce))) {
                Some((to, bounce)) => self.send_bounce(&to, &bounce, house.clock.now()).await,
                None => true,
            };
            if done {
                let _durable = house.inbox.post(Arrival::rows(vec![Row::gone(key)])).await?;
            }
        }
        Ok(())
    }

    async fn send_bounce(&self, to: &ForeignId, bounce: &Bounce, now: Timestamp) -> bool {
        let letter = |_: &Offers| bounce.letter(&self.desk.domain.domain);
        match self.hand_over(to, bounce.id(), &letter).await {
            Outcome::Handed(_) => true,
            // A second bounce would do more harm than a lost one.
            Outcome::InDoubt(..) => true,
            Outcome::Failed(fault, _) => !fault.retry || now.since(bounce.at) >= LIFETIME,
        }
    }
}

#[cfg(test)]
mod tests;
