//! The users: who they are, and something for all of them.

use super::{Visit, choice, done, fate, may, must};
use causeway_core::command::{Caller, FieldKind, Form, Reply, Report, Table};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::language::Language;
use causeway_xmpp::Announcement;

/// How many are shown where nobody says how many.
const SHOWN: usize = 100;

// ---------------------------------------------------------------------------------------------------------------------

/// Who is registered.
pub(super) fn users(visit: &Visit) -> Result<Reply, Fault> {
    let limit = visit.call.value("limit").map_or(Ok(SHOWN), str::parse);
    let limit = limit.map_err(|_| Fault::of(FaultKind::BadContent).saying("limit"))?;
    let all = visit.home()?.registered();
    let rows = all.iter().take(limit).map(|registered| {
        vec![
            registered.user.to_string(),
            registered.network.to_string(),
            fate::moment(registered.registration.since),
        ]
    });
    let column = |name, en: &str, de: &str| (name, visit.say(en, de));
    let count = all.len();
    Ok(Reply::Done(Report {
        text: visit.say(
            &format!("{count} are registered. Nobody needs to be, to write and to be written to."),
            &format!("{count} sind angemeldet. Zum Schreiben und um Post zu bekommen, muss es niemand sein."),
        ),
        table: Some(Table {
            columns: vec![
                column("user", "User", "Benutzer"),
                column("network", "Network", "Netz"),
                column("since", "Since", "Seit"),
            ],
            rows: rows.collect(),
        }),
    }))
}

/// How many to show.
pub(super) fn options(language: Language) -> Form {
    super::mine::options(language)
}

/// Tells everybody something: at the domain of a network those who are registered there, from the command line all.
pub(super) async fn announce(visit: &Visit) -> Result<Reply, Fault> {
    let call = &visit.call;
    let (Some(text), true) = (call.value("text"), call.value("confirm").is_some()) else {
        return Ok(visit.ask("", fields(visit)));
    };
    if !call.yes("confirm") {
        return Ok(visit.nothing_done());
    }
    let how = match call.value("kind") {
        Some("headline") => Announcement::Headline,
        _ => Announcement::Message,
    };
    let network = match &call.caller {
        Caller::User { network, .. } => Some(network),
        Caller::CommandLine => None,
    };
    let told = visit.home()?.announce(network, text, how).await?;
    Ok(done(visit.say(
        &format!("{told} users were told."),
        &format!("{told} Benutzer haben es bekommen."),
    )))
}

fn fields(visit: &Visit) -> Vec<causeway_core::command::Field> {
    let kinds = vec![
        choice(
            "message",
            visit.say("a message, kept for who is away", "eine Nachricht, auch für Abwesende"),
        ),
        choice(
            "headline",
            visit.say("a headline, for who is there", "eine Schlagzeile, nur für Anwesende"),
        ),
    ];
    let mut kind = may("kind", &visit.say("As", "Als"), FieldKind::OneOf(kinds));
    kind.value = Some(visit.call.value("kind").unwrap_or("message").to_owned());
    let mut text = must("text", &visit.say("Words", "Worte"), FieldKind::Lines);
    text.value = visit.call.value("text").map(str::to_owned);
    vec![text, kind, visit.sure()]
}
