//! What became of a user's own messages.

use super::{Visit, choice, done, fate, may, must, read};
use causeway_core::address::Party;
use causeway_core::command::{FieldKind, Form, Reply, Report, Table};
use causeway_core::delivery::Delivery;
use causeway_core::envelope::{Envelope, EnvelopeId};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::language::Language;
use std::fmt::Write;

/// How many are shown where nobody says how many.
const SHOWN: usize = 10;
/// How many are shown at most.
const MOST: usize = 200;
/// How many of the latest, with news and other people's words among them, are looked through.
const LOOKED_AT: usize = 4000;

// ---------------------------------------------------------------------------------------------------------------------

/// The last messages, each with its fate.
pub(super) fn messages(visit: &Visit) -> Result<Reply, Fault> {
    let limit = visit.call.value("limit").map_or(Ok(SHOWN), str::parse);
    let limit = limit.map_err(|_| Fault::of(FaultKind::BadContent).saying("limit"))?;
    let sent = visit.sent(limit.clamp(1, MOST), |_| true)?;
    if sent.is_empty() {
        return Ok(done(visit.say(
            "Nothing that you sent is remembered.",
            "Von dir ist keine gesendete Nachricht in Erinnerung.",
        )));
    }
    let rows = sent.iter().map(|(envelope, delivery)| {
        vec![
            fate::moment(envelope.accepted),
            visit.written(&envelope.draft.to),
            envelope.draft.payload.first_words(60),
            fate::fate(delivery, visit.language()),
        ]
    });
    let column = |name, en: &str, de: &str| (name, visit.say(en, de));
    Ok(Reply::Done(Report {
        text: visit.say("Your last messages:", "Deine letzten Nachrichten:"),
        table: Some(Table {
            columns: vec![
                column("at", "When", "Wann"),
                column("to", "To", "An"),
                column("words", "Words", "Worte"),
                column("fate", "What became of it", "Was daraus wurde"),
            ],
            rows: rows.collect(),
        }),
    }))
}

/// How many to show.
pub(super) fn options(language: Language) -> Form {
    Form {
        title: String::new(),
        instructions: String::new(),
        fields: vec![may("limit", language.pick("How many", "Wie viele"), FieldKind::Text)],
    }
}

/// The way of one.
pub(super) fn trace(visit: &Visit) -> Result<Reply, Fault> {
    let Some(message) = visit.chosen()? else {
        return visit.choose(
            visit.sent(SHOWN, |_| true)?,
            &visit.say("Which message?", "Welche Nachricht?"),
        );
    };
    let mut text = visit.line(&message);
    for hop in read(visit.means.records.ledger.hops(message.0.id))? {
        let _ = write!(text, "\n{}", fate::step(&hop, visit.language()));
    }
    Ok(done(text))
}

impl Visit {
    /// What the user sent by the network at whose domain he calls, the latest first.
    pub(super) fn sent(
        &self,
        limit: usize,
        keep: impl Fn(&Delivery) -> bool,
    ) -> Result<Vec<(Envelope, Delivery)>, Fault> {
        let party = Party::Home(self.user()?.0.clone());
        let mut found = Vec::new();
        for id in read(self.means.records.ledger.history(&party, None, LOOKED_AT))? {
            if found.len() >= limit {
                break;
            }
            found.extend(self.own(id)?.filter(|(_, delivery)| keep(delivery)));
        }
        Ok(found)
    }

    /// A message of the user's own with this id; to him nobody else's exists.
    pub(super) fn own(&self, id: EnvelopeId) -> Result<Option<(Envelope, Delivery)>, Fault> {
        let (user, network) = self.user()?;
        let ledger = &self.means.records.ledger;
        let is_his = |envelope: &Envelope| {
            let draft = &envelope.draft;
            draft.from.home() == Some(user) && draft.to.network() == Some(network) && draft.payload.text().is_some()
        };
        let Some(envelope) = read(ledger.envelope(id))?.filter(is_his) else {
            return Ok(None);
        };
        Ok(read(ledger.delivery(id))?.map(|delivery| (envelope, delivery)))
    }

    /// The message that was chosen.
    pub(super) fn chosen(&self) -> Result<Option<(Envelope, Delivery)>, Fault> {
        let Some(id) = self.call.value("message") else {
            return Ok(None);
        };
        let unknown = || Fault::of(FaultKind::BadContent).saying(id);
        let id = EnvelopeId::parse(id).ok_or_else(unknown)?;
        self.own(id)?.map(Some).ok_or_else(unknown)
    }

    /// Lets the user choose among his messages.
    pub(super) fn choose(&self, among: Vec<(Envelope, Delivery)>, label: &str) -> Result<Reply, Fault> {
        if among.is_empty() {
            return Ok(done(
                self.say("There is no such message.", "Eine solche Nachricht gibt es nicht."),
            ));
        }
        let choices = among.iter().map(|message| choice(message.0.id, self.line(message)));
        let field = must("message", label, FieldKind::OneOf(choices.collect()));
        Ok(self.ask("", vec![field]))
    }
}
