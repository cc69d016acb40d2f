//! A connection's bytes: what was read passes the guard before the XML parser sees it.

use super::guard::Guard;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, BufWriter, ReadBuf};

/// How much is read or written at once.
const PIECE: usize = 16 * 1024;

/// Anything that bytes go through in both directions.
pub(crate) trait Bytes: AsyncRead + AsyncWrite + Unpin + Send {}

/// A connection behind a [`Guard`]. What is written leaves with a flush or when there is much of it.
pub(crate) struct Wire {
    inner: BufWriter<Box<dyn Bytes>>,
    guard: Guard,
    raw: Box<[u8]>,
    passed: Vec<u8>,
    consumed: usize,
}

// ---------------------------------------------------------------------------------------------------------------------

impl<Io: AsyncRead + AsyncWrite + Unpin + Send> Bytes for Io {}

impl Wire {
    pub(crate) fn new(inner: Box<dyn Bytes>) -> Self {
        Self {
            inner: BufWriter::with_capacity(PIECE, inner),
            guard: Guard::default(),
            raw: vec![0; PIECE].into_boxed_slice(),
            passed: Vec::with_capacity(PIECE),
            consumed: 0,
        }
    }

    fn waiting(&self) -> &[u8] {
        self.passed.get(self.consumed..).unwrap_or_default()
    }
}

impl AsyncBufRead for Wire {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        while this.waiting().is_empty() {
            this.passed.clear();
            this.consumed = 0;
            let mut piece = ReadBuf::new(&mut this.raw);
            ready!(Pin::new(&mut this.inner).poll_read(cx, &mut piece))?;
            if piece.filled().is_empty() {
                return Poll::Ready(Ok(&[]));
            }
            this.guard.pass(piece.filled(), &mut this.passed);
        }
        Poll::Ready(Ok(this.waiting()))
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        let this = self.get_mut();
        this.consumed = this.consumed.saturating_add(amount);
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let waiting = ready!(self.as_mut().poll_fill_buf(cx))?;
        let amount = waiting.len().min(buf.remaining());
        buf.put_slice(waiting.get(..amount).unwrap_or_default());
        self.consume(amount);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    /// The connection itself stays open until it is dropped: Prosody, once it reads the end of the connection behind that
    /// of the stream, throws away what it still had to send.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}
