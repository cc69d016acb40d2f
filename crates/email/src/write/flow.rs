//! Text as format=flowed (RFC 3676 section 4), so that it wraps on a telephone and stays whole on paper.

/// Where long lines are broken, in characters (RFC 3676 section 4.2 recommends 66 and allows 78).
const WIDTH: usize = 72;
/// Put behind dashes that a reader would take for the start of a signature.
const ZERO_WIDTH: char = '\u{200b}';

// ---------------------------------------------------------------------------------------------------------------------

/// The lines of the flowed text, ended by `\n`. [`crate::quote::unflow`] joins them again; blanks at the ends of the
/// author's lines are lost, because there they would mean "goes on".
pub(super) fn flowed(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 32);
    for line in text.lines() {
        let line = line.trim_end_matches(' ');
        if line == "--" {
            out.push_str("--");
            out.push(ZERO_WIDTH);
            out.push('\n');
        } else if line.starts_with('>') {
            // A quote that the author typed stays one.
            out.push_str(line);
            out.push('\n');
        } else {
            for piece in pieces(line) {
                out.push_str(if needs_stuffing(piece) { " " } else { "" });
                out.push_str(piece);
                out.push('\n');
            }
        }
    }
    out
}

fn needs_stuffing(piece: &str) -> bool {
    piece.starts_with([' ', '>']) || piece.starts_with("From ")
}

/// The line in pieces, all but the last ending in a blank.
fn pieces(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while let Some(end) = break_at(rest) {
        let (piece, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

/// Behind the last run of blanks that ends within the width, else behind the first run; never so that a piece would
/// look like the start of a signature.
fn break_at(rest: &str) -> Option<usize> {
    if rest.chars().count() <= WIDTH {
        return None;
    }
    let mut best = None;
    let mut blank = false;
    for (count, (at, c)) in rest.char_indices().enumerate() {
        if blank
            && c != ' '
            && rest
                .get(..at)
                .is_some_and(|piece| piece.trim() != "--" && !piece.trim().is_empty())
        {
            if count > WIDTH && best.is_some() {
                return best;
            }
            best = Some(at);
        }
        blank = c == ' ';
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quote::unflow;
    use proptest::prelude::*;

    #[test]
    fn short_lines_stay() {
        assert_eq!(flowed("one\ntwo\n\nthree"), "one\ntwo\n\nthree\n");
        assert_eq!(flowed("> quote\nanswer  "), "> quote\nanswer\n");
    }

    #[test]
    fn long_lines_are_broken_between_words() {
        let text = "word ".repeat(40).trim_end().to_owned();
        let flowed = flowed(&text);
        assert!(flowed.lines().all(|line| line.len() <= WIDTH), "{flowed}");
        assert_eq!(unflow(&flowed, false), text);
    }

    #[test]
    fn what_could_be_misread_is_stuffed() {
        assert_eq!(flowed(" indented\nFrom here"), "  indented\n From here\n");
        assert_eq!(flowed("-- \nRomeo"), "--\u{200b}\nRomeo\n");
    }

    proptest! {
        #[test]
        fn flowed_text_is_joined_to_the_same(text in "([a-zé]{1,12}|  ?|>|-- |--|From |\n){0,80}") {
            let lines: Vec<&str> = text.lines().map(|line| line.trim_end_matches(' ')).collect();
            prop_assume!(!lines.iter().any(|line| line.starts_with('>') || *line == "--"));
            prop_assert_eq!(unflow(&flowed(&lines.join("\n")), false), lines.join("\n").trim_end_matches('\n').to_owned() + &"\n".repeat(trailing(&lines)));
        }
    }

    /// Empty lines at the end, as `lines()` counts them again.
    fn trailing(lines: &[&str]) -> usize {
        let joined = lines.join("\n");
        let again: Vec<&str> = joined.lines().collect();
        let plain = joined.trim_end_matches('\n');
        again.join("\n").len() - plain.len().min(again.join("\n").len())
    }
}
