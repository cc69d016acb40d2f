//! Cuts the quoted mail off an answer, only where it touches an end; and undoes format=flowed.

/// A text after the cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// What is shown.
    pub text: String,
    /// Whether something was cut; then the text ends in ` [...]`.
    pub cut: bool,
}

/// What stands for the text that was cut.
pub const ELLIPSIS: &str = " [...]";
/// The longest headline of a quote, in characters and lines: who wrote, and when.
const HEADLINE_MAX: usize = 240;
const HEADLINE_LINES: usize = 3;
/// Programs break lines that are at least this long, in characters.
const BROKEN_MIN: usize = 30;
/// A longer text below a `-- ` line is no signature.
const SIGNATURE_LINES: usize = 15;
/// Prefixes of subjects of answers, in the languages of common mail programs.
const ANSWERS: [&str; 13] = [
    "re:", "aw:", "antw:", "sv:", "vs:", "odp:", "ynt:", "res:", "r:", "ref:", "回复", "答复", "отв:",
];

// ---------------------------------------------------------------------------------------------------------------------

/// Cuts quoted blocks and the signature off the ends of `text`; `subject` tells an answer from a forwarded mail.
///
/// Quotes inside the text stay, and with them the one at the top that they belong to. A headline goes with its quote
/// only when it holds an address or a date, because a colon alone may end the author's own sentence. When nothing
/// would remain, the whole text does.
pub fn cut(text: &str, subject: Option<&str>) -> Cut {
    let lines: Vec<&str> = text.lines().collect();
    let end = end_of_words(&lines, subject);
    let begin = begin_of_words(lines.get(..end).unwrap_or_default());
    let kept = lines.get(begin..end).unwrap_or_default().join("\n");
    let words = kept.trim_end().trim_start_matches('\n');
    let all_there =
        lines.iter().filter(|line| !is_blank(line)).count() == words.lines().filter(|line| !is_blank(line)).count();
    if all_there || words.trim().is_empty() {
        return Cut {
            text: text.to_owned(),
            cut: false,
        };
    }
    Cut {
        text: format!("{words}{ELLIPSIS}"),
        cut: true,
    }
}

/// Joins the lines of a text with format=flowed (RFC 3676 section 4), `delsp` as its parameter says.
pub fn unflow(text: &str, delsp: bool) -> String {
    let mut out: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let content = line.trim_start_matches('>');
        let depth = line.len() - content.len();
        let content = content.strip_prefix(' ').unwrap_or(content);
        let signature = content == "-- ";
        let flows = content.ends_with(' ') && !signature;
        let stays = if flows && delsp {
            content.strip_suffix(' ').unwrap_or(content)
        } else {
            content
        };
        match out
            .last_mut()
            .filter(|(above, _)| open && *above == depth && !signature)
        {
            Some((_, paragraph)) => paragraph.push_str(stays),
            None => out.push((depth, stays.to_owned())),
        }
        open = flows;
    }
    let lines: Vec<String> = out.into_iter().map(|(depth, line)| quoted(depth, &line)).collect();
    lines.join("\n")
}

fn quoted(depth: usize, line: &str) -> String {
    match depth {
        0 => line.to_owned(),
        _ => format!("{} {line}", ">".repeat(depth)),
    }
}

/// The number of lines from the top that are kept when the end is cut.
fn end_of_words(lines: &[&str], subject: Option<&str>) -> usize {
    let mut end = old_mail(lines, subject).unwrap_or(lines.len());
    loop {
        let here = lines.get(..end).unwrap_or_default();
        let shorter = without_quote(here).or_else(|| without_signature(here));
        match shorter {
            Some(shorter) if shorter < end => end = shorter,
            _ => return end,
        }
    }
}

/// Where the quote at the end begins, with its headline.
fn without_quote(lines: &[&str]) -> Option<usize> {
    let end = trimmed(lines);
    let quote = lines
        .get(..end)?
        .iter()
        .rev()
        .take_while(|line| is_quote(line) || is_blank(line))
        .count();
    let begin = end - quote;
    let block = lines.get(begin..end)?;
    if !block.iter().any(|line| is_quote(line)) {
        return None;
    }
    Some(begin - headline_above(lines.get(..begin)?))
}

/// How many lines at the end of `lines` are the headline of the quote below them, with the blank lines behind it.
fn headline_above(lines: &[&str]) -> usize {
    let end = trimmed(lines);
    let above = lines.iter().take(end).rev();
    let paragraph = above.take_while(|line| !is_blank(line) && !is_quote(line)).count();
    match headline(lines.get(end.saturating_sub(paragraph)..end).unwrap_or_default()) {
        0 => 0,
        headline => lines.len() - end + headline,
    }
}

/// How many lines at the end of a paragraph say who wrote what follows, and when. They end in a colon and hold a date
/// or an address; a line above them belongs to them only when it was broken there by a program.
fn headline(paragraph: &[&str]) -> usize {
    let last = |lines: usize| paragraph.get(paragraph.len().checked_sub(lines)?..);
    let fits = |lines: &&[&str]| lines.iter().map(|line| line.chars().count()).sum::<usize>() <= HEADLINE_MAX;
    let ends = paragraph
        .last()
        .is_some_and(|line| line.trim_end().ends_with([':', '：']));
    let found = (1..=HEADLINE_LINES)
        .filter_map(last)
        .filter(fits)
        .take_while(|lines| {
            lines
                .split_last()
                .is_some_and(|(_, above)| above.iter().all(|line| is_broken(line)))
        })
        .find(|lines| has_date(lines) || (lines.len() == 2 && is_rest(lines) && has_address(lines)));
    let address_alone = || last(1).filter(fits).filter(|lines| has_address(lines));
    match ends {
        true => found.or_else(address_alone).map_or(0, <[&str]>::len),
        false => 0,
    }
}

/// Whether a line is one that a program breaks: long, and in the middle of something.
fn is_broken(line: &str) -> bool {
    let line = line.trim_end();
    line.chars().count() >= BROKEN_MIN && !line.ends_with(['.', '!', '?', ':'])
}

/// Whether the last of two lines is only the verb that was left over.
fn is_rest(lines: &[&str]) -> bool {
    lines.last().is_some_and(|line| line.chars().count() <= 20)
}

fn has_address(lines: &[&str]) -> bool {
    lines.iter().any(|line| line.contains('@'))
}

/// At least three digits outside addresses.
fn has_date(lines: &[&str]) -> bool {
    let words = lines
        .iter()
        .flat_map(|line| line.split_whitespace())
        .filter(|word| !word.contains('@'));
    words.flat_map(str::chars).filter(char::is_ascii_digit).count() >= 3
}

/// Where the signature at the end begins (RFC 3676 section 4.3), also with the blank lost.
fn without_signature(lines: &[&str]) -> Option<usize> {
    let end = trimmed(lines);
    let at = lines
        .get(..end)?
        .iter()
        .rposition(|line| matches!(line.trim_end_matches('\u{a0}'), "-- " | "--" | "--  "))?;
    let below = lines.get(at + 1..end)?;
    let marked = lines.get(at).is_some_and(|line| line.len() > 2)
        || at == 0
        || lines.get(at - 1).is_some_and(|line| is_blank(line));
    let signature =
        marked && !below.is_empty() && below.len() <= SIGNATURE_LINES && !below.iter().any(|line| is_quote(line));
    signature.then_some(at)
}

/// Where an unmarked old mail begins, as some programs put it under an answer: a block of its header below a line of
/// dashes or underscores, or one that repeats the subject. In a forwarded mail that block is what matters, and stays.
fn old_mail(lines: &[&str], subject: Option<&str>) -> Option<usize> {
    let subject = subject?.trim().to_lowercase();
    let topic = without_prefixes(&subject);
    if topic == subject {
        return None;
    }
    (1..lines.len()).find(|at| {
        let line = lines.get(*at).copied().unwrap_or_default();
        let below = lines.get(at + 1..).unwrap_or_default();
        let here = || is_blank(line) && below.first().is_some_and(|next| !is_blank(next));
        (is_rule(line) && is_old_header(&header_block(below)))
            || (here() && repeats_the_subject(&header_block(below), topic))
    })
}

/// A subject in lower case without the prefixes of answers.
fn without_prefixes(subject: &str) -> &str {
    let mut topic = subject;
    while let Some(rest) = ANSWERS.iter().find_map(|prefix| topic.strip_prefix(prefix)) {
        topic = rest.trim_start();
    }
    topic
}

fn is_rule(line: &str) -> bool {
    let line = line.trim();
    let dashes = line.starts_with("-----") && line.ends_with("-----") && line.len() < 80;
    let underscores = line.len() >= 5 && line.chars().all(|c| c == '_');
    dashes || underscores
}

/// The lines like `From: Juliet <juliet@example.com>` at the top of `lines`, as name and value.
fn header_block<'a>(lines: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    lines
        .iter()
        .skip_while(|line| is_blank(line))
        .take_while(|line| !is_blank(line))
        .take(8)
        .filter_map(|line| line.trim_matches(['*', ' ']).split_once(':'))
        .map(|(name, value)| (name, value.trim_matches(['*', ' '])))
        .filter(|(name, _)| (1..=20).contains(&name.chars().count()) && !name.contains("  "))
        .collect()
}

/// At least three fields, one of them with an address or a number.
fn is_old_header(block: &[(&str, &str)]) -> bool {
    let telling = |value: &str| value.contains(|c: char| c == '@' || c.is_ascii_digit());
    block.len() >= 3 && block.iter().any(|(_, value)| telling(value))
}

/// At least four fields, one of them with the subject that is answered, not the first.
fn repeats_the_subject(block: &[(&str, &str)], topic: &str) -> bool {
    let same = |value: &str| !topic.is_empty() && without_prefixes(&value.to_lowercase()) == topic;
    block.len() >= 4 && is_old_header(block) && block.iter().skip(1).any(|(_, value)| same(value))
}

/// Where the author's words begin: below the quote at the top, unless more quotes follow.
fn begin_of_words(lines: &[&str]) -> usize {
    let blank = lines.iter().take_while(|line| is_blank(line)).count();
    let top = lines.get(blank..).unwrap_or_default();
    let paragraph = top.iter().take_while(|line| !is_blank(line) && !is_quote(line)).count();
    let headline = match headline(top.get(..paragraph).unwrap_or_default()) {
        headline if headline == paragraph => headline,
        _ => 0,
    };
    let quote = top
        .iter()
        .skip(headline)
        .take_while(|line| is_quote(line) || is_blank(line))
        .count();
    let block = top.get(headline..headline + quote).unwrap_or_default();
    let below = top.get(headline + quote..).unwrap_or_default();
    let answers_in_between = below.iter().any(|line| is_quote(line));
    match block.iter().any(|line| is_quote(line)) && !answers_in_between && !below.is_empty() {
        true => blank + headline + quote,
        false => 0,
    }
}

fn trimmed(lines: &[&str]) -> usize {
    lines.len() - lines.iter().rev().take_while(|line| is_blank(line)).count()
}

fn is_quote(line: &str) -> bool {
    line.starts_with('>') && !line.starts_with(">From ")
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

#[cfg(test)]
mod tests;
