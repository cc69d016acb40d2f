//! What became of messages, in words for their senders.

use crate::control::answer::written;
use causeway_core::clock::Timestamp;
use causeway_core::delivery::{Delivery, Stage};
use causeway_core::hop::{Hop, Step};
use causeway_core::language::Language;
use std::time::Duration;

// ---------------------------------------------------------------------------------------------------------------------

/// Where a delivery stands, in plain words.
pub(super) fn fate(delivery: &Delivery, language: Language) -> String {
    let doubled = match delivery.doubts {
        0 => "",
        _ => language.pick(" (a copy may exist)", " (vielleicht gibt es eine Kopie)"),
    };
    let stands = match (&delivery.stage, &delivery.waits_for) {
        (Stage::Queued { .. }, None) => language
            .pick("waits for its turn", "wartet, bis sie an der Reihe ist")
            .to_owned(),
        (Stage::Queued { due }, Some(why)) => {
            let (why, due) = (why.told(language), moment(*due));
            match language {
                Language::En => format!("waits, next try {due}: {why}"),
                Language::De => format!("wartet, nächster Versuch {due}: {why}"),
            }
        }
        (Stage::InFlight { .. }, _) => language
            .pick("is being handed over", "wird gerade übergeben")
            .to_owned(),
        (Stage::Handed { .. }, _) => language
            .pick(
                "was taken by the next server; nothing more is known",
                "hat der nächste Server angenommen; mehr ist nicht bekannt",
            )
            .to_owned(),
        (Stage::Delivered { .. }, _) => language.pick("has arrived", "ist angekommen").to_owned(),
        (Stage::Seen { .. }, _) => language.pick("was seen", "wurde gelesen").to_owned(),
        (Stage::Failed { fault, .. }, _) => {
            let why = fault.told(language);
            format!("{}: {why}", language.pick("failed", "ist gescheitert"))
        }
        (Stage::Held { .. }, _) => language
            .pick(
                "was put aside for the admin of the gateway",
                "liegt für den Administrator des Gateways beiseite",
            )
            .to_owned(),
    };
    format!("{stands}{doubled}")
}

/// One step of a way.
pub(super) fn step(hop: &Hop, language: Language) -> String {
    let what = match hop.step {
        Step::Written => ("written", "geschrieben"),
        Step::Relayed => ("passed on by", "weitergereicht von"),
        Step::Arrived => ("arrived at", "angekommen bei"),
        Step::Accepted => ("written down by", "aufgeschrieben von"),
        Step::Tried => ("tried by", "versucht von"),
        Step::Handed => ("taken by", "angenommen von"),
        Step::Deferred => ("put off by", "aufgeschoben von"),
        Step::InDoubt => ("in doubt at", "ungewiss bei"),
        Step::Recovered => ("taken up again by", "wieder aufgenommen von"),
        Step::Expanded => (
            "passed on without further word by",
            "ohne weitere Nachricht weitergereicht von",
        ),
        Step::Delivered => ("arrived for good at", "endgültig angekommen bei"),
        Step::Seen => ("seen by", "gelesen von"),
        Step::Failed => ("failed at", "gescheitert bei"),
        Step::Held => ("put aside by", "beiseitegelegt von"),
    };
    let at = hop.at.map_or_else(|| "?".to_owned(), moment);
    let said = hop.said.as_ref().map(|said| format!(": {}", said.short(200)));
    let who = match hop.step {
        Step::Written => String::new(),
        _ => format!(" {}", hop.who),
    };
    format!(
        "{at} {}{who}{}",
        language.pick(what.0, what.1),
        said.unwrap_or_default()
    )
}

/// A moment for people. Nobody's time zone is known here.
pub(super) fn moment(at: Timestamp) -> String {
    written(at, "%Y-%m-%d %H:%M:%S UTC")
}

/// A span in the unit that fits.
pub(super) fn span(span: Duration, language: Language) -> String {
    match span.as_secs() {
        s @ 0..=119 => format!("{s} s"),
        s @ 120..=7199 => format!("{} min", s / 60),
        s @ 7200..=172_799 => format!("{} h", s / 3600),
        s => format!("{} {}", s / 86_400, language.pick("d", "Tage")),
    }
}
