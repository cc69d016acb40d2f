//! Hands parcels out: looks what is due, leases it, lets a courier carry it, writes down what came of it.

use crate::engine::keeper::Keeper;
use crate::engine::room::Room;
use crate::supervise::{Flights, Supervisor};
use causeway_core::address::{NetworkId, Party};
use causeway_core::clock::Clock;
use causeway_core::delivery::Event;
use causeway_core::envelope::EnvelopeId;
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::network::{Courier, Network, Outcome, Parcel};
use causeway_core::text::Line;
use causeway_store::{Change, Done, Ledger, Ready};
use futures::FutureExt;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// The most deliveries under way at once.
const FLIGHTS: usize = 1024;
/// The most leases in one go.
const LEASES: usize = 128;
/// How many deliveries to home may be under way at once.
const HOME_FLIGHTS: usize = 256;
/// The destination of everything that goes home.
pub const HOME: &str = "home";
/// The longest sleep; a safeguard, not a poll: every commit wakes the dispatcher.
const NAP: Duration = Duration::from_secs(60);
/// The sleep while home is closed, so that what waits goes out soon after it opens.
const KNOCK: Duration = Duration::from_millis(200);
/// How long deliveries under way may take to end when the process is asked to stop; then they are in doubt.
pub const DRAIN: Duration = Duration::from_secs(10);
/// How long writing that down may take.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Networks by their names.
pub type Networks = BTreeMap<NetworkId, Arc<dyn Network>>;

/// Who carries what.
#[derive(Clone)]
pub struct Couriers {
    /// Carries to XMPP.
    pub home: Arc<dyn Courier>,
    /// Carry to the networks.
    pub networks: Networks,
}

/// The dispatcher.
pub struct Dispatch {
    /// Reads what is due.
    pub ledger: Arc<Ledger>,
    /// Writes what happens.
    pub keeper: Keeper,
    /// Carry.
    pub couriers: Couriers,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Comes when something may be due.
    pub news: Arc<Notify>,
    /// The gateway's name in the timelines.
    pub name: Line,
}

/// What one flight leaves behind.
struct Landed {
    destination: String,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Couriers {
    /// The destination that a party's deliveries share: what a slow server there would hold up.
    pub fn destination(networks: &Networks, party: &Party) -> String {
        match party.contact() {
            None => HOME.to_owned(),
            Some(contact) => match networks.get(&contact.network) {
                Some(network) => format!("{}/{}", contact.network, network.destination(&contact.id)),
                None => contact.network.to_string(),
            },
        }
    }

    fn courier(&self, party: &Party) -> Option<(Arc<dyn Courier>, String)> {
        match party.network() {
            None => Some((self.home.clone(), HOME.to_owned())),
            Some(id) => self
                .networks
                .get(id)
                .map(|network| (network.clone() as Arc<dyn Courier>, id.to_string())),
        }
    }

    /// How many deliveries may be under way to a destination at once. None while home is closed, and none to a network
    /// that is not configured: they wait until it is.
    pub(crate) fn bound(&self, destination: &str) -> usize {
        if destination == HOME {
            return if self.home.is_open() { HOME_FLIGHTS } else { 0 };
        }
        let network = destination
            .split('/')
            .next()
            .and_then(NetworkId::new)
            .and_then(|id| self.networks.get(&id));
        network
            .filter(|network| network.is_open())
            .map_or(0, |network| network.profile().per_destination)
    }
}

impl Dispatch {
    /// Runs until the supervisor says stop, then lets what is under way end.
    pub async fn run(self, supervisor: Supervisor) {
        let stopped = supervisor.stopped();
        tokio::pin!(stopped);
        let (mut flights, mut room) = (Flights::default(), Room::default());
        loop {
            if let Err(e) = self.send_out(&mut flights, &mut room, &supervisor).await {
                tracing::error!("the dispatcher cannot read the ledger: {e}");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            let nap = self.nap(flights.len(), &room);
            tokio::select! {
                () = &mut stopped => break,
                () = self.news.notified() => {}
                landed = flights.next() => landed.iter().for_each(|landed| room.give_back(&landed.destination)),
                () = tokio::time::sleep(nap) => {}
            }
        }
        self.drain(flights).await;
    }

    /// Leases and sends out all that is due and has room.
    async fn send_out(
        &self,
        flights: &mut Flights<Landed>,
        room: &mut Room,
        supervisor: &Supervisor,
    ) -> Result<(), causeway_store::StoreError> {
        while !supervisor.is_stopping() {
            let free = FLIGHTS.saturating_sub(flights.len()).min(LEASES);
            let now = self.clock.now();
            let ready = match free {
                0 => return Ok(()),
                _ => self.ledger.ready(
                    now,
                    &|to| room.is_full(to, &self.couriers),
                    &|to| room.left(to, &self.couriers),
                    free,
                )?,
            };
            if ready.is_empty() {
                return Ok(());
            }
            let leases = ready.into_iter().map(|ready| self.lease(ready));
            let leased: Vec<_> = futures::future::join_all(leases).await.into_iter().flatten().collect();
            // What could not be leased now is looked at again after the next commit.
            if leased.is_empty() {
                return Ok(());
            }
            for (ready, parcel) in leased {
                room.take(&ready.destination);
                flights.start(self.flight(ready, parcel, supervisor.clone()));
            }
        }
        Ok(())
    }

    /// Commits the intent to deliver; `None` when nobody can carry it. What is over by the clock is tried once more: the
    /// time may have passed while the gateway, the way home or the machine was down, or only the clock was moved.
    async fn lease(&self, ready: Ready) -> Option<(Ready, Parcel)> {
        let Some((courier, _)) = self.couriers.courier(&ready.to) else {
            self.close(ready.envelope, Event::Expired).await;
            return None;
        };
        let change = Change::Lease {
            id: ready.envelope,
            side: courier.capabilities().clone(),
            who: self.name.clone(),
        };
        match self.keeper.insist(change).await {
            Ok(Done::Leased(parcel)) => Some((ready, parcel)),
            Ok(_) => None,
            Err(_) => {
                // The writer is gone or the row is damaged: do not come back at once.
                tokio::time::sleep(Duration::from_millis(100)).await;
                None
            }
        }
    }

    async fn close(&self, id: EnvelopeId, event: Event) {
        if self.keeper.insist(Change::Step { id, event }).await.is_err() {
            tracing::error!(%id, "the end of a delivery could not be written");
        }
    }

    /// One delivery from lease to outcome, and those behind it in its lane as long as it is their turn.
    fn flight(
        &self,
        ready: Ready,
        parcel: Parcel,
        supervisor: Supervisor,
    ) -> impl Future<Output = Landed> + Send + 'static {
        let courier = self.couriers.courier(&ready.to);
        let (keeper, who) = (self.keeper.clone(), self.name.clone());
        async move {
            let mut next = courier.map(|carrier| (carrier, parcel));
            while let Some(((courier, shelf), parcel)) = next {
                let id = parcel.id();
                let outcome = carried(courier.as_ref(), &parcel, &supervisor).await;
                log(id, &outcome);
                let goes_on = courier.is_open() && !supervisor.is_stopping();
                let change = settlement(id, shelf.clone(), outcome, supervisor.is_stopping());
                let follow = goes_on.then(|| Change::Follow {
                    id,
                    side: courier.capabilities().clone(),
                    who: who.clone(),
                });
                let (settled, followed) = match follow {
                    Some(follow) => keeper.insist_on_both(change, follow).await,
                    None => (keeper.insist(change).await, Ok(Done::NotLeased)),
                };
                if settled.is_err() {
                    tracing::error!(%id, "an outcome could not be written; the delivery is in doubt");
                }
                next = match followed {
                    Ok(Done::Leased(parcel)) => Some(((courier, shelf), parcel)),
                    _ => None,
                };
            }
            Landed {
                destination: ready.destination,
            }
        }
    }

    fn nap(&self, flights: usize, room: &Room) -> Duration {
        // A landing wakes the dispatcher.
        if flights >= FLIGHTS {
            return NAP;
        }
        let longest = if self.couriers.home.is_open() { NAP } else { KNOCK };
        let due = self
            .ledger
            .next_due(&|to| room.is_full(to, &self.couriers))
            .ok()
            .flatten();
        due.map_or(longest, |due| {
            due.since(self.clock.now()).clamp(Duration::from_millis(1), longest)
        })
    }

    async fn drain(&self, mut flights: Flights<Landed>) {
        let all = async {
            while !flights.is_empty() {
                flights.next().await;
            }
        };
        if tokio::time::timeout(DRAIN + LAST_WORDS, all).await.is_err() {
            tracing::warn!("some deliveries did not end in time; they are in doubt and go out again at the next start");
        }
    }
}

/// One try. A courier that panics leaves its parcel in doubt, and so does one that does not end when the house closes.
async fn carried(courier: &dyn Courier, parcel: &Parcel, supervisor: &Supervisor) -> Outcome {
    let carried = AssertUnwindSafe(async { courier.deliver(parcel).await }).catch_unwind();
    tokio::select! {
        carried = carried => carried.unwrap_or_else(|_| {
            tracing::error!(id = %parcel.id(), "a courier failed; the delivery is in doubt");
            Outcome::InDoubt(Fault::of(FaultKind::Internal), None)
        }),
        () = supervisor.stopped().then(|()| tokio::time::sleep(DRAIN)) => {
            Outcome::InDoubt(Fault::of(FaultKind::Timeout).saying("the gateway was stopped"), None)
        }
    }
}

/// What to write down of an outcome. What could not leave because the house was closing is not a try.
fn settlement(id: EnvelopeId, shelf: String, outcome: Outcome, stopping: bool) -> Change {
    match outcome {
        Outcome::Failed(fault, _) if stopping && fault.kind == FaultKind::Unreachable => {
            let event = Event::Returned;
            Change::Step { id, event }
        }
        outcome => Change::Settle { id, shelf, outcome },
    }
}

fn log(id: EnvelopeId, outcome: &Outcome) {
    match outcome {
        Outcome::Handed(_) => tracing::info!(%id, "handed over"),
        Outcome::Failed(fault, _) if fault.retry => tracing::info!(%id, "waits: {fault}"),
        Outcome::Failed(fault, _) => tracing::info!(%id, "failed: {fault}"),
        Outcome::InDoubt(fault, _) => tracing::warn!(%id, "in doubt: {fault}"),
    }
}
