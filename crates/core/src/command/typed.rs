//! Forms filled in by people who type: words in the order of the fields, or `name=value`.

use super::{Field, FieldKind, Form, Values};
use crate::language::Language;

/// What people type for yes and for no, in every language.
const YES: [&str; 6] = ["true", "1", "yes", "y", "ja", "j"];
const NO: [&str; 5] = ["false", "0", "no", "n", "nein"];

// ---------------------------------------------------------------------------------------------------------------------

impl Form {
    /// Takes what was typed: `name=value` for a field of that name, everything else in the order of the fields that are
    /// left. Several words are one in double quotes, and a field for text takes all up to the next `name=` where it was
    /// named, or all that is left where it is the last. Gives what was understood, and what was not.
    pub fn typed<'a>(&self, text: &'a str) -> (Values, &'a str) {
        let mut values = Values::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let Some((field, is_named, after)) = self.next(&values, rest) else {
                break;
            };
            let (word, left) = match (&field.kind, is_named) {
                (FieldKind::Lines, _) if self.is_quoted(after) => word(after),
                (FieldKind::Lines, _) => (whole(after), ""),
                (FieldKind::Text, true) => phrase(after),
                (FieldKind::Text, false) if self.is_last(field, &values) => (whole(after), ""),
                _ => word(after),
            };
            let Some(value) = field.typed(&word) else { break };
            values.insert(field.name.to_owned(), value);
            rest = left.trim_start();
        }
        (values, rest)
    }

    /// What it holds before anything is filled in.
    pub fn held(&self) -> Values {
        let fields = self.fields.iter();
        fields
            .filter_map(|field| Some((field.name.to_owned(), field.value.clone()?)))
            .collect()
    }

    /// The first field that must be filled in and is not among `values`. One that already holds something must be filled
    /// in too: that is what makes it a question.
    pub fn missing(&self, values: &Values) -> Option<&Field> {
        self.fields
            .iter()
            .find(|field| field.required && !values.contains_key(field.name))
    }

    /// The field that the next word is for, whether it is named, and the text from its value on.
    fn next<'a>(&self, values: &Values, rest: &'a str) -> Option<(&Field, bool, &'a str)> {
        let named = rest
            .split_once('=')
            .and_then(|(name, after)| Some((self.fields.iter().find(|field| field.name == name)?, true, after)));
        named.or_else(|| {
            let free = self.fields.iter().find(|field| !values.contains_key(field.name));
            free.map(|field| (field, false, rest))
        })
    }

    /// Whether a text begins with words in quotes and goes on with the name of a field.
    fn is_quoted(&self, text: &str) -> bool {
        let (_, rest) = word(text);
        let next = rest.trim_start().split_once('=').map(|(name, _)| name);
        text.starts_with('"') && next.is_some_and(|next| self.fields.iter().any(|field| field.name == next))
    }

    /// Whether no other field is left.
    fn is_last(&self, field: &Field, values: &Values) -> bool {
        let mut open = self.fields.iter().filter(|it| !values.contains_key(it.name));
        open.all(|it| it.name == field.name)
    }
}

impl Field {
    /// What an answer means for this field; `None` for what it cannot hold. Choices may be typed as they are called, or
    /// by their number, from 1.
    pub fn typed(&self, answer: &str) -> Option<String> {
        let answer = answer.trim();
        let is = |word: &str| word.eq_ignore_ascii_case(answer);
        match &self.kind {
            FieldKind::YesNo if YES.iter().any(|word| is(word)) => Some("true".to_owned()),
            FieldKind::YesNo if NO.iter().any(|word| is(word)) => Some("false".to_owned()),
            FieldKind::YesNo => None,
            FieldKind::OneOf(choices) => {
                let called = |text: &str| text.to_lowercase() == answer.to_lowercase();
                let number = answer.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
                let chosen = choices
                    .iter()
                    .find(|choice| called(&choice.value) || called(&choice.label))
                    .or_else(|| choices.get(number?));
                chosen.map(|choice| choice.value.clone())
            }
            FieldKind::Text | FieldKind::Lines | FieldKind::Secret => (!answer.is_empty()).then(|| answer.to_owned()),
        }
    }

    /// What it holds, in words; a secret is not told.
    pub fn shown(&self, language: Language) -> String {
        let value = self.value.as_deref().unwrap_or_default();
        match &self.kind {
            FieldKind::Secret => String::new(),
            FieldKind::YesNo => match value {
                "true" | "1" => language.pick("yes", "ja").to_owned(),
                _ => language.pick("no", "nein").to_owned(),
            },
            FieldKind::OneOf(choices) => {
                let chosen = choices.iter().find(|choice| choice.value == value);
                chosen.map_or_else(|| value.to_owned(), |choice| choice.label.clone())
            }
            FieldKind::Text | FieldKind::Lines => value.to_owned(),
        }
    }
}

/// One word, or what stands in quotes; and what follows.
fn word(text: &str) -> (String, &str) {
    let (mut word, mut quoted, mut escaped) = (String::new(), false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if std::mem::take(&mut escaped) => word.push(c),
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => return (word, text.get(at..).unwrap_or_default()),
            c => word.push(c),
        }
    }
    (word, "")
}

/// The words up to the next one that names a field.
fn phrase(text: &str) -> (String, &str) {
    if text.starts_with('"') {
        return word(text);
    }
    let begins = |(at, c): &(usize, char)| {
        let next = text.get(at + c.len_utf8()..).unwrap_or_default();
        let name = next.split_once('=').map(|(name, _)| name).unwrap_or_default();
        c.is_whitespace() && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(is_of_a_name)
    };
    let end = text.char_indices().find(begins).map_or(text.len(), |(at, _)| at);
    let (phrase, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    (phrase.trim().to_owned(), rest)
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'
}

/// All of it, without the quotes where it stands in quotes as a whole.
fn whole(text: &str) -> String {
    match word(text) {
        (word, rest) if rest.trim().is_empty() => word,
        _ => text.trim().to_owned(),
    }
}

/// Words that a shell has parted, as one text in which [`Form::typed`] finds the same words.
pub fn joined(words: &[String]) -> String {
    let quoted = words.iter().map(|word| {
        let is_plain = !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || c == '"');
        let quote = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        match word.split_once('=') {
            _ if is_plain => word.clone(),
            Some((name, value)) if !name.contains(char::is_whitespace) => format!("{name}={}", quote(value)),
            _ => quote(word),
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
