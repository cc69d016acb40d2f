//! A bare component (XEP-0114) without any gateway in it, and the reader of stanzas that both ends of such a link need.

use crate::cast::xml::{Element, Front};
use crate::patience::SOON;
use crate::servers::ports;
use anyhow::{Context, Result, bail, ensure};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The namespace of stanzas on a component's stream.
pub const COMPONENT_NS: &str = "jabber:component:accept";

/// Reads stanzas from a stream, one after the other.
pub struct Stanzas {
    stream: TcpStream,
    bytes: Vec<u8>,
    /// How many of the bytes were read already.
    used: usize,
}

/// What a stream gave.
#[derive(Debug)]
pub enum Heard {
    /// A stanza.
    Stanza(Box<Element>),
    /// Nothing in time.
    Silence,
    /// The other side closed it.
    End,
}

// ---------------------------------------------------------------------------------------------------------------------

/// Logs in as the component `domain`; gives where to write, and the reader.
pub fn log_in(port: u16, domain: &str, secret: &str) -> Result<(TcpStream, Stanzas)> {
    let mut stream = TcpStream::connect_timeout(&ports::at(port), SOON)?;
    stream.set_nodelay(true)?;
    let mut stanzas = Stanzas::of(stream.try_clone()?);
    stream.write_all(
        format!("<stream:stream xmlns='{COMPONENT_NS}' xmlns:stream='http://etherx.jabber.org/streams' to='{domain}'>")
            .as_bytes(),
    )?;
    let header = stanzas.header()?;
    let id = ["id='", "id=\""].iter().find_map(|key| {
        let (_, rest) = header.split_once(&format!(" {key}"))?;
        rest.split(['\'', '"']).next()
    });
    let proof = sha1(&format!("{}{secret}", id.context("a stream without an id")?))?;
    stream.write_all(format!("<handshake>{proof}</handshake>").as_bytes())?;
    match stanzas.next(SOON)? {
        Heard::Stanza(answer) if answer.name == "handshake" => Ok((stream, stanzas)),
        other => bail!("{domain} may not log in: {other:?}"),
    }
}

impl Stanzas {
    /// A reader that begins here.
    pub fn of(stream: TcpStream) -> Self {
        Self {
            stream,
            bytes: Vec::new(),
            used: 0,
        }
    }

    /// The stream's own header, which must come next.
    pub fn header(&mut self) -> Result<String> {
        loop {
            let text = self.text()?;
            let opened = text.find("<stream:stream").and_then(|at| text.get(at..));
            if let Some((header, _)) = opened.and_then(|opened| opened.split_once('>')) {
                let header = header.to_owned();
                let skipped = text.find("<stream:stream").unwrap_or_default();
                self.used += skipped + header.len() + 1;
                return Ok(header);
            }
            ensure!(self.fill(SOON)? == Some(true), "no stream header came");
        }
    }

    /// The next stanza, if one comes within `limit`.
    pub fn next(&mut self, limit: Duration) -> Result<Heard> {
        loop {
            let all = self.text()?;
            let text = all.trim_start();
            if text.starts_with("</stream:stream") {
                return Ok(Heard::End);
            }
            if let Front::Whole(element, used) = Element::read(text, COMPONENT_NS)? {
                self.used += all.len() - text.len() + used;
                return Ok(Heard::Stanza(element));
            }
            match self.fill(limit)? {
                Some(true) => {}
                Some(false) => return Ok(Heard::Silence),
                None => return Ok(Heard::End),
            }
        }
    }

    /// What is there; half a character at the end waits for its other half.
    fn text(&self) -> Result<&str> {
        let rest = self.bytes.get(self.used..).unwrap_or_default();
        match std::str::from_utf8(rest) {
            Ok(text) => Ok(text),
            Err(error) if error.error_len().is_none() => {
                let whole = rest.get(..error.valid_up_to()).unwrap_or_default();
                Ok(std::str::from_utf8(whole)?)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Reads once: whether something came, or `None` when the stream has ended.
    fn fill(&mut self, limit: Duration) -> Result<Option<bool>> {
        self.bytes.drain(..std::mem::take(&mut self.used));
        self.stream.set_read_timeout(Some(limit))?;
        let mut buffer = [0; 32 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => Ok(None),
            Ok(read) => {
                self.bytes.extend_from_slice(buffer.get(..read).unwrap_or_default());
                Ok(Some(true))
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(Some(false)),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// The proof of XEP-0114 section 3, made by the system's own program.
fn sha1(text: &str) -> Result<String> {
    let mut child = Command::new("sha1sum")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("sha1sum")?;
    child.stdin.take().context("no pipe")?.write_all(text.as_bytes())?;
    let output = child.wait_with_output()?;
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(words.split_whitespace().next().context("no digest")?.to_owned())
}
