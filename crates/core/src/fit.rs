//! The pure downgrade: what a side cannot carry is said in words that it can.

use crate::capability::Capabilities;
use crate::fault::{Fault, FaultKind};
use crate::message::{Happened, News, Payload, Text};
use crate::text::Body;

/// A payload that fits its recipient's side. Only [`fit`] makes one, and writers take nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitted(Payload);

// ---------------------------------------------------------------------------------------------------------------------

impl Fitted {
    /// The payload.
    pub fn payload(&self) -> &Payload {
        &self.0
    }
}

/// Fits `payload` to a side. Fitting twice changes nothing more. The error tells that this side needs nothing of it:
/// then the delivery is over without a network call.
pub fn fit(payload: &Payload, side: &Capabilities) -> Result<Fitted, Fault> {
    let fitted = match payload {
        Payload::Text(text) => Payload::Text(shortened(text, side)),
        Payload::Edit { target, text } if side.edits => Payload::Edit {
            target: target.clone(),
            text: shortened(text, side),
        },
        Payload::Edit { target, text } => {
            let mut follow_up = text.clone();
            let words = format!("Correction: {}", follow_up.body.as_str());
            follow_up.body = Body::clean(&words).unwrap_or(follow_up.body);
            follow_up.reply_to = Some(target.clone());
            Payload::Text(shortened(&follow_up, side))
        }
        Payload::News(News {
            what: Happened::Delivered | Happened::Seen | Happened::Delayed(_),
            ..
        }) if !side.receipts => {
            return Err(Fault::of(FaultKind::NotSupported));
        }
        Payload::News(news) => Payload::News(news.clone()),
    };
    Ok(Fitted(fitted))
}

fn shortened(text: &Text, side: &Capabilities) -> Text {
    let mut text = text.clone();
    let whole = text.body.as_str();
    if whole.len() > side.longest_text {
        let note = format!(
            "\n[… {} of {} bytes; the rest is in the gateway's ledger]",
            side.longest_text,
            whole.len()
        );
        let room = side.longest_text.saturating_sub(note.len());
        let cut = (0..=room).rev().find_map(|end| whole.get(..end)).unwrap_or_default();
        if let Some(body) = Body::clean(&format!("{cut}{note}")) {
            text.body = body;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{MessageRef, Reference};

    fn plain_side() -> Capabilities {
        Capabilities {
            edits: false,
            receipts: false,
            longest_text: 200,
        }
    }

    fn text(words: &str) -> Text {
        Text::plain(Body::clean(words).unwrap())
    }

    #[test]
    fn a_correction_becomes_a_follow_up_that_answers_the_first() {
        let target = Reference::Theirs(MessageRef::new("line-1").unwrap());
        let edit = Payload::Edit {
            target: target.clone(),
            text: text("Wherefore"),
        };
        let fitted = fit(&edit, &plain_side()).unwrap();
        let Payload::Text(text) = fitted.payload() else {
            panic!("an edit")
        };
        assert_eq!(text.body.as_str(), "Correction: Wherefore");
        assert_eq!(text.reply_to, Some(target));
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_so() {
        let fitted = fit(&Payload::Text(text(&"ä".repeat(300))), &plain_side()).unwrap();
        let body = fitted.payload().text().unwrap().body.as_str();
        assert!(body.len() <= 200 && body.contains("of 600 bytes"), "{body}");
        assert_eq!(fit(fitted.payload(), &plain_side()), Ok(fitted));
    }
}
