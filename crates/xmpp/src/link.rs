//! The link to the XMPP server (XEP-0114) for one component domain: connected as long as the process runs.

mod announce;
mod backoff;
mod connection;
pub(crate) mod dial;
pub(crate) mod guard;
pub(crate) mod line;
pub(crate) mod login;
mod posts;
pub(crate) mod refusals;
pub(crate) mod requests;
mod watermark;
mod wire;

use crate::address::Gateway;
use crate::reception::Reception;
use causeway_core::network::{House, Tasks};
use connection::{Around, Connection, End, Letter, Ping};
use dial::Dial;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use line::{Desk, Fate, State};
use login::{Credentials, LoginError, StreamError, Told, log_in};
use posts::Posts;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// How long a connection must have lasted for its end to count as the first failure again.
const LASTING: Duration = Duration::from_secs(30);
/// How often a process that was never logged in tries for a name that somebody else holds: its predecessor may just have
/// died, and the server may not have noticed.
const TRIES_FOR_A_NAME: u32 = 4;
/// How long it waits between these tries.
const BETWEEN_TRIES: Duration = Duration::from_millis(400);
/// How long a stop waits for what was read to be written down.
const LAST_POSTS: Duration = Duration::from_secs(5);

/// One component domain's way to the server.
pub(crate) struct Link {
    pub(crate) dial: Box<dyn Dial>,
    pub(crate) credentials: Credentials,
    pub(crate) gateway: Gateway,
    /// The domain at the server that is pinged.
    pub(crate) ping_domain: String,
}

/// When to try again.
enum Again {
    /// After this wait.
    In(Duration),
    /// After a wait that grows with every failure.
    Soon,
    /// After the longest wait: nothing changes before an admin acts.
    Late,
}

/// A link at work.
struct Work {
    link: Link,
    reception: Reception,
    desk: Desk,
    posts: Posts,
    unsent: VecDeque<Letter>,
    told: Told,
    tasks: Arc<dyn Tasks>,
    /// Whether this process was ever logged in.
    was_up: bool,
    /// How often it found the name in somebody else's hands before its first login.
    tries_for_name: u32,
    /// The last connection broke without a goodbye, so the server may still believe in it.
    left_a_ghost: bool,
    stopping: Shared<BoxFuture<'static, ()>>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Link {
    /// Stays connected until the house says stop; then says goodbye and closes the stream.
    pub(crate) async fn run(self, house: &House, reception: Reception, desk: Desk) {
        let mut work = Work {
            link: self,
            reception,
            desk,
            posts: Posts::new(house.inbox.clone()),
            unsent: VecDeque::new(),
            told: Told::default(),
            tasks: house.tasks.clone(),
            was_up: false,
            tries_for_name: 0,
            left_a_ghost: false,
            stopping: house.tasks.stopping().boxed().shared(),
        };
        let mut attempt = 0;
        loop {
            let began = Instant::now();
            let wait = match work.connect_once().await {
                None => break,
                Some(Again::In(wait)) => wait,
                Some(Again::Late) => backoff::LONGEST,
                Some(Again::Soon) => {
                    attempt = if began.elapsed() > LASTING { 0 } else { attempt };
                    backoff::wait(work.link.gateway.as_str(), attempt)
                }
            };
            attempt = attempt.saturating_add(1);
            if work.pause(wait).await {
                break;
            }
        }
        work.finish().await;
    }
}

impl Work {
    /// Connects and serves; gives when to try again, or `None` when the process stops.
    async fn connect_once(&mut self) -> Option<Again> {
        let domain = self.link.gateway.as_str().to_owned();
        let login = log_in(self.link.dial.as_ref(), &self.link.credentials);
        let mut stopping = self.stopping.clone();
        let login = tokio::select! {
            () = &mut stopping => return None,
            login = login => login,
        };
        match login {
            Ok((stream, id)) => {
                tracing::info!(%domain, "connected to the XMPP server");
                self.told.logged_in();
                self.was_up = true;
                let ping = Ping {
                    from: self.link.gateway.itself(),
                    to: self.link.ping_domain.clone(),
                };
                self.reception.connected();
                self.desk.connected(&id);
                let end = Connection::new(stream, &id, ping, self.around()).serve().await;
                self.disconnected();
                self.left_a_ghost = matches!(end, End::Broken(_));
                self.judge(&domain, end)
            }
            Err(LoginError::Refused(error)) if error.is_conflict() && !self.was_up => self.try_for_name(&domain),
            Err(LoginError::Refused(error)) => {
                if self.told.is_news(&error) {
                    refused(&domain, &error);
                }
                match error.is_conflict() && self.left_a_ghost {
                    true => Some(Again::Soon),
                    false => Some(Again::after(&error)),
                }
            }
            Err(error) => {
                tracing::warn!(%domain, %error, "no link to the XMPP server; it will be tried again");
                Some(Again::Soon)
            }
        }
    }

    /// Somebody else holds the name of a process that was never logged in: a second gateway. It must not stay and take
    /// turns with the first one.
    fn try_for_name(&mut self, domain: &str) -> Option<Again> {
        self.tries_for_name = self.tries_for_name.saturating_add(1);
        if self.tries_for_name < TRIES_FOR_A_NAME {
            return Some(Again::In(BETWEEN_TRIES));
        }
        tracing::error!(
            %domain,
            "another program is logged in at the XMPP server as {domain}, most likely a second gateway; this one stops and \
             leaves it alone. Stop the other one first, or give this one a domain of its own"
        );
        self.tasks.give_way();
        None
    }

    fn around(&mut self) -> Around<'_> {
        Around {
            reception: &mut self.reception,
            posts: &mut self.posts,
            desk: &mut self.desk,
            unsent: &mut self.unsent,
            stopping: self.stopping.clone(),
        }
    }

    fn judge(&self, domain: &str, end: End) -> Option<Again> {
        match end {
            End::Stopped => None,
            End::Error(error) => {
                let advice = error.advice(domain);
                tracing::error!(%domain, %error, %advice, "the XMPP server closed the stream");
                Some(Again::after(&error))
            }
            End::Broken(why) => {
                tracing::warn!(%domain, %why, "the link to the XMPP server broke");
                Some(Again::Soon)
            }
        }
    }

    /// Sends back what was not written. Refused messages keep waiting: their senders must hear of them.
    fn disconnected(&mut self) {
        self.desk.disconnected();
        let waiting = std::mem::take(&mut self.unsent);
        for letter in waiting {
            match letter.proof {
                Some(proof) => {
                    let _ = proof.send(Fate::Unsent);
                }
                None if letter.stanza.is_refused_message() => self.unsent.push_back(letter),
                None => {}
            }
        }
    }

    /// Waits before the next try; true when the process stops.
    async fn pause(&mut self, wait: Duration) -> bool {
        let pause = sleep(wait);
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = self.stopping.clone() => return true,
                () = &mut pause => return false,
                Some(order) = self.desk.orders.recv() => order.send_back(),
                posted = self.posts.next() => {
                    self.unsent.extend(posted.answers().into_iter().map(Letter::plain));
                }
            }
        }
    }

    /// Waits for what was read to be written down.
    async fn finish(mut self) {
        self.desk.set(State::Closed);
        self.desk.send_back();
        let posts = &mut self.posts;
        let last = async {
            while !posts.are_done() {
                let _ = posts.next().await.answers();
            }
        };
        if timeout(LAST_POSTS, last).await.is_err() {
            tracing::warn!("some messages could not be written down before the stop");
        }
    }
}

fn refused(domain: &str, error: &StreamError) {
    let advice = error.advice(domain);
    match error.is_conflict() {
        true => tracing::error!(
            %domain, %advice,
            "another component holds this name at the XMPP server; it is tried again every {} s or sooner, which is not logged",
            backoff::LONGEST.as_secs()
        ),
        false => tracing::error!(%domain, %error, %advice, "the XMPP server refuses this component"),
    }
}

impl Again {
    fn after(error: &StreamError) -> Self {
        match error.needs_an_admin() {
            true => Self::Late,
            false => Self::Soon,
        }
    }
}

#[cfg(test)]
mod tests;
