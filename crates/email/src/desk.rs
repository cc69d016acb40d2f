//! Where both ways in meet: a mail that was read becomes an arrival for its recipient, or a fault that says why not.

use crate::address::{MailDomain, Recipient, canonical};
use crate::card;
use crate::dsn::DsnReport;
use crate::guard::{Limits, measure};
use crate::proof::is_proven;
use crate::read::{IncomingMail, Read, Reading, Room, own_id, read};
use crate::threads::{Pair, Threads, word};
use crate::token::BounceKeys;
use causeway_core::address::{Contact, ForeignId, NetworkId, Party, Scope};
use causeway_core::clock::Timestamp;
use causeway_core::envelope::{Draft, Envelope, EnvelopeId};
use causeway_core::evidence::{Evidence, Report};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::hop::{Hop, Step, Trust};
use causeway_core::message::{MessageRef, Payload, Reference, Text};
use causeway_core::network::{Arrival, House, Item, Memory};
use causeway_core::text::{Body, Line};
use data_encoding::HEXLOWER;
use jid::BareJid;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tokio::sync::oneshot;

/// What it takes to judge a mail.
pub(crate) struct Desk {
    pub(crate) network: NetworkId,
    pub(crate) domain: MailDomain,
    pub(crate) keys: BounceKeys,
    pub(crate) limits: Limits,
    pub(crate) room: Room,
    pub(crate) trusted_hosts: Vec<String>,
    pub(crate) authserv_ids: Vec<String>,
    pub(crate) memory: Arc<dyn Memory>,
    pub(crate) threads: Arc<Threads>,
}

/// A mail as it came, with what the envelope said.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    /// Header and body.
    pub(crate) bytes: Arc<Vec<u8>>,
    /// MAIL FROM where it is known, empty for the null path.
    pub(crate) return_path: Option<String>,
    /// When it came into the mailbox, or to the door.
    pub(crate) arrived: Timestamp,
    /// The same as a step in the timeline.
    pub(crate) door: Option<Hop>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Desk {
    /// Whom an envelope recipient means, if the house takes mail for them from `sender`.
    pub(crate) fn recipient(&self, house: &House, sender: Option<&str>, rcpt: &str) -> Result<Recipient, Fault> {
        let recipient = self.domain.recipient(rcpt, &self.keys)?;
        match &recipient {
            Recipient::User(user) => house.inbox.admit(&self.sample(sender, user)?)?,
            Recipient::Bounce(_) => {}
            Recipient::ForgedBounce => {
                return Err(Fault::of(FaultKind::Refused).saying("no mail of this gateway bears this return path"));
            }
        }
        Ok(recipient)
    }

    /// Reads a mail on a thread of its own: what a stranger nested deeply must not end the process.
    pub(crate) async fn read(
        self: &Arc<Self>,
        house: &House,
        mail: &Mail,
        bounced: Option<EnvelopeId>,
    ) -> Result<Read, Fault> {
        let (give, take) = oneshot::channel();
        let (desk, mail) = (self.clone(), mail.clone());
        let work = move || drop(give.send(desk.read_here(&mail, bounced)));
        house.tasks.work("read a mail", Box::new(work)).await;
        take.await
            .unwrap_or_else(|_| Err(Fault::of(FaultKind::BadContent).saying("the gateway cannot read this mail")))
    }

    fn read_here(&self, mail: &Mail, bounced: Option<EnvelopeId>) -> Result<Read, Fault> {
        measure(&mail.bytes, &self.limits)?;
        read(&Reading {
            mail: &mail.bytes,
            domain: &self.domain,
            trusted_hosts: &self.trusted_hosts,
            authserv_ids: &self.authserv_ids,
            arrived: mail.arrived,
            keys: &self.keys,
            return_path: mail.return_path.as_deref(),
            bounced,
            room: self.room,
        })
    }

    /// What a mail brings for one recipient.
    pub(crate) fn arrival(&self, read: &Read, recipient: &Recipient, came: &Mail) -> Result<Arrival, Fault> {
        match (recipient, read) {
            (_, Read::Loop) => Err(Fault::of(FaultKind::Loop)),
            (Recipient::ForgedBounce, _) => Err(Fault::of(FaultKind::Refused)),
            (Recipient::User(user), Read::Mail(mail)) => Ok(self.post(mail, user, came)),
            // An answer to the return path: a vacation notice (RFC 3834 section 4), or a bounce in words only.
            (Recipient::Bounce(id), Read::Mail(mail)) => {
                let envelope = self.memory.recall(*id);
                let user = envelope.as_ref().and_then(|envelope| envelope.draft.from.home());
                let user = user.ok_or_else(|| Fault::of(FaultKind::NoSuchUser))?;
                Ok(self.post(mail, user, came))
            }
            (Recipient::Bounce(id), Read::Reports(reports)) => Ok(bundle(reports.iter().map(|report| Report {
                about: *id,
                by: None,
                evidence: report.evidence.clone(),
                hops: report.hops.clone(),
            }))),
            (Recipient::User(user), Read::Reports(reports)) => {
                Ok(bundle(reports.iter().filter_map(|report| self.report(report, user))))
            }
        }
    }

    /// The contact that a mail address is.
    pub(crate) fn contact(&self, id: ForeignId) -> Contact {
        Contact {
            network: self.network.clone(),
            scope: Scope::Gateway,
            id,
        }
    }

    /// The first of our messages that a mail answers, if it went from this user to this contact.
    pub(crate) fn answered(&self, mail: &IncomingMail, user: &BareJid) -> Option<Envelope> {
        let contact = Party::Foreign(self.contact(mail.from.clone()));
        mail.in_reply_to
            .iter()
            .chain(mail.references.iter().rev())
            .filter_map(|id| own_id(id, &self.domain.domain))
            .filter_map(|id| self.memory.recall(id))
            .find(|envelope| envelope.draft.to == contact && envelope.draft.from.home() == Some(user))
    }

    fn post(&self, mail: &IncomingMail, user: &BareJid, came: &Mail) -> Arrival {
        let answered = self.answered(mail, user);
        let text = self.text(mail, answered.as_ref());
        let pair = Pair {
            user,
            contact: &mail.from,
        };
        let reaction = answered.as_ref().and_then(|answered| self.reaction(mail, answered));
        // The next mail answers words, not a reaction.
        let mut rows = match &reaction {
            Some(_) => Vec::new(),
            None => self.threads.heard(pair, mail, text.thread.as_ref(), came.arrived),
        };
        rows.extend(card::news(self.memory.as_ref(), pair, mail, &came.bytes));
        let files = match &reaction {
            Some(_) => Vec::new(),
            None => mail.files.clone(),
        };
        let contact = Party::Foreign(self.contact(mail.from.clone()));
        // A person who answers has seen what they answer (a machine has not).
        let seen = answered.filter(|_| !text.automatic).map(|envelope| Report {
            about: envelope.id,
            by: Some(contact.clone()),
            evidence: Evidence::Seen,
            hops: Vec::new(),
        });
        let draft = Draft {
            said_at: mail.said_at,
            lang: mail.lang.clone(),
            source: source(&mail.message_id),
            once: true,
            receipt: false,
            unproven: !is_proven(
                mail,
                came.return_path.as_deref(),
                &self.domain.domain,
                self.memory.as_ref(),
            ),
            way: mail.hops.iter().chain(&came.door).cloned().collect(),
            ..Draft::new(
                contact,
                Party::Home(user.clone()),
                reaction.unwrap_or(Payload::Text(text)),
            )
        };
        Arrival {
            items: std::iter::once(Item::Post(Box::new(draft)))
                .chain(seen.map(Item::Report))
                .collect(),
            rows,
            files,
        }
    }

    /// The reaction that a mail is to one of our messages. It must answer just that one (RFC 9078 section 3); any other, and
    /// one that a machine sent, stays the words that stand beside it.
    fn reaction(&self, mail: &IncomingMail, answered: &Envelope) -> Option<Payload> {
        let mut named = mail.in_reply_to.iter();
        let is_named = named.any(|id| own_id(id, &self.domain.domain) == Some(answered.id));
        let reacts = is_named && !mail.reaction.is_empty() && !mail.verdict.automatic;
        reacts.then(|| Payload::React {
            target: Reference::Ours(answered.id),
            emojis: mail.reaction.clone(),
            sender_name: mail.text.sender_name.clone(),
        })
    }

    fn text(&self, mail: &IncomingMail, answered: Option<&Envelope>) -> Text {
        let theirs = || {
            let id = mail
                .in_reply_to
                .iter()
                .find(|id| own_id(id, &self.domain.domain).is_none())?;
            MessageRef::new(id).map(Reference::Theirs)
        };
        let (reply_to, thread) = match answered {
            Some(envelope) => (Some(Reference::Ours(envelope.id)), thread_of(envelope)),
            None => (theirs(), word(mail)),
        };
        Text {
            reply_to,
            thread,
            ..mail.text.clone()
        }
    }

    /// A report that came to a user. Where no key proves it, it counts only when it names the recipient of the message
    /// that it is about.
    fn report(&self, report: &DsnReport, user: &BareJid) -> Option<Report> {
        if report.keyed {
            return Some(Report {
                about: report.about?,
                by: None,
                evidence: report.evidence.clone(),
                hops: report.hops.clone(),
            });
        }
        let by_id = || own_id(report.original_message_id.as_ref()?, &self.domain.domain);
        let by_envid = || EnvelopeId::parse(report.envid.as_ref()?);
        let about = report.about.or_else(by_envid).or_else(by_id)?;
        let envelope = self.memory.recall(about)?;
        let recipient = canonical(report.recipient.as_ref()?).ok()?;
        let fits = envelope.draft.from.home() == Some(user)
            && envelope
                .draft
                .to
                .contact()
                .is_some_and(|contact| contact.id == recipient);
        fits.then(|| Report {
            about,
            by: Some(envelope.draft.to.clone()),
            evidence: report.evidence.clone(),
            hops: report.hops.clone(),
        })
    }

    /// A message as it will come, for the house to say whether it would be taken.
    fn sample(&self, sender: Option<&str>, user: &BareJid) -> Result<Draft, Fault> {
        let sender = sender.and_then(|sender| canonical(sender).ok());
        let sender = match sender {
            Some(sender) => sender,
            None => ForeignId::new(&format!("mailer-daemon@{}", self.domain.domain))?,
        };
        let body = Body::clean("-").ok_or_else(|| Fault::of(FaultKind::Internal))?;
        Ok(Draft::new(
            Party::Foreign(self.contact(sender)),
            Party::Home(user.clone()),
            Payload::Text(Text::plain(body)),
        ))
    }
}

/// The step by which a mail came to the gateway. A mailbox is as far as the gateway saw it itself, but with the clock of
/// its server.
pub(crate) fn door(who: &str, protocol: &str, arrived: Timestamp, trust: Trust) -> Option<Hop> {
    let hop = Hop::own(arrived, Step::Arrived, Line::clean(who)?).over(Line::clean(protocol), None);
    Some(Hop { trust, ..hop })
}

fn thread_of(envelope: &Envelope) -> Option<Line> {
    envelope.draft.payload.text().and_then(|text| text.thread.clone())
}

fn bundle(reports: impl Iterator<Item = Report>) -> Arrival {
    Arrival {
        items: reports.map(Item::Report).collect(),
        ..Arrival::default()
    }
}

/// The Message-ID as a reference; one that is too long or not one word goes by its digest.
fn source(message_id: &str) -> Option<MessageRef> {
    MessageRef::new(message_id).or_else(|| MessageRef::new(&HEXLOWER.encode(&Sha256::digest(message_id.as_bytes()))))
}

#[cfg(test)]
mod tests;
