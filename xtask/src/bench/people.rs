//! Who speaks and who listens: users of the XMPP server, a component that echoes, and mail clients.

use crate::bench::course::{Course, Sent, Token};
use crate::bench::gateway::DOMAIN;
use crate::bench::stopwatch::now;
use anyhow::{Context, Result, anyhow, ensure};
use causeway_tests::cast::component::{Heard, log_in};
use causeway_tests::cast::smtp::SmtpClient;
use causeway_tests::cast::xmpp::XmppClient;
use causeway_tests::patience::{LATER, until};
use causeway_tests::servers::xmpp::{COMPONENT_SECRET, Kind, XmppServer};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

/// The domain of the component that echoes.
pub(crate) const ECHO: &str = "echo.xmpp.test";

/// What each message says, without its token; about as long as people's lines are.
const WORDS: &str = "It is the east, and Juliet is the sun.";

const PASSWORD: &str = "balcony";

/// How fast messages are sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// As fast as it goes.
    Burst,
    /// One after each such span.
    Every(Duration),
}

/// A user of the XMPP server who listens all the time and may speak at the same time.
pub(crate) struct User {
    client: Option<XmppClient>,
    jid: String,
    bare: String,
}

// ---------------------------------------------------------------------------------------------------------------------

/// A number for a run that no other run has.
pub(crate) fn fresh_run() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The words that bear a token.
pub(crate) fn words(token: Token) -> String {
    format!("{WORDS} {token}")
}

/// The JID of a conversation's contact.
pub(crate) fn contact(conversation: u32) -> String {
    format!("contact{conversation}\\40example.com@{DOMAIN}")
}

impl User {
    /// Makes a fresh user, whose archive is empty, and logs in.
    pub(crate) fn new(xmpp: &Arc<dyn XmppServer>) -> Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("user{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let domain = Kind::Prosody.domain();
        xmpp.user(&name, domain, PASSWORD)?;
        let mut client = XmppClient::login(xmpp.client_port(), domain, &name, PASSWORD)?;
        client.online()?;
        Ok(Self {
            jid: client.jid().to_owned(),
            bare: client.bare().to_owned(),
            client: Some(client),
        })
    }

    /// The bare JID.
    pub(crate) fn bare(&self) -> &str {
        &self.bare
    }

    /// The full JID.
    pub(crate) fn jid(&self) -> &str {
        &self.jid
    }

    /// Waits until `address` answers pings.
    pub(crate) fn wait_for(&mut self, address: &str) -> Result<()> {
        let client = self.client.as_mut().context("the user listens")?;
        until(&format!("an answer of {address}"), LATER, || {
            let answer = client.ask("get", address, "<ping xmlns='urn:xmpp:ping'/>")?;
            Ok((answer.attr("type") == "result").then_some(()))
        })
    }

    /// Says `tokens` to whom `to` names for each.
    pub(crate) fn say(
        &mut self,
        tokens: impl Iterator<Item = Token>,
        pace: Pace,
        to: impl Fn(Token) -> String,
    ) -> Result<Sent> {
        let client = self.client.as_mut().context("the user listens")?;
        let mut sent = Sent::default();
        paced(tokens, pace, |token| {
            sent.note(token);
            client.send(&format!(
                "<message type='chat' id='{token}' to='{}'><body>{}</body></message>",
                to(token),
                words(token)
            ))
        })?;
        Ok(sent)
    }

    /// Fails when anything came back.
    pub(crate) fn no_errors(&mut self) -> Result<()> {
        let client = self.client.as_mut().context("the user listens")?;
        let errors = client.drain(Duration::from_millis(50))?;
        let error = errors
            .iter()
            .find(|it| it.name == "message" && it.attr("type") == "error");
        error.map_or(Ok(()), |error| Err(anyhow!("came back: {}", error.written())))
    }

    /// Listens from now on; the messages that come are noted. Ends with the stream.
    pub(crate) fn listen(&mut self) -> Result<Arc<Course>> {
        let mut client = self.client.take().context("the user listens already")?;
        let course = Arc::new(Course::default());
        let noted = Arc::clone(&course);
        thread::spawn(move || {
            while let Ok(stanza) = client.expect_within(Duration::from_secs(3600), "anything", |_| true) {
                Token::find(stanza.text_of("body"))
                    .into_iter()
                    .for_each(|token| noted.got(token));
            }
        });
        Ok(course)
    }
}

/// Logs the echoing component in. It sends what it gets to the user `to`, and notes what came and when it was sent on.
pub(crate) fn echo(port: u16, to: String) -> Result<(Arc<Course>, Arc<Course>)> {
    let (mut stream, mut stanzas) = log_in(port, ECHO, COMPONENT_SECRET)?;
    let (came, went) = (Arc::new(Course::default()), Arc::new(Course::default()));
    let noted = (Arc::clone(&came), Arc::clone(&went));
    thread::spawn(move || {
        while let Ok(Heard::Stanza(stanza)) = stanzas.next(Duration::from_secs(3600)) {
            if let Some(token) = Token::find(stanza.text_of("body")) {
                noted.0.got(token);
                let back = format!(
                    "<message from='{ECHO}' to='{to}' type='chat' id='{token}'><body>{}</body></message>",
                    stanza.text_of("body")
                );
                noted.1.got(token);
                if stream.write_all(back.as_bytes()).is_err() {
                    break;
                }
            }
        }
    });
    Ok((came, went))
}

/// Sends mails over `lines` connections at once, each conversation over one of them: what was sent when, and when each
/// was acknowledged.
pub(crate) fn mails(
    port: u16,
    lmtp: bool,
    to: &str,
    tokens: Vec<Token>,
    lines: u32,
    pace: Pace,
) -> Result<(Sent, Arc<Course>)> {
    let acknowledged = Arc::new(Course::default());
    let mut shares: BTreeMap<u32, Vec<Token>> = BTreeMap::new();
    for token in tokens {
        shares.entry(token.conversation % lines).or_default().push(token);
    }
    let count = u32::try_from(shares.len())?.max(1);
    let pace = match pace {
        Pace::Burst => Pace::Burst,
        Pace::Every(span) => Pace::Every(span * count),
    };
    let workers: Vec<_> = shares
        .into_values()
        .enumerate()
        .map(|(place, share)| {
            let (to, acknowledged) = (to.to_owned(), Arc::clone(&acknowledged));
            thread::spawn(move || -> Result<Sent> {
                if let Pace::Every(span) = pace {
                    thread::sleep(span * u32::try_from(place)? / count);
                }
                let mut client = match lmtp {
                    true => SmtpClient::connect_lmtp(port)?,
                    false => SmtpClient::connect(port)?,
                };
                let mut sent = Sent::default();
                paced(share.into_iter(), pace, |token| {
                    let from = format!("contact{}@example.com", token.conversation);
                    let mail = letter(&from, &to, token);
                    sent.note(token);
                    let reply = client.send(&from, &to, &mail)?;
                    ensure!(reply.is_good(), "a mail was refused: {reply:?}");
                    acknowledged.got(token);
                    Ok(())
                })?;
                Ok(sent)
            })
        })
        .collect();
    let mut sent = Sent::default();
    for worker in workers {
        sent.extend(worker.join().map_err(|_| anyhow!("a mail client panicked"))??);
    }
    Ok((sent, acknowledged))
}

/// A mail as a person's program writes it.
fn letter(from: &str, to: &str, token: Token) -> String {
    format!(
        "From: Juliet Capulet <{from}>\r\nTo: <{to}>\r\nSubject: the east\r\nMessage-ID: <{token}@orchard.test>\r\n\
         Date: Sun, 22 Nov 2026 10:30:37 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 7bit\r\n\r\n{}\r\n",
        words(token)
    )
}

/// Does `send` for each token, at its time.
fn paced(tokens: impl Iterator<Item = Token>, pace: Pace, mut send: impl FnMut(Token) -> Result<()>) -> Result<()> {
    let begin = now();
    for (n, token) in tokens.enumerate() {
        if let Pace::Every(span) = pace {
            let due = begin + span * u32::try_from(n)?;
            thread::sleep(due.saturating_duration_since(now()));
        }
        send(token)?;
    }
    Ok(())
}
