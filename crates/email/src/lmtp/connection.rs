//! One LMTP connection: lines in, replies out, and each mail into the ledger before it is acknowledged.

use super::content::{Content, Trouble};
use super::dialogue::{Dialogue, LINE_MAX, Next, Reply, Transaction, too_large};
use crate::address::Recipient;
use crate::desk::{Desk, Mail, door};
use crate::read::Read;
use causeway_core::fault::Fault;
use causeway_core::hop::Trust;
use causeway_core::network::{Accepted, Arrival, House};
use futures::future::join_all;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::time::timeout;

/// So many recipients of one mail are in the making at once: each holds the text.
const AT_ONCE: usize = 32;

/// What a connection needs of the house.
pub(crate) struct Door {
    /// The name in the greeting.
    pub(crate) name: String,
    /// Judges recipients and mails.
    pub(crate) desk: Arc<Desk>,
    /// Takes what comes.
    pub(crate) house: House,
    /// How many recipients one mail may have.
    pub(crate) most_recipients: usize,
    /// How long a client may take for one command.
    pub(crate) command_limit: Duration,
    /// How long a client may take for one mail.
    pub(crate) data_limit: Duration,
}

/// Why a connection ends before its time.
enum Gone {
    /// The client is away.
    Line,
    /// The client is told, then left.
    Dismissed(Reply),
}

// ---------------------------------------------------------------------------------------------------------------------

impl Door {
    /// Serves one client until it leaves, is too slow, or the process stops.
    pub(crate) async fn serve(&self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let (reader, mut writer) = tokio::io::split(stream);
        let mut reader = BufReader::new(reader);
        if let Err(Gone::Dismissed(reply)) = self.converse(&mut reader, &mut writer).await {
            let _ = timeout(Duration::from_secs(5), writer.write_all(reply.to_string().as_bytes())).await;
        }
        let _ = timeout(Duration::from_secs(5), writer.shutdown()).await;
    }

    async fn converse<R, W>(&self, reader: &mut BufReader<R>, writer: &mut W) -> Result<(), Gone>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let mut dialogue = Dialogue::new(&self.name, self.desk.limits.bytes, self.most_recipients);
        let mut replies = dialogue.greeting().to_string();
        loop {
            // Replies to commands that came together go out together (RFC 2920 section 3.2).
            if !reader.buffer().contains(&b'\n') {
                self.write(writer, &mut replies).await?;
            }
            let line = self.line(reader).await?;
            match dialogue.hear(&line, |sender, rcpt| {
                self.desk.recipient(&self.house, Some(sender), rcpt)
            }) {
                Next::Answer(reply) => replies.push_str(&reply.to_string()),
                Next::HangUp(reply) => {
                    replies.push_str(&reply.to_string());
                    return self.write(writer, &mut replies).await;
                }
                Next::TakeMail(reply, transaction) => {
                    replies.push_str(&reply.to_string());
                    self.write(writer, &mut replies).await?;
                    let content = self.content(reader).await?;
                    for reply in self.take(transaction, content).await {
                        replies.push_str(&reply.to_string());
                    }
                }
            }
        }
    }

    async fn write<W: AsyncWrite + Unpin>(&self, writer: &mut W, replies: &mut String) -> Result<(), Gone> {
        let out = std::mem::take(replies);
        let writing = async {
            writer.write_all(out.as_bytes()).await?;
            writer.flush().await
        };
        match timeout(self.command_limit, writing).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone::Line),
        }
    }

    async fn line<R: AsyncBufRead + Unpin>(&self, reader: &mut R) -> Result<Vec<u8>, Gone> {
        tokio::select! {
            line = timeout(self.command_limit, read_line(reader)) => match line {
                Ok(Ok(Some(line))) => Ok(line),
                Ok(Ok(None) | Err(_)) => Err(Gone::Line),
                Err(_) => Err(Gone::Dismissed(Reply::new(421, "4.4.2 Too slow, goodbye"))),
            },
            () = self.house.tasks.stopping() => {
                Err(Gone::Dismissed(Reply::new(421, "4.3.2 The gateway stops, please come again")))
            }
        }
    }

    async fn content<R: AsyncBufRead + Unpin>(&self, reader: &mut R) -> Result<Result<Vec<u8>, Trouble>, Gone> {
        let mut content = Content::new(self.desk.limits.bytes);
        match timeout(self.data_limit, read_content(reader, &mut content)).await {
            Ok(Ok(())) => Ok(content.finish()),
            Ok(Err(_)) => Err(Gone::Line),
            Err(_) => Err(Gone::Dismissed(Reply::new(421, "4.4.2 Too slow, goodbye"))),
        }
    }

    /// One reply for each recipient (RFC 2033 section 4.2).
    async fn take(&self, transaction: Transaction, content: Result<Vec<u8>, Trouble>) -> Vec<Reply> {
        let bytes = match content {
            Ok(bytes) => Arc::new(bytes),
            Err(trouble) => return vec![self.refusal(trouble); transaction.recipients.len()],
        };
        let arrived = self.house.clock.now();
        let mail = Mail {
            bytes,
            return_path: Some(transaction.sender),
            arrived,
            door: door(&self.name, "LMTP", arrived, Trust::Own),
        };
        let mut letter = None;
        let mut replies = Vec::new();
        for some in transaction.recipients.chunks(AT_ONCE) {
            let mut posts = Vec::new();
            for recipient in some {
                let arrival = self.arrival(&mail, recipient, &mut letter).await;
                posts.push(self.post(arrival));
            }
            replies.extend(join_all(posts).await.into_iter().map(acknowledge));
        }
        replies
    }

    /// Reads the mail once for all people, and anew for each return path.
    async fn arrival(
        &self,
        mail: &Mail,
        recipient: &Recipient,
        letter: &mut Option<Result<Read, Fault>>,
    ) -> Result<Arrival, Fault> {
        let bounced = match recipient {
            Recipient::Bounce(id) => Some(*id),
            Recipient::User(_) | Recipient::ForgedBounce => None,
        };
        let read = match (bounced, letter.take()) {
            (None, Some(read)) => read,
            _ => self.desk.read(&self.house, mail, bounced).await,
        };
        let arrival = match &read {
            Ok(read) => self.desk.arrival(read, recipient, mail),
            Err(fault) => Err(fault.clone()),
        };
        if bounced.is_none() {
            *letter = Some(read);
        }
        arrival
    }

    /// Takes the place in line at once.
    fn post(&self, arrival: Result<Arrival, Fault>) -> impl Future<Output = Result<Accepted, Fault>> + use<> {
        let posted = arrival.map(|arrival| self.house.inbox.post(arrival));
        async move { posted?.await }
    }

    fn refusal(&self, trouble: Trouble) -> Reply {
        match trouble {
            Trouble::TooLarge => too_large(self.desk.limits.bytes),
            Trouble::LooseLineEnd => Reply::new(550, "5.6.0 A CR or LF stands alone in this mail"),
        }
    }
}

/// Only what the ledger has is acknowledged.
fn acknowledge(accepted: Result<Accepted, Fault>) -> Reply {
    match accepted {
        Ok(Accepted { .. }) => Reply::new(250, "2.0.0 Written down"),
        Err(fault) => Reply::refusal(&fault),
    }
}

/// One line with its end, cut when it is too long; `None` at the end of the stream.
async fn read_line<R: AsyncBufRead + Unpin>(reader: &mut R) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    loop {
        let bytes = reader.fill_buf().await?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let end = bytes.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
        let taken = end.unwrap_or(bytes.len());
        let room = (LINE_MAX + 1).saturating_sub(line.len());
        line.extend(bytes.iter().take(taken.min(room)));
        reader.consume(taken);
        if end.is_some() {
            return Ok(Some(line));
        }
    }
}

async fn read_content<R: AsyncBufRead + Unpin>(reader: &mut R, content: &mut Content) -> io::Result<()> {
    loop {
        let bytes = reader.fill_buf().await?;
        if bytes.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let end = content.take(bytes);
        let taken = end.unwrap_or(bytes.len());
        reader.consume(taken);
        if end.is_some() {
            return Ok(());
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
