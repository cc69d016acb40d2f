//! Presence and subscriptions: how a contact gets into a roster and looks alive there.

mod look;
mod sessions;

pub(crate) use look::{absent, present};
pub(crate) use sessions::Sessions;

use super::Face;
use crate::address::{Caller, contact_of};
use crate::errors::Refusal;
use crate::reception::{Deeds, Post};
use crate::route::Presence;
use crate::shelf::{Sight, Subscriber};
use crate::stanza::{Outward, ReturnAddress};
use causeway_core::fault::ErrorType;
use causeway_core::language::Words;
use causeway_core::network::{Arrival, Row};
use causeway_core::registration::Acquaintance;
use jid::BareJid;

/// A presence from a user with the address that it went to.
pub(crate) struct Seen<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) local: Option<&'a str>,
    pub(crate) what: Presence,
    pub(crate) back: &'a ReturnAddress,
}

// ---------------------------------------------------------------------------------------------------------------------

/// Does what a presence asks for.
pub(crate) fn receive(face: &Face, seen: &Seen<'_>) -> Deeds {
    match seen.what {
        Presence::Subscribe => subscribe(face, seen),
        Presence::Subscribed => answered(face, seen, true),
        Presence::Unsubscribe => unsubscribe(face, seen),
        Presence::Unsubscribed => answered(face, seen, false),
        Presence::Probe => probe(face, seen),
        Presence::Available => available(face, seen),
        Presence::Unavailable => unavailable(face, seen),
    }
}

/// The presence that tells a subscriber that a contact or the gateway is there, or no longer.
pub(crate) fn announcement(face: &Face, subscriber: &Subscriber, is_there: bool) -> Option<Outward> {
    let local = Some(subscriber.local.as_str()).filter(|local| !local.is_empty());
    match is_there {
        true => present(face, local, &subscriber.user),
        false => absent(face, local, &subscriber.user),
    }
}

/// RFC 6121 section 3.1.5 and 3.1.6: the approval first, then the presence. A contact never asks for the user's own
/// presence: no network could show it. The gateway asks those who are registered (XEP-0100 section 4.1.1).
fn subscribe(face: &Face, seen: &Seen<'_>) -> Deeds {
    let mut rows = match admitted(face, seen) {
        Ok(rows) => rows,
        Err(refusal) => return turned_away(seen, &refusal),
    };
    let user = &seen.caller.bare;
    let approval = Outward::presence(&seen.back.speaker.bare(), user.as_str(), Some("subscribed"));
    let memory = face.house.memory.as_ref();
    let asks_back =
        seen.local.is_none() && face.registration(user).is_some() && face.shelf.sight(memory, user).is_none();
    let asking = asks_back.then(|| face.wish_to_see(user));
    rows.extend(asks_back.then(|| face.shelf.sees(user, Some(Sight::Asked))));
    Deeds::after(Post {
        arrival: Arrival::rows(rows),
        then: std::iter::once(approval)
            .chain(asking)
            .chain(present(face, seen.local, user.as_str()))
            .collect(),
        or_else: Some(seen.back.clone()),
    })
}

/// What a user says to the gateway's wish to see his presence, be it now or by taking back what he granted. What he says
/// to a contact changes nothing.
fn answered(face: &Face, seen: &Seen<'_>, granted: bool) -> Deeds {
    let user = &seen.caller.bare;
    let before = face.shelf.sight(face.house.memory.as_ref(), user);
    let (None, Some(before)) = (seen.local, before) else {
        return Deeds::default();
    };
    let after = match (granted, before) {
        (true, _) => Some(Sight::Granted),
        (false, Sight::Granted) => None,
        (false, Sight::Asked | Sight::Refused) => Some(Sight::Refused),
    };
    Deeds::after(Post {
        arrival: Arrival::rows(vec![face.shelf.sees(user, after)]),
        then: Vec::new(),
        or_else: None,
    })
}

/// RFC 6121 section 3.3.3.
fn unsubscribe(face: &Face, seen: &Seen<'_>) -> Deeds {
    let user = seen.caller.bare.as_str();
    let confirmed = Outward::presence(&seen.back.speaker.bare(), user, Some("unsubscribed"));
    Deeds::after(Post {
        arrival: Arrival::rows(vec![face.shelf.unsubscribed(&seen.caller.bare, seen.local)]),
        then: std::iter::once(confirmed)
            .chain(absent(face, seen.local, user))
            .collect(),
        or_else: Some(seen.back.clone()),
    })
}

/// RFC 6121 section 4.3.2. A server probes for those whose roster says that they are subscribed, so where the row is
/// missing, the roster knows better: it outlives a lost store. Where that is refused, the roster stays as it is.
fn probe(face: &Face, seen: &Seen<'_>) -> Deeds {
    let there = present(face, seen.local, &seen.caller.full);
    if is_subscribed(face, &seen.caller.bare, seen.local) {
        return saying(there);
    }
    match admitted(face, seen) {
        Ok(rows) => Deeds::after(Post {
            arrival: Arrival::rows(rows),
            then: there.into_iter().collect(),
            or_else: None,
        }),
        Err(refusal) => saying(Some(seen.back.refused(&refusal))),
    }
}

/// XEP-0100 section 4.4.1: who logs in to the gateway is told that it is there, once.
fn available(face: &Face, seen: &Seen<'_>) -> Deeds {
    let is_new = face.sessions.came(seen.caller, seen.local);
    match is_new && is_subscribed(face, &seen.caller.bare, seen.local) {
        true => saying(present(face, seen.local, &seen.caller.full)),
        false => Deeds::default(),
    }
}

/// XEP-0100 section 4.5.1: who logs out of the gateway is told that it is gone. A session that went offline as a whole
/// does not hear it any more.
fn unavailable(face: &Face, seen: &Seen<'_>) -> Deeds {
    let was_there = face.sessions.left(seen.caller, seen.local);
    match was_there && seen.local.is_none() {
        true => saying(absent(face, None, &seen.caller.full)),
        false => Deeds::default(),
    }
}

fn saying(answer: Option<Outward>) -> Deeds {
    Deeds {
        answers: answer.into_iter().collect(),
        ..Deeds::default()
    }
}

fn is_subscribed(face: &Face, user: &BareJid, local: Option<&str>) -> bool {
    face.shelf.is_subscribed(face.house.memory.as_ref(), user, local)
}

/// The rows of a new subscription, if the user may have it, has room for it, and the contact's address is one. Whom he adds
/// is no stranger.
fn admitted(face: &Face, seen: &Seen<'_>) -> Result<Vec<Row>, Refusal> {
    let user = &seen.caller.bare;
    face.admit(user)?;
    if !face.shelf.has_room(face.house.memory.as_ref(), user, seen.local) {
        return Err(no_room());
    }
    let mut rows = vec![face.shelf.subscribed(user, seen.local)];
    if let Some(local) = seen.local {
        let contact = contact_of(face.network.as_ref(), local)?;
        let canonical = face.canonical(&contact);
        let memory = face.house.memory.as_ref();
        rows.extend(face.shelf.form(memory, user, &contact, local, canonical.as_deref()));
        rows.push(Row::put(
            Acquaintance::key(user, &contact),
            Acquaintance::Known.as_bytes(),
        ));
    }
    Ok(rows)
}

/// Takes the contact out of the roster again and says why.
fn turned_away(seen: &Seen<'_>, refusal: &Refusal) -> Deeds {
    let no = Outward::presence(
        &seen.back.speaker.bare(),
        seen.caller.bare.as_str(),
        Some("unsubscribed"),
    );
    Deeds {
        answers: vec![seen.back.refused(refusal), no],
        ..Deeds::default()
    }
}

fn no_room() -> Refusal {
    Refusal::of(
        "resource-constraint",
        ErrorType::Wait,
        Words::new(
            "You have as many contacts here as anybody may have; remove some first",
            "Du hast hier so viele Kontakte, wie jemand haben darf; entferne erst welche",
        ),
    )
}

#[cfg(test)]
mod tests;
