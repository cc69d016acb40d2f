//! What waits, whoever sent it.

use super::{Visit, choice, done, fate, must, read};
use crate::control::answer::Orders;
use crate::control::ask::{Answer, Ask, Waiting, Which};
use causeway_core::clock::Timestamp;
use causeway_core::command::{FieldKind, Form, Reply, Report, Table};
use causeway_core::delivery::Stage;
use causeway_core::envelope::EnvelopeId;
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::language::Language;

/// How many are shown where nobody says how many.
const SHOWN: usize = 50;
/// How many are shown at most.
const MOST: usize = 1000;
/// The word for everything.
const ALL: &str = "all";

// ---------------------------------------------------------------------------------------------------------------------

/// The queue as a table.
pub(super) fn queue(visit: &Visit) -> Result<Reply, Fault> {
    let limit = visit.call.value("limit").map_or(Ok(SHOWN), str::parse);
    let limit = limit.map_err(|_| Fault::of(FaultKind::BadContent).saying("limit"))?;
    let (waiting, more, damaged) = visit.waiting(limit.clamp(1, MOST))?;
    if waiting.is_empty() && damaged.is_empty() {
        return Ok(done(visit.say("Nothing waits.", "Nichts wartet.")));
    }
    let now = visit.means.clock.now();
    let rows = waiting.iter().map(|row| {
        vec![
            row.id.to_string(),
            row.from.clone(),
            row.to.clone(),
            fate::span(now.since(Timestamp(row.accepted)), visit.language()),
            row.attempts.to_string(),
            visit.why(row),
        ]
    });
    let spoilt = damaged.iter().map(|(id, why)| {
        let empty = String::new;
        vec![id.to_string(), empty(), empty(), empty(), empty(), why.clone()]
    });
    let column = |name, en: &str, de: &str| (name, visit.say(en, de));
    Ok(Reply::Done(Report {
        text: match more {
            true => visit.say("The first that wait:", "Die ersten, die warten:"),
            false => visit.say("All that waits:", "Alles, was wartet:"),
        },
        table: Some(Table {
            columns: vec![
                column("id", "Id", "Id"),
                column("from", "From", "Von"),
                column("to", "To", "An"),
                column("for", "For", "Seit"),
                column("tries", "Tries", "Versuche"),
                column("why", "Why", "Warum"),
            ],
            rows: rows.chain(spoilt).collect(),
        }),
    }))
}

/// How many to show.
pub(super) fn options(language: Language) -> Form {
    super::mine::options(language)
}

/// Tries one or all now, or stops them.
pub(super) async fn order(visit: &Visit) -> Result<Reply, Fault> {
    let drops = visit.call.name == "drop";
    let Some(message) = visit.call.value("message") else {
        return form(visit, drops);
    };
    if drops && visit.call.value("confirm").is_none() {
        return form(visit, drops);
    }
    if drops && !visit.call.yes("confirm") {
        return Ok(visit.nothing_done());
    }
    let which = match EnvelopeId::parse(message) {
        _ if message == ALL => Which::All,
        Some(id) => Which::One(id),
        None => return Err(Fault::of(FaultKind::BadContent).saying(message)),
    };
    let ask = match drops {
        true => Ask::Drop { which },
        false => Ask::Retry { which },
    };
    let orders: Orders = read(visit.means.records.orders(&ask))?;
    let count = crate::control::answer::carried_out(&visit.means.hall.keeper, orders).await;
    Ok(done(match (count, drops) {
        (0, _) => visit.say("Nothing like that waits.", "Nichts davon wartet."),
        (_, true) => visit.say(
            &format!("{count} stopped; the senders are told."),
            &format!("{count} angehalten; die Absender erfahren es."),
        ),
        (_, false) => visit.say(
            &format!("{count} tried now."),
            &format!("{count} werden jetzt versucht."),
        ),
    }))
}

fn form(visit: &Visit, drops: bool) -> Result<Reply, Fault> {
    let (waiting, more, damaged) = visit.waiting(SHOWN)?;
    if waiting.is_empty() && damaged.is_empty() {
        return Ok(done(visit.say("Nothing waits.", "Nichts wartet.")));
    }
    let label = |row: &Waiting| format!("{} → {}: {}", row.from, row.to, visit.why(row));
    let all = choice(ALL, visit.say("everything that waits", "alles, was wartet"));
    let choices = waiting
        .iter()
        .map(|row| choice(row.id, label(row)))
        .chain(damaged.iter().map(|(id, why)| choice(id, why)))
        .chain([all]);
    let kind = match more {
        // A list that does not hold all must not shut the others out.
        true => FieldKind::Text,
        false => FieldKind::OneOf(choices.collect()),
    };
    let mut message = must("message", &visit.say("Which one?", "Was davon?"), kind);
    message.value = visit.call.value("message").map(str::to_owned);
    let fields = [Some(message), drops.then(|| visit.sure())];
    Ok(visit.ask("", fields.into_iter().flatten().collect()))
}

impl Visit {
    #[allow(clippy::type_complexity, reason = "the parts of one answer")]
    fn waiting(&self, limit: usize) -> Result<(Vec<Waiting>, bool, Vec<(EnvelopeId, String)>), Fault> {
        match read(self.means.records.answer(&Ask::Queue { limit }))? {
            Answer::Queue { waiting, more, damaged } => Ok((waiting, more, damaged)),
            _ => Err(Fault::of(FaultKind::Internal)),
        }
    }

    fn why(&self, row: &Waiting) -> String {
        match (&row.stage, &row.waits_for) {
            (Stage::InFlight { .. }, _) => self.say("is being handed over", "wird gerade übergeben"),
            (_, Some(why)) => why.clone(),
            (Stage::Held { .. }, None) => self.say("put aside", "beiseitegelegt"),
            (_, None) => self.say("waits for its turn", "wartet, bis es an der Reihe ist"),
        }
    }
}
