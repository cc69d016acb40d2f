//! Dates of mail headers: read with patience, written strictly.

use causeway_core::clock::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use std::time::Duration;

/// The earliest year that a mail can honestly have.
const FIRST_YEAR: i16 = 1990;
const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

// ---------------------------------------------------------------------------------------------------------------------

/// Reads a date as RFC 5322 section 3.3 and its obsolete forms have it, and the order of `asctime`. Comments, missing
/// commas and stray words are passed over; an unknown zone counts as UTC (section 4.3). `None` when there is no date, or
/// one before 1990 or more than a day after `latest`.
pub fn parse(text: &str, latest: Timestamp) -> Option<Timestamp> {
    let plain = without_comments(text);
    let words: Vec<&str> = plain
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|word| !word.is_empty())
        .collect();
    let clock = words.iter().position(|word| time_of_day(word).is_some())?;
    let (year, month, day) = calendar_day(&words)?;
    let (hour, minute, second) = time_of_day(words.get(clock)?)?;
    let date = DateTime::new(year, month, day, hour, minute, second.min(59), 0).ok()?;
    let offset = Offset::from_seconds(words.get(clock + 1).map_or(0, |word| zone(word))).ok()?;
    let at = Timestamp(offset.to_timestamp(date).ok()?.as_millisecond());
    let sane = year >= FIRST_YEAR && at <= latest.plus(Duration::from_secs(24 * 3600));
    sane.then_some(at)
}

/// Writes a date as RFC 5322 section 3.3 has it, in UTC. Moments that no calendar has become the start of 1970.
pub fn format(at: Timestamp) -> String {
    let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    moment.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// The text with its comments, also nested ones, as blanks.
pub(crate) fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut depth = 0usize;
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' if depth > 0 => {
                depth -= 1;
                out.push(' ');
            }
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

fn calendar_day(words: &[&str]) -> Option<(i16, i8, i8)> {
    let at = words.iter().position(|word| month(word).is_some())?;
    let month = month(words.get(at)?)?;
    let number = |index: Option<usize>| words.get(index?)?.parse::<i16>().ok();
    let day_in_front = number(at.checked_sub(1)).filter(|day| (1..=31).contains(day));
    let (day, year) = match day_in_front {
        Some(day) => (day, number(Some(at + 1))?),
        // asctime: Mon Jan  1 12:00:00 2024
        None => (
            number(Some(at + 1))?,
            number(Some(at + 3)).or_else(|| number(Some(at + 4)))?,
        ),
    };
    Some((full_year(year), month, i8::try_from(day).ok()?))
}

/// Years of two and three digits (RFC 5322 section 4.3).
fn full_year(year: i16) -> i16 {
    match year {
        0..=49 => year + 2000,
        50..=999 => year + 1900,
        _ => year,
    }
}

fn month(word: &str) -> Option<i8> {
    let lower = word.to_ascii_lowercase();
    let at = MONTHS.iter().position(|name| lower.starts_with(name))?;
    i8::try_from(at + 1).ok()
}

fn time_of_day(word: &str) -> Option<(i8, i8, i8)> {
    let mut numbers = word.split(':').map(|part| part.parse::<i8>().ok());
    let hour = numbers.next()??;
    let minute = numbers.next()??;
    let second = numbers.next().unwrap_or(Some(0))?;
    let sane = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second);
    (sane && numbers.next().is_none()).then_some((hour, minute, second))
}

/// Seconds east of UTC; the zones with letters are those of RFC 5322 section 4.3.
fn zone(word: &str) -> i32 {
    match word.to_ascii_uppercase().as_str() {
        "EDT" => -4 * 3600,
        "EST" | "CDT" => -5 * 3600,
        "CST" | "MDT" => -6 * 3600,
        "MST" | "PDT" => -7 * 3600,
        "PST" => -8 * 3600,
        other => numeric_zone(other).unwrap_or(0),
    }
}

fn numeric_zone(word: &str) -> Option<i32> {
    let sign = match word.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let digits: String = word.chars().skip(1).filter(|c| *c != ':').collect();
    let number: i32 = digits.parse().ok().filter(|_| digits.len() == 4)?;
    let (hours, minutes) = (number / 100, number % 100);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2026-11-22 10:00:00 UTC.
    const TODAY: Timestamp = Timestamp(1_795_341_600_000);

    fn check(text: &str, expect: Option<&str>) {
        assert_eq!(parse(text, TODAY).map(format).as_deref(), expect, "{text}");
    }

    #[test]
    fn dates_of_today_and_of_old_are_read() {
        let noon = Some("Mon, 01 Jan 2024 12:00:00 +0000");
        check("Mon, 01 Jan 2024 12:00:00 +0000", noon);
        check("Mon, 1 Jan 2024 13:00 +0100 (CET)", noon);
        check("1 Jan 24 12:00:00 GMT", noon);
        check("Mon 1 Jan 2024 05:00:00 PDT", noon);
        check("Mon Jan  1 12:00:00 2024", noon);
        check("Mon Jan  1 12:00:00 UTC 2024", noon);
        check("(oh (dear)) Mon, 01 January 2024 12:00:00 -0000", noon);
        check("Mon, 01 Jan 2024 12:00:00", noon);
        check("Mon, 01 Jan 2024 12:00:00 XYZ stray words", noon);
        check("Mon, 01 Jan 2024 13:00:00 +01:00", noon);
        check(
            "Sun, 31 Dec 2023 23:59:60 +0000",
            Some("Sun, 31 Dec 2023 23:59:59 +0000"),
        );
    }

    #[test]
    fn what_no_mail_can_have_is_no_date() {
        for text in [
            "",
            "yesterday",
            "Mon, 01 Jan 1989 12:00:00 +0000",
            "Mon, 01 Jan 2030 12:00:00 +0000",
            "Mon, 32 Jan 2024 12:00:00 +0000",
            "Mon, 30 Feb 2024 12:00:00 +0000",
            "Mon, 01 Jan 2024",
            "01 Jan 99999 12:00:00",
            "Mon, 01 Jan 2024 25:00:00 +0000",
        ] {
            check(text, None);
        }
    }

    proptest! {
        #[test]
        fn reading_is_total(text in any::<String>(), latest in any::<i64>()) {
            let _ = parse(&text, Timestamp(latest));
            let _ = format(Timestamp(latest));
        }

        #[test]
        fn what_is_written_is_read_back(seconds in 631_152_000i64..1_795_341_600) {
            let at = Timestamp(seconds * 1000);
            prop_assert_eq!(parse(&format(at), TODAY), Some(at));
        }
    }
}
