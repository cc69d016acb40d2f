//! The contact list, as commands: what stands in it, and what to add, rename and remove.

use super::Way;
use crate::address::{contact, contact_of};
use crate::face::Face;
use causeway_core::address::Contact;
use causeway_core::command::{Call, Caller, Clerk, Command, Field, FieldKind, Form, Place, Reply, Report, Table};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::language::Language;
use causeway_core::network::Pending;
use causeway_core::text::Line;
use jid::BareJid;

/// How many contacts are shown.
const SHOWN: usize = 500;

/// Serves those commands at one component domain.
pub(crate) struct AddressBook(pub(crate) Face);

// ---------------------------------------------------------------------------------------------------------------------

impl Clerk for AddressBook {
    fn commands(&self, caller: &Caller, language: Language) -> Vec<Command> {
        if self.0.user(caller).is_none() {
            return Vec::new();
        }
        let command = |name, place, title: &str, about: &str| Command {
            name,
            title: title.to_owned(),
            about: about.to_owned(),
            place,
        };
        vec![
            command(
                "contacts",
                Place::Gateway,
                language.pick("Contacts", "Kontakte"),
                language.pick("Shows whom you have added.", "Zeigt, wen du hinzugefügt hast."),
            ),
            command(
                "add-contact",
                Place::Gateway,
                language.pick("Add a contact", "Kontakt hinzufügen"),
                language.pick(
                    "Puts somebody into your contact list.",
                    "Nimmt jemanden in deine Kontaktliste auf.",
                ),
            ),
            command(
                "rename-contact",
                Place::Contact,
                language.pick("Rename", "Umbenennen"),
                language.pick(
                    "Gives a contact another name in your contact list.",
                    "Gibt einem Kontakt einen anderen Namen in deiner Kontaktliste.",
                ),
            ),
            command(
                "remove-contact",
                Place::Contact,
                language.pick("Remove", "Entfernen"),
                language.pick(
                    "Takes a contact out of your contact list.",
                    "Nimmt einen Kontakt aus deiner Kontaktliste.",
                ),
            ),
        ]
    }

    fn call(&self, call: Call) -> Pending<'static, Reply> {
        let face = self.0.clone();
        Box::pin(async move {
            let Some(user) = face.user(&call.caller).cloned() else {
                return Reply::Refused(Fault::of(FaultKind::NotAllowed));
            };
            let done = match face.admit(&user) {
                Ok(()) => serve(&face, &user, &call).await,
                Err(fault) => Err(fault),
            };
            done.unwrap_or_else(Reply::Refused)
        })
    }
}

async fn serve(face: &Face, user: &BareJid, call: &Call) -> Result<Reply, Fault> {
    let language = face.language(user, Some(call.language));
    if call.name == "contacts" {
        return Ok(Reply::Done(listed(face, user, language)));
    }
    let name = call.value("name").and_then(Line::clean);
    let asks_name =
        call.name != "remove-contact" && call.values.is_empty() || call.name == "rename-contact" && name.is_none();
    let who = who(face, call)?;
    let Some(contact) = who.clone().filter(|_| !asks_name) else {
        return Ok(Reply::Ask(form(face, call, who.is_none(), language)));
    };
    let address = face.network.written(&contact.id);
    let name = name.as_ref().map(Line::as_str);
    let words = match (call.name.as_str(), name) {
        ("add-contact", name) => added(face.list(user, &contact, name).await?, &address, language),
        ("rename-contact", Some(name)) => renamed(face.rename(user, &contact, name).await?, &address, language),
        ("remove-contact", _) => removed(face.unlist(user, &contact).await?, &address, language),
        _ => return Err(Fault::of(FaultKind::NotSupported)),
    };
    Ok(Reply::Done(Report::saying(words)))
}

/// The contact that a call is about; `None` where it has to be asked for.
fn who(face: &Face, call: &Call) -> Result<Option<Contact>, Fault> {
    if call.contact.is_some() {
        return Ok(call.contact.clone());
    }
    let Some(typed) = call.value("address") else {
        return Ok(None);
    };
    // Whoever copies the JID out of his client means the same.
    let local = typed
        .strip_suffix(face.gateway.as_str())
        .and_then(|it| it.strip_suffix('@'));
    match local {
        Some(local) => contact_of(face.network.as_ref(), local).map(Some),
        None => Ok(Some(contact(face.network.as_ref(), face.network.contact(typed)?))),
    }
}

fn form(face: &Face, call: &Call, asks_address: bool, language: Language) -> Form {
    let (title, instructions) = match call.name.as_str() {
        "add-contact" => (
            language.pick("Add a contact", "Kontakt hinzufügen"),
            face.network.profile().address_prompt.told(language),
        ),
        "rename-contact" => (language.pick("Rename a contact", "Kontakt umbenennen"), ""),
        _ => (language.pick("Remove a contact", "Kontakt entfernen"), ""),
    };
    let field = |name, label: &str, required| Field {
        name,
        label: label.to_owned(),
        kind: FieldKind::Text,
        value: call.value(name).map(str::to_owned),
        required,
    };
    let address = field("address", language.pick("Address", "Adresse"), true);
    let name = match call.name.as_str() {
        "add-contact" => Some(field(
            "name",
            language.pick("Name (optional)", "Name (optional)"),
            false,
        )),
        "rename-contact" => Some(field("name", language.pick("New name", "Neuer Name"), true)),
        _ => None,
    };
    Form {
        title: title.to_owned(),
        instructions: instructions.to_owned(),
        fields: asks_address.then_some(address).into_iter().chain(name).collect(),
    }
}

fn listed(face: &Face, user: &BareJid, language: Language) -> Report {
    let subscribers = face.shelf.contacts_of(face.house.memory.as_ref(), user, SHOWN);
    let rows: Vec<Vec<String>> = subscribers
        .iter()
        .filter_map(|subscriber| {
            let contact = contact_of(face.network.as_ref(), &subscriber.local).ok()?;
            let name = face.network.card(user, &contact.id).name;
            Some(vec![
                face.network.written(&contact.id),
                name.map(|name| name.to_string()).unwrap_or_default(),
                face.gateway.contact(&subscriber.local)?.as_str().to_owned(),
            ])
        })
        .collect();
    if rows.is_empty() {
        return Report::saying(language.pick("You have added nobody.", "Du hast niemanden hinzugefügt."));
    }
    Report {
        text: language.pick("Your contacts:", "Deine Kontakte:").to_owned(),
        table: Some(Table {
            columns: vec![
                ("address", language.pick("Address", "Adresse").to_owned()),
                ("name", "Name".to_owned()),
                ("jid", "JID".to_owned()),
            ],
            rows,
        }),
    }
}

fn added(way: Way, address: &str, language: Language) -> String {
    match (way, language) {
        (Way::Put, Language::En) => format!("{address} is in your contact list."),
        (Way::Put, Language::De) => format!("{address} steht in deiner Kontaktliste."),
        (Way::Suggested, Language::En) => format!("Your client was told to add {address}; it may ask you."),
        (Way::Suggested, Language::De) => {
            format!("Dein Programm weiß, dass es {address} hinzufügen soll; vielleicht fragt es dich.")
        }
        (Way::Asked, Language::En) => {
            format!("{address} asks to be in your contact list: say yes to the request that your client shows.")
        }
        (Way::Asked, Language::De) => {
            format!("{address} möchte in deine Kontaktliste: stimme der Anfrage zu, die dein Programm zeigt.")
        }
    }
}

fn renamed(way: Option<Way>, address: &str, language: Language) -> String {
    match (way, language) {
        (Some(_), Language::En) => format!("{address} has the new name."),
        (Some(_), Language::De) => format!("{address} hat den neuen Namen."),
        (None, Language::En) => {
            "The server does not let the gateway change your contact list: rename the contact in your client."
                .to_owned()
        }
        (None, Language::De) => {
            "Der Server lässt das Gateway deine Kontaktliste nicht ändern: benenne den Kontakt in deinem Programm um."
                .to_owned()
        }
    }
}

fn removed(gone: bool, address: &str, language: Language) -> String {
    match (gone, language) {
        (true, Language::En) => format!("{address} is no longer in your contact list."),
        (true, Language::De) => format!("{address} steht nicht mehr in deiner Kontaktliste."),
        (false, Language::En) => format!("{address} has left you: remove what is left of it in your client."),
        (false, Language::De) => format!("{address} hat dich verlassen: entferne den Rest in deinem Programm."),
    }
}
