//! What the gateway says in a chat, and the words that it understands besides the names of commands.

use super::conversation::Partner;
use crate::face::prompt;
use causeway_core::command::{Command, Field, FieldKind, Form, Report, Values};
use causeway_core::language::Language;
use std::fmt::Write;

// ---------------------------------------------------------------------------------------------------------------------

/// Whether somebody asks what there is, in any language.
pub(super) fn is_help(text: &str) -> bool {
    is_one_of(text, &["help", "hilfe", "?", "commands", "befehle", "start", "menu"])
}

/// Whether somebody wants to stop.
pub(super) fn is_cancel(text: &str) -> bool {
    is_one_of(text, &["cancel", "stop", "abbrechen", "abbruch"])
}

/// Whether somebody takes a form as it is.
pub(super) fn is_ok(text: &str) -> bool {
    is_one_of(text, &["ok", "okay", "yes", "ja"])
}

/// How to reach people, and all commands.
pub(super) fn help(partner: &Partner, commands: &[Command]) -> String {
    let language = partner.language;
    let title = partner.face.network.profile().title.told(language);
    let mut out = match language {
        Language::En => format!(
            "{title}: this is the gateway itself. {}\n\nCommands:",
            how_to_write(partner)
        ),
        Language::De => format!(
            "{title}: hier ist das Gateway selbst. {}\n\nBefehle:",
            how_to_write(partner)
        ),
    };
    for command in commands {
        let title = match command.title.eq_ignore_ascii_case(command.name) {
            true => String::new(),
            false => format!(" ({})", command.title),
        };
        let _ = write!(out, "\n• {}{title}: {}", command.name, command.about);
    }
    out.push_str(language.pick(
        "\n\nWhat a command needs can follow its name; the rest is asked for. `cancel` stops a question.",
        "\n\nWas ein Befehl braucht, kann hinter seinem Namen stehen; nach dem Rest wird gefragt. `abbrechen` beendet eine Frage.",
    ));
    out
}

/// The answer to words that mean nothing here.
pub(super) fn not_understood(partner: &Partner) -> String {
    let how = how_to_write(partner);
    match partner.language {
        Language::En => format!("I do not understand this; nobody else has read it. {how} `help` shows what I can do."),
        Language::De => {
            format!("Das verstehe ich nicht; sonst hat es niemand gelesen. {how} `hilfe` zeigt, was ich kann.")
        }
    }
}

/// Where to write to a person, if the text is an address of the network.
pub(super) fn address(partner: &Partner, text: &str) -> Option<String> {
    let jid = prompt::jid_of(&partner.face, text).ok()?;
    let jid = jid.as_str();
    let link = jid.replace('\\', "%5C");
    Some(match partner.language {
        Language::En => format!("You reach {text} at {jid}\nxmpp:{link}"),
        Language::De => format!("{text} erreichst du unter {jid}\nxmpp:{link}"),
    })
}

/// The beginning of a form: what it is about, and its first question; or all that it holds, where nothing must be asked.
pub(super) fn introduced(form: &Form, answers: &Values, language: Language) -> String {
    let mut out = form.title.clone();
    if !form.instructions.is_empty() {
        let _ = write!(out, "\n{}", form.instructions);
    }
    let _ = write!(out, "\n{}", again(form, answers, language));
    out.trim().to_owned()
}

/// The question that is open.
pub(super) fn again(form: &Form, answers: &Values, language: Language) -> String {
    match form.missing(answers) {
        Some(field) => question(field, language),
        None => overview(form, language),
    }
}

/// One question.
pub(super) fn question(field: &Field, language: Language) -> String {
    let mut out = field.label.clone();
    match &field.kind {
        FieldKind::YesNo => out.push_str(language.pick(" (yes or no)", " (ja oder nein)")),
        FieldKind::OneOf(choices) => {
            for (number, choice) in (1..).zip(choices) {
                let _ = write!(out, "\n{number}. {}", choice.label);
            }
        }
        FieldKind::Secret => out.push_str(language.pick(
            " (what you type stays in the history of your own client and server: delete it there)",
            " (was du tippst, bleibt im Verlauf deines Programms und deines Servers: lösche es dort)",
        )),
        FieldKind::Text | FieldKind::Lines => {}
    }
    out
}

fn overview(form: &Form, language: Language) -> String {
    let mut out = String::new();
    for field in &form.fields {
        let _ = write!(out, "\n• {}: {} — {}", field.name, field.shown(language), field.label);
        if let FieldKind::OneOf(choices) = &field.kind {
            let values: Vec<_> = choices.iter().map(|choice| choice.value.as_str()).collect();
            let _ = write!(out, " ({})", values.join(", "));
        }
    }
    out.push_str(language.pick(
        "\n`ok` takes it as it is, `name=value` changes something, `cancel` stops.",
        "\n`ok` übernimmt es so, `name=wert` ändert etwas, `abbrechen` beendet.",
    ));
    out.trim_start().to_owned()
}

/// A remark that some of what was typed meant nothing; empty where all of it did.
pub(super) fn left_over(left: &str, language: Language) -> String {
    match (left.trim(), language) {
        ("", _) => String::new(),
        (left, Language::En) => format!("I did not understand “{left}”.\n"),
        (left, Language::De) => format!("„{left}“ habe ich nicht verstanden.\n"),
    }
}

/// What came out.
pub(super) fn report(report: &Report) -> String {
    let mut out = report.text.clone();
    if let Some(table) = &report.table {
        for row in &table.rows {
            let cells: Vec<String> = table
                .columns
                .iter()
                .zip(row)
                .filter(|(_, cell)| !cell.is_empty())
                .map(|((_, label), cell)| match table.columns.len() {
                    1 => cell.clone(),
                    _ => format!("{label}: {cell}"),
                })
                .collect();
            let _ = write!(out, "\n• {}", cells.join(" · "));
        }
    }
    out.trim_start().to_owned()
}

/// A sentence with its full stop.
pub(super) fn sentence(text: &str) -> String {
    match text.ends_with(['.', '!', '?']) {
        true => text.to_owned(),
        false => format!("{text}."),
    }
}

/// A form was left behind for another command.
pub(super) fn put_aside(form: &Form, language: Language) -> String {
    match language {
        Language::En => format!("“{}” is put aside.\n", form.title),
        Language::De => format!("„{}“ ist beiseitegelegt.\n", form.title),
    }
}

pub(super) fn stopped(language: Language) -> String {
    language
        .pick("Stopped; nothing was done.", "Abgebrochen; es ist nichts geschehen.")
        .to_owned()
}

pub(super) fn nothing_to_stop(language: Language) -> String {
    language
        .pick("There is nothing to stop.", "Es gibt nichts abzubrechen.")
        .to_owned()
}

fn how_to_write(partner: &Partner) -> String {
    let profile = partner.face.network.profile();
    let prompt = profile.address_prompt.told(partner.language);
    match partner.language {
        Language::En => format!("To write to somebody, tell me the address ({prompt}), and I say where."),
        Language::De => format!("Um jemandem zu schreiben, nenn mir die Adresse ({prompt}), und ich sage, wohin."),
    }
}

fn is_one_of(text: &str, words: &[&str]) -> bool {
    let text = text.trim().trim_start_matches(['/', '!']);
    words.iter().any(|word| word.eq_ignore_ascii_case(text))
}
