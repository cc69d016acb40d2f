//! What a correction says where only whole messages are known: the lines that changed, the old ones quoted.

use crate::language::Language;
use crate::text::Body;
use std::fmt::Write;

/// How many of the old lines are quoted.
const QUOTED: usize = 10;

// ---------------------------------------------------------------------------------------------------------------------

/// The follow-up for a text that says `after` instead of `before`, as far as that is known.
pub(super) fn told(before: Option<&Body>, after: &Body, language: Language) -> Body {
    let correction = language.pick("Correction:", "Korrektur:");
    let words = match before.filter(|before| *before != after) {
        None => format!("{correction} {}", after.as_str()),
        Some(before) => changed(correction, before.as_str(), after.as_str(), language),
    };
    Body::clean(&words).unwrap_or_else(|| after.clone())
}

fn changed(correction: &str, before: &str, after: &str, language: Language) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let start = same(old.iter().zip(&new));
    let most = old.len().min(new.len()) - start;
    let end = same(old.iter().rev().zip(new.iter().rev())).min(most);
    let between = |lines: &[&str]| -> Vec<String> {
        let kept = lines.get(start..lines.len() - end).unwrap_or_default();
        kept.iter().map(|line| (*line).to_owned()).collect()
    };
    let (old, new) = (between(&old), between(&new));
    let mut words = format!("{correction}\n\n");
    for line in old.iter().take(QUOTED) {
        let _ = writeln!(words, "> {line}");
    }
    if old.len() > QUOTED {
        words.push_str("> …\n");
    }
    match new.iter().all(|line| line.trim().is_empty()) {
        true => words.push_str(language.pick("(left out)", "(entfällt)")),
        false => words.push_str(&new.join("\n")),
    }
    words
}

/// How many pairs are equal before the first that is not.
fn same<'a>(pairs: impl Iterator<Item = (&'a &'a str, &'a &'a str)>) -> usize {
    pairs.take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(before: &str, after: &str, expect: &str) {
        let body = |text| Body::clean(text).unwrap();
        assert_eq!(told(Some(&body(before)), &body(after), Language::En).as_str(), expect);
    }

    #[test]
    fn only_the_lines_that_changed_are_told() {
        check(
            "O Romeo\nWherefor art thou\nRomeo?",
            "O Romeo\nWherefore art thou\nRomeo?",
            "Correction:\n\n> Wherefor art thou\nWherefore art thou",
        );
        check("O Romeo", "O Romeo, Romeo", "Correction:\n\n> O Romeo\nO Romeo, Romeo");
        check("O\nRomeo", "O\nO\nRomeo", "Correction:\n\nO");
        check("O\nO\nRomeo", "O\nRomeo", "Correction:\n\n> O\n(left out)");
        check("O", "O", "Correction: O");
    }

    #[test]
    fn much_that_changed_is_not_quoted_whole() {
        let before = "Ay me\n".repeat(30);
        check(
            &before,
            "Peace",
            &format!("Correction:\n\n{}> …\nPeace", "> Ay me\n".repeat(10)),
        );
    }
}
