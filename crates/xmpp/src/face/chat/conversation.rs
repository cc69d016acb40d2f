//! One conversation: commands, and the questions of a form that is half filled in.

use super::words;
use crate::address::Caller;
use crate::errors::Refusal;
use crate::face::Face;
use causeway_core::command::{Call, Command, Form, Reply, Values};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::language::Language;

/// How many forms may be filled in by one message.
const FORMS: usize = 5;
/// After how many messages in a row that mean nothing they are sent back instead of answered.
const STRANGE: u32 = 5;

/// A conversation with one client.
#[derive(Default)]
pub(in crate::face) struct Conversation {
    /// What was asked last and waits for an answer.
    asked: Option<Asked>,
    /// How many messages in a row meant nothing.
    strange: u32,
}

/// With whom, and in which language.
pub(super) struct Partner {
    pub(super) face: Face,
    pub(super) caller: Caller,
    pub(super) language: Language,
}

/// A form that is half filled in.
struct Asked {
    call: Call,
    form: Form,
    /// What was answered so far.
    answers: Values,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Conversation {
    /// Takes what somebody says and gives the answer, or sends it back.
    pub(super) async fn hear(&mut self, partner: &Partner, text: &str) -> Result<String, Refusal> {
        let (text, language) = (text.trim(), partner.language);
        self.strange = self.strange.saturating_add(1);
        let answer = match self.asked.take() {
            asked if words::is_help(text) => {
                self.asked = asked;
                words::help(partner, &partner.commands()) + &self.open_question(language)
            }
            Some(_) if words::is_cancel(text) => words::stopped(language),
            Some(asked) => return Ok(self.answered(partner, asked, text).await),
            None => match command(&partner.commands(), text) {
                Some((command, rest)) => self.begin(partner, command.name, rest).await,
                None if words::is_cancel(text) => words::nothing_to_stop(language),
                None => match words::address(partner, text) {
                    Some(address) => address,
                    None => return self.not_understood(partner),
                },
            },
        };
        self.strange = 0;
        Ok(answer)
    }

    /// The question that waits, after something else was said.
    fn open_question(&self, language: Language) -> String {
        let again = |asked: &Asked| format!("\n\n{}", words::again(&asked.form, &asked.answers, language));
        self.asked.as_ref().map(again).unwrap_or_default()
    }

    fn not_understood(&self, partner: &Partner) -> Result<String, Refusal> {
        match self.strange <= STRANGE {
            true => Ok(words::not_understood(partner)),
            false => Err(Refusal::from(
                Fault::of(FaultKind::NotSupported).saying(&words::not_understood(partner)),
            )),
        }
    }

    async fn begin(&mut self, partner: &Partner, name: &str, rest: &str) -> String {
        let mut call = partner
            .face
            .calls(&partner.caller, None, name, Values::new(), partner.language);
        let options = (!rest.is_empty()).then(|| partner.face.office.options(&call)).flatten();
        let rest = match options.map(|options| options.typed(rest)) {
            Some((values, left)) => {
                call.values = values;
                left
            }
            None => rest,
        };
        self.call(partner, call, rest).await
    }

    /// Carries a call out, as far as what was typed fills its forms in.
    async fn call(&mut self, partner: &Partner, mut call: Call, mut rest: &str) -> String {
        for _ in 0..FORMS {
            let form = match partner.face.office.call(call.clone()).await {
                Reply::Ask(form) => form,
                Reply::Done(report) => return words::left_over(rest, partner.language) + &words::report(&report),
                Reply::Refused(fault) => return words::sentence(&fault.told(partner.language)),
            };
            let (answers, left) = form.typed(rest);
            if answers.is_empty() || form.missing(&answers).is_some() {
                let question = words::introduced(&form, &answers, partner.language);
                let odd = words::left_over(left, partner.language);
                self.asked = Some(Asked { call, form, answers });
                return odd + &question;
            }
            fill(&mut call, &form, answers);
            rest = left;
        }
        words::sentence(&Fault::of(FaultKind::Internal).told(partner.language))
    }

    /// Takes an answer to a question.
    async fn answered(&mut self, partner: &Partner, mut asked: Asked, text: &str) -> String {
        let language = partner.language;
        asked.call.language = language;
        let understood = match asked.form.missing(&asked.answers) {
            Some(field) => field.typed(text).map(|value| {
                let name = field.name.to_owned();
                asked.answers.insert(name, value);
            }),
            None if words::is_ok(text) => Some(()),
            None => match asked.form.typed(text) {
                (answers, "") if text.contains('=') && !answers.is_empty() => {
                    asked.answers.extend(answers);
                    Some(())
                }
                _ => None,
            },
        };
        if understood.is_none() {
            let again = words::again(&asked.form, &asked.answers, language);
            // Somebody who wants another command is not held up by a form.
            if let Some((command, rest)) = command(&partner.commands(), text) {
                self.strange = 0;
                return words::put_aside(&asked.form, language) + &self.begin(partner, command.name, rest).await;
            }
            self.asked = Some(asked);
            return again;
        }
        self.strange = 0;
        if let Some(field) = asked.form.missing(&asked.answers) {
            let question = words::question(field, language);
            self.asked = Some(asked);
            return question;
        }
        let Asked {
            mut call,
            form,
            answers,
        } = asked;
        fill(&mut call, &form, answers);
        self.call(partner, call, "").await
    }
}

impl Partner {
    /// The commands that this user may use.
    fn commands(&self) -> Vec<Command> {
        self.face
            .office
            .commands(&self.face.caller(&self.caller), self.language)
    }
}

/// Hands a form in: what was answered, and what it held for the rest.
fn fill(call: &mut Call, form: &Form, answers: Values) {
    call.values.extend(form.held());
    call.values.extend(answers);
}

/// The command that a text begins with, by its name or by what it is called in the reader's language, and what follows.
fn command<'a, 'b>(commands: &'a [Command], text: &'b str) -> Option<(&'a Command, &'b str)> {
    let text = text.trim_start_matches(['/', '!']);
    let follows = |name: &str| {
        let head = text.get(..name.len())?;
        let rest = text.get(name.len()..)?;
        let ends = rest.is_empty() || rest.starts_with(char::is_whitespace);
        (head.to_lowercase() == name.to_lowercase() && ends).then(|| rest.trim())
    };
    let called = |command: &'a Command| {
        let by_name = follows(command.name).map(|rest| (command.name.len(), rest));
        let by_title = follows(&command.title).map(|rest| (command.title.len(), rest));
        by_name.into_iter().chain(by_title).max_by_key(|(length, _)| *length)
    };
    commands
        .iter()
        .filter_map(|command| called(command).map(|(length, rest)| (length, command, rest)))
        .max_by_key(|(length, ..)| *length)
        .map(|(_, command, rest)| (command, rest))
}
