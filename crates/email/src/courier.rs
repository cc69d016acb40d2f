//! Hands one parcel over as a mail: to the smarthost, or to the exchangers of its recipient's domain one after another.

use crate::address::{domain_of, for_smtp};
use crate::config::{Direct, EmailConfig, MxTls, Send, Smarthost, Tls};
use crate::dsn::status::scrub;
use crate::luggage::Luggage;
use crate::mx::{Exchanger, Exchangers};
use crate::network::Email;
use crate::smtp::pool::Sent;
use crate::smtp::session::{At, Encryption, Offers, Target};
use crate::smtp::transaction::{Ended, Letter};
use crate::threads::{Next, Pair, Said, answered};
use crate::tls;
use crate::write::{Composed, Enclosure, ThreadHead, Writing, compose};
use causeway_core::address::{ForeignId, Party};
use causeway_core::envelope::{Envelope, EnvelopeId};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::hop::{Hop, Step, Trust};
use causeway_core::message::{News, Payload};
use causeway_core::network::{Handed, Outcome, Parcel, Row};
use causeway_core::text::Line;
use mail_parser::MessageParser;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::sync::atomic::Ordering;
use tokio_rustls::TlsConnector;

/// So many exchangers are tried in one attempt, and so many addresses of each (RFC 5321 section 5.1).
const EXCHANGERS: usize = 5;
const ADDRESSES: usize = 2;

/// Which way mail leaves.
pub(crate) enum Route {
    /// To one server.
    Smarthost(Target),
    /// To each domain's own servers.
    Direct(Mx),
}

/// What delivery to exchangers needs.
pub(crate) struct Mx {
    /// Finds them.
    pub(crate) exchangers: Exchangers,
    connector: TlsConnector,
    tls: MxTls,
}

/// Writes a mail for a server that offers this.
pub(crate) type Write<'a> = dyn Fn(&Offers) -> Result<Letter, Fault> + Sync + 'a;

/// A parcel with what its mail needs besides.
struct Outgoing<'a> {
    parcel: &'a Parcel,
    pair: Pair<'a>,
    next: Next,
    /// The message that it brings news about.
    about: Option<Envelope>,
    /// The files of the message.
    luggage: Luggage<'a>,
    /// The subject that the mail bears, once it is written.
    subject: OnceLock<Option<Line>>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Route {
    /// The way that the config asks for. The error is a sentence.
    pub(crate) fn new(config: &EmailConfig) -> Result<Self, String> {
        match &config.send {
            Send::Smarthost(smarthost) => smarthost_target(smarthost).map(Self::Smarthost),
            Send::Direct(direct) => Mx::new(direct, vec![config.mail_domain(), config.ehlo_name()]).map(Self::Direct),
        }
    }
}

impl Mx {
    fn new(config: &Direct, own: Vec<String>) -> Result<Self, String> {
        Ok(Self {
            exchangers: Exchangers::new(config, own)?,
            connector: match config.tls {
                MxTls::Opportunistic => tls::opportunistic()?,
                MxTls::Required => tls::verified(config.ca_file.as_deref())?,
            },
            tls: config.tls,
        })
    }

    /// One address of an exchanger. A name that no certificate can bear goes without TLS, or not at all.
    fn target(&self, exchanger: &Exchanger, address: SocketAddr) -> Result<Target, Fault> {
        let encryption = match (tls::server_name(&exchanger.name), self.tls) {
            (Ok(name), MxTls::Opportunistic) => Encryption::Opportunistic(self.connector.clone(), name),
            (Ok(name), MxTls::Required) => Encryption::Required(self.connector.clone(), name),
            (Err(_), MxTls::Opportunistic) => Encryption::None,
            (Err(why), MxTls::Required) => return Err(Fault::of(FaultKind::Misconfigured).saying(&why)),
        };
        Ok(Target {
            name: exchanger.name.clone(),
            at: At::Address(address),
            encryption,
            login: None,
        })
    }
}

impl Email {
    /// Tries once to hand `parcel` over.
    pub(crate) async fn carry(&self, parcel: &Parcel) -> Outcome {
        let outgoing = match self
            .luggage(parcel)
            .await
            .and_then(|luggage| self.outgoing(parcel, luggage))
        {
            Ok(outgoing) => outgoing,
            Err(fault) => return Outcome::Failed(fault, None),
        };
        let letter = |offers: &Offers| self.letter(&outgoing, offers);
        match self.hand_over(outgoing.pair.contact, parcel.id(), &letter).await {
            Outcome::Handed(handed) => Outcome::Handed(Handed {
                rows: self.said(&outgoing),
                ..handed
            }),
            other => other,
        }
    }

    /// Tries once to get a mail to `to`. `letter` makes it once the server has said whether it takes UTF-8.
    pub(crate) async fn hand_over(&self, to: &ForeignId, id: EnvelopeId, letter: &Write<'_>) -> Outcome {
        let outcome = match &self.route {
            Route::Smarthost(target) => self.noted(self.to_server(target, false, letter).await),
            Route::Direct(mx) => self.to_exchangers(mx, domain_of(to), id, letter).await,
        };
        match outcome {
            Outcome::Failed(fault, hop) => Outcome::Failed(for_the_sender(fault, to), hop),
            Outcome::InDoubt(fault, hop) => Outcome::InDoubt(for_the_sender(fault, to), hop),
            handed => handed,
        }
    }

    fn outgoing<'a>(&self, parcel: &'a Parcel, luggage: Luggage<'a>) -> Result<Outgoing<'a>, Fault> {
        let (Party::Home(user), Party::Foreign(contact)) = (&parcel.draft().from, &parcel.draft().to) else {
            return Err(Fault::of(FaultKind::Internal).saying("a parcel that does not leave home"));
        };
        let pair = Pair {
            user,
            contact: &contact.id,
        };
        let next = match parcel.payload() {
            Payload::Text(text) | Payload::Edit { text, .. } => {
                let answers = answered(parcel.reply_to(), &self.desk.domain.domain);
                self.threads
                    .next(pair, text.thread.as_ref(), answers.as_deref(), parcel.accepted())
            }
            Payload::Retract { .. } | Payload::React { .. } => {
                let answers = answered(parcel.reply_to(), &self.desk.domain.domain);
                self.threads.next(pair, None, answers.as_deref(), parcel.accepted())
            }
            Payload::News(news) => Next {
                head: about(news),
                ..self.threads.next(pair, None, None, parcel.accepted())
            },
        };
        Ok(Outgoing {
            parcel,
            pair,
            next,
            about: match parcel.payload() {
                Payload::News(news) => self.desk.memory.recall(news.about),
                _ => None,
            },
            luggage,
            subject: OnceLock::new(),
        })
    }

    /// Keeps in mind whether the smarthost can be reached and lets the gateway in: no mail leaves while it does not.
    fn noted(&self, outcome: Outcome) -> Outcome {
        match &outcome {
            Outcome::Failed(fault, _) => {
                use FaultKind::{Misconfigured, Timeout, Unreachable};
                let is_stuck = matches!(fault.kind, Unreachable | Timeout | Misconfigured);
                self.stuck.store(is_stuck, Ordering::Relaxed);
            }
            Outcome::Handed(_) => self.stuck.store(false, Ordering::Relaxed),
            Outcome::InDoubt(..) => {}
        }
        outcome
    }

    async fn to_server(&self, target: &Target, best: bool, letter: &Write<'_>) -> Outcome {
        match self.pool.send(target, letter).await {
            Ok(sent) => outcome(&target.name, sent, best),
            Err(fault) => {
                let hop = hop(&target.name, step_of(&fault), None, fault.said.clone());
                Outcome::Failed(fault, hop)
            }
        }
    }

    /// The exchangers in their order, until one takes the mail, refuses it for good, or leaves it in doubt.
    async fn to_exchangers(&self, mx: &Mx, domain: &str, id: EnvelopeId, letter: &Write<'_>) -> Outcome {
        let exchangers = match mx.exchangers.find(domain, id).await {
            Ok(exchangers) => exchangers,
            Err(fault) => return Outcome::Failed(fault, None),
        };
        let mut last = Outcome::Failed(nowhere(domain), None);
        for exchanger in exchangers.iter().take(EXCHANGERS) {
            let addresses = match mx.exchangers.addresses(exchanger).await {
                Ok(addresses) => addresses,
                Err(fault) => {
                    last = Outcome::Failed(fault, None);
                    continue;
                }
            };
            for address in addresses.into_iter().take(ADDRESSES) {
                last = match mx.target(exchanger, address) {
                    Ok(target) => self.to_server(&target, exchanger.best, letter).await,
                    Err(fault) => Outcome::Failed(fault, None),
                };
                if !matches!(&last, Outcome::Failed(fault, _) if fault.retry) {
                    return last;
                }
            }
        }
        last
    }

    fn letter(&self, outgoing: &Outgoing<'_>, offers: &Offers) -> Result<Letter, Fault> {
        let address = outgoing.address();
        let files = &outgoing.luggage.files;
        let mut composed = self.composed(outgoing, files, offers)?;
        let size = u64::try_from(composed.bytes.len()).unwrap_or(u64::MAX);
        if offers.size.flatten().is_some_and(|limit| size > limit) && files.iter().any(Enclosure::is_here) {
            let left: Vec<_> = files.iter().map(Enclosure::left_behind).collect();
            composed = self.composed(outgoing, &left, offers)?;
        }
        outgoing.subject.get_or_init(|| subject_of(&composed.bytes));
        let id = outgoing.parcel.id();
        Ok(Letter {
            id,
            sender: (!composed.null_path).then(|| self.desk.keys.address(id, &self.desk.domain.domain)),
            recipient: for_smtp(address)?,
            bytes: composed.bytes,
            utf8: composed.needs_smtputf8,
            notify: !composed.null_path,
        })
    }

    fn composed(&self, outgoing: &Outgoing<'_>, files: &[Enclosure], offers: &Offers) -> Result<Composed, Fault> {
        compose(&Writing {
            parcel: outgoing.parcel,
            domain: &self.desk.domain,
            to: outgoing.address(),
            to_name: outgoing.next.name.as_ref(),
            about: outgoing.about.as_ref(),
            thread: &outgoing.next.head,
            files,
            jabber_id: self.config.jabber_id,
            ask_for_receipt: self.config.request_read_receipts,
            smtputf8: offers.utf8,
        })
    }

    /// The rows that a mail which was taken changes in its conversation.
    fn said(&self, outgoing: &Outgoing<'_>) -> Vec<Row> {
        let Payload::Text(text) = outgoing.parcel.payload() else {
            return Vec::new();
        };
        let mail = Said {
            id: format!("{}@{}", outgoing.parcel.id(), self.desk.domain.domain),
            subject: outgoing.subject.get().cloned().flatten(),
            at: outgoing.parcel.accepted(),
        };
        self.threads
            .said(outgoing.pair, &outgoing.next, mail, text.thread.as_ref())
    }
}

impl Outgoing<'_> {
    /// The recipient's address as this conversation spells it.
    fn address(&self) -> &str {
        self.next.spelled.as_deref().unwrap_or(self.pair.contact.as_str())
    }
}

fn outcome(server: &str, sent: Sent, best: bool) -> Outcome {
    let over = Some((sent.protocol.as_str(), sent.encrypted));
    match sent.ended {
        Ended::Taken(reply) => match hop(server, Step::Handed, over, Line::clean(&reply.sentence())) {
            Some(hop) => Outcome::Handed(Handed {
                hop,
                // The domain's own server, which would not report later what it says now (RFC 3461).
                final_stop: best && !sent.dsn,
                rows: Vec::new(),
            }),
            None => Outcome::InDoubt(Fault::of(FaultKind::Internal), None),
        },
        Ended::InDoubt(fault) => {
            let hop = hop(server, Step::InDoubt, over, fault.said.clone());
            Outcome::InDoubt(fault, hop)
        }
        Ended::Refused(fault) | Ended::Dismissed(fault) | Ended::Broken { fault, .. } => {
            let hop = hop(server, step_of(&fault), over, fault.said.clone());
            Outcome::Failed(fault, hop)
        }
    }
}

fn smarthost_target(config: &Smarthost) -> Result<Target, String> {
    let name = config.tls_name.as_ref().unwrap_or(&config.host);
    let verified = || tls::verified(config.ca_file.as_deref());
    Ok(Target {
        name: config.host.clone(),
        at: At::Name(config.host.clone(), config.port()),
        encryption: match config.tls {
            Tls::Starttls => Encryption::Required(verified()?, tls::server_name(name)?),
            Tls::Implicit => Encryption::Implicit(verified()?, tls::server_name(name)?),
            Tls::None => Encryption::None,
        },
        login: config.user.clone().zip(config.password.clone()),
    })
}

/// The mail that a report is about.
fn about(news: &News) -> ThreadHead {
    let id = news
        .their_id
        .as_ref()
        .map(|id| id.as_str().to_owned())
        .filter(|id| id.contains('@'));
    ThreadHead {
        subject: None,
        references: id.iter().cloned().collect(),
        in_reply_to: id,
    }
}

fn subject_of(mail: &[u8]) -> Option<Line> {
    MessageParser::new()
        .parse_headers(mail)?
        .subject()
        .and_then(Line::clean)
}

/// The fault without network addresses and what else is none of the sender's business; the timeline keeps all of it.
fn for_the_sender(fault: Fault, to: &ForeignId) -> Fault {
    let said = fault
        .said
        .as_ref()
        .and_then(|said| Line::clean(&scrub(said.as_str(), Some(to.as_str()))));
    Fault { said, ..fault }
}

/// The step that a failed try is in the timeline.
fn step_of(fault: &Fault) -> Step {
    if fault.retry { Step::Deferred } else { Step::Failed }
}

/// What a server did, as a hop without a time: the ledger has its own.
fn hop(server: &str, step: Step, over: Option<(&str, bool)>, said: Option<Line>) -> Option<Hop> {
    Some(Hop {
        at: None,
        step,
        who: Line::clean(server)?,
        with: over.and_then(|(protocol, _)| Line::clean(protocol)),
        tls: over.map(|(_, encrypted)| encrypted),
        said,
        trust: Trust::Own,
    })
}

fn nowhere(domain: &str) -> Fault {
    Fault::of(FaultKind::NoSuchServer)
        .saying(&format!(
            "no mail server of {domain} has an address that can be reached"
        ))
        .for_now()
}

#[cfg(test)]
mod tests;
