//! Hands one parcel over to the XMPP server.

use crate::address::{Speaker, canonical_local};
use crate::home::{Home, Station};
use crate::link::line::Slip;
use crate::shelf::Shelf;
use crate::stanza::Outward;
use crate::strangers;
use crate::upload::{self, Way};
use crate::write::{self, Leg};
use causeway_core::address::Contact;
use causeway_core::capability::Capabilities;
use causeway_core::envelope::Envelope;
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::hop::{Hop, Step};
use causeway_core::language::Language;
use causeway_core::message::{Happened, Payload};
use causeway_core::network::{Courier, Handed, House, Outcome, Parcel, Pending};
use causeway_core::registration::Settings;
use causeway_core::text::Line;
use jid::BareJid;

/// The longest text in bytes. Escaped it grows sixfold at worst, and servers close a component's stream at half a
/// mebibyte.
const LONGEST_TEXT: usize = 65_536;

/// What chat clients can carry.
pub(crate) fn capabilities() -> Capabilities {
    Capabilities {
        longest_text: LONGEST_TEXT,
        ..Capabilities::ALL
    }
}

// ---------------------------------------------------------------------------------------------------------------------

impl Courier for Home {
    fn deliver<'a>(&'a self, parcel: &'a Parcel) -> Pending<'a, Outcome> {
        Box::pin(self.hand_over(parcel))
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn is_open(&self) -> bool {
        self.has_a_link()
    }
}

impl Home {
    async fn hand_over(&self, parcel: &Parcel) -> Outcome {
        let Some(house) = self.house() else {
            return Outcome::Failed(Fault::of(FaultKind::Unreachable), None);
        };
        let (station, stanzas) = match self.prepared(parcel, house).await {
            Ok(prepared) => prepared,
            Err(fault) => return Outcome::Failed(fault, None),
        };
        let sent = match stanzas.is_empty() {
            // The user does not want to hear of it.
            true => Ok(()),
            false => station.line.hand_over(stanzas).await,
        };
        let hop = |step, fault: Option<&Fault>| self.hop(house, step, fault);
        match sent {
            Ok(()) => match hop(Step::Handed, None) {
                Some(hop) => Outcome::Handed(Handed {
                    hop,
                    final_stop: false,
                    rows: upload::done(parcel),
                }),
                None => Outcome::InDoubt(Fault::of(FaultKind::Internal), None),
            },
            Err(Slip::Unsent(fault)) => {
                let hop = hop(Step::Deferred, Some(&fault));
                Outcome::Failed(fault, hop)
            }
            Err(Slip::InDoubt(fault)) => {
                let hop = hop(Step::InDoubt, Some(&fault));
                Outcome::InDoubt(fault, hop)
            }
        }
    }

    /// The stanzas for a parcel, and the link that they go over; its files are where their links lead by then.
    async fn prepared(&self, parcel: &Parcel, house: &House) -> Result<(&Station, Vec<Outward>), Fault> {
        let wrong = || Fault::of(FaultKind::Internal).for_good();
        let draft = parcel.draft();
        let contact = draft.from.contact().ok_or_else(wrong)?;
        let user = draft.to.home().ok_or_else(wrong)?;
        let station = self
            .station(&contact.network)
            .ok_or_else(|| Fault::of(FaultKind::NotSupported).saying("this network has no component domain at home"))?;
        let about = match parcel.payload() {
            Payload::News(news) => house.memory.recall(news.about),
            _ => None,
        };
        let settings = settings(house, contact, user);
        if is_delay(parcel.payload()) && !settings.delays {
            return Ok((station, Vec::new()));
        }
        let from = speaker(station, house, user, contact)?;
        strangers::admit(station, house, parcel).await?;
        if let Some(face) = station.face.get() {
            face.meet(parcel).await;
            face.show_picture(parcel).await;
        }
        let way = Way {
            gateway: &station.gateway,
            line: &station.line,
            uploads: &station.uploads,
            house,
            parcel,
            user,
            configured: self.config.upload_service.as_deref(),
        };
        let files = way.placed().await?;
        let leg = Leg {
            gateway: &station.gateway,
            from: &from,
            to: user,
            files: &files,
            language: language(&settings, about.as_ref()),
            about: about.as_ref(),
            now: house.clock.now(),
            wall: house.clock.wall(),
        };
        Ok((station, write::stanzas(parcel, leg)?))
    }

    fn hop(&self, house: &House, step: Step, fault: Option<&Fault>) -> Option<Hop> {
        let who = Line::clean(&self.config.server)?;
        let said = fault.and_then(|fault| fault.said.clone());
        Some(
            Hop::own(house.clock.now(), step, who)
                .over(Line::clean("xmpp"), Some(self.config.tls))
                .saying(said),
        )
    }
}

/// The JID that a contact speaks from: in the form that this user addressed it by, so that one person is one conversation.
fn speaker(station: &Station, house: &House, user: &BareJid, contact: &Contact) -> Result<Speaker, Fault> {
    let bad = || Fault::of(FaultKind::BadAddress).saying("no JID can name this address");
    let local = Shelf::form_of(house.memory.as_ref(), user, contact)
        .or_else(|| canonical_local(station.network.as_ref(), &contact.id))
        .ok_or_else(bad)?;
    Ok(station.gateway.contact(&local).ok_or_else(bad)?.present())
}

/// What a user wants.
fn settings(house: &House, contact: &Contact, user: &BareJid) -> Settings {
    Shelf::registration(house.memory.as_ref(), &contact.network, user)
        .unwrap_or_default()
        .settings
}

/// Whether it tells of nothing but a wait.
fn is_delay(payload: &Payload) -> bool {
    matches!(payload, Payload::News(news) if matches!(news.what, Happened::Delayed(_)))
}

/// The language that a user chose to be spoken to in, or that of his own message which the news are about.
fn language(settings: &Settings, about: Option<&Envelope>) -> Language {
    let spoken = || about?.draft.lang.as_ref()?.language();
    settings.language.or_else(spoken).unwrap_or_default()
}
