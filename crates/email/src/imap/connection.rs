//! One IMAP connection: connect, TLS, login, and commands that do not wait for ever.

use crate::config::{After, Imap, Tls};
use crate::tls;
use async_imap::error::Error;
use async_imap::types::{Capabilities, Fetch, Mailbox};
use async_imap::{Client, Session};
use causeway_core::clock::Timestamp;
use causeway_core::fault::{Fault, FaultKind};
use futures::{Stream, StreamExt};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::pin::pin;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// From a command to its end.
const COMMAND: Duration = Duration::from_secs(60);
/// The same for a command that brings mails.
const CONTENT: Duration = Duration::from_secs(600);
/// Until the server ends an IDLE (RFC 2177).
const DONE: Duration = Duration::from_secs(15);

/// The byte stream, encrypted or not.
pub(crate) trait Pipe: AsyncRead + AsyncWrite + Unpin + Debug + Send {}

/// A connection that is logged in, with its mailbox selected.
pub(crate) struct Connection {
    /// `None` only while an IDLE has it.
    session: Option<Session<Box<dyn Pipe>>>,
    /// What the server can do.
    pub(crate) can: Can,
    /// What SELECT said.
    pub(crate) mailbox: Mailbox,
    /// Whether it is encrypted.
    pub(crate) encrypted: bool,
}

/// What a server can do, asked after the login: some tell less before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Can {
    /// IDLE (RFC 2177).
    pub(crate) idle: bool,
    /// MOVE (RFC 6851).
    pub(crate) moving: bool,
    /// UIDPLUS (RFC 4315).
    pub(crate) uid_plus: bool,
}

/// What is known of a mail before it is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Its UID.
    pub(crate) uid: u32,
    /// Its size in bytes.
    pub(crate) size: usize,
    /// When it came into the mailbox (INTERNALDATE).
    pub(crate) arrived: Option<Timestamp>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl<T: AsyncRead + AsyncWrite + Unpin + Debug + Send> Pipe for T {}

impl Connection {
    /// Connects, logs in and selects the mailbox.
    pub(crate) async fn open(config: &Imap) -> Result<Self, Fault> {
        let client = in_time(COMMAND, connect(config)).await??;
        let login = client.login(&config.user, config.password.reveal());
        let mut session = match in_time(COMMAND, login).await? {
            Ok(session) => session,
            Err((error, _)) => return Err(fault(error, FaultKind::Misconfigured)),
        };
        let capabilities = in_time(COMMAND, session.capabilities()).await?.map_err(broken)?;
        let mailbox = in_time(COMMAND, session.select(&config.mailbox)).await?;
        Ok(Self {
            session: Some(session),
            can: Can::read(&capabilities),
            mailbox: mailbox.map_err(|error| fault(error, FaultKind::Misconfigured))?,
            encrypted: config.tls != Tls::None,
        })
    }

    /// The next UID, asked for where SELECT did not say it (RFC 9051 section 6.4.4).
    pub(crate) async fn uid_next(&mut self, config: &Imap) -> Result<u32, Fault> {
        if let Some(next) = self.mailbox.uid_next {
            return Ok(next);
        }
        let asking = self.session()?.status(&config.mailbox, "(UIDNEXT)");
        let status = in_time(COMMAND, asking).await?.map_err(broken)?;
        status
            .uid_next
            .ok_or_else(|| Fault::of(FaultKind::NotSupported).saying("the IMAP server tells no UIDNEXT"))
    }

    /// The mails from `first` on, in the order of their UIDs.
    pub(crate) async fn list(&mut self, first: u32) -> Result<Vec<Listed>, Fault> {
        let set = format!("{first}:*");
        let fetches = self.fetch(&set, "(UID RFC822.SIZE INTERNALDATE)").await?;
        let mut listed: BTreeMap<u32, Listed> = BTreeMap::new();
        // `n:*` always names the last mail, also when it is below n (RFC 9051 section 9); and a change of flags can come
        // in between.
        for (uid, fetch) in fetches.iter().filter_map(|fetch| Some((fetch.uid?, fetch))) {
            if uid >= first {
                let one = listed.entry(uid).or_insert(Listed {
                    uid,
                    size: 0,
                    arrived: None,
                });
                let size = fetch.size.and_then(|size| usize::try_from(size).ok());
                one.size = size.unwrap_or(one.size);
                one.arrived = fetch
                    .internal_date()
                    .map(|date| Timestamp(date.timestamp_millis()))
                    .or(one.arrived);
            }
        }
        Ok(listed.into_values().collect())
    }

    /// A whole mail, cut at `most` bytes; `None` when it is gone. The flags stay as they are.
    pub(crate) async fn mail(&mut self, uid: u32, most: usize) -> Result<Option<Vec<u8>>, Fault> {
        let fetches = self
            .fetch(&uid.to_string(), &format!("(UID BODY.PEEK[]<0.{most}>)"))
            .await?;
        Ok(fetches
            .iter()
            .filter(|fetch| fetch.uid == Some(uid))
            .find_map(|fetch| fetch.body().map(<[u8]>::to_vec)))
    }

    /// The header of a mail, cut at `most` bytes; `None` when the mail is gone.
    pub(crate) async fn header(&mut self, uid: u32, most: usize) -> Result<Option<Vec<u8>>, Fault> {
        let query = format!("(UID BODY.PEEK[HEADER]<0.{most}>)");
        let fetches = self.fetch(&uid.to_string(), &query).await?;
        Ok(fetches
            .iter()
            .filter(|fetch| fetch.uid == Some(uid))
            .find_map(|fetch| fetch.header().map(<[u8]>::to_vec)))
    }

    /// Marks a mail for a person to look at.
    pub(crate) async fn flag(&mut self, uid: u32) -> Result<(), Fault> {
        self.store(&uid.to_string(), "+FLAGS.SILENT (\\Flagged)").await
    }

    /// Does with mails that were taken what the config asks for. Doing it twice does no harm.
    pub(crate) async fn tidy(&mut self, set: &str, after: &After) -> Result<(), Fault> {
        match after {
            After::Seen => self.store(set, "+FLAGS.SILENT (\\Seen)").await,
            After::Delete => self.delete(set).await,
            After::MoveTo(target) => {
                if let Err(error) = self.bring(set, target).await? {
                    // RFC 9051 section 6.4.7: the mailbox may not be there yet.
                    if !wants_mailbox(&error) {
                        return Err(fault(error, FaultKind::Misconfigured));
                    }
                    self.create(target).await?;
                    let again = self.bring(set, target).await?;
                    again.map_err(|error| fault(error, FaultKind::Misconfigured))?;
                }
                match self.can.moving {
                    true => Ok(()),
                    false => self.delete(set).await,
                }
            }
        }
    }

    /// Whether there is a mailbox of this name. The fault says why that cannot be told.
    pub(crate) async fn has_mailbox(&mut self, name: &str) -> Result<bool, Fault> {
        let asking = self.session()?.status(name, "(MESSAGES)");
        match in_time(COMMAND, asking).await? {
            Ok(_) => Ok(true),
            Err(Error::No(_)) => Ok(false),
            Err(error) => Err(broken(error)),
        }
    }

    /// Waits until something happens in the mailbox, for `limit` at most.
    pub(crate) async fn idle(&mut self, limit: Duration) -> Result<(), Fault> {
        if self.has_news()? {
            return Ok(());
        }
        let session = self.session.take().ok_or_else(|| Fault::of(FaultKind::Internal))?;
        let mut handle = session.idle();
        in_time(COMMAND, handle.init()).await?.map_err(broken)?;
        {
            let (waiting, _keep) = handle.wait_with_timeout(limit);
            // The library starts its clock anew at each sign of life; ours ends the IDLE in any case.
            if let Ok(woken) = timeout(limit, waiting).await {
                woken.map_err(broken)?;
            }
        }
        self.session = Some(in_time(DONE, handle.done()).await?.map_err(broken)?);
        Ok(())
    }

    /// Lets the server say what is new.
    pub(crate) async fn noop(&mut self) -> Result<(), Fault> {
        let noop = self.session()?.noop();
        in_time(COMMAND, noop).await?.map_err(broken)
    }

    /// Says goodbye.
    pub(crate) async fn logout(mut self) {
        if let Some(session) = &mut self.session {
            let _ = timeout(Duration::from_secs(2), session.logout()).await;
        }
    }

    /// Whether the server said something since the last command: then an IDLE would wait for what has already come.
    fn has_news(&mut self) -> Result<bool, Fault> {
        let mut news = false;
        while self.session()?.unsolicited_responses.try_recv().is_ok() {
            news = true;
        }
        Ok(news)
    }

    /// Moves mails, or copies them where the server knows no MOVE.
    async fn bring(&mut self, set: &str, target: &str) -> Result<Result<(), Error>, Fault> {
        let moving = self.can.moving;
        let session = self.session()?;
        match moving {
            true => in_time(COMMAND, session.uid_mv(set, target)).await,
            false => in_time(COMMAND, session.uid_copy(set, target)).await,
        }
    }

    async fn create(&mut self, name: &str) -> Result<(), Fault> {
        let creating = self.session()?.create(name);
        in_time(COMMAND, creating)
            .await?
            .map_err(|error| fault(error, FaultKind::Misconfigured))
    }

    async fn delete(&mut self, set: &str) -> Result<(), Fault> {
        self.store(set, "+FLAGS.SILENT (\\Deleted)").await?;
        let command = match self.can.uid_plus {
            true => format!("UID EXPUNGE {set}"),
            false => "EXPUNGE".to_owned(),
        };
        let expunging = self.session()?.run_command_and_check_ok(command);
        in_time(COMMAND, expunging).await?.map_err(broken)
    }

    async fn store(&mut self, set: &str, change: &str) -> Result<(), Fault> {
        let storing = self
            .session()?
            .run_command_and_check_ok(format!("UID STORE {set} {change}"));
        in_time(COMMAND, storing).await?.map_err(broken)
    }

    async fn fetch(&mut self, set: &str, query: &str) -> Result<Vec<Fetch>, Fault> {
        let session = self.session()?;
        let fetching = async {
            let stream = session.uid_fetch(set, query).await?;
            collect(stream).await
        };
        in_time(CONTENT, fetching).await?.map_err(broken)
    }

    fn session(&mut self) -> Result<&mut Session<Box<dyn Pipe>>, Fault> {
        self.session
            .as_mut()
            .ok_or_else(|| Fault::of(FaultKind::Unreachable).saying("the IMAP connection is gone"))
    }
}

impl Can {
    fn read(capabilities: &Capabilities) -> Self {
        Self {
            idle: capabilities.has_str("IDLE"),
            moving: capabilities.has_str("MOVE"),
            uid_plus: capabilities.has_str("UIDPLUS"),
        }
    }
}

/// Connects and encrypts. Bytes that came before the handshake are dropped with the buffer that holds them (CVE-2011-0411).
async fn connect(config: &Imap) -> Result<Client<Box<dyn Pipe>>, Fault> {
    let bare = config.host.trim_start_matches('[').trim_end_matches(']');
    let place = format!("{}:{}", config.host, config.port());
    let unreachable = |error| Fault::of(FaultKind::Unreachable).saying(&format!("{place}: {error}"));
    let stream = TcpStream::connect((bare, config.port())).await.map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    match config.tls {
        Tls::None => greeted(Box::new(stream)).await,
        Tls::Implicit => greeted(encrypt(config, stream).await?).await,
        Tls::Starttls => {
            let mut client = Client::new(stream);
            greeting(&mut client).await?;
            let command = client.run_command_and_check_ok("STARTTLS", None);
            command.await.map_err(|error| fault(error, FaultKind::Misconfigured))?;
            Ok(Client::new(encrypt(config, client.into_inner()).await?))
        }
    }
}

async fn encrypt(config: &Imap, stream: TcpStream) -> Result<Box<dyn Pipe>, Fault> {
    let misconfigured = |why: String| Fault::of(FaultKind::Misconfigured).saying(&why);
    let connector = tls::verified(config.ca_file.as_deref()).map_err(misconfigured)?;
    let name = tls::server_name(config.tls_name.as_ref().unwrap_or(&config.host)).map_err(misconfigured)?;
    match connector.connect(name, stream).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(misconfigured(format!("TLS failed: {error}"))),
    }
}

async fn greeted(stream: Box<dyn Pipe>) -> Result<Client<Box<dyn Pipe>>, Fault> {
    let mut client = Client::new(stream);
    greeting(&mut client).await?;
    Ok(client)
}

async fn greeting<T: Pipe>(client: &mut Client<T>) -> Result<(), Fault> {
    match client.read_response().await {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(Fault::of(FaultKind::Unreachable).saying("the IMAP server hung up")),
        Err(error) => Err(Fault::of(FaultKind::Unreachable).saying(&error.to_string())),
    }
}

async fn collect(stream: impl Stream<Item = Result<Fetch, Error>>) -> Result<Vec<Fetch>, Error> {
    let mut stream = pin!(stream);
    let mut all = Vec::new();
    while let Some(fetch) = stream.next().await {
        all.push(fetch?);
    }
    Ok(all)
}

async fn in_time<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, Fault> {
    timeout(limit, work)
        .await
        .map_err(|_| Fault::of(FaultKind::Timeout).saying("the IMAP server does not answer"))
}

fn broken(error: Error) -> Fault {
    fault(error, FaultKind::Unreachable)
}

/// A refusal by the server is of this kind; the rest is the line. What the server sent in between is not repeated: it
/// may be mail.
fn fault(error: Error, refused: FaultKind) -> Fault {
    match error {
        Error::No(said) | Error::Bad(said) => Fault::of(refused).saying(&sentence(&said)),
        Error::Io(error) => {
            Fault::of(FaultKind::Unreachable).saying(&format!("the IMAP connection broke ({})", error.kind()))
        }
        Error::ConnectionLost => Fault::of(FaultKind::Unreachable).saying("the IMAP connection broke"),
        Error::Validate(_) => Fault::of(refused).saying("name or password hold characters that IMAP does not take"),
        _ => Fault::of(FaultKind::Unreachable).saying("the IMAP server answered what cannot be read"),
    }
}

/// Whether the server says TRYCREATE, as the library writes it.
fn wants_mailbox(error: &Error) -> bool {
    matches!(error, Error::No(said) if said.contains("code: Some(TryCreate)"))
}

/// The server's own sentence out of the library's `code: …, info: Some("…")` or `outcome: Outcome { code: …, information:
/// Some("…") }`.
fn sentence(said: &str) -> String {
    let Some((_, rest)) = ["info: Some(\"", "information: Some(\""]
        .iter()
        .find_map(|begin| said.split_once(begin))
    else {
        return "the server gives no reason".to_owned();
    };
    let mut out = String::new();
    let mut chars = rest.chars();
    while let Some(c) = chars.next().filter(|c| *c != '"') {
        match c {
            '\\' => out.extend(chars.next()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_the_servers_own_words() {
        let error = || Error::No("code: None, info: Some(\"[AUTHENTICATIONFAILED] No.\")".into());
        let said = fault(error(), FaultKind::Misconfigured).said.unwrap();
        assert_eq!(said.as_str(), "[AUTHENTICATIONFAILED] No.");
        for (written, expect) in [
            (
                "outcome: Outcome { code: None, information: Some(\"Mailbox doesn't exist: \\\"Verona\\\"\") }",
                "Mailbox doesn't exist: \"Verona\"",
            ),
            (
                "code: Some(TryCreate), info: Some(\"C:\\\\mails is not there\")",
                "C:\\mails is not there",
            ),
            ("code: None, info: None", "the server gives no reason"),
        ] {
            assert_eq!(sentence(written), expect, "{written}");
        }
        let lost = fault(Error::ConnectionLost, FaultKind::Misconfigured);
        assert_eq!((lost.kind, lost.retry), (FaultKind::Unreachable, true));
    }
}
