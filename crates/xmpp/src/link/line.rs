//! The couriers' end of a link: a bounded queue, and word of what became of each stanza.

use super::refusals::Refusals;
use super::requests::Requests;
use crate::privilege::{self, Privileges};
use crate::stanza::Outward;
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::network::Finding;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

/// How many stanzas may wait for the link.
const QUEUE: usize = 256;
/// How long a stanza waits for a link that is down.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// How long it waits for its place in the queue and for its proof.
const PROOF_PATIENCE: Duration = Duration::from_secs(120);

/// Where the fate of one stanza is told; dropped when the connection ended before anybody knew.
pub(crate) type Proof = oneshot::Sender<Fate>;

/// What became of a stanza.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The server has it.
    Taken,
    /// It was never written.
    Unsent,
}

/// Why a stanza is not known to be at the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Slip {
    /// It is not.
    Unsent(Fault),
    /// It may be.
    InDoubt(Fault),
}

/// Whether stanzas can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Down,
    Up,
    /// The process stops.
    Closed,
}

/// What to send in one go, and whom to tell.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) stanzas: Vec<Outward>,
    pub(crate) proof: Proof,
}

/// The couriers' end.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) orders: mpsc::Sender<Order>,
    /// Questions that wait for their answers.
    pub(crate) requests: Requests,
    /// What may be done for users.
    pub(crate) privileges: Privileges,
    /// What went back to its senders.
    pub(crate) refusals: Refusals,
    state: watch::Receiver<State>,
}

/// The link's end.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) orders: mpsc::Receiver<Order>,
    pub(crate) requests: Requests,
    pub(crate) privileges: Privileges,
    pub(crate) refusals: Refusals,
    /// What the log was told of the privileges.
    told: Option<Finding>,
    state: watch::Sender<State>,
}

// ---------------------------------------------------------------------------------------------------------------------

/// A new line, down.
pub(crate) fn line() -> (Line, Desk) {
    let (order, orders) = mpsc::channel(QUEUE);
    let (tell, state) = watch::channel(State::Down);
    let (requests, privileges) = (Requests::default(), Privileges::default());
    let refusals = Refusals::default();
    let line = Line {
        orders: order,
        requests: requests.clone(),
        privileges: privileges.clone(),
        refusals: refusals.clone(),
        state,
    };
    let desk = Desk {
        orders,
        requests,
        privileges,
        refusals,
        told: None,
        state: tell,
    };
    (line, desk)
}

impl Line {
    /// Sends stanzas and waits until the server is known to have them.
    pub(crate) async fn hand_over(&self, stanzas: Vec<Outward>) -> Result<(), Slip> {
        self.connected().await?;
        let (proof, fate) = oneshot::channel();
        let stopped = Slip::Unsent(Fault::of(FaultKind::Unreachable));
        match timeout(PROOF_PATIENCE, self.orders.send(Order { stanzas, proof })).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(stopped),
            Err(_) => return Err(Slip::Unsent(Fault::of(FaultKind::Timeout))),
        }
        match timeout(PROOF_PATIENCE, fate).await {
            Ok(Ok(Fate::Taken)) => Ok(()),
            Ok(Ok(Fate::Unsent)) => Err(stopped),
            Ok(Err(_)) => Err(Slip::InDoubt(
                Fault::of(FaultKind::Unreachable).saying("the link broke before the server said that it had it"),
            )),
            Err(_) => Err(Slip::InDoubt(Fault::of(FaultKind::Timeout))),
        }
    }

    /// Whether stanzas can be sent at this moment.
    pub(crate) fn is_up(&self) -> bool {
        *self.state.borrow() == State::Up
    }

    /// Waits until the link is in such a state.
    pub(crate) async fn until(&self, wanted: impl Fn(State) -> bool) -> State {
        let mut state = self.state.clone();
        state
            .wait_for(|state| wanted(*state))
            .await
            .map_or(State::Closed, |state| *state)
    }

    async fn connected(&self) -> Result<(), Slip> {
        let mut state = self.state.clone();
        let settled = state.wait_for(|state| *state != State::Down);
        match timeout(CONNECT_PATIENCE, settled)
            .await
            .map(|state| state.map(|state| *state))
        {
            Ok(Ok(State::Up)) => Ok(()),
            _ => Err(Slip::Unsent(
                Fault::of(FaultKind::Unreachable).saying("the XMPP server is not connected"),
            )),
        }
    }
}

impl Desk {
    /// The stream with this id is open.
    pub(crate) fn connected(&self, stream: &str) {
        self.requests.connected(stream);
        self.set(State::Up);
    }

    /// Tells the log what the gateway may do for users, and what the rest costs, unless it knows.
    pub(crate) fn tell_privileges(&mut self, domain: &str) {
        let finding = privilege::finding(domain, &self.privileges.hosts());
        if self.told.as_ref() != Some(&finding) {
            tracing::info!("{}: {}", finding.what, finding.seen);
            self.told = Some(finding);
        }
    }

    /// There is no stream any more: nothing is answered, and nothing is granted.
    pub(crate) fn disconnected(&mut self) {
        self.set(State::Down);
        self.requests.disconnected();
        self.privileges.forget();
        self.send_back();
    }

    pub(crate) fn set(&self, state: State) {
        self.state.send_replace(state);
    }

    /// Sends everything in the queue back.
    pub(crate) fn send_back(&mut self) {
        while let Ok(order) = self.orders.try_recv() {
            order.send_back();
        }
    }
}

impl Order {
    /// Tells that it was never written.
    pub(crate) fn send_back(self) {
        let _ = self.proof.send(Fate::Unsent);
    }
}
