//! What the server had written into a link that then broke: looked for in the archives of those who said it (XEP-0313).
//!
//! XEP-0114 has no acknowledgements, so what lay in the socket when the process died is known to nobody but the archive of
//! its sender, where the server lets the gateway read that.

mod query;
mod vigil;

use crate::address::Gateway;
use crate::link::line::{Line, State};
use crate::link::requests::{NoAnswer, Refused};
use crate::read;
use crate::reception::{Deeds, Reception};
use crate::shelf::Shelf;
use crate::stanza::Outward;
use causeway_core::address::Party;
use causeway_core::clock::Timestamp;
use causeway_core::message::MessageRef;
use causeway_core::network::{House, Row};
use futures::{FutureExt, StreamExt, stream};
use jid::BareJid;
use query::Found;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use vigil::{Vigil, Window};

/// How often the sign of life is renewed.
const BEAT: Duration = Duration::from_secs(1);
/// How many users are asked for after a break, those who wrote last before all others.
const MOST_USERS: usize = 500;
/// How many archives are read at once.
const AT_ONCE: usize = 8;
/// How many of the messages found are written down together.
const TOGETHER: usize = 256;
/// How long to wait before archives that did not answer are asked again.
const AGAIN: Duration = Duration::from_secs(60);
/// How much earlier than its stamp a message may have been written down: clocks differ, and archives keep whole seconds.
const CLOCKS: Duration = Duration::from_secs(600);
/// How old the mark of a user's latest message may get before it is renewed.
const MARK: Duration = Duration::from_secs(3600);

/// Keeps the sign of life of one domain's link, and looks for what was lost when it broke.
pub(crate) struct Archivist {
    pub(crate) house: House,
    pub(crate) line: Line,
    pub(crate) search: Search,
}

/// What a search needs.
pub(crate) struct Search {
    pub(crate) gateway: Gateway,
    /// Takes what is found as the link's own takes what comes.
    pub(crate) reception: Reception,
}

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// There is nothing more to be had.
    Over,
    /// Some archive did not answer.
    Unfinished,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Archivist {
    /// Watches until the process stops in order; after that nothing is owed.
    pub(crate) async fn run(mut self) {
        let name = format!("alive-{}", self.search.gateway.as_str());
        let memory = self.house.memory.clone();
        let refusals = self.line.refusals.clone();
        let keep = |vigil: &Vigil| {
            let note = [vigil.written(), refusals.written().into_bytes()].concat();
            memory.keep_note(&name, &note);
        };
        let note = memory.note(&name).unwrap_or_default();
        refusals.read(&note);
        let mut vigil = Vigil::read(&note);
        vigil.lost();
        while self.wait(&mut vigil, &keep).await == State::Up {
            if self.watch(&mut vigil, &keep).await == State::Down {
                vigil.alive(self.house.clock.wall());
                vigil.lost();
            }
        }
        vigil.goodbye();
        keep(&vigil);
    }

    /// Waits for the link. The sign of life is there before it: the first stanza may be the one that is lost.
    async fn wait(&self, vigil: &mut Vigil, keep: &impl Fn(&Vigil)) -> State {
        loop {
            vigil.born(self.house.clock.wall());
            keep(vigil);
            let ready = self.line.until(|state| state != State::Down);
            if let Ok(state) = timeout(BEAT, ready).await {
                return state;
            }
        }
    }

    /// Renews the sign of life and searches, as long as the link is up; gives what it is then. What was looked for is owed
    /// no more, window by window, so that the next death does not undo it.
    async fn watch(&mut self, vigil: &mut Vigil, keep: &impl Fn(&Vigil)) -> State {
        let Self { house, line, search } = self;
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let mut look = search.until_over(house, line, vigil.owed()).boxed();
            loop {
                tokio::select! {
                    _ = beat.tick() => vigil.alive(house.clock.wall()),
                    () = &mut look => break,
                    state = line.until(|state| state != State::Up) => return state,
                }
                keep(vigil);
            }
            vigil.settled();
            keep(vigil);
        }
    }
}

impl Search {
    /// Searches until all archives have answered; for ever where there is nothing to look for.
    async fn until_over(&mut self, house: &House, line: &Line, window: Option<Window>) {
        let Some(window) = window else {
            return std::future::pending().await;
        };
        while self.once(house, line, window).await == Ending::Unfinished {
            sleep(AGAIN).await;
        }
    }

    async fn once(&mut self, house: &House, line: &Line, window: Window) -> Ending {
        let mut ending = Ending::Over;
        let mut count: usize = 0;
        for users in self.by_host(house).into_values() {
            let gateway = self.gateway.clone();
            let read = |user: BareJid| query::archive_of(line, &gateway, user, window);
            // One server grants it for all its users or for none, so the first one tells.
            let mut answers = stream::iter(users).map(read).buffered(AT_ONCE);
            while let Some((user, found)) = answers.next().await {
                match found {
                    Ok(found) => count = count.saturating_add(self.take(house, line, &user, found).await),
                    Err(NoAnswer::Refused(no)) if tells_for_all(&no) => {
                        tracing::info!(
                            host = %user.domain(), %no,
                            "the archives cannot be read: what lay in the link when it broke stays lost; \
                             docs/ATTACHING.md says how to change that"
                        );
                        break;
                    }
                    Err(NoAnswer::Refused(no)) => tracing::debug!(%user, %no, "an archive cannot be read"),
                    Err(no) => {
                        tracing::info!(host = %user.domain(), %no, "an archive was not read; it will be tried again");
                        ending = Ending::Unfinished;
                    }
                }
            }
        }
        if count > 0 {
            tracing::info!("{count} messages that were lost with the link were found in the archives of their senders");
        }
        ending
    }

    /// The users to ask, those who wrote last first, by their servers.
    fn by_host(&self, house: &House) -> BTreeMap<String, Vec<BareJid>> {
        let mut hosts: BTreeMap<String, Vec<BareJid>> = BTreeMap::new();
        for user in Shelf::new(&self.gateway).writers(house.memory.as_ref(), MOST_USERS) {
            if self.reception.admits(&user) {
                hosts.entry(user.domain().to_string()).or_default().push(user);
            }
        }
        hosts
    }

    /// Takes what is not known yet, some at a time, so that they share their commits; how much that was.
    async fn take(&mut self, house: &House, line: &Line, user: &BareJid, found: Vec<Found>) -> usize {
        let (mut count, mut without_id, mut seen) = (0, 0, BTreeSet::new());
        for some in found.chunks(TOGETHER) {
            let (mut posts, mut said) = (Vec::new(), Vec::new());
            for found in some {
                let source = read::source(&found.stanza);
                let is_second = source.as_ref().is_some_and(|id| !seen.insert(id.as_str().to_owned()));
                let went_back = |id| line.refusals.hold(user, id);
                if found.stanza.attr("id").is_some_and(went_back) {
                    continue;
                }
                if is_second || source.is_some_and(|id| is_known(house, user, &id, found.at)) {
                    continue;
                }
                without_id += usize::from(!found.has_id && read::speaks(&found.stanza));
                let Deeds { answers, post, .. } = self.reception.receive_found(&found.stanza, found.at);
                said.extend(answers.into_iter().filter(Outward::is_refused_message));
                // The place in line is taken here, so that they keep their order.
                posts.extend(post.map(|post| (house.inbox.post(post.arrival), post.then, post.or_else)));
            }
            for (post, then, or_else) in posts {
                match (post.await, or_else) {
                    (Ok(_), _) => {
                        count += 1;
                        said.extend(then);
                    }
                    (Err(fault), Some(back)) => said.push(back.refused(&fault.into())),
                    (Err(fault), None) => tracing::warn!(%fault, "something found was not written down"),
                }
            }
            if !said.is_empty() {
                // Whether it arrived is of no more interest than with any other answer.
                let _ = line.hand_over(said).await;
            }
        }
        if without_id > 0 {
            tracing::info!(
                host = %user.domain(),
                "{without_id} messages found have no id: whether they came over the link cannot be known, so some may come twice"
            );
        }
        count
    }
}

/// The mark that `user` has written at this time, where the last one is old: it is how a search finds him.
pub(crate) fn mark(shelf: &Shelf, house: &House, user: &BareJid) -> Option<Row> {
    let now = house.clock.wall();
    let is_fresh = |at: Timestamp| now.since(at) < MARK;
    let known = shelf.wrote_at(house.memory.as_ref(), user);
    (!known.is_some_and(is_fresh)).then(|| shelf.wrote(user, now))
}

fn is_known(house: &House, user: &BareJid, id: &MessageRef, at: Timestamp) -> bool {
    let taken = house.memory.taken(id, &Party::Home(user.clone()));
    taken.iter().any(|taken| *taken >= at.minus(CLOCKS))
}

/// Whether a server would say the same of every archive.
fn tells_for_all(no: &Refused) -> bool {
    [
        "feature-not-implemented",
        "forbidden",
        "not-allowed",
        "not-authorized",
        "remote-server-not-found",
        "service-unavailable",
    ]
    .contains(&no.condition.as_str())
}

#[cfg(test)]
mod tests;
