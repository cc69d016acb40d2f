//! One stanza in, and what to do about it: never waits, never fails.

use crate::address::{Caller, contact_of};
use crate::archive;
use crate::errors::Refusal;
use crate::face::presence::{self, Seen};
use crate::face::{Answer, Face, Request, chat};
use crate::names::Names;
use crate::notice;
use crate::read::{self, Arrived};
use crate::route::{Presence, Route, Routed, route};
use crate::shelf::{Shelf, Subscriber};
use crate::stanza::{Outward, ReturnAddress};
use causeway_core::clock::Timestamp;
use causeway_core::fault::{ErrorType, Fault, FaultKind};
use causeway_core::language::Words;
use causeway_core::network::{Arrival, Item, Pending};
use futures::FutureExt;
use jid::BareJid;
use minidom::Element;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What follows from one stanza.
#[derive(Default)]
pub(crate) struct Deeds {
    /// What to answer at once.
    pub(crate) answers: Vec<Outward>,
    /// What to write down first.
    pub(crate) post: Option<Post>,
    /// What to say when some work is done that reading must not wait for.
    pub(crate) later: Option<Pending<'static, Vec<Outward>>>,
    /// The id and sender of an answer to a request, which may be the link's own ping.
    pub(crate) answered: Option<(String, String)>,
}

/// Something to write down, and what to say when that is done.
#[derive(Debug)]
pub(crate) struct Post {
    pub(crate) arrival: Arrival,
    /// What to answer when it is durable.
    pub(crate) then: Vec<Outward>,
    /// Where to send the reason when it was not taken.
    pub(crate) or_else: Option<ReturnAddress>,
}

/// Takes the stanzas of one component domain.
pub(crate) struct Reception {
    face: Face,
    names: Names,
    tls: bool,
    /// When the stanza in hand was sent, where it did not come over the link.
    found: Option<Timestamp>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Reception {
    /// `tls` says whether the stanzas come over an encrypted link.
    pub(crate) fn new(face: Face, tls: bool) -> Self {
        Self {
            face,
            names: Names::default(),
            tls,
            found: None,
        }
    }

    /// The stanzas from here on come over a new connection.
    pub(crate) fn connected(&mut self) {
        self.names.connected();
    }

    /// Takes one stanza. A panic in it is that stanza's end and nobody else's.
    pub(crate) fn receive(&mut self, stanza: &Element) -> Deeds {
        let Routed { route, back } = route(stanza, &self.face.gateway);
        let reply = back.clone();
        catch_unwind(AssertUnwindSafe(|| self.handle(stanza, route, back))).unwrap_or_else(|_| {
            tracing::error!("a stanza made the gateway stumble; it was refused");
            Deeds::refused(reply.as_ref(), &Refusal::from(Fault::of(FaultKind::Internal)))
        })
    }

    /// The same; while it is crowded, what cannot be answered at once is refused instead.
    pub(crate) fn receive_unless(&mut self, is_crowded: bool, stanza: &Element) -> Deeds {
        let deeds = self.receive(stanza);
        if !is_crowded || deeds.later.is_none() {
            return deeds;
        }
        let back = route(stanza, &self.face.gateway).back;
        Deeds::refused(back.as_ref(), &Refusal::from(Fault::of(FaultKind::Busy)))
    }

    /// Takes a stanza that a search found; its sender's server had it at that time.
    pub(crate) fn receive_found(&mut self, stanza: &Element, at: Timestamp) -> Deeds {
        self.found = Some(at);
        let deeds = self.receive(stanza);
        self.found = None;
        deeds
    }

    /// Whether the users of a host may use the gateway.
    pub(crate) fn admits(&self, host: &BareJid) -> bool {
        self.face.admit(host).is_ok()
    }

    /// The next page of subscribers.
    pub(crate) fn subscribers(&self, after: Option<&str>, limit: usize) -> Vec<Subscriber> {
        self.face
            .shelf
            .subscribers(self.face.house.memory.as_ref(), after, limit)
    }

    /// The presence that a subscriber is sent.
    pub(crate) fn announcement(&self, subscriber: &Subscriber, is_there: bool) -> Option<Outward> {
        presence::announcement(&self.face, subscriber, is_there)
    }

    /// What the presence of the gateway itself tells of.
    pub(crate) fn trouble(&self) -> Option<Words> {
        self.face.network.trouble()
    }

    fn handle(&mut self, stanza: &Element, route: Route<'_>, back: Option<ReturnAddress>) -> Deeds {
        match (route, back) {
            (Route::Say { caller, local }, Some(back)) => match self.say(stanza, &caller, &local, &back) {
                Ok(deeds) => deeds,
                Err(refusal) => Deeds::refused(Some(&back), &refusal),
            },
            (Route::Bounce { caller }, _) => self.bounce(stanza, &caller),
            (Route::SayToGateway { caller }, Some(back)) => {
                chat::receive(&self.face, stanza, &caller, &back, self.found.is_some())
            }
            (Route::Presence { caller, local, what }, Some(back)) => {
                let seen = Seen {
                    caller: &caller,
                    local: local.as_deref(),
                    what,
                    back: &back,
                };
                let mut deeds = presence::receive(&self.face, &seen);
                if let (Presence::Subscribe, Some(post)) = (what, &mut deeds.post) {
                    post.then.extend(self.ask_for_name(&caller));
                }
                deeds
            }
            (
                Route::Ask {
                    caller,
                    local,
                    set,
                    request,
                },
                Some(back),
            ) => {
                let request = Request {
                    caller: &caller,
                    local: local.as_deref(),
                    set,
                    payload: request,
                    language: back.language,
                };
                self.ask(&request, back)
            }
            (Route::Answer { id, from }, _) => Deeds {
                answered: Some((id.to_owned(), from.to_owned())),
                post: self.named(id, from, stanza),
                ..Deeds::default()
            },
            (Route::Refused(refusal), back) => Deeds::refused(back.as_ref(), &refusal),
            (Route::Ignored(why), _) => {
                tracing::debug!(why, "a stanza was ignored");
                Deeds::default()
            }
            (Route::Say { .. } | Route::SayToGateway { .. } | Route::Presence { .. } | Route::Ask { .. }, None) => {
                Deeds::default()
            }
        }
    }

    fn ask(&self, request: &Request<'_>, back: ReturnAddress) -> Deeds {
        match self.face.answer(request) {
            Ok(Answer::Now(payload)) => Deeds::answering(back.result(payload)),
            Ok(Answer::Flow(flow)) => Deeds {
                later: Some(Box::pin(AssertUnwindSafe(flow(back.clone())).catch_unwind().map(
                    move |done| match done {
                        Ok(Ok(left)) => left,
                        Ok(Err(fault)) => vec![back.refused(&Refusal::from(fault))],
                        Err(_) => vec![back.refused(&Refusal::from(Fault::of(FaultKind::Internal)))],
                    },
                ))),
                ..Deeds::default()
            },
            Ok(Answer::Later(work)) => Deeds {
                later: Some(Box::pin(AssertUnwindSafe(work).catch_unwind().map(move |done| {
                    let stumbled = |_| Err(Refusal::from(Fault::of(FaultKind::Internal)));
                    vec![match done.unwrap_or_else(stumbled) {
                        Ok(payload) => back.result(payload),
                        Err(refusal) => back.refused(&refusal),
                    }]
                }))),
                ..Deeds::default()
            },
            Err(refusal) => Deeds::answering(back.refused(&refusal)),
        }
    }

    fn say(&mut self, stanza: &Element, caller: &Caller, local: &str, back: &ReturnAddress) -> Result<Deeds, Refusal> {
        let face = &self.face;
        let speaks = read::speaks(stanza);
        let contact = match contact_of(face.network.as_ref(), local) {
            Ok(_) if speaks && !caller.is_account() => {
                return Err(Refusal::of(
                    "not-allowed",
                    ErrorType::Cancel,
                    Words::new(
                        "Only people can write to people here",
                        "Nur Menschen können hier an Menschen schreiben",
                    ),
                ));
            }
            Ok(contact) => contact,
            Err(fault) if speaks => return Err(Refusal::from(fault)),
            // Chat states to a wrong address deserve no answer.
            Err(_) => return Ok(Deeds::default()),
        };
        let memory = face.house.memory.as_ref();
        let known_as = speaks.then(|| face.name_of(&caller.bare)).flatten();
        let items = read::message(stanza, caller, contact.clone(), known_as, self.arrived())?;
        if items.is_empty() {
            return Ok(Deeds::default());
        }
        let canonical = face.canonical(&contact);
        let form = face
            .shelf
            .form(memory, &caller.bare, &contact, local, canonical.as_deref());
        let posts = items.iter().filter_map(|item| match item {
            Item::Post(draft) => Some(draft.as_ref()),
            Item::Report(_) => None,
        });
        let (told, notes): (Vec<_>, Vec<_>) = posts.filter_map(|draft| notice::of_loss(face, draft, back)).unzip();
        let mark = archive::mark(&face.shelf, &face.house, &caller.bare);
        let asks = speaks && face.admit(&caller.bare).is_ok();
        Ok(Deeds {
            answers: asks.then(|| self.ask_for_name(caller)).flatten().into_iter().collect(),
            ..Deeds::after(Post {
                arrival: Arrival {
                    items,
                    rows: form.into_iter().chain(mark).chain(told).collect(),
                    ..Arrival::default()
                },
                then: notes,
                or_else: Some(back.clone()),
            })
        })
    }

    /// The question what a person is called, if it was not asked yet.
    fn ask_for_name(&mut self, caller: &Caller) -> Option<Outward> {
        match caller.is_account() {
            true => self.names.ask(&self.face.gateway, &caller.bare),
            false => None,
        }
    }

    /// Writes a name down that was asked for, if it is news.
    fn named(&mut self, id: &str, from: &str, answer: &Element) -> Option<Post> {
        let (user, name) = self.names.answered(id, from, answer)?;
        let row = Shelf::name(self.face.house.memory.as_ref(), &user, &name)?;
        Some(Post {
            arrival: Arrival::rows(vec![row]),
            then: Vec::new(),
            or_else: None,
        })
    }

    fn bounce(&self, stanza: &Element, caller: &Caller) -> Deeds {
        match read::bounce(stanza, caller, self.arrived()) {
            None => Deeds::default(),
            Some(item) => Deeds::after(Post {
                arrival: Arrival {
                    items: vec![item],
                    ..Arrival::default()
                },
                then: Vec::new(),
                or_else: None,
            }),
        }
    }

    fn arrived(&self) -> Arrived {
        Arrived {
            at: self.face.house.clock.now(),
            wall: self.face.house.clock.wall(),
            tls: self.tls,
            found: self.found,
        }
    }
}

impl Deeds {
    /// Only an answer.
    pub(crate) fn answering(answer: Outward) -> Self {
        Self {
            answers: vec![answer],
            ..Self::default()
        }
    }

    /// Nothing before it is written down.
    pub(crate) fn after(post: Post) -> Self {
        Self {
            post: Some(post),
            ..Self::default()
        }
    }

    fn refused(back: Option<&ReturnAddress>, refusal: &Refusal) -> Self {
        Self {
            answers: back.map(|back| back.refused(refusal)).into_iter().collect(),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests;
