//! People whom a user does not know: he is asked whether they may write, where he wants to be asked.

use crate::home::Station;
use crate::ns;
use crate::stanza::Outward;
use crate::xml::{Build, element};
use causeway_core::address::Contact;
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::language::Language;
use causeway_core::network::{Arrival, House, Memory, Parcel, Row};
use causeway_core::registration::{Acquaintance, Registration, Settings, Strangers};
use jid::BareJid;

/// How many characters of a stranger's message the question shows.
const WORDS: usize = 200;

// ---------------------------------------------------------------------------------------------------------------------

/// Whether a message may be shown to its recipient yet. The fault says that it waits for his word, or that he has said
/// no; he is asked when the first one comes.
pub(crate) async fn admit(station: &Station, house: &House, parcel: &Parcel) -> Result<(), Fault> {
    let draft = parcel.draft();
    let (Some(contact), Some(user), true) = (draft.from.contact(), draft.to.home(), draft.payload.is_said()) else {
        return Ok(());
    };
    let memory = house.memory.as_ref();
    let settings = settings(memory, contact, user);
    if settings.strangers != Strangers::Ask {
        return Ok(());
    }
    let key = Acquaintance::key(user, contact);
    let stands = || memory.row(&key).and_then(|row| Acquaintance::read(&row));
    if stands().is_none() {
        ask(station, parcel, contact, user, &settings).await?;
    }
    // Who is quick has answered before it is known here that the question arrived.
    match stands() {
        Some(Acquaintance::Known) => Ok(()),
        Some(Acquaintance::Refused) => Err(Fault::of(FaultKind::NotWanted)),
        Some(Acquaintance::Asked) => Err(waits()),
        None => {
            let asked = Row::put(key.clone(), Acquaintance::Asked.as_bytes());
            let _durable = house.inbox.post(Arrival::rows(vec![asked])).await?;
            Err(waits())
        }
    }
}

/// The question comes from the gateway itself, so that a stranger is in no chat list before he is let in. Its id derives
/// from the message, so that asking twice shows one question.
async fn ask(
    station: &Station,
    parcel: &Parcel,
    contact: &Contact,
    user: &BareJid,
    settings: &Settings,
) -> Result<(), Fault> {
    let language = settings.language.unwrap_or_default();
    let address = station.network.written(&contact.id);
    let words = parcel.draft().payload.first_words(WORDS);
    let id = format!("{}-ask", parcel.id());
    let question = Outward::message(&station.gateway.itself(), user.as_str(), "chat", Some(&id)).holding(
        element("body", ns::COMPONENT)
            .in_language(language.tag())
            .saying(&question(language, &address, &words)),
    );
    let sent = station.line.hand_over(vec![question]).await;
    sent.map_err(|_| Fault::of(FaultKind::Unreachable))
}

fn question(language: Language, address: &str, words: &str) -> String {
    match language {
        Language::En => format!(
            "{address} wants to write to you: “{words}”\n\
             Answer here with “accept {address}” or “refuse {address}”. Until then the message waits."
        ),
        Language::De => format!(
            "{address} möchte dir schreiben: „{words}“\n\
             Antworte hier mit „accept {address}“ oder „refuse {address}“. Bis dahin wartet die Nachricht."
        ),
    }
}

fn settings(memory: &dyn Memory, contact: &Contact, user: &BareJid) -> Settings {
    memory
        .row(&Registration::key(&contact.network, user))
        .and_then(|row| Registration::read(&row))
        .unwrap_or_default()
        .settings
}

fn waits() -> Fault {
    Fault::of(FaultKind::Deferred).saying("the recipient has not yet said whether strangers may write")
}
