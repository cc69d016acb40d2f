//! Presence and subscriptions: how a contact gets into a roster and looks alive there.

use super::Face;
use crate::address::{Caller, Speaker, contact_of};
use crate::errors::Refusal;
use crate::reception::{Deeds, Post};
use crate::route::Presence;
use crate::shelf::Subscriber;
use crate::stanza::{Outward, ReturnAddress};
use causeway_core::fault::Fault;
use causeway_core::network::{Arrival, Row};
use jid::BareJid;
use std::collections::HashSet;

/// How many sessions are remembered at most; then all are forgotten, and some are greeted twice.
const SESSIONS: usize = 4096;

/// Which of a user's sessions were told that a contact is there.
#[derive(Debug, Default)]
pub(crate) struct Sessions(HashSet<(String, Option<String>)>);

/// A presence from a user with the address that it went to.
pub(crate) struct Seen<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) local: Option<&'a str>,
    pub(crate) what: Presence,
    pub(crate) back: &'a ReturnAddress,
}

// ---------------------------------------------------------------------------------------------------------------------

/// Does what a presence asks for.
pub(crate) fn receive(face: &Face, sessions: &mut Sessions, seen: &Seen<'_>) -> Deeds {
    let session = (seen.caller.full.clone(), seen.local.map(str::to_owned));
    match seen.what {
        Presence::Subscribe => subscribe(face, seen),
        Presence::Unsubscribe => unsubscribe(face, seen),
        Presence::Probe => probe(face, seen),
        Presence::Available => match sessions.is_new(session) {
            true => available(face, seen),
            false => Deeds::default(),
        },
        Presence::Unavailable => {
            sessions.0.remove(&session);
            Deeds::default()
        }
    }
}

/// The presence that tells a subscriber that a contact is there, or no longer.
pub(crate) fn announcement(face: &Face, subscriber: &Subscriber, is_there: bool) -> Option<Outward> {
    let speaker = match subscriber.local.as_str() {
        "" => face.gateway.itself(),
        local => face.gateway.contact(local)?.present(),
    };
    Some(Outward::presence(
        &speaker,
        &subscriber.user,
        (!is_there).then_some("unavailable"),
    ))
}

/// RFC 6121 section 3.1.5 and 3.1.6: the approval first, then the presence.
fn subscribe(face: &Face, seen: &Seen<'_>) -> Deeds {
    let rows = match admitted(face, seen) {
        Ok(rows) => rows,
        Err(fault) => return turned_away(seen, &fault),
    };
    let user = seen.caller.bare.as_str();
    let approval = Outward::presence(&seen.back.speaker.bare(), user, Some("subscribed"));
    Deeds::after(Post {
        arrival: Arrival::rows(rows),
        then: vec![approval, Outward::presence(&present(seen), user, None)],
        or_else: Some(seen.back.clone()),
    })
}

/// RFC 6121 section 3.3.3.
fn unsubscribe(face: &Face, seen: &Seen<'_>) -> Deeds {
    let user = seen.caller.bare.as_str();
    Deeds::after(Post {
        arrival: Arrival::rows(vec![face.shelf.unsubscribed(&seen.caller.bare, seen.local)]),
        then: vec![
            Outward::presence(&seen.back.speaker.bare(), user, Some("unsubscribed")),
            Outward::presence(&present(seen), user, Some("unavailable")),
        ],
        or_else: Some(seen.back.clone()),
    })
}

/// RFC 6121 section 4.3.2. A server probes for those whose roster says that they are subscribed, so where the row is
/// missing, the roster knows better: it outlives a lost store.
fn probe(face: &Face, seen: &Seen<'_>) -> Deeds {
    let there = Outward::presence(&present(seen), &seen.caller.full, None);
    if is_subscribed(face, &seen.caller.bare, seen.local) {
        return Deeds::answering(there);
    }
    match admitted(face, seen) {
        Ok(rows) => Deeds::after(Post {
            arrival: Arrival::rows(rows),
            then: vec![there],
            or_else: None,
        }),
        Err(fault) => Deeds::answering(seen.back.refused(&Refusal::from(fault))),
    }
}

/// XEP-0100 section 4.4.2: who logs in to the gateway is told that it is there.
fn available(face: &Face, seen: &Seen<'_>) -> Deeds {
    match is_subscribed(face, &seen.caller.bare, seen.local) {
        true => Deeds::answering(Outward::presence(&present(seen), &seen.caller.full, None)),
        false => Deeds::default(),
    }
}

fn is_subscribed(face: &Face, user: &BareJid, local: Option<&str>) -> bool {
    face.shelf.is_subscribed(face.house.memory.as_ref(), user, local)
}

/// The rows of a new subscription, if the user may have it and the contact's address is one.
fn admitted(face: &Face, seen: &Seen<'_>) -> Result<Vec<Row>, Fault> {
    let user = &seen.caller.bare;
    face.admit(user)?;
    let mut rows = vec![face.shelf.subscribed(user, seen.local)];
    if let Some(local) = seen.local {
        let contact = contact_of(face.network.as_ref(), local)?;
        let canonical = face.canonical(&contact);
        let memory = face.house.memory.as_ref();
        rows.extend(face.shelf.form(memory, user, &contact, local, canonical.as_deref()));
    }
    Ok(rows)
}

/// Takes the contact out of the roster again and says why.
fn turned_away(seen: &Seen<'_>, fault: &Fault) -> Deeds {
    let no = Outward::presence(
        &seen.back.speaker.bare(),
        seen.caller.bare.as_str(),
        Some("unsubscribed"),
    );
    Deeds {
        answers: vec![seen.back.refused(&Refusal::from(fault)), no],
        ..Deeds::default()
    }
}

fn present(seen: &Seen<'_>) -> Speaker {
    match seen.local {
        Some(_) => seen.back.speaker.present(),
        None => seen.back.speaker.bare(),
    }
}

impl Sessions {
    fn is_new(&mut self, session: (String, Option<String>)) -> bool {
        if self.0.len() >= SESSIONS {
            self.0.clear();
        }
        self.0.insert(session)
    }
}
