//! How the gateway does: what it logs, whether everything works, how much there is of what.

use super::{Visit, choice, done, fate, must, read};
use crate::control::socket::findings;
use causeway_core::command::{FieldKind, Reply, Report, Table};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::network::Verdict;
use causeway_store::{Counts, Ledger, StoreError};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The levels, and the word for what the config says.
const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];
const CONFIGURED: &str = "configured";
/// How many of those that wait are counted by network.
const LOOKED_AT: usize = 10_000;

/// What was counted in the ledger.
type Counted = Result<(Counts, BTreeMap<String, usize>), StoreError>;

// ---------------------------------------------------------------------------------------------------------------------

/// Logs more or less, until the next start.
pub(super) fn log_level(visit: &Visit) -> Result<Reply, Fault> {
    let Some(level) = visit.call.value("level") else {
        let levels = LEVELS.iter().map(|level| choice(level, *level));
        let configured = choice(
            CONFIGURED,
            visit.say("as the configuration says", "wie die Konfiguration sagt"),
        );
        let kind = FieldKind::OneOf(levels.chain([configured]).collect());
        return Ok(visit.ask("", vec![must("level", &visit.say("Level", "Stufe"), kind)]));
    };
    let wanted = match level {
        CONFIGURED => None,
        level if LEVELS.contains(&level) => Some(level),
        other => return Err(Fault::of(FaultKind::BadContent).saying(other)),
    };
    (visit.means.log)(wanted).map_err(|why| Fault::of(FaultKind::Internal).saying(&why))?;
    Ok(done(visit.say(
        &format!("Logged from here on: {level}."),
        &format!("Ab jetzt im Protokoll: {level}."),
    )))
}

/// What a check finds.
pub(super) async fn health(visit: &Visit) -> Result<Reply, Fault> {
    let found = findings(visit.home()?, &visit.means.records.wired).await;
    let grade = |verdict| match verdict {
        Verdict::Good => visit.say("good", "gut"),
        Verdict::Warning => visit.say("warning", "Warnung"),
        Verdict::Bad => visit.say("bad", "schlecht"),
    };
    let is_well = found.iter().all(|finding| finding.verdict != Verdict::Bad);
    let rows = found
        .iter()
        .map(|finding| {
            vec![
                grade(finding.verdict),
                finding.what.clone(),
                finding.seen.clone(),
                finding.advice.clone(),
            ]
        })
        .collect();
    let column = |name, en: &str, de: &str| (name, visit.say(en, de));
    Ok(Reply::Done(Report {
        text: match is_well {
            true => visit.say("Everything works.", "Alles funktioniert."),
            false => visit.say("Something does not work.", "Etwas funktioniert nicht."),
        },
        table: Some(Table {
            columns: vec![
                column("verdict", "Verdict", "Urteil"),
                column("what", "What", "Was"),
                column("seen", "Seen", "Befund"),
                column("advice", "What to do", "Was zu tun ist"),
            ],
            rows,
        }),
    }))
}

/// Numbers.
pub(super) async fn statistics(visit: &Visit) -> Result<Reply, Fault> {
    let means = &visit.means;
    let (counts, waiting) = read(counted(visit).await?)?;
    let tally = means.hall.keeper.tally();
    let mut rows = vec![
        vec![
            visit.say("runs for", "läuft seit"),
            fate::span(means.clock.now().since(means.started), visit.language()),
        ],
        vec![visit.say("version", "Version"), env!("CARGO_PKG_VERSION").to_owned()],
    ];
    rows.extend(memory().map(|memory| vec![visit.say("memory", "Speicher"), memory]));
    let number = |en: &str, de: &str, number: u64| vec![visit.say(en, de), number.to_string()];
    let many = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    rows.extend([
        number(
            "accepted since the start",
            "seit dem Start angenommen",
            tally.accepted(),
        ),
        number(
            "handed over since the start",
            "seit dem Start übergeben",
            tally.handed(),
        ),
        number("wait", "warten", many(counts.queued)),
        number(
            "are being handed over",
            "werden gerade übergeben",
            many(counts.in_flight),
        ),
        number("put aside", "liegen beiseite", many(counts.held)),
        number("damaged", "beschädigt", many(counts.damaged)),
        number(
            "taken by the next server",
            "vom nächsten Server angenommen",
            many(counts.handed),
        ),
        number("arrived", "angekommen", many(counts.delivered)),
        number("seen", "gelesen", many(counts.seen)),
        number("failed", "gescheitert", many(counts.failed)),
    ]);
    let registered = visit.home()?.registered();
    for wired in &means.records.wired {
        let id = &wired.network.profile().id;
        let users = registered.iter().filter(|it| it.network == *id).count();
        rows.push(vec![
            format!("{id}: {}", visit.say("registered users", "angemeldete Benutzer")),
            users.to_string(),
        ]);
    }
    rows.extend(waiting.into_iter().map(|(network, count)| {
        let what = visit.say("not over on the way to", "noch unterwegs nach");
        vec![format!("{what} {network}"), count.to_string()]
    }));
    Ok(Reply::Done(Report {
        text: visit.say(
            "What is over is counted as long as it is remembered.",
            "Erledigtes zählt, solange es in Erinnerung ist.",
        ),
        table: Some(Table {
            columns: vec![
                ("what", visit.say("What", "Was")),
                ("number", visit.say("How much", "Wie viel")),
            ],
            rows,
        }),
    }))
}

/// Counts on a thread of its own: it may take a while.
async fn counted(visit: &Visit) -> Result<Counted, Fault> {
    let (ledger, found) = (visit.means.records.ledger.clone(), Arc::new(Mutex::new(None)));
    let leave = found.clone();
    let work = Box::new(move || {
        *leave.lock().unwrap_or_else(PoisonError::into_inner) = Some(count(&ledger));
    });
    visit.means.tasks.work("statistics", work).await;
    let counted = found.lock().unwrap_or_else(PoisonError::into_inner).take();
    counted.ok_or_else(|| Fault::of(FaultKind::Internal))
}

fn count(ledger: &Ledger) -> Counted {
    let mut waiting = BTreeMap::new();
    for (envelope, _) in ledger.waiting(LOOKED_AT)? {
        let to = &envelope.draft.to;
        let network = to.network().map_or_else(|| "home".to_owned(), ToString::to_string);
        *waiting.entry(network).or_default() += 1;
    }
    Ok((ledger.count()?, waiting))
}

/// What the process takes of the machine's memory, as Linux tells.
fn memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(format!("{} MiB", kib / 1024))
}
