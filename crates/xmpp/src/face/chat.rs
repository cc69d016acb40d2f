//! A chat with the gateway: every command of the office by its name, and every form in it question by question.

mod conversation;
mod words;

pub(super) use conversation::Conversation;

use super::Face;
use super::attention::{Key, LARGEST};
use crate::address::Caller;
use crate::errors::Refusal;
use crate::ns;
use crate::read;
use crate::reception::Deeds;
use crate::stanza::{Outward, ReturnAddress, language_of};
use crate::xml::{Build, element, text_of};
use causeway_core::fault::{ErrorType, Fault, FaultKind};
use causeway_core::language::{Language, Words};
use conversation::Partner;
use futures::FutureExt;
use minidom::Element;
use std::panic::AssertUnwindSafe;

// ---------------------------------------------------------------------------------------------------------------------

/// Takes a message to the gateway itself. Nothing in it is lost in silence: it is answered or sent back.
pub(crate) fn receive(face: &Face, stanza: &Element, caller: &Caller, back: &ReturnAddress, is_found: bool) -> Deeds {
    match heard(face, stanza, caller, is_found) {
        Ok(Some(text)) => converse(face, stanza, caller, back, text),
        Ok(None) => Deeds::default(),
        Err(refusal) => Deeds::answering(back.refused(&refusal)),
    }
}

/// What somebody says to the gateway; `None` for what only looks so.
fn heard(face: &Face, stanza: &Element, caller: &Caller, is_found: bool) -> Result<Option<String>, Refusal> {
    if read::is_copy(stanza) {
        return Ok(None);
    }
    if !caller.is_account() || stanza.children().any(|child| child.has_ns(ns::MUC_USER)) {
        return Err(Refusal::of(
            "not-allowed",
            ErrorType::Cancel,
            Words::new(
                "The gateway talks to people only, and not through a room",
                "Das Gateway redet nur mit Menschen, und nicht durch einen Raum",
            ),
        ));
    }
    face.admit(&caller.bare)?;
    if let Some(refusal) = read::encryption::refusal(stanza) {
        return Err(refusal);
    }
    let body = text_of(stanza, "body", ns::COMPONENT).unwrap_or_default();
    let text = read::fallback::without_quote(stanza, &body).unwrap_or(body);
    match text.len() {
        _ if is_found => Err(missed(&text)),
        0..=LARGEST => Ok(Some(text)),
        _ => Err(Refusal::from(Fault::of(FaultKind::TooLarge))),
    }
}

/// What was said while the gateway was away is not done unasked: it may have been answered before the link broke, and
/// who asked may have changed his mind.
fn missed(text: &str) -> Refusal {
    let said = causeway_core::text::shorten(text.trim(), 60);
    Refusal::of(
        "recipient-unavailable",
        ErrorType::Wait,
        Words::new(
            format!("The gateway was away when you wrote “{said}”. If it did not answer, write it once more"),
            format!(
                "Das Gateway war nicht da, als du „{said}“ schriebst. Falls es nicht geantwortet hat, schreib es noch einmal"
            ),
        ),
    )
}

fn converse(face: &Face, stanza: &Element, caller: &Caller, back: &ReturnAddress, text: String) -> Deeds {
    let Some(under_way) = face.attention.begin(&caller.bare) else {
        return Deeds::answering(back.refused(&Refusal::from(Fault::of(FaultKind::Busy))));
    };
    let key = Key {
        user: caller.bare.clone(),
        full: caller.full.clone(),
        name: String::new(),
    };
    let conversation = face.attention.talks.at(key, face.house.clock.now());
    let partner = Partner {
        face: face.clone(),
        caller: caller.clone(),
        language: face.language(&caller.bare, language_of(stanza)),
    };
    let envelope = Cover::of(stanza, back, partner.language);
    let stumbled = back.refused(&Refusal::from(Fault::of(FaultKind::Internal)));
    let answering = AssertUnwindSafe(async move {
        let mut conversation = conversation.lock().await;
        let answer = conversation.hear(&partner, &text).await;
        drop(under_way);
        envelope.around(answer)
    });
    Deeds {
        later: Some(Box::pin(
            answering
                .catch_unwind()
                .map(|answers| answers.unwrap_or_else(|_| vec![stumbled])),
        )),
        ..Deeds::default()
    }
}

/// What an answer needs besides its words.
struct Cover {
    back: ReturnAddress,
    message_type: &'static str,
    thread: Option<Element>,
    /// The id that a receipt was asked for (XEP-0184 section 5.3).
    receipt: Option<String>,
    language: Language,
}

impl Cover {
    fn of(stanza: &Element, back: &ReturnAddress, language: Language) -> Self {
        let wants_receipt = stanza.has_child("request", ns::RECEIPTS);
        Self {
            back: back.clone(),
            message_type: match stanza.attr("type") {
                Some("chat") => "chat",
                _ => "normal",
            },
            thread: stanza
                .children()
                .find(|child| child.is("thread", ns::COMPONENT))
                .cloned(),
            receipt: stanza.attr("id").filter(|_| wants_receipt).map(str::to_owned),
            language,
        }
    }

    /// The receipt, which says that the gateway has done something about the message, and the answer. Whoever goes on
    /// without being understood is a machine, and only an error ends that.
    fn around(self, answer: Result<String, Refusal>) -> Vec<Outward> {
        let words = match answer {
            Ok(words) => words,
            Err(refusal) => return vec![self.back.refused(&refusal)],
        };
        let message = |id: Option<&str>| Outward::message(&self.back.speaker, &self.back.to, self.message_type, id);
        let receipt = self
            .receipt
            .as_ref()
            .map(|id| message(None).holding(element("received", ns::RECEIPTS).with("id", id)));
        let body = element("body", ns::COMPONENT)
            .in_language(self.language.tag())
            .saying(&words);
        let answer = message(None).holding(body).holding_some(self.thread.clone());
        receipt.into_iter().chain([answer]).collect()
    }
}

#[cfg(test)]
mod tests;
