use super::*;
use crate::emoji::Emoji;
use crate::message::{MessageRef, Reference};
use proptest::prelude::*;

fn plain_side() -> Capabilities {
    Capabilities {
        longest_text: 200,
        ..Capabilities::WORDS
    }
}

fn text(words: &str) -> Text {
    Text::plain(Body::clean(words).unwrap())
}

fn line() -> Reference {
    Reference::Theirs(MessageRef::new("line-1").unwrap())
}

fn reaction(emojis: &[&str]) -> Payload {
    Payload::React {
        target: line(),
        emojis: Emoji::read_all(emojis.iter().copied()),
        sender_name: None,
    }
}

fn retraction() -> Payload {
    Payload::Retract {
        target: line(),
        sender_name: Line::clean("Romeo"),
    }
}

fn about(earlier: &Payload) -> Context<'_> {
    Context {
        earlier: Some(earlier),
        ..Context::default()
    }
}

/// What becomes of a payload about Romeo's first line, at a side that knows words only.
fn in_words(payload: &Payload, context: &Context<'_>) -> Result<Text, FaultKind> {
    match fit(payload, &plain_side(), context)
        .map_err(|fault| fault.kind)?
        .payload()
    {
        Payload::Text(text) => Ok(text.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_correction_becomes_a_follow_up_that_answers_the_first() {
    let edit = Payload::Edit {
        target: line(),
        text: text("Wherefore"),
    };
    let unknown = in_words(&edit, &Context::default()).unwrap();
    assert_eq!(unknown.body.as_str(), "Correction: Wherefore");
    assert_eq!(unknown.reply_to, Some(line()));
    let earlier = Payload::Text(text("Wherefor"));
    let german = Context {
        language: Language::De,
        ..about(&earlier)
    };
    assert_eq!(
        in_words(&edit, &german).unwrap().body.as_str(),
        "Korrektur:\n\n> Wherefor\nWherefore"
    );
}

#[test]
fn what_corrects_a_message_that_never_left_is_that_message() {
    let edit = Payload::Edit {
        target: line(),
        text: text("Wherefore"),
    };
    let earlier = Payload::Text(text("Wherefor"));
    let lost = Context {
        lost: true,
        ..about(&earlier)
    };
    assert_eq!(in_words(&edit, &lost), Ok(text("Wherefore")));
    assert_eq!(
        fit(&edit, &Capabilities::ALL, &lost).unwrap().payload(),
        &Payload::Text(text("Wherefore"))
    );
    assert_eq!(in_words(&retraction(), &lost), Err(FaultKind::NotSupported));
}

#[test]
fn a_retraction_becomes_a_request() {
    let earlier = Payload::Text(text("I hate thee"));
    let request = in_words(&retraction(), &about(&earlier)).unwrap();
    assert_eq!(request.body.as_str(), "Please disregard my message “I hate thee”.");
    assert_eq!(request.reply_to, Some(line()));
    assert_eq!(in_words(&retraction(), &Context::default()), Err(FaultKind::BadContent));
}

#[test]
fn a_reaction_becomes_words_and_its_end_nothing() {
    let earlier = Payload::Text(text("I come"));
    let words = in_words(&reaction(&["👍", "🌹"]), &about(&earlier)).unwrap();
    assert_eq!(words.body.as_str(), "👍 🌹 to: “I come”");
    assert_eq!(words.reply_to, Some(line()));
    assert_eq!(in_words(&reaction(&[]), &about(&earlier)), Err(FaultKind::NotSupported));
    assert_eq!(
        in_words(&reaction(&["👍"]), &Context::default()),
        Err(FaultKind::BadContent)
    );
}

#[test]
fn a_side_that_knows_all_gets_all_with_words_for_old_programs() {
    let earlier = Payload::Text(text("I come"));
    for payload in [reaction(&["👍"]), reaction(&[]), retraction()] {
        let fitted = fit(&payload, &Capabilities::ALL, &about(&earlier)).unwrap();
        assert_eq!(fitted.payload(), &payload);
    }
    let marked = Capabilities {
        reactions: Reactions::Marked,
        ..plain_side()
    };
    let fitted = fit(&reaction(&["👍"]), &marked, &about(&earlier)).unwrap();
    assert_eq!(fitted.words(), Some("👍 to: “I come”"));
    assert!(fit(&reaction(&[]), &marked, &about(&earlier)).is_err());
}

#[test]
fn a_long_text_is_cut_between_characters_and_says_so() {
    let long = Payload::Text(text(&"ä".repeat(300)));
    let body = in_words(&long, &Context::default()).unwrap().body;
    assert!(
        body.as_str().len() <= 200 && body.as_str().contains("of 600 bytes"),
        "{body:?}"
    );
}

#[test]
fn a_wish_that_nobody_heeds_is_not_passed_on() {
    let wish = Text {
        unkept: true,
        ..text("Burn this")
    };
    let payload = Payload::Text(wish);
    assert_eq!(Loss::of(&payload, &plain_side()), Some(Loss::Unkept));
    assert_eq!(Loss::of(&payload, &Capabilities::ALL), None);
    assert_eq!(in_words(&payload, &Context::default()), Ok(text("Burn this")));
}

#[test]
fn a_user_is_told_of_every_loss_in_his_language() {
    let network = Words::new("Email", "E-Mail");
    for loss in [Loss::Edit, Loss::Retraction, Loss::Reaction, Loss::Unkept] {
        let words = loss.words(&network);
        assert!(
            words.en.starts_with("Email ") && words.de.starts_with("E-Mail "),
            "{words:?}"
        );
    }
}

fn sides() -> impl Strategy<Value = Capabilities> {
    let reactions = prop_oneof![
        Just(Reactions::Shown),
        Just(Reactions::Marked),
        Just(Reactions::Unknown)
    ];
    (any::<[bool; 4]>(), reactions, 100..400_usize).prop_map(
        |([edits, retractions, unkept, receipts], reactions, longest_text)| Capabilities {
            edits,
            retractions,
            reactions,
            unkept,
            receipts,
            longest_text,
        },
    )
}

fn texts() -> impl Strategy<Value = Text> {
    ("(word |ä\n|🌹|\n){0,100}end", any::<bool>()).prop_map(|(words, unkept)| Text { unkept, ..text(&words) })
}

fn payloads() -> impl Strategy<Value = Payload> {
    prop_oneof![
        texts().prop_map(Payload::Text),
        texts().prop_map(|text| Payload::Edit { target: line(), text }),
        Just(retraction()),
        Just(reaction(&[])),
        Just(reaction(&["👍", "🌹"])),
    ]
}

proptest! {
    #[test]
    fn fitting_twice_changes_nothing_more(
        payload in payloads(), side in sides(), earlier in proptest::option::of(payloads()), lost: bool, german: bool,
    ) {
        let language = if german { Language::De } else { Language::En };
        let context = Context { earlier: earlier.as_ref(), lost, language };
        if let Ok(once) = fit(&payload, &side, &context) {
            let fits = once.payload().text().is_none_or(|text| text.body.as_str().len() <= side.longest_text);
            prop_assert!(fits, "{:?}", once);
            prop_assert_eq!(fit(once.payload(), &side, &context), Ok(once));
        }
    }
}
