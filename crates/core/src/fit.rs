//! The pure downgrade: what a side cannot carry is said in words that it can.

mod change;
mod loss;

use crate::capability::{Capabilities, Reactions};
use crate::fault::{Fault, FaultKind};
use crate::language::{Language, Words};
use crate::message::{Happened, News, Payload, Reference, Text, joined};
use crate::text::{Body, Line};

pub use loss::Loss;

/// How much of the message that is meant is repeated, in characters.
const FIRST_WORDS: usize = 60;

/// A payload that fits its recipient's side. Only [`fit`] makes one, and writers take nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitted {
    payload: Payload,
    words: Option<String>,
}

/// What a downgrade must know besides.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// The message that a correction, a retraction or a reaction means: said between the same two, by the same one where it
    /// can only be his own.
    pub earlier: Option<&'a Payload>,
    /// Whether that one never reached the other side and never will.
    pub lost: bool,
    /// The language of who speaks.
    pub language: Language,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Fitted {
    /// The payload.
    pub fn payload(&self) -> &Payload {
        &self.payload
    }

    /// What a retraction or a reaction says to people whose programs know no such thing.
    pub fn words(&self) -> Option<&str> {
        self.words.as_deref()
    }
}

/// Fits `payload` to a side. Fitting twice changes nothing more.
///
/// # Errors
/// [`FaultKind::NotSupported`] when this side needs nothing of it: then the delivery is over without a network call, and
/// nobody is told. [`FaultKind::BadContent`] when the message that is meant is not known.
pub fn fit(payload: &Payload, side: &Capabilities, context: &Context<'_>) -> Result<Fitted, Fault> {
    let needless = || Fault::of(FaultKind::NotSupported);
    let payload = match payload {
        Payload::Text(text) => Payload::Text(fitted(text, side, context)),
        Payload::Edit { target, text } if side.edits && !context.lost => Payload::Edit {
            target: target.clone(),
            text: fitted(text, side, context),
        },
        Payload::Edit { target, text } => {
            let mut follow_up = text.clone();
            if !context.lost {
                let before = context.earlier.and_then(Payload::text).map(|text| &text.body);
                follow_up.body = change::told(before, &text.body, context.language);
                follow_up.original = None;
                follow_up.reply_to = Some(target.clone());
            }
            Payload::Text(fitted(&follow_up, side, context))
        }
        Payload::Retract { .. } if context.lost => return Err(needless()),
        Payload::Retract { target, sender_name } => {
            let words = disregard(known(context)?, context.language);
            match side.retractions {
                true => return Ok(Fitted::with(payload, words)),
                false => Payload::Text(fitted(&answering(target, &words, sender_name)?, side, context)),
            }
        }
        Payload::React { emojis, .. } if emojis.is_empty() && side.reactions != Reactions::Shown => {
            return Err(needless());
        }
        Payload::React {
            target,
            emojis,
            sender_name,
        } => {
            let first_words = known(context)?.first_words(FIRST_WORDS);
            let words = match (emojis.is_empty(), first_words.is_empty()) {
                (true, _) => String::new(),
                (false, true) => joined(emojis),
                (false, false) => {
                    let to = context.language.pick("to", "zu");
                    format!("{} {to}: {}", joined(emojis), context.language.quoted(&first_words))
                }
            };
            match side.reactions {
                Reactions::Shown | Reactions::Marked => return Ok(Fitted::with(payload, words)),
                Reactions::Unknown => Payload::Text(fitted(&answering(target, &words, sender_name)?, side, context)),
            }
        }
        Payload::News(News {
            what: Happened::Delivered | Happened::Seen | Happened::Delayed(_),
            ..
        }) if !side.receipts => return Err(needless()),
        Payload::News(news) => Payload::News(news.clone()),
    };
    Ok(Fitted { payload, words: None })
}

impl Fitted {
    fn with(payload: &Payload, words: String) -> Self {
        Self {
            payload: payload.clone(),
            words: Some(words).filter(|words| !words.is_empty()),
        }
    }
}

/// The message that is meant.
fn known<'a>(context: &Context<'a>) -> Result<&'a Payload, Fault> {
    let unknown = || Fault::of(FaultKind::BadContent).saying("the message that is meant is not known here");
    context.earlier.ok_or_else(unknown)
}

fn disregard(earlier: &Payload, language: Language) -> String {
    let first_words = earlier.first_words(FIRST_WORDS);
    let quoted = match first_words.is_empty() {
        true => String::new(),
        false => format!(" {}", language.quoted(&first_words)),
    };
    Words::new(
        format!("Please disregard my message{quoted}."),
        format!("Bitte betrachte meine Nachricht{quoted} als nicht geschrieben."),
    )
    .told(language)
    .to_owned()
}

/// Words about an earlier message.
fn answering(target: &Reference, words: &str, sender_name: &Option<Line>) -> Result<Text, Fault> {
    let body = Body::clean(words).ok_or_else(|| Fault::of(FaultKind::BadContent))?;
    Ok(Text {
        reply_to: Some(target.clone()),
        sender_name: sender_name.clone(),
        ..Text::plain(body)
    })
}

fn fitted(text: &Text, side: &Capabilities, context: &Context<'_>) -> Text {
    let mut text = text.clone();
    text.unkept &= side.unkept;
    let whole = text.body.as_str();
    if whole.len() > side.longest_text {
        let (shown, all) = (side.longest_text, whole.len());
        let note = Words::new(
            format!("\n[… the first {shown} of {all} bytes]"),
            format!("\n[… die ersten {shown} von {all} Bytes]"),
        );
        let note = note.told(context.language);
        let room = side.longest_text.saturating_sub(note.len());
        let cut = whole.get(..whole.floor_char_boundary(room)).unwrap_or_default();
        if let Some(body) = Body::clean(&format!("{cut}{note}")) {
            text.body = body;
        }
    }
    text
}

#[cfg(test)]
mod tests;
