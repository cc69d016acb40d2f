//! What each fault is called in the languages of people.

use super::FaultKind;
use crate::language::Language;

impl FaultKind {
    /// A sentence for people, without a full stop.
    pub fn sentence(self, language: Language) -> &'static str {
        let (en, de) = match self {
            Self::BadAddress => ("This is not a valid address", "Das ist keine gültige Adresse"),
            Self::NoSuchUser => ("Nobody has this address", "Diese Adresse hat niemand"),
            Self::NoSuchServer => (
                "The server of this address does not exist or takes no messages",
                "Den Server dieser Adresse gibt es nicht, oder er nimmt keine Nachrichten an",
            ),
            Self::Gone => (
                "This mailbox does not exist any more",
                "Dieses Postfach gibt es nicht mehr",
            ),
            Self::Full => (
                "The recipient's mailbox is full",
                "Das Postfach des Empfängers ist voll",
            ),
            Self::TooLarge => (
                "The message is larger than the next server takes",
                "Die Nachricht ist größer, als der nächste Server annimmt",
            ),
            Self::TooLong => (
                "The text is longer than this gateway takes",
                "Der Text ist länger, als dieses Gateway annimmt",
            ),
            Self::TooManyRecipients => ("Too many recipients", "Zu viele Empfänger"),
            Self::Refused => (
                "The recipient's server refuses this message",
                "Der Server des Empfängers nimmt diese Nachricht nicht an",
            ),
            Self::NotAllowed => (
                "You may not use this gateway",
                "Du darfst dieses Gateway nicht benutzen",
            ),
            Self::BadContent => (
                "The message cannot be carried as it is",
                "So kann die Nachricht nicht befördert werden",
            ),
            Self::NotSupported => ("The other side cannot do this", "Das kann die andere Seite nicht"),
            Self::Loop => ("The message runs in a circle", "Die Nachricht läuft im Kreis"),
            Self::Unreachable => (
                "The next server cannot be reached",
                "Der nächste Server ist nicht zu erreichen",
            ),
            Self::Timeout => (
                "The next server did not answer in time",
                "Der nächste Server hat nicht rechtzeitig geantwortet",
            ),
            Self::Deferred => (
                "The next server asks to try again later",
                "Der nächste Server bittet, es später noch einmal zu versuchen",
            ),
            Self::Misconfigured => (
                "The gateway's own access to the next server does not work; its admin must look",
                "Der eigene Zugang des Gateways zum nächsten Server funktioniert nicht; sein Administrator muss nachsehen",
            ),
            Self::Busy => (
                "The gateway is busy; please try again later",
                "Das Gateway ist gerade überlastet; bitte später noch einmal versuchen",
            ),
            Self::TooFast => ("Too much in too short a time", "Zu viel in zu kurzer Zeit"),
            Self::NotWanted => (
                "This person takes no messages from people whom he does not know",
                "Diese Person nimmt keine Nachrichten von Unbekannten an",
            ),
            Self::Expired => (
                "The message could not be delivered in time",
                "Die Nachricht konnte nicht rechtzeitig zugestellt werden",
            ),
            Self::Cancelled => (
                "This message was stopped on request",
                "Diese Nachricht wurde auf Wunsch angehalten",
            ),
            Self::Withdrawn => (
                "Its sender took it back or corrected it before it left",
                "Der Absender hat sie zurückgenommen oder berichtigt, bevor sie hinausging",
            ),
            Self::Poison => (
                "The gateway failed again and again on this message and has put it aside",
                "Das Gateway ist an dieser Nachricht immer wieder gescheitert und hat sie beiseitegelegt",
            ),
            Self::Restored => (
                "The gateway's store was damaged, and this message may have been delivered already",
                "Der Speicher des Gateways war beschädigt, und diese Nachricht ist vielleicht schon zugestellt",
            ),
            Self::Internal => ("The gateway made a mistake", "Das Gateway hat einen Fehler gemacht"),
        };
        language.pick(en, de)
    }
}
