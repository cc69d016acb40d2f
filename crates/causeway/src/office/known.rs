//! Who may write to a user who wants to be asked.

use super::{Visit, done, must};
use causeway_core::address::Party;
use causeway_core::command::{FieldKind, Reply};
use causeway_core::fault::Fault;
use causeway_core::language::Language;
use causeway_core::registration::Acquaintance;

// ---------------------------------------------------------------------------------------------------------------------

/// Lets a contact write, or not any more.
pub(super) async fn introduce(visit: &Visit) -> Result<Reply, Fault> {
    let Some(contact) = visit.contact()? else {
        let label = visit.say("The address", "Die Adresse");
        return Ok(visit.ask("", vec![must("address", &label, FieldKind::Text)]));
    };
    let stands = match visit.call.name.as_str() {
        "accept" => Acquaintance::Known,
        _ => Acquaintance::Refused,
    };
    let hall = &visit.means.hall;
    for change in hall.gate.introduce(visit.user()?.0, &contact, stands)? {
        hall.keeper.insist(change).await?;
    }
    let address = visit.written(&Party::Foreign(contact));
    Ok(done(match (stands, visit.language()) {
        (Acquaintance::Known, Language::En) => format!("{address} may write to you."),
        (Acquaintance::Known, Language::De) => format!("{address} darf dir schreiben."),
        (_, Language::En) => {
            format!("{address} may not write to you any more, as long as you do not take all strangers.")
        }
        (_, Language::De) => {
            format!("{address} darf dir nicht mehr schreiben, solange du nicht alle Fremden annimmst.")
        }
    }))
}
