//! One open stream: reads eagerly, writes what waits, and asks the server now and then how far it is.

use super::announce::Announcements;
use super::line::{Desk, Order, Proof, State};
use super::login::{Stream, StreamError};
use super::posts::{Posted, Posts};
use super::watermark::Watermark;
use crate::address::Speaker;
use crate::ns;
use crate::reception::Reception;
use crate::stanza::Outward;
use crate::xml::element;
use futures::future::{BoxFuture, Shared};
use futures::{FutureExt, Sink, StreamExt};
use jid::BareJid;
use minidom::Element;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_xmpp::xmlstream::ReadError;

/// How many answers may wait to be written before nothing more is read.
const MOST_ANSWERS: usize = 1024;
/// How many stanzas wait in this process before couriers and announcements have to.
const READY: usize = 64;
/// How long a ping may stay unanswered while the server says other things.
const PING_PATIENCE: Duration = Duration::from_secs(90);
/// How long a stop may take that has things to finish.
pub(super) const STOP_PATIENCE: Duration = Duration::from_secs(5);
/// How long a server may take to say what it grants (XEP-0356 section 4.2); it says so at once.
const SETTLED: Duration = Duration::from_secs(2);
/// The time between two looks at how the gateway itself looks.
const LOOK: Duration = Duration::from_secs(5);
/// How long the server may take to close its side.
const CLOSE_PATIENCE: Duration = Duration::from_secs(2);

/// What outlives a connection.
pub(super) struct Around<'a> {
    pub(super) reception: &'a mut Reception,
    pub(super) posts: &'a mut Posts,
    pub(super) desk: &'a mut Desk,
    /// Stanzas that wait to be written.
    pub(super) unsent: &'a mut VecDeque<Letter>,
    pub(super) stopping: Shared<BoxFuture<'static, ()>>,
}

/// A stanza that waits to be written.
pub(super) struct Letter {
    pub(super) stanza: Outward,
    /// Who wants to know that the server has it.
    pub(super) proof: Option<Proof>,
}

/// Where the pings go.
pub(super) struct Ping {
    pub(super) from: Speaker,
    pub(super) to: String,
}

/// How a connection ended.
#[derive(Debug)]
pub(super) enum End {
    /// The process stops, and everything was said.
    Stopped,
    /// The server closed the stream with a reason.
    Error(StreamError),
    /// It closed it without one, or the line broke.
    Broken(String),
}

/// A connection from its handshake to its end.
pub(super) struct Connection<'a> {
    stream: Stream,
    around: Around<'a>,
    watermark: Watermark,
    ping: Ping,
    overdue: Pin<Box<Sleep>>,
    announcements: Announcements,
    /// Until the gateway's own presence is looked at again.
    look: Pin<Box<Sleep>>,
    /// Until the server has said what it grants.
    settled: Option<Pin<Box<Sleep>>>,
    /// Until when a stop may take; `None` while nobody asked for one.
    closing: Option<Pin<Box<Sleep>>>,
    /// Whose turn it is when both sides have something: the server's or the couriers'.
    server_first: bool,
}

enum Event {
    Stanza(Element),
    Silence,
    Settled,
    BadStanza,
    Posted(Posted),
    Order(Order),
    Stop,
    End(End),
}

// ---------------------------------------------------------------------------------------------------------------------

impl<'a> Connection<'a> {
    pub(super) fn new(stream: Stream, id: &str, ping: Ping, around: Around<'a>) -> Self {
        let announcements = Announcements::arriving(around.reception);
        Self {
            stream,
            around,
            watermark: Watermark::new(id),
            ping,
            overdue: Box::pin(sleep_until(Instant::now() + PING_PATIENCE)),
            announcements,
            look: Box::pin(sleep_until(Instant::now() + LOOK)),
            settled: Some(Box::pin(sleep_until(Instant::now() + SETTLED))),
            closing: None,
            server_first: true,
        }
    }

    /// Serves until the end.
    pub(super) async fn serve(mut self) -> End {
        loop {
            match self.next().await {
                Event::End(End::Stopped) => return self.close().await,
                Event::End(end) => return end,
                Event::Stanza(stanza) => {
                    if let Some(end) = self.receive(&stanza) {
                        return end;
                    }
                }
                Event::BadStanza => tracing::warn!("the server sent something that is not a stanza"),
                Event::Silence => self.ask(),
                Event::Settled => self.around.desk.tell_privileges(self.ping.from.as_str()),
                Event::Posted(posted) => self.say(posted.answers()),
                Event::Order(order) => self.around.unsent.extend(Letter::of(order)),
                Event::Stop => self.begin_to_stop(),
            }
        }
    }

    /// Once everybody was told that the contacts are gone, nobody is told any more that one is there.
    fn say(&mut self, mut answers: Vec<Outward>) {
        if self.closing.is_some() {
            answers.retain(|answer| !answer.is_available());
        }
        self.around.unsent.extend(answers.into_iter().map(Letter::plain));
    }

    fn receive(&mut self, stanza: &Element) -> Option<End> {
        if let Some(error) = StreamError::read(stanza) {
            return Some(End::Error(error));
        }
        if self.is_for_the_desk(stanza) {
            return None;
        }
        let is_crowded = self.around.posts.are_crowded();
        let deeds = self.around.reception.receive_unless(is_crowded, stanza);
        if let Some((id, from)) = deeds.answered
            && from == self.ping.to
        {
            self.watermark.answered(&id);
        }
        self.say(deeds.answers);
        if let Some(post) = deeds.post {
            self.around.posts.begin(post);
        }
        if let Some(work) = deeds.later {
            self.around.posts.work(work);
        }
        None
    }

    /// Takes what belongs to questions of this domain's own, and what its users' homes grant it.
    fn is_for_the_desk(&self, stanza: &Element) -> bool {
        let desk = &self.around.desk;
        let is_home = |host: &BareJid| host.as_str() == self.ping.to || self.around.reception.admits(host);
        desk.requests.take(stanza) || desk.privileges.hear(stanza, is_home)
    }

    /// Pings the server, unless a ping is under way.
    fn ask(&mut self) {
        if self.watermark.is_asking() {
            return;
        }
        let id = self.watermark.ask();
        let ping = Outward::get(&self.ping.from, &self.ping.to, &id).holding(element("ping", ns::PING));
        self.overdue.as_mut().reset(Instant::now() + PING_PATIENCE);
        self.around.unsent.push_back(Letter::plain(ping));
    }

    fn begin_to_stop(&mut self) {
        self.around.desk.set(State::Closed);
        self.announcements = Announcements::leaving();
        self.closing = Some(Box::pin(sleep_until(Instant::now() + STOP_PATIENCE)));
    }

    async fn next(&mut self) -> Event {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        while self.look.poll_unpin(cx).is_ready() {
            self.look.as_mut().reset(Instant::now() + LOOK);
            self.announcements.look(self.around.reception);
        }
        if self.around.unsent.len() < READY {
            let stanzas = self.announcements.next(self.around.reception);
            self.around.unsent.extend(stanzas.into_iter().map(Letter::plain));
        }
        if let Err(error) = self.write(cx) {
            return Poll::Ready(Event::End(End::Broken(error.to_string())));
        }
        if !self.announcements.are_over() && self.around.unsent.len() < READY {
            // The next page has its turn when everything else had one; nothing from outside would wake it.
            cx.waker().wake_by_ref();
        }
        if let Poll::Ready(event) = self.poll_stop(cx) {
            return Poll::Ready(event);
        }
        if let Some(settled) = &mut self.settled
            && settled.poll_unpin(cx).is_ready()
        {
            self.settled = None;
            return Poll::Ready(Event::Settled);
        }
        if let Poll::Ready(posted) = self.around.posts.poll_next(cx) {
            return Poll::Ready(Event::Posted(posted));
        }
        self.server_first = !self.server_first;
        let first = match self.server_first {
            true => self.poll_server(cx),
            false => self.poll_orders(cx),
        };
        match (first, self.server_first) {
            (Poll::Ready(event), _) => Poll::Ready(event),
            (Poll::Pending, true) => self.poll_orders(cx),
            (Poll::Pending, false) => self.poll_server(cx),
        }
    }

    fn poll_stop(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        let Some(deadline) = &mut self.closing else {
            return self.around.stopping.poll_unpin(cx).map(|()| Event::Stop);
        };
        let said_all = self.announcements.are_over()
            && self.around.unsent.is_empty()
            && self.around.posts.are_done()
            && self.watermark.is_quiet();
        match said_all || deadline.poll_unpin(cx).is_ready() {
            true => Poll::Ready(Event::End(End::Stopped)),
            false => Poll::Pending,
        }
    }

    fn poll_orders(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if self.around.unsent.len() >= READY {
            return Poll::Pending;
        }
        match self.around.desk.orders.poll_recv(cx) {
            Poll::Ready(Some(order)) => Poll::Ready(Event::Order(order)),
            _ => Poll::Pending,
        }
    }

    /// Reads, unless what was read before is more than enough.
    fn poll_server(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if self.around.posts.are_full() || self.around.unsent.len() >= MOST_ANSWERS {
            return Poll::Pending;
        }
        let read = self.stream.poll_next_unpin(cx);
        if read.is_pending() && self.watermark.is_asking() && self.overdue.poll_unpin(cx).is_ready() {
            return Poll::Ready(Event::End(End::Broken("the server does not answer pings".into())));
        }
        read.map(|read| match read {
            Some(Ok(element)) => Event::Stanza(element),
            Some(Err(ReadError::SoftTimeout)) => Event::Silence,
            Some(Err(ReadError::ParseError(_))) => Event::BadStanza,
            Some(Err(ReadError::StreamFooterReceived)) => {
                Event::End(End::Broken("the server closed the stream".into()))
            }
            Some(Err(ReadError::HardError(error))) => Event::End(End::Broken(error.to_string())),
            None => Event::End(End::Broken("the server closed the connection".into())),
        })
    }

    /// Writes as much as the connection takes. A ping follows when somebody waits for proof and nothing else is left.
    fn write(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        loop {
            while !self.around.unsent.is_empty() {
                match Sink::<&Element>::poll_ready(Pin::new(&mut self.stream), cx)? {
                    Poll::Ready(()) => self.write_one()?,
                    Poll::Pending => return Ok(()),
                }
            }
            match self.watermark.is_due() {
                true => self.ask(),
                false => break,
            }
        }
        match Sink::<&Element>::poll_flush(Pin::new(&mut self.stream), cx) {
            Poll::Ready(Err(error)) => Err(error),
            _ => Ok(()),
        }
    }

    fn write_one(&mut self) -> io::Result<()> {
        let Some(letter) = self.around.unsent.pop_front() else {
            return Ok(());
        };
        self.around.desk.refusals.said(&letter.stanza);
        Pin::new(&mut self.stream).start_send(letter.stanza.element())?;
        if let Some(proof) = letter.proof {
            self.watermark.wrote(proof);
        }
        Ok(())
    }

    /// Closes our side, and takes what the server sends until it closes its own (RFC 6120 section 4.4).
    async fn close(mut self) -> End {
        let close = async {
            if self.stream.shutdown().await.is_err() {
                return;
            }
            while let Some(Ok(stanza)) = self.stream.next().await
                && !self.around.posts.are_full()
            {
                if let Some(post) = self.around.reception.receive(&stanza).post {
                    self.around.posts.begin(post);
                }
            }
        };
        let _ = tokio::time::timeout(CLOSE_PATIENCE, close).await;
        End::Stopped
    }
}

impl Letter {
    pub(super) fn plain(stanza: Outward) -> Self {
        Self { stanza, proof: None }
    }

    /// The letters of an order. What proves the last proves them all.
    fn of(order: Order) -> Vec<Self> {
        let mut letters: Vec<Self> = order.stanzas.into_iter().map(Self::plain).collect();
        if let Some(last) = letters.last_mut() {
            last.proof = Some(order.proof);
        }
        letters
    }
}
