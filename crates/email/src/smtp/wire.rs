//! The byte stream under lettre's connection: it hands out one reply line at a time, keeps what was said, turns to TLS
//! in place, and knows whether the end of a mail has left.

use lettre::transport::smtp::client::AsyncTokioStream;
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;

/// The longest reply line that is read; it is cut to [`SHOWN`] bytes (RFC 5321 section 4.5.3.1.5 allows 512).
const LINE_MAX: usize = 64 * 1024;
/// What lettre and the ledger get of one reply line.
const SHOWN: usize = 900;
/// The end of a mail (RFC 5321 section 4.1.1.4).
const END: [u8; 5] = *b"\r\n.\r\n";

/// One connection, shared with lettre, which only reads and writes.
#[derive(Clone)]
pub(crate) struct Wire(Arc<Mutex<State>>);

struct State {
    socket: Socket,
    peer: SocketAddr,
    /// Bytes from the server that are not yet a line.
    ahead: Vec<u8>,
    /// The rest of the line that is being handed out.
    line: VecDeque<u8>,
    /// The lines handed out since the last reply was taken.
    heard: VecDeque<String>,
    /// The last bytes written.
    tail: [u8; 5],
}

enum Socket {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    Gone,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Wire {
    /// A plain connection.
    pub(crate) fn plain(stream: TcpStream) -> io::Result<Self> {
        let peer = stream.peer_addr()?;
        stream.set_nodelay(true)?;
        Ok(Self(Arc::new(Mutex::new(State {
            socket: Socket::Plain(stream),
            peer,
            ahead: Vec::new(),
            line: VecDeque::new(),
            heard: VecDeque::new(),
            tail: [0; 5],
        }))))
    }

    /// Encrypts the connection. Bytes that came before the handshake are refused: they would be read as if they had
    /// come through it (CVE-2011-0411).
    pub(crate) async fn upgrade(&self, connector: &TlsConnector, name: ServerName<'static>) -> io::Result<()> {
        let stream = self.take_plain()?;
        let tls = connector.connect(name, stream).await?;
        self.lock().socket = Socket::Tls(Box::new(tls));
        Ok(())
    }

    /// The lines of the oldest reply that was not yet taken; `None` when none is complete.
    pub(crate) fn take_reply(&self) -> Option<Vec<String>> {
        let mut state = self.lock();
        let last = state
            .heard
            .iter()
            .position(|line| line.as_bytes().get(3) != Some(&b'-'))?;
        Some(state.heard.drain(..=last).collect())
    }

    /// Forgets what was written: a new transaction begins.
    pub(crate) fn begin(&self) {
        self.lock().tail = [0; 5];
    }

    /// Whether the end of the mail was written, so that the server may have all of it.
    pub(crate) fn has_ended(&self) -> bool {
        self.lock().tail == END
    }

    fn take_plain(&self) -> io::Result<TcpStream> {
        let mut state = self.lock();
        if !state.ahead.is_empty() || !state.line.is_empty() || !state.heard.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the server went on in clear after its answer to STARTTLS",
            ));
        }
        match std::mem::replace(&mut state.socket, Socket::Gone) {
            Socket::Plain(stream) => Ok(stream),
            Socket::Tls(_) | Socket::Gone => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes bytes from the server until `line` holds something; `false` at the end of the stream.
    fn poll_line(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        while self.line.is_empty() {
            if let Some(end) = self.ahead.iter().position(|byte| *byte == b'\n') {
                let raw: Vec<u8> = self.ahead.drain(..=end).collect();
                self.hear(&raw);
                continue;
            }
            if self.ahead.len() > LINE_MAX {
                return Poll::Ready(Err(io::Error::other("the server sent a reply line without end")));
            }
            let mut space = [0; 4096];
            let mut buf = ReadBuf::new(&mut space);
            ready!(self.socket.poll_read(cx, &mut buf))?;
            if buf.filled().is_empty() {
                return Poll::Ready(Ok(false));
            }
            self.ahead.extend_from_slice(buf.filled());
        }
        Poll::Ready(Ok(true))
    }

    /// One line as lettre can read it: valid UTF-8, not too long, with CR LF.
    fn hear(&mut self, raw: &[u8]) {
        let text = String::from_utf8_lossy(raw);
        let text = text.trim_end_matches(['\r', '\n']);
        let shown = (0..=SHOWN.min(text.len()))
            .rev()
            .find_map(|end| text.get(..end))
            .unwrap_or_default();
        self.line.extend(shown.bytes().chain(*b"\r\n"));
        self.heard.push_back(shown.to_owned());
    }

    fn remember(&mut self, written: &[u8]) {
        for byte in written.iter().rev().take(END.len()).rev() {
            self.tail.rotate_left(1);
            if let Some(last) = self.tail.last_mut() {
                *last = *byte;
            }
        }
    }
}

impl Socket {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_read(cx, buf),
            Self::Gone => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_write(cx, bytes),
            Self::Gone => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut state = self.lock();
        if ready!(state.poll_line(cx))? {
            while buf.remaining() > 0
                && let Some(byte) = state.line.pop_front()
            {
                buf.put_slice(&[byte]);
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.lock();
        let written = ready!(state.socket.poll_write(cx, bytes))?;
        state.remember(bytes.get(..written).unwrap_or_default());
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.lock().socket {
            Socket::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Socket::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(cx),
            Socket::Gone => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.lock().socket {
            Socket::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Socket::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(cx),
            Socket::Gone => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.lock().peer)
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a connection to {}", self.lock().peer)
    }
}
