//! Commands of the office for who may open the control socket.

use crate::control::ask::{Answer, Offer, Wanted};
use causeway_core::command::{Call, Caller, Clerk, Field, FieldKind, Form, Reply, Report, Values};
use causeway_core::language::Language;

/// How many forms one line may fill in.
const FORMS: usize = 5;

// ---------------------------------------------------------------------------------------------------------------------

/// What there is.
pub fn offers(office: &dyn Clerk, language: Language) -> Answer {
    let commands = office.commands(&Caller::CommandLine, language);
    Answer::Commands {
        commands: commands
            .into_iter()
            .map(|command| Offer {
                name: command.name.to_owned(),
                about: command.about,
            })
            .collect(),
    }
}

/// A call from the command line.
pub fn call(name: &str, values: &Values, language: Language) -> Call {
    Call {
        caller: Caller::CommandLine,
        name: name.to_owned(),
        contact: None,
        values: values.clone(),
        language,
    }
}

/// Carries a command out, as far as what was typed fills its forms in; or says what is still wanted.
pub async fn carry_out(office: &dyn Clerk, mut call: Call, typed: &str) -> Answer {
    let commands = office.commands(&call.caller, call.language);
    if !commands.iter().any(|command| command.name == call.name) {
        let why = format!("there is no command “{}”; `causeway do` lists them", call.name);
        return Answer::Sorry { why };
    }
    let mut rest = typed.trim();
    if let Some(options) = office.options(&call).filter(|_| !rest.is_empty()) {
        let (values, left) = options.typed(rest);
        call.values.extend(values);
        rest = left;
    }
    for _ in 0..FORMS {
        let form = match office.call(call.clone()).await {
            Reply::Ask(form) => form,
            Reply::Done(_) if !rest.is_empty() => return odd(rest),
            Reply::Done(report) => return done(report),
            Reply::Refused(fault) => {
                return Answer::Sorry {
                    why: fault.told(call.language),
                };
            }
        };
        let (answers, left) = form.typed(rest);
        if answers.is_empty() && !rest.is_empty() {
            return odd(rest);
        }
        let before = call.values.clone();
        call.values.extend(answers);
        if let Some(field) = form.missing(&call.values) {
            return match left {
                "" => wanted(&form, field, call.values),
                left => odd(left),
            };
        }
        let held = form.held().into_iter();
        call.values = held.chain(std::mem::take(&mut call.values)).collect();
        if call.values == before {
            return Answer::Sorry { why: form.instructions };
        }
        rest = left;
    }
    odd(rest)
}

fn odd(left: &str) -> Answer {
    Answer::Sorry {
        why: format!("“{left}” means nothing here; `causeway do` lists the commands"),
    }
}

fn done(report: Report) -> Answer {
    let (columns, rows) = report
        .table
        .map(|table| (table.columns, table.rows))
        .unwrap_or_default();
    Answer::Done {
        text: report.text,
        columns: columns
            .into_iter()
            .map(|(name, label)| (name.to_owned(), label))
            .collect(),
        rows,
    }
}

fn wanted(form: &Form, field: &Field, values: Values) -> Answer {
    let choices = match &field.kind {
        FieldKind::OneOf(choices) => choices
            .iter()
            .map(|choice| (choice.value.clone(), choice.label.clone()))
            .collect(),
        FieldKind::YesNo => vec![("yes".to_owned(), String::new()), ("no".to_owned(), String::new())],
        FieldKind::Text | FieldKind::Lines | FieldKind::Secret => Vec::new(),
    };
    Answer::Wanted {
        title: form.title.clone(),
        instructions: form.instructions.clone(),
        field: Wanted {
            name: field.name.to_owned(),
            label: field.label.clone(),
            choices,
        },
        values,
    }
}
