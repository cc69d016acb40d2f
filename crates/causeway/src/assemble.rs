//! The program as one list: what is built from the configuration, in which order.

use crate::chores::Chores;
use crate::clock::SteadyClock;
use crate::config::Config;
use crate::control::answer::Records;
use crate::control::socket::Counter;
use crate::engine::desk::Hall;
use crate::engine::dispatch::{Couriers, Dispatch, HOME, Networks};
use crate::engine::gate::Gate;
use crate::engine::keeper::{Writer, keeper};
use crate::networks::{self, Key, Wired};
use crate::office::{Log, Means, Office};
use crate::supervise::{Supervisor, tasks};
use anyhow::Context;
use causeway_core::address::Party;
use causeway_core::clock::{Clock, Timestamp};
use causeway_core::envelope::EnvelopeId;
use causeway_core::network::House;
use causeway_core::text::Line;
use causeway_store::{Ledger, SledBackend};
use causeway_xmpp::Home;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use tokio::sync::Notify;

/// The gateway's name in its timelines.
pub fn name() -> anyhow::Result<Line> {
    Line::clean("causeway").context("a name")
}

/// The ledger with all that it needs, opened and recovered, and the backend below it.
pub fn ledger(config: &Config, networks: &Networks, now: Timestamp) -> anyhow::Result<(Arc<Ledger>, Arc<SledBackend>)> {
    let backend = Arc::new(SledBackend::open(&config.data_dir, config.cache)?);
    let networks = networks.clone();
    let route = move |party: &Party| Couriers::destination(&networks, party);
    let ledger = Ledger::open(
        Box::new(backend.clone()),
        config.terms.clone(),
        Box::new(route),
        name()?,
        now,
    )?;
    Ok((Arc::new(ledger), backend))
}

/// Everything that runs until the supervisor says stop. `log` changes what is logged meanwhile.
pub async fn run(config: Config, supervisor: Supervisor, log: Log) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SteadyClock::from_system());
    let started = clock.now();
    let key = Key::open(&config.data_dir)?;
    let files = networks::files(&config)?;
    let wired = networks::wired(&config, &key, &files)?;
    let networks = by_name(wired.clone());
    let (ledger, backend) = ledger(&config, &networks, started)?;
    let news = Arc::new(Notify::new());
    let (keeper, writer) = keeper(ledger.clone(), clock.clone(), news.clone());
    let full = Arc::new(AtomicBool::new(false));
    let gate = Arc::new(Gate::new(
        config.policy.clone(),
        config.limits.clone(),
        ledger.clone(),
        clock.clone(),
    ));
    let hall = Hall {
        keeper: keeper.clone(),
        ledger: ledger.clone(),
        gate: gate.clone(),
        ids: Arc::new(fresh_id),
        notes: Some(config.data_dir.as_path().into()),
        full,
    };
    let house = |shelf: &str| {
        let desk = hall.desk(shelf);
        House {
            inbox: desk.clone(),
            memory: desk,
            clock: clock.clone(),
            tasks: tasks(&supervisor),
            files: files.clone(),
        }
    };

    write(writer, &supervisor)?;
    wired
        .iter()
        .for_each(|wired| wired.memory.found(hall.desk(wired.network.profile().id.as_str())));
    let records = || Records {
        ledger: ledger.clone(),
        wired: wired.clone(),
    };
    let office = Office::new(Means {
        records: records(),
        hall: hall.clone(),
        admins: config.admins.clone(),
        clock: clock.clone(),
        started,
        log,
        tasks: tasks(&supervisor),
        home: OnceLock::new(),
    });
    let home = Home::new(
        config.xmpp.clone(),
        networks::domains(&wired)?,
        Arc::new(office.clone()),
        env!("CARGO_PKG_VERSION").to_owned(),
        started,
    );
    office.found(home.clone());
    let couriers = Couriers {
        home: home.clone(),
        networks: networks.clone(),
    };
    let dispatch = Dispatch {
        ledger: ledger.clone(),
        keeper: keeper.clone(),
        couriers,
        clock: clock.clone(),
        news,
        name: name()?,
    };
    let counter = Arc::new(Counter {
        records: records(),
        office: Arc::new(office),
        keeper,
        clock: clock.clone(),
        started,
        home: home.clone(),
        tasks: tasks(&supervisor),
    });
    let listener = Counter::open(&config.data_dir).context("the control socket")?;

    let home_house = house(HOME);
    supervisor.keep("xmpp", move || home.clone().run(home_house.clone()));
    for (id, network) in networks {
        let house = house(id.as_str());
        supervisor.keep("network", move || network.clone().watch(house.clone()));
    }
    let stop = supervisor.stopped();
    supervisor.keep_once("control", async move {
        tokio::select! { () = counter.serve(listener) => {}, () = stop => {} }
    });
    supervisor.keep_once(
        "chores",
        Chores {
            backend,
            ledger,
            gate,
            keeper: hall.keeper.clone(),
            clock,
            full: hall.full.clone(),
            data_dir: config.data_dir.clone(),
            backup_every: config.backup_every,
            keep_backups: config.keep_backups,
        }
        .run(supervisor.clone()),
    );
    tracing::info!("the gateway runs");
    dispatch.run(supervisor.clone()).await;
    Ok(())
}

/// The networks of the table by their names.
pub fn by_name(wired: Vec<Wired>) -> Networks {
    wired
        .into_iter()
        .map(|wired| (wired.network.profile().id.clone(), wired.network))
        .collect()
}

/// Starts the writer; when the store fails, the gateway stops at once, because nothing more can be promised.
fn write(writer: Writer, supervisor: &Supervisor) -> anyhow::Result<()> {
    let stop = supervisor.clone();
    supervisor.thread("ledger", move || {
        match catch_unwind(AssertUnwindSafe(|| writer.run_on_thread())) {
            Ok(Ok(())) => return,
            Ok(Err(e)) => tracing::error!("the store failed and the gateway stops; nothing acknowledged is lost: {e}"),
            Err(_) => {
                tracing::error!("the writer of the ledger failed and the gateway stops; nothing acknowledged is lost")
            }
        }
        stop.fail();
    })?;
    Ok(())
}

fn fresh_id() -> EnvelopeId {
    let mut bits = [0; 16];
    if let Err(e) = getrandom::fill(&mut bits) {
        // Without randomness ids could meet, and a message would replace another.
        tracing::error!("the system gives no random bits: {e}");
        std::process::abort();
    }
    EnvelopeId::from_random(bits)
}
