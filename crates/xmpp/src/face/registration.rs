//! Registration (XEP-0077): who wants the gateway in his roster, and what he wants of it. Nobody needs it to write and to
//! be written to.

mod clerk;
mod flow;

pub(crate) use clerk::Registrar;
pub(super) use flow::request;

use super::forms::{self, Submission};
use super::{Answer, Face, Request};
use crate::errors::Refusal;
use crate::ns;
use crate::shelf::Shelf;
use crate::xml::{Build, element, text_of};
use causeway_core::command::{Form, Values};
use causeway_core::fault::{ErrorType, Fault, FaultKind};
use causeway_core::language::{Language, Words};
use causeway_core::registration::{Registration, Settings};
use causeway_core::text::Line;
use jid::BareJid;
use minidom::Element;

// ---------------------------------------------------------------------------------------------------------------------

/// XEP-0077 section 3.1: what can be filled in, as it is, in a form and for clients that know none.
pub(super) fn get(face: &Face, request: &Request<'_>) -> Result<Element, Refusal> {
    let user = person(request)?;
    let registration = face.registration(user);
    let language = face.language(user, Some(request.language));
    let child = |name| element(name, ns::REGISTER);
    let form = form(face, registration.as_ref(), language);
    let query = element("query", ns::REGISTER);
    let query = match registration.as_ref() {
        Some(_) => query.holding(child("registered")),
        None => query,
    };
    Ok(query
        .holding(child("instructions").saying(&form.instructions))
        .holding(child("name").saying(&name_of(registration.as_ref())))
        .holding(forms::to_fill_in(&form, Some(ns::REGISTER))))
}

/// XEP-0077 sections 3.1 and 3.2: registers, changes the settings, or ends it.
pub(super) fn set(face: &Face, request: &Request<'_>) -> Result<Answer, Refusal> {
    let user = person(request)?.clone();
    let query = request.payload;
    let busy = || Refusal::from(Fault::of(FaultKind::Busy));
    let under_way = face.attention.begin(&user).ok_or_else(busy)?;
    let registration = face.registration(&user);
    let face = face.clone();
    if query.has_child("remove", ns::REGISTER) {
        if query.children().count() > 1 {
            return Err(Refusal::bad_request(Words::new(
                "A removal is nothing else besides",
                "Eine Abmeldung ist sonst nichts",
            )));
        }
        registration.ok_or_else(not_registered)?;
        return Ok(Answer::Flow(Box::new(move |back| {
            Box::pin(async move {
                let _under_way = under_way;
                face.leave(&user, vec![back.result(None)]).await
            })
        })));
    }
    let Some(values) = values(query) else {
        return Ok(Answer::Now(None));
    };
    let settings = registration.unwrap_or_default().settings.with(&values)?;
    Ok(Answer::Flow(Box::new(move |back| {
        Box::pin(async move {
            let _under_way = under_way;
            face.enroll(&user, settings, vec![back.result(None)]).await
        })
    })))
}

impl Face {
    /// A user's registration.
    pub(crate) fn registration(&self, user: &BareJid) -> Option<Registration> {
        let memory = self.house.memory.as_ref();
        Shelf::registration(memory, &self.network.profile().id, user)
    }

    /// What a user is called: as he says himself, or else as his vCard has it.
    pub(crate) fn name_of(&self, user: &BareJid) -> Option<Line> {
        let chosen = self
            .registration(user)
            .and_then(|registration| registration.settings.name);
        chosen.or_else(|| Shelf::name_of(self.house.memory.as_ref(), user))
    }

    /// The language that a user is spoken to in: the one that he chose, or else the one that his client asked for.
    pub(crate) fn language(&self, user: &BareJid, asked: Option<Language>) -> Language {
        let chosen = self
            .registration(user)
            .and_then(|registration| registration.settings.language);
        chosen.or(asked).unwrap_or_default()
    }
}

/// The form of the settings.
fn form(face: &Face, registration: Option<&Registration>, language: Language) -> Form {
    let title = face.network.profile().title.told(language).to_owned();
    let settings = registration.map_or_else(Settings::default, |it| it.settings.clone());
    let instructions = match registration {
        None => language.pick(
            "You can use the gateway without registering. Who registers has it in the contact list and can choose how it \
             behaves. No password is needed.",
            "Du kannst das Gateway benutzen, ohne dich anzumelden. Wer sich anmeldet, hat es in der Kontaktliste und kann \
             wählen, wie es sich verhält. Ein Passwort ist nicht nötig.",
        ),
        Some(_) => language.pick("You are registered.", "Du bist angemeldet."),
    };
    Form {
        title,
        instructions: instructions.to_owned(),
        fields: settings.fields(language),
    }
}

/// What was filled in, in the form or in the one plain field; `None` for a form that was put aside.
fn values(query: &Element) -> Option<Values> {
    match forms::read(query) {
        Some(Submission::Filled(values)) => Some(values),
        Some(Submission::PutAside) => None,
        None => {
            let name = text_of(query, "name", ns::REGISTER);
            Some(name.map(|name| ("name".to_owned(), name)).into_iter().collect())
        }
    }
}

fn name_of(registration: Option<&Registration>) -> String {
    let chosen = registration.and_then(|registration| registration.settings.name.clone());
    chosen.map(|name| name.to_string()).unwrap_or_default()
}

fn person<'a>(request: &Request<'a>) -> Result<&'a BareJid, Refusal> {
    match request.caller.is_account() {
        true => Ok(&request.caller.bare),
        false => Err(Refusal::of(
            "not-allowed",
            ErrorType::Cancel,
            Words::new(
                "Only people can register here",
                "Nur Menschen können sich hier anmelden",
            ),
        )),
    }
}

/// XEP-0077 section 3.2.
fn not_registered() -> Refusal {
    Refusal::of(
        "registration-required",
        ErrorType::Auth,
        Words::new("You are not registered", "Du bist nicht angemeldet"),
    )
}

#[cfg(test)]
mod tests;
