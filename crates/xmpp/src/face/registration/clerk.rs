//! Registering, the settings and leaving, as commands.

use crate::face::Face;
use crate::face::registration::form;
use causeway_core::command::{Call, Caller, Clerk, Command, Field, FieldKind, Form, Place, Reply, Report};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::language::Language;
use causeway_core::network::Pending;
use jid::BareJid;

/// Serves those commands at one component domain.
pub(crate) struct Registrar(pub(crate) Face);

// ---------------------------------------------------------------------------------------------------------------------

impl Clerk for Registrar {
    fn commands(&self, caller: &Caller, language: Language) -> Vec<Command> {
        let Some(user) = self.0.user(caller) else {
            return Vec::new();
        };
        let command = |name, title: &str, about: &str| Command {
            name,
            title: title.to_owned(),
            about: about.to_owned(),
            place: Place::Gateway,
        };
        let settings = command(
            "settings",
            language.pick("Settings", "Einstellungen"),
            language.pick(
                "What you want of the gateway: your name, the language, strangers, notes about delays.",
                "Was du vom Gateway willst: dein Name, die Sprache, Fremde, Hinweise auf Verzögerungen.",
            ),
        );
        match self.0.registration(user) {
            Some(_) => vec![
                settings,
                command(
                    "unregister",
                    language.pick("Unregister", "Abmelden"),
                    language.pick(
                        "Takes the gateway and its contacts out of your contact list.",
                        "Nimmt das Gateway und seine Kontakte aus deiner Kontaktliste.",
                    ),
                ),
            ],
            None => vec![
                command(
                    "register",
                    language.pick("Register", "Anmelden"),
                    language.pick(
                        "Puts the gateway into your contact list and lets you choose how it behaves.",
                        "Nimmt das Gateway in deine Kontaktliste auf und lässt dich wählen, wie es sich verhält.",
                    ),
                ),
                settings,
            ],
        }
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

impl Face {
    /// The user who calls at this domain.
    pub(crate) fn user<'a>(&self, caller: &'a Caller) -> Option<&'a BareJid> {
        match caller {
            Caller::User { jid, network } if *network == self.network.profile().id => Some(jid),
            Caller::User { .. } | Caller::CommandLine => None,
        }
    }
}

async fn serve(face: &Face, user: &BareJid, call: &Call) -> Result<Reply, Fault> {
    let language = face.language(user, Some(call.language));
    let registration = face.registration(user);
    match call.name.as_str() {
        "register" | "settings" if call.values.is_empty() => {
            Ok(Reply::Ask(form(face, registration.as_ref(), language)))
        }
        "register" | "settings" => {
            let settings = registration.unwrap_or_default().settings.with(&call.values)?;
            let rest = face.enroll(user, settings, Vec::new()).await?;
            face.say(rest).await;
            // The language may be another one from here on.
            let language = face.language(user, Some(call.language));
            Ok(done(language.pick(
                "Your settings are kept.",
                "Deine Einstellungen sind gespeichert.",
            )))
        }
        "unregister" if registration.is_none() => Ok(done(
            language.pick("You are not registered.", "Du bist nicht angemeldet."),
        )),
        "unregister" if call.value("confirm").is_none() => Ok(Reply::Ask(confirmation(language))),
        "unregister" if !call.yes("confirm") => {
            Ok(done(language.pick("Nothing was changed.", "Nichts wurde geändert.")))
        }
        "unregister" => {
            let rest = face.leave(user, Vec::new()).await?;
            face.say(rest).await;
            Ok(done(language.pick(
                "You are not registered any more. You can still write and be written to.",
                "Du bist nicht mehr angemeldet. Schreiben und Post bekommen kannst du weiterhin.",
            )))
        }
        _ => Err(Fault::of(FaultKind::NotSupported)),
    }
}

fn confirmation(language: Language) -> Form {
    Form {
        title: language.pick("Unregister", "Abmelden").to_owned(),
        instructions: language
            .pick(
                "The gateway and its contacts leave your contact list, and your settings are forgotten.",
                "Das Gateway und seine Kontakte verlassen deine Kontaktliste, und deine Einstellungen werden vergessen.",
            )
            .to_owned(),
        fields: vec![Field {
            name: "confirm",
            label: language.pick("Do you want that?", "Willst du das?").to_owned(),
            kind: FieldKind::YesNo,
            value: Some("false".to_owned()),
            required: true,
        }],
    }
}

fn done(text: &str) -> Reply {
    Reply::Done(Report::saying(text))
}
