//! Everything that is kept about a user: shown to him, or forgotten.

use super::{Visit, choice, done, must, read};
use crate::engine::dispatch::HOME;
use causeway_core::address::Party;
use causeway_core::command::{FieldKind, Reply};
use causeway_core::delivery::{Delivery, Event, Stage};
use causeway_core::envelope::{Envelope, EnvelopeId};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::network::{Arrival, Row};
use causeway_store::Change;
use data_encoding::BASE64;
use serde_json::{Value, json};
use std::time::Duration;

/// How many messages are looked at.
const MOST: usize = 100_000;
/// The size of a part in bytes, so that every server lets it pass.
const PART: usize = 30_000;
/// How many rows are read at once.
const PAGE: usize = 500;
/// How many messages are forgotten in one go.
const ERASED: usize = 200;
/// How often it is looked whether what is under way has come to its end.
const LOOKS: u32 = 40;
/// The time between two looks.
const LOOK: Duration = Duration::from_millis(250);

/// The messages of a user that are not over.
struct Open {
    /// His own that can be stopped.
    stoppable: Vec<Envelope>,
    /// How many others there are.
    others: usize,
}

// ---------------------------------------------------------------------------------------------------------------------

/// Everything as lines of JSON, part by part.
pub(super) fn export(visit: &Visit) -> Result<Reply, Fault> {
    let parts = parts(&visit.kept()?);
    let count = parts.len();
    let part = match visit.call.value("part").map(str::parse::<usize>) {
        Some(part) => part.map_err(|_| Fault::of(FaultKind::BadContent).saying("part"))?,
        None if count > 1 => {
            let choices = (1..=count)
                .map(|part| choice(part, format!("{part} / {count}")))
                .collect();
            let label = visit.say("Which part?", "Welcher Teil?");
            return Ok(visit.ask("", vec![must("part", &label, FieldKind::OneOf(choices))]));
        }
        None => 1,
    };
    let text = part.checked_sub(1).and_then(|at| parts.into_iter().nth(at));
    text.map(done)
        .ok_or_else(|| Fault::of(FaultKind::BadContent).saying("part"))
}

/// Forgets everything, after asking.
pub(super) async fn forget(visit: &Visit) -> Result<Reply, Fault> {
    let (user, _) = visit.user()?;
    let home = visit.home()?;
    let open = visit.open()?;
    if visit.call.value("confirm").is_none() {
        let count = visit.history()?.len();
        return Ok(visit.ask(visit.warning(count, &open), vec![visit.sure()]));
    }
    if !visit.call.yes("confirm") {
        return Ok(visit.nothing_done());
    }
    tracing::info!(%user, "a user is forgotten on his wish");
    home.leave(user).await?;
    let mut stopped = 0;
    for envelope in &open.stoppable {
        stopped += usize::from(visit.step(envelope, Event::Cancelled).await?);
    }
    for _ in 0..LOOKS {
        if visit.open()?.is_empty() {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    let erased = visit.erase().await?;
    visit.clear_shelves().await?;
    let left = visit.history()?.len();
    Ok(done(visit.farewell(stopped, erased, left)))
}

impl Visit {
    /// Everything that is kept about the user, each thing a line of JSON.
    fn kept(&self) -> Result<Vec<String>, Fault> {
        let (user, _) = self.user()?;
        let now = super::fate::moment(self.means.clock.now());
        let mut lines = vec![json!({ "about": user.as_str(), "at": now }).to_string()];
        for (shelf, keys) in self.places()? {
            for (key, value) in self.rows(&shelf, &keys)? {
                lines.push(json!({ "kept-by": shelf, "key": key, "value": shown(&value) }).to_string());
            }
        }
        let party = Party::Home(user.clone());
        let ledger = &self.means.records.ledger;
        if let Some(usage) = read(ledger.row("limits", &party.key()))? {
            lines.push(json!({ "kept-by": "limits", "value": shown(&usage) }).to_string());
        }
        if let Some(ruling) = self.means.hall.gate.rulebook().with(|rules| rules.of(user.as_str())) {
            lines.push(json!({ "kept-by": "rules", "value": ruling }).to_string());
        }
        for id in self.history()? {
            let (envelope, delivery) = (read(ledger.envelope(id))?, read(ledger.delivery(id))?);
            let hops = read(ledger.hops(id))?;
            lines.push(json!({ "message": envelope, "delivery": delivery, "way": hops }).to_string());
        }
        Ok(lines)
    }

    /// Where rows about the user stand: shelves, with keys and beginnings of keys.
    fn places(&self) -> Result<Vec<(String, Vec<String>)>, Fault> {
        let (user, _) = self.user()?;
        let networks = self.means.records.wired.iter().map(|wired| {
            let network = wired.network.as_ref();
            (network.profile().id.to_string(), network.about(user))
        });
        let home = (HOME.to_owned(), self.home()?.about(user));
        Ok(std::iter::once(home).chain(networks).collect())
    }

    fn rows(&self, shelf: &str, keys: &[String]) -> Result<Vec<(String, Vec<u8>)>, Fault> {
        let ledger = &self.means.records.ledger;
        let mut found = Vec::new();
        for key in keys {
            if !key.ends_with('/') {
                found.extend(read(ledger.row(shelf, key))?.map(|row| (key.clone(), row)));
                continue;
            }
            let mut after: Option<String> = None;
            loop {
                let page = read(ledger.rows(shelf, key, after.as_deref(), PAGE))?;
                after = page.last().map(|(key, _)| key.clone());
                found.extend(page);
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(found)
    }

    fn history(&self) -> Result<Vec<EnvelopeId>, Fault> {
        let party = Party::Home(self.user()?.0.clone());
        read(self.means.records.ledger.history(&party, None, MOST))
    }

    fn open(&self) -> Result<Open, Fault> {
        let (user, _) = self.user()?;
        let ledger = &self.means.records.ledger;
        let mut open = Open {
            stoppable: Vec::new(),
            others: 0,
        };
        for id in self.history()? {
            let Some(delivery) = read(ledger.delivery(id))?.filter(is_open) else {
                continue;
            };
            let is_his = |envelope: &Envelope| envelope.draft.from.home() == Some(user);
            let can_stop = !matches!(delivery.stage, Stage::InFlight { .. });
            match read(ledger.envelope(id))?.filter(|envelope| can_stop && is_his(envelope)) {
                Some(envelope) => open.stoppable.push(envelope),
                None => open.others += 1,
            }
        }
        Ok(open)
    }

    /// Forgets the messages that are over; gives how many.
    async fn erase(&self) -> Result<usize, Fault> {
        let ids = self.history()?;
        let mut count = 0;
        for some in ids.chunks(ERASED) {
            count += read(self.means.records.ledger.erase(some, self.means.clock.now()))?;
            tokio::task::yield_now().await;
        }
        Ok(count)
    }

    async fn clear_shelves(&self) -> Result<(), Fault> {
        for (shelf, keys) in self.places()? {
            let rows = self.rows(&shelf, &keys)?;
            let gone = rows.into_iter().map(|(key, _)| Row::gone(key)).collect();
            let change = Change::Arrive {
                shelf,
                arrival: Arrival::rows(gone),
                ids: Vec::new(),
            };
            self.means.hall.keeper.insist(change).await?;
        }
        Ok(())
    }

    fn warning(&self, messages: usize, open: &Open) -> String {
        let (stopped, others) = (open.stoppable.len(), open.others);
        self.say(
            &format!(
                "What goes: your registration and your settings, what the gateway knows of your contacts, the names that it \
                 remembers for you, and {messages} messages with their ways.\n\
                 {stopped} messages of yours that still wait are stopped first. {others} more are under way; what arrives \
                 within ten seconds goes too.\n\
                 What stays: what your own server and the servers of others keep, the log, a count of how much you sent (for \
                 at most two days), and orders of the admins about you.\n\
                 You can use the gateway again at any time; it then begins to remember anew."
            ),
            &format!(
                "Was verschwindet: deine Anmeldung und deine Einstellungen, was das Gateway über deine Kontakte weiß, die \
                 Namen, die es sich für dich gemerkt hat, und {messages} Nachrichten mit ihren Wegen.\n\
                 {stopped} deiner Nachrichten, die noch warten, werden vorher angehalten. {others} weitere sind unterwegs; \
                 was binnen zehn Sekunden ankommt, verschwindet auch.\n\
                 Was bleibt: was dein eigener Server und die Server anderer aufbewahren, das Protokoll, eine Zählung, wie \
                 viel du geschickt hast (höchstens zwei Tage), und Anordnungen der Administratoren über dich.\n\
                 Du kannst das Gateway jederzeit wieder benutzen; es beginnt dann von Neuem, sich etwas zu merken."
            ),
        )
    }

    fn farewell(&self, stopped: usize, erased: usize, left: usize) -> String {
        let gone = self.say(
            &format!("You are forgotten. {stopped} messages were stopped, {erased} were removed."),
            &format!("Du bist vergessen. {stopped} Nachrichten wurden angehalten, {erased} entfernt."),
        );
        if left == 0 {
            return gone;
        }
        let rest = self.say(
            &format!(
                "{left} are still under way: they arrive or fail as they would have, and are forgotten when they are old. \
                 `forget-me` later removes them sooner."
            ),
            &format!(
                "{left} sind noch unterwegs: Sie kommen an oder scheitern, wie sie es ohnehin täten, und werden vergessen, \
                 wenn sie alt sind. `forget-me` entfernt sie später schon eher."
            ),
        );
        format!("{gone}\n{rest}")
    }
}

impl Open {
    fn is_empty(&self) -> bool {
        self.stoppable.is_empty() && self.others == 0
    }
}

fn is_open(delivery: &Delivery) -> bool {
    delivery.is_open() || matches!(delivery.stage, Stage::Held { .. })
}

/// A row as people can read it: as it is where it is JSON or text, else in base64.
fn shown(value: &[u8]) -> Value {
    let text = || {
        std::str::from_utf8(value)
            .ok()
            .map(|text| Value::String(text.to_owned()))
    };
    let json = serde_json::from_slice(value).ok();
    json.or_else(text)
        .unwrap_or_else(|| json!({ "base64": BASE64.encode(value) }))
}

/// Lines in parts that are not too long; a line is never parted.
fn parts(lines: &[String]) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for line in lines {
        match parts.last_mut() {
            Some(part) if part.len().saturating_add(line.len()) < PART => {
                part.push('\n');
                part.push_str(line);
            }
            _ => parts.push(line.clone()),
        }
    }
    parts
}
