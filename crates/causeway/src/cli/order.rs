//! `causeway do`: the commands of the office for who runs the gateway.

use crate::cli::store;
use crate::config::Config;
use crate::control::ask::{Answer, Ask, Wanted};
use crate::control::socket;
use anyhow::{Context, bail};
use causeway_core::command::{Values, joined};
use causeway_core::language::Language;
use clap::Args;
use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

/// How many questions are asked before something must be wrong.
const QUESTIONS: usize = 50;

/// A command.
#[derive(Debug, Args)]
pub struct Order {
    /// Its name; without one, all commands are listed.
    name: Option<String>,
    /// What it needs: values in their order, or `field=value`. What is missing is asked on a terminal.
    words: Vec<String>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Order {
    /// The command of this name.
    pub fn of(name: &str) -> Self {
        Self {
            name: Some(name.to_owned()),
            words: Vec::new(),
        }
    }

    /// Lets the running gateway carry it out, and prints what came of it.
    pub fn run(self, config: &Path, json: bool) -> ExitCode {
        let config = match Config::read(config) {
            Ok(config) => config,
            Err(e) => {
                anstream::eprintln!("{e}");
                return ExitCode::from(2);
            }
        };
        let answer = self
            .answer(&config)
            .unwrap_or_else(|e| Answer::Sorry { why: format!("{e:#}") });
        store::shown(&answer, json, print)
    }

    fn answer(self, config: &Config) -> anyhow::Result<Answer> {
        let ask = |ask: &Ask| {
            socket::ask(&config.data_dir, ask)?.context("the gateway does not run; only a running one takes orders")
        };
        let language = spoken();
        let Some(name) = self.name else {
            return ask(&Ask::Commands { language });
        };
        let (mut typed, mut values) = (joined(&self.words), Values::new());
        for _ in 0..QUESTIONS {
            let name = name.clone();
            let answer = ask(&Ask::Do {
                name,
                typed,
                values,
                language,
            })?;
            let Answer::Wanted {
                title,
                instructions,
                field,
                values: so_far,
            } = answer
            else {
                return Ok(answer);
            };
            if !std::io::stdin().is_terminal() {
                bail!(
                    "`{}` is missing ({}): give it as {}=…",
                    field.name,
                    field.label,
                    field.name
                );
            }
            let said = question(&title, &instructions, &field)?;
            (typed, values) = (joined(&[format!("{}={said}", field.name)]), so_far);
        }
        bail!("too many questions; nothing was done")
    }
}

/// Asks on the terminal, until something is said.
fn question(title: &str, instructions: &str, field: &Wanted) -> anyhow::Result<String> {
    let mut terminal = std::io::stderr().lock();
    writeln!(terminal, "{title}")?;
    if !instructions.is_empty() {
        writeln!(terminal, "{instructions}")?;
    }
    for (number, (value, label)) in (1..).zip(&field.choices) {
        match label.is_empty() {
            true => writeln!(terminal, "  {value}")?,
            false => writeln!(terminal, "  {number}. {label}")?,
        }
    }
    loop {
        write!(terminal, "{}: ", field.label)?;
        terminal.flush()?;
        let mut said = String::new();
        if std::io::stdin().lock().read_line(&mut said)? == 0 {
            bail!("nothing was done");
        }
        if !said.trim().is_empty() {
            return Ok(said.trim().to_owned());
        }
    }
}

fn print(answer: &Answer) -> bool {
    match answer {
        Answer::Commands { commands } => {
            let width = commands
                .iter()
                .map(|command| command.name.len())
                .max()
                .unwrap_or_default();
            for command in commands {
                anstream::println!("{:<width$}  {}", command.name, command.about);
            }
            true
        }
        Answer::Done { text, columns, rows } => {
            anstream::println!("{text}");
            let widths: Vec<usize> = (0..columns.len())
                .map(|at| {
                    let cells = rows.iter().filter_map(|row| row.get(at));
                    let label = columns.get(at).map(|(_, label)| label);
                    cells
                        .chain(label)
                        .map(|cell| cell.chars().count())
                        .max()
                        .unwrap_or_default()
                })
                .collect();
            let labels: Vec<String> = columns.iter().map(|(_, label)| label.clone()).collect();
            for row in std::iter::once(&labels).filter(|row| !row.is_empty()).chain(rows) {
                let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
                anstream::println!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
            }
            true
        }
        _ => false,
    }
}

/// The language that the terminal is set to.
fn spoken() -> Language {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    set.and_then(|tag| Language::read(&tag)).unwrap_or_default()
}
