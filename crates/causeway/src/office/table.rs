//! The table of the office's commands: what each is called, what it does, and whose it is.

use causeway_core::command::{Command, Place};
use causeway_core::language::Language;

/// One command as it stands in the table.
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// Whose it is.
    pub whose: Whose,
    title: [&'static str; 2],
    about: [&'static str; 2],
    place: Place,
}

/// Whose a command is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Every user's, about himself.
    User,
    /// The admins'.
    Admin,
}

/// All commands of the office, in the order in which they are shown; each in the languages of [`Language::ALL`].
pub const TABLE: &[Entry] = {
    use Place::{Contact as AtContact, Gateway};
    use Whose::{Admin, User};
    &[
        entry(
            User,
            "messages",
            ["My messages", "Meine Nachrichten"],
            [
                "What became of the last messages that you sent.",
                "Was aus den letzten Nachrichten geworden ist, die du geschickt hast.",
            ],
            Gateway,
        ),
        entry(
            User,
            "trace",
            ["The way of a message", "Der Weg einer Nachricht"],
            [
                "Every step of one of your messages, with its time.",
                "Jeder Schritt einer deiner Nachrichten, mit seiner Zeit.",
            ],
            Gateway,
        ),
        entry(
            User,
            "resend",
            ["Send again", "Noch einmal senden"],
            [
                "Tries again at once what waits, and sends again what has failed.",
                "Versucht sofort wieder, was wartet, und sendet noch einmal, was gescheitert ist.",
            ],
            Gateway,
        ),
        entry(
            User,
            "cancel",
            ["Stop a message", "Nachricht anhalten"],
            [
                "Stops a message of yours that still waits.",
                "Hält eine deiner Nachrichten an, die noch wartet.",
            ],
            Gateway,
        ),
        entry(
            User,
            "accept",
            ["Let somebody write to me", "Jemanden schreiben lassen"],
            [
                "Takes messages from somebody to whom you never wrote; those that wait come at once.",
                "Nimmt Nachrichten von jemandem an, dem du nie geschrieben hast; die wartenden kommen sofort.",
            ],
            AtContact,
        ),
        entry(
            User,
            "refuse",
            ["Hear no more of somebody", "Von jemandem nichts mehr hören"],
            [
                "Sends back what somebody to whom you never wrote writes to you, if you wish to be asked or refuse strangers.",
                "Schickt zurück, was dir jemand schreibt, dem du nie geschrieben hast, wenn du gefragt werden willst oder Fremde ablehnst.",
            ],
            AtContact,
        ),
        entry(
            User,
            "export",
            ["My data", "Meine Daten"],
            [
                "Shows everything that the gateway keeps about you.",
                "Zeigt alles, was das Gateway über dich aufbewahrt.",
            ],
            Gateway,
        ),
        entry(
            User,
            "forget-me",
            ["Forget me", "Vergiss mich"],
            [
                "Removes everything that the gateway keeps about you.",
                "Entfernt alles, was das Gateway über dich aufbewahrt.",
            ],
            Gateway,
        ),
        entry(
            Admin,
            "users",
            ["Users", "Benutzer"],
            [
                "Who is registered, and since when.",
                "Wer angemeldet ist, und seit wann.",
            ],
            Gateway,
        ),
        entry(
            Admin,
            "queue",
            ["What waits", "Was wartet"],
            [
                "What waits, for how long and why.",
                "Was wartet, wie lange schon und warum.",
            ],
            Gateway,
        ),
        entry(
            Admin,
            "retry",
            ["Try now", "Jetzt versuchen"],
            [
                "Tries something that waits at once.",
                "Versucht sofort, etwas Wartendes zuzustellen.",
            ],
            Gateway,
        ),
        entry(
            Admin,
            "drop",
            ["Stop a delivery", "Zustellung anhalten"],
            [
                "Stops something that waits; its sender is told.",
                "Hält etwas Wartendes an; der Absender erfährt es.",
            ],
            Gateway,
        ),
        entry(
            Admin,
            "block",
            ["Block", "Sperren"],
            [
                "A user, a domain, or an address or domain outside may not use the gateway any more.",
                "Ein Benutzer, eine Domain oder eine Adresse oder Domain draußen darf das Gateway nicht mehr benutzen.",
            ],
            Gateway,
        ),
        entry(
            Admin,
            "allow",
            ["Allow", "Erlauben"],
            [
                "Takes a block back, or allows what the configuration does not.",
                "Nimmt eine Sperre zurück oder erlaubt, was die Konfiguration nicht erlaubt.",
            ],
            Gateway,
        ),
        entry(
            Admin,
            "rules",
            ["Rules", "Regeln"],
            [
                "Who is allowed and blocked, by the configuration and by orders at run time.",
                "Wer erlaubt und wer gesperrt ist, durch die Konfiguration und durch Anordnungen im Betrieb.",
            ],
            Gateway,
        ),
        entry(
            Admin,
            "announce",
            ["Announce", "Bekanntgeben"],
            [
                "Tells all registered users something, in the name of the gateway.",
                "Sagt allen angemeldeten Benutzern etwas, im Namen des Gateways.",
            ],
            Gateway,
        ),
        entry(
            Admin,
            "log-level",
            ["What is logged", "Was im Protokoll steht"],
            [
                "How much the gateway logs, until it starts again.",
                "Wie viel das Gateway protokolliert, bis es neu startet.",
            ],
            Gateway,
        ),
        entry(
            Admin,
            "health",
            ["Health", "Zustand"],
            [
                "Looks whether everything works, and says what to do about what does not.",
                "Prüft, ob alles funktioniert, und sagt, was gegen das zu tun ist, was nicht funktioniert.",
            ],
            Gateway,
        ),
        entry(
            Admin,
            "statistics",
            ["Statistics", "Statistik"],
            [
                "How much there is of what, and for how long the gateway has run.",
                "Wie viel es wovon gibt, und wie lange das Gateway läuft.",
            ],
            Gateway,
        ),
    ]
};

// ---------------------------------------------------------------------------------------------------------------------

impl Entry {
    /// What it is called.
    pub fn title(&self, language: Language) -> &'static str {
        let [en, de] = self.title;
        language.pick(en, de)
    }

    /// One sentence about it.
    pub fn about(&self, language: Language) -> &'static str {
        let [en, de] = self.about;
        language.pick(en, de)
    }

    /// The command as it is offered.
    pub(super) fn told(&self, language: Language) -> Command {
        Command {
            name: self.name,
            title: self.title(language).to_owned(),
            about: self.about(language).to_owned(),
            place: self.place,
        }
    }
}

const fn entry(
    whose: Whose,
    name: &'static str,
    title: [&'static str; 2],
    about: [&'static str; 2],
    place: Place,
) -> Entry {
    Entry {
        name,
        whose,
        title,
        about,
        place,
    }
}
