//! Two texts in two columns.

use std::process::{Command, Stdio};

/// What stands between the columns.
const GUTTER: &str = " │ ";

// ---------------------------------------------------------------------------------------------------------------------

/// Sets two titled texts side by side, `width` characters in all; long lines are broken and go on indented.
pub(crate) fn columns(left: (&str, &str), right: (&str, &str), width: usize) -> String {
    let room = width.saturating_sub(GUTTER.chars().count()).max(40) / 2;
    let (left, right) = (column(left, room), column(right, room));
    let rows = left.len().max(right.len());
    let cell = |column: &[String], row: usize| column.get(row).cloned().unwrap_or_default();
    (0..rows)
        .map(|row| {
            let line = format!("{}{GUTTER}{}", pad(&cell(&left, row), room), cell(&right, row));
            format!("{}\n", line.trim_end())
        })
        .collect()
}

/// How many columns the terminal has; 150 when there is none.
pub(crate) fn terminal_width() -> usize {
    let output = Command::new("stty")
        .arg("size")
        .stdin(Stdio::inherit())
        .stderr(Stdio::null())
        .output();
    output
        .ok()
        .and_then(|output| {
            let text = String::from_utf8(output.stdout).ok()?;
            text.split_whitespace().nth(1)?.parse().ok()
        })
        .filter(|width| *width >= 80)
        .unwrap_or(150)
}

fn column((title, text): (&str, &str), room: usize) -> Vec<String> {
    let mut lines = vec![title.to_owned(), "─".repeat(room)];
    lines.extend(text.lines().flat_map(|line| broken(line.trim_end(), room)));
    lines
}

/// Breaks a line between words; what follows the first piece is indented.
fn broken(line: &str, room: usize) -> Vec<String> {
    const INDENT: &str = "      ";
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let mut words = 0;
    for word in line.split_inclusive(' ') {
        if words > 0 && piece.chars().count() + word.trim_end().chars().count() > room {
            pieces.push(std::mem::replace(&mut piece, INDENT.to_owned()));
            words = 0;
        }
        piece.push_str(word);
        words += usize::from(!word.trim().is_empty());
    }
    pieces.push(piece);
    pieces
        .into_iter()
        .map(|piece| piece.trim_end().to_owned())
        .flat_map(|piece| cut(&piece, room))
        .collect()
}

/// Cuts a word that is longer than the column.
fn cut(piece: &str, room: usize) -> Vec<String> {
    let characters: Vec<char> = piece.chars().collect();
    match characters.is_empty() {
        true => vec![String::new()],
        false => characters.chunks(room).map(|chunk| chunk.iter().collect()).collect(),
    }
}

fn pad(text: &str, room: usize) -> String {
    format!("{text}{}", " ".repeat(room.saturating_sub(text.chars().count())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_and_the_shorter_column_ends_first() {
        let text = columns(("Out", "one two three four five six"), ("Back", "x\ny\nz\nz\nz"), 43);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.first(), Some(&"Out                  │ Back"));
        assert_eq!(lines.get(2), Some(&"one two three four   │ x"));
        assert_eq!(lines.get(3), Some(&"      five six       │ y"));
        assert_eq!(lines.last(), Some(&"                     │ z"));
        assert!(lines.iter().all(|line| line.chars().count() <= 43), "{text}");
    }
}
