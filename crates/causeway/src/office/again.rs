//! A user's own messages once more, or not at all.

use super::{Visit, done};
use crate::engine::dispatch::HOME;
use causeway_core::command::Reply;
use causeway_core::delivery::{Delivery, Event, Stage};
use causeway_core::envelope::{Draft, Envelope};
use causeway_core::fault::Fault;
use causeway_core::file::Place;
use causeway_core::hop::{Hop, Step};
use causeway_core::network::{Arrival, Inbox, Item, Taken};
use causeway_core::text::Line;
use causeway_store::{Change, Done};

/// How many are offered.
const OFFERED: usize = 20;

// ---------------------------------------------------------------------------------------------------------------------

/// What waits is tried at once; what failed goes out as a new delivery that says so.
pub(super) async fn resend(visit: &Visit) -> Result<Reply, Fault> {
    let Some((envelope, delivery)) = visit.chosen()? else {
        let fits = |delivery: &Delivery| matches!(delivery.stage, Stage::Queued { .. } | Stage::Failed { .. });
        let label = visit.say("Which message?", "Welche Nachricht?");
        return visit.choose(visit.sent(OFFERED, fits)?, &label);
    };
    match delivery.stage {
        Stage::Queued { .. } => {
            let moved = visit.step(&envelope, Event::Hurried).await?;
            Ok(done(match moved {
                true => visit.say("It is tried now.", "Sie wird jetzt versucht."),
                false => visit.say("It is under way right now.", "Sie ist gerade unterwegs."),
            }))
        }
        Stage::InFlight { .. } => Ok(done(
            visit.say("It is under way right now.", "Sie ist gerade unterwegs."),
        )),
        Stage::Failed { .. } => say_again(visit, envelope).await,
        Stage::Held { .. } => Ok(done(visit.say(
            "It was put aside for the admin of the gateway, who decides about it.",
            "Sie liegt für den Administrator des Gateways beiseite, der darüber entscheidet.",
        ))),
        Stage::Handed { .. } | Stage::Delivered { .. } | Stage::Seen { .. } => Ok(done(visit.say(
            "The next server has it already; write it anew if it must go out twice.",
            "Der nächste Server hat sie schon; schreib sie neu, wenn sie zweimal hinaus soll.",
        ))),
    }
}

/// Stops what still waits.
pub(super) async fn cancel(visit: &Visit) -> Result<Reply, Fault> {
    let Some((envelope, _)) = visit.chosen()? else {
        let fits = |delivery: &Delivery| matches!(delivery.stage, Stage::Queued { .. } | Stage::Held { .. });
        let label = visit.say("Which message?", "Welche Nachricht?");
        return visit.choose(visit.sent(OFFERED, fits)?, &label);
    };
    let moved = visit.step(&envelope, Event::Cancelled).await?;
    Ok(done(match moved {
        true => visit.say(
            "It is stopped. Your client gets it back as not delivered.",
            "Sie ist angehalten. Dein Programm bekommt sie als nicht zugestellt zurück.",
        ),
        false => visit.say(
            "It is too late: it is under way or over.",
            "Es ist zu spät: Sie ist unterwegs oder erledigt.",
        ),
    }))
}

impl Visit {
    /// Lets something happen to a delivery; whether it meant anything.
    pub(super) async fn step(&self, envelope: &Envelope, event: Event) -> Result<bool, Fault> {
        let id = envelope.id;
        let done = self.means.hall.keeper.insist(Change::Step { id, event }).await?;
        Ok(matches!(done, Done::Stepped(true)))
    }
}

async fn say_again(visit: &Visit, envelope: Envelope) -> Result<Reply, Fault> {
    let text = envelope.draft.payload.text();
    let files = text.map(|text| text.attachments.as_slice()).unwrap_or_default();
    if files.iter().any(|file| matches!(file.place, Place::Kept(_))) {
        return Ok(done(visit.say(
            "The files that came with it are not kept. Send it again yourself.",
            "Die Dateien dazu sind nicht mehr da. Sende sie selbst noch einmal.",
        )));
    }
    let posted = visit.means.hall.desk(HOME).post(Arrival {
        items: vec![Item::Post(Box::new(anew(visit, envelope)))],
        ..Arrival::default()
    });
    let accepted = posted.await?;
    match accepted.taken() {
        [Taken::New(id)] => {
            tracing::info!(%id, "a message is sent again on its sender's wish");
            Ok(done(visit.say("It is sent again.", "Sie wird noch einmal gesendet.")))
        }
        _ => Ok(done(
            visit.say("It was sent again before.", "Sie wurde schon noch einmal gesendet."),
        )),
    }
}

/// The same words as a new delivery, whose way begins with why it goes out a second time.
fn anew(visit: &Visit, envelope: Envelope) -> Draft {
    let who = Line::clean("causeway").or_else(|| Line::clean(&envelope.draft.from.to_string()));
    let why = Line::clean(&format!(
        "sent again on its sender's wish; it had failed as {}",
        envelope.id
    ));
    let told = who.map(|who| Hop::own(visit.means.clock.now(), Step::Arrived, who).saying(why));
    Draft {
        way: envelope.draft.way.iter().cloned().chain(told).collect(),
        ..envelope.draft
    }
}
