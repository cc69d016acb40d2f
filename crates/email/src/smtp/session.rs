//! One SMTP connection, ready for mail: connect, TLS, EHLO, login.

use super::reply::{Reply, Stage};
use super::wire::Wire;
use crate::config::{Deadlines, Secret};
use causeway_core::fault::{Fault, FaultKind};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Auth, Ehlo, Quit, Starttls};
use lettre::transport::smtp::extension::ClientId;
use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

/// Where to connect, and how.
#[derive(Clone)]
pub(crate) struct Target {
    /// The server's name, for people and for the timeline.
    pub(crate) name: String,
    /// How to find it.
    pub(crate) at: At,
    /// How the connection is encrypted.
    pub(crate) encryption: Encryption,
    /// Who logs in.
    pub(crate) login: Option<(String, Secret)>,
}

/// How to find a server.
#[derive(Clone)]
pub(crate) enum At {
    /// By name through the system's resolver.
    Name(String, u16),
    /// At this address.
    Address(SocketAddr),
}

/// How a connection is encrypted.
#[derive(Clone)]
pub(crate) enum Encryption {
    /// Not at all.
    None,
    /// From the first byte.
    Implicit(TlsConnector, ServerName<'static>),
    /// By STARTTLS, or the server is refused.
    Required(TlsConnector, ServerName<'static>),
    /// By STARTTLS where the server offers it.
    Opportunistic(TlsConnector, ServerName<'static>),
}

/// What a server offers in its answer to EHLO.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Offers {
    /// Delivery status notifications (RFC 3461).
    pub(crate) dsn: bool,
    /// SIZE, with its limit in bytes where there is one (RFC 1870).
    pub(crate) size: Option<Option<u64>>,
    /// 8BITMIME (RFC 6152).
    pub(crate) eight_bit: bool,
    /// SMTPUTF8 (RFC 6531).
    pub(crate) utf8: bool,
    /// PIPELINING (RFC 2920).
    pub(crate) pipelining: bool,
    /// STARTTLS (RFC 3207).
    pub(crate) starttls: bool,
    /// The mechanisms of AUTH (RFC 4954).
    pub(crate) auth: Vec<String>,
}

/// A connection that is ready for a transaction.
pub(crate) struct Session {
    connection: AsyncSmtpConnection,
    wire: Wire,
    /// The server's name.
    pub(crate) server: String,
    /// What it offers.
    pub(crate) offers: Offers,
    /// Whether the connection is encrypted.
    pub(crate) encrypted: bool,
    /// Whether the gateway logged in.
    pub(crate) authenticated: bool,
    /// How many transactions it has seen.
    pub(crate) used: u32,
}

/// The line broke, or nothing came in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken(pub(crate) Fault);

// ---------------------------------------------------------------------------------------------------------------------

impl Session {
    /// Connects, encrypts, greets and logs in.
    pub(crate) async fn open(target: &Target, ehlo_name: &str, deadlines: &Deadlines) -> Result<Self, Fault> {
        match Self::attempt(target, &target.encryption, ehlo_name, deadlines).await {
            Err(Failed::Handshake(_)) if matches!(target.encryption, Encryption::Opportunistic(..)) => {
                tracing::debug!(server = target.name, "TLS does not work there; going on without");
                Self::attempt(target, &Encryption::None, ehlo_name, deadlines).await
            }
            other => other,
        }
        .map_err(Failed::into_fault)
    }

    async fn attempt(
        target: &Target,
        encryption: &Encryption,
        ehlo_name: &str,
        deadlines: &Deadlines,
    ) -> Result<Self, Failed> {
        let wire = connect(&target.at, deadlines.connect).await?;
        if let Encryption::Implicit(connector, name) = encryption {
            handshake(&wire, connector, name, deadlines).await?;
        }
        let (connection, offers) = greet(&wire, ehlo_name, deadlines).await?;
        let mut session = Self {
            connection,
            wire,
            server: target.name.clone(),
            offers,
            encrypted: matches!(encryption, Encryption::Implicit(..)),
            authenticated: false,
            used: 0,
        };
        session.starttls(encryption, ehlo_name, deadlines).await?;
        if let Some((user, password)) = &target.login {
            session.login(user, password, deadlines.command).await?;
        }
        Ok(session)
    }

    async fn starttls(&mut self, encryption: &Encryption, ehlo: &str, deadlines: &Deadlines) -> Result<(), Failed> {
        let (connector, name, required) = match encryption {
            Encryption::None | Encryption::Implicit(..) => return Ok(()),
            Encryption::Required(connector, name) => (connector, name, true),
            Encryption::Opportunistic(connector, name) => (connector, name, false),
        };
        if !self.offers.starttls {
            return match required {
                true => Err(misconfigured("the server offers no STARTTLS, and nothing may go there in clear").into()),
                false => Ok(()),
            };
        }
        let reply = self.command(Starttls, deadlines.command).await?;
        if reply.code != 220 {
            return Err(Failed::Handshake(reply.fault(Stage::Opening)));
        }
        handshake(&self.wire, connector, name, deadlines).await?;
        self.encrypted = true;
        let hello = Ehlo::new(ClientId::Domain(ehlo.to_owned()));
        let reply = self.command(hello, deadlines.command).await?;
        self.offers = match reply.is_yes() {
            true => Offers::parse(&reply),
            false => return Err(reply.fault(Stage::Opening).into()),
        };
        Ok(())
    }

    /// AUTH PLAIN, or LOGIN where that is all there is (RFC 4954).
    async fn login(&mut self, user: &str, password: &Secret, limit: Duration) -> Result<(), Failed> {
        let mechanism = [Mechanism::Plain, Mechanism::Login]
            .into_iter()
            .find(|mechanism| self.offers.auth.contains(&mechanism.to_string()))
            .ok_or_else(|| no_mechanism(&self.offers.auth))?;
        let credentials = Credentials::new(user.to_owned(), password.reveal().to_owned());
        let unanswerable = |_| misconfigured("the server asks for something else than name and password");
        let first = Auth::new(mechanism, credentials.clone(), None).map_err(unanswerable)?;
        let mut reply = self.command(first, limit).await?;
        for _ in 0..2 {
            if reply.code != 334 {
                break;
            }
            let challenge = format!("334 {}\r\n", reply.text).parse().map_err(unanswerable)?;
            let next = Auth::new_from_response(mechanism, credentials.clone(), &challenge).map_err(unanswerable)?;
            reply = self.command(next, limit).await?;
        }
        self.authenticated = reply.is_yes();
        match reply.is_yes() {
            true => Ok(()),
            false => Err(reply.fault(Stage::Login).into()),
        }
    }

    /// Sends one command, or several at once (RFC 2920), and reads the first reply.
    pub(crate) async fn command<C: Display>(&mut self, command: C, limit: Duration) -> Result<Reply, Broken> {
        let sent = timeout(limit, self.connection.command(command)).await;
        self.heard(sent)
    }

    /// Reads one more reply, after several commands at once.
    pub(crate) async fn reply(&mut self, limit: Duration) -> Result<Reply, Broken> {
        let read = timeout(limit, self.connection.read_response()).await;
        self.heard(read)
    }

    /// Sends the mail with its end and reads the reply. lettre stuffs the dots and adds the last line end.
    pub(crate) async fn content(&mut self, mail: &[u8], limit: Duration) -> Result<Reply, Broken> {
        let lines = mail.strip_suffix(b"\r\n").unwrap_or(mail);
        self.wire.begin();
        let sent = timeout(limit, self.connection.message(lines)).await;
        self.heard(sent)
    }

    /// Whether the end of the mail was written, so that the server may have all of it.
    pub(crate) fn has_ended(&self) -> bool {
        self.wire.has_ended()
    }

    /// Says goodbye and waits a second at most for the answer.
    pub(crate) async fn quit(mut self) {
        let _ = self.command(Quit, Duration::from_secs(1)).await;
    }

    /// The protocol word of the connection (RFC 3848, RFC 6531 section 4.3).
    pub(crate) fn protocol(&self, utf8: bool) -> String {
        format!(
            "{}{}{}",
            if utf8 { "UTF8SMTP" } else { "ESMTP" },
            if self.encrypted { "S" } else { "" },
            if self.authenticated { "A" } else { "" }
        )
    }

    /// lettre's result decides only whether a reply came; its words are taken from the wire, whole.
    fn heard<T, E: Display>(&mut self, result: Result<Result<T, E>, impl Sized>) -> Result<Reply, Broken> {
        let words = self.wire.take_reply().and_then(|lines| Reply::parse(&lines));
        match (words, result) {
            (Some(reply), _) => Ok(reply),
            (None, Ok(Err(error))) => Err(Broken(Fault::of(FaultKind::Unreachable).saying(&error.to_string()))),
            (None, Ok(Ok(_))) => Err(Broken(Fault::of(FaultKind::Unreachable).saying("an unreadable reply"))),
            (None, Err(_)) => Err(Broken(Fault::of(FaultKind::Timeout).saying("no answer in time"))),
        }
    }
}

impl Offers {
    /// Reads the answer to EHLO; its first line is the server's name (RFC 5321 section 4.1.1.1).
    pub(crate) fn parse(reply: &Reply) -> Self {
        let mut offers = Self::default();
        for line in reply.lines.iter().skip(1) {
            let line = line.to_ascii_uppercase();
            let mut words = line.split([' ', '=']).filter(|word| !word.is_empty());
            match words.next().unwrap_or_default() {
                "DSN" => offers.dsn = true,
                "SIZE" => offers.size = Some(words.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0)),
                "8BITMIME" => offers.eight_bit = true,
                "SMTPUTF8" => offers.utf8 = true,
                "PIPELINING" => offers.pipelining = true,
                "STARTTLS" => offers.starttls = true,
                "AUTH" => offers.auth.extend(words.map(str::to_owned)),
                _ => {}
            }
        }
        offers
    }
}

/// Why a connection could not be made ready.
enum Failed {
    /// TLS does not work there.
    Handshake(Fault),
    /// Anything else.
    Other(Fault),
}

impl Failed {
    fn into_fault(self) -> Fault {
        match self {
            Self::Handshake(fault) | Self::Other(fault) => fault,
        }
    }
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self::Other(fault)
    }
}

impl From<Broken> for Failed {
    fn from(Broken(fault): Broken) -> Self {
        Self::Other(fault)
    }
}

async fn connect(at: &At, limit: Duration) -> Result<Wire, Fault> {
    let (connected, place) = match at {
        At::Name(host, port) => {
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            (
                timeout(limit, TcpStream::connect((bare, *port))).await,
                format!("{host}:{port}"),
            )
        }
        At::Address(address) => (timeout(limit, TcpStream::connect(address)).await, address.to_string()),
    };
    match connected {
        Ok(Ok(stream)) => Wire::plain(stream).map_err(|error| unreachable(&place, &error)),
        Ok(Err(error)) => Err(unreachable(&place, &error)),
        Err(_) => Err(Fault::of(FaultKind::Timeout).saying(&format!("{place} does not answer"))),
    }
}

async fn handshake(
    wire: &Wire,
    connector: &TlsConnector,
    name: &ServerName<'static>,
    deadlines: &Deadlines,
) -> Result<(), Failed> {
    let fault = match timeout(deadlines.connect, wire.upgrade(connector, name.clone())).await {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => misconfigured(&format!("TLS failed: {error}")),
        Err(_) => Fault::of(FaultKind::Timeout).saying("the TLS handshake takes too long"),
    };
    Err(Failed::Handshake(fault))
}

/// Reads the greeting and says EHLO.
async fn greet(wire: &Wire, name: &str, deadlines: &Deadlines) -> Result<(AsyncSmtpConnection, Offers), Fault> {
    let client = ClientId::Domain(name.to_owned());
    let connecting = AsyncSmtpConnection::connect_with_transport(Box::new(wire.clone()), &client);
    let connected = timeout(deadlines.greeting.saturating_add(deadlines.command), connecting).await;
    let greeting = wire.take_reply().and_then(|lines| Reply::parse(&lines));
    let hello = wire.take_reply().and_then(|lines| Reply::parse(&lines));
    match (connected, greeting, hello) {
        (Ok(Ok(connection)), Some(_), Some(hello)) => Ok((connection, Offers::parse(&hello))),
        (_, _, Some(reply)) | (_, Some(reply), None) if !reply.is_yes() => Err(reply.fault(Stage::Opening)),
        (Err(_), ..) => Err(Fault::of(FaultKind::Timeout).saying("no greeting in time")),
        (Ok(Err(error)), ..) => Err(Fault::of(FaultKind::Unreachable).saying(&error.to_string())),
        (Ok(Ok(_)), ..) => Err(Fault::of(FaultKind::Unreachable).saying("an unreadable greeting")),
    }
}

fn unreachable(place: &str, error: &io::Error) -> Fault {
    Fault::of(FaultKind::Unreachable).saying(&format!("{place}: {error}"))
}

/// Where a name and a password cannot be given in a way that the gateway knows.
fn no_mechanism(offered: &[String]) -> Fault {
    let offered = match offered {
        [] => "no AUTH at all".to_owned(),
        some => format!("only {}", some.join(" ")),
    };
    misconfigured(&format!(
        "the server offers neither AUTH PLAIN nor AUTH LOGIN, {offered}"
    ))
}

fn misconfigured(why: &str) -> Fault {
    Fault::of(FaultKind::Misconfigured).saying(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_without_a_login_is_named_as_such() {
        let said = |offered: &[&str]| {
            let offered: Vec<String> = offered.iter().map(|one| (*one).to_owned()).collect();
            no_mechanism(&offered).said.unwrap().as_str().to_owned()
        };
        assert!(said(&[]).ends_with("LOGIN, no AUTH at all"));
        assert!(said(&["CRAM-MD5", "NTLM"]).ends_with("LOGIN, only CRAM-MD5 NTLM"));
    }
}
