//! Timelines and queues for people: colour on a terminal, plain words elsewhere.

use crate::control::answer::{moment, moment_in_seconds};
use crate::control::ask::{Timeline, Waiting};
use anstyle::{AnsiColor, Style};
use causeway_core::clock::Timestamp;
use causeway_core::delivery::Stage;
use causeway_core::hop::{Step, Trust};
use causeway_core::text::shorten;
use causeway_core::timeline::{Lap, Summary, laps, summary};
use std::fmt::Write;
use std::time::Duration;

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const WAIT: Style = AnsiColor::Yellow.on_default();
const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();

/// Eight levels for a bar on a logarithmic scale.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

// ---------------------------------------------------------------------------------------------------------------------

/// One timeline, several lines.
pub fn timeline(timeline: &Timeline) -> String {
    let mut out = String::new();
    let (style, word) = stage(&timeline.delivery.stage);
    let doubled = if timeline.delivery.doubts > 0 {
        ", a copy may exist"
    } else {
        ""
    };
    let about = timeline
        .about
        .map(|about| format!(" about {about}"))
        .unwrap_or_default();
    let _ = writeln!(
        out,
        "{BOLD}{} → {}{BOLD:#}  {style}{word}{style:#}{doubled}  {DIM}{} {}{about}{DIM:#}",
        timeline.from, timeline.to, timeline.kind, timeline.id
    );
    if let Some(words) = &timeline.words {
        for line in words.lines() {
            let _ = writeln!(out, "  {DIM}│{DIM:#} {line}");
        }
    }
    for lap in laps(&timeline.hops) {
        let _ = writeln!(out, "  {}", row(&lap));
    }
    let _ = writeln!(out, "  {DIM}{}{DIM:#}", sum(&summary(&timeline.hops)));
    out
}

/// What can be said of the whole way; nothing is said of handovers that there were not.
fn sum(sum: &Summary) -> String {
    let servers = (sum.servers > 0).then(|| format!("{} to another server", count(sum.servers, "handover")));
    let encrypted = match sum.encrypted {
        (_, 0) => None,
        (yes, of) => Some(format!("{yes} of {of} over TLS as far as anybody says")),
    };
    let total = sum
        .total
        .map(|total| format!("{} between the first and the last trusted time", span(total, sum.exact)));
    let parts: Vec<String> = [servers, encrypted, total].into_iter().flatten().collect();
    parts.join(", ")
}

/// One line of a queue.
pub fn waiting(row: &Waiting, now: Timestamp) -> String {
    let (style, word) = stage(&row.stage);
    let tries = match row.attempts {
        0 => "not tried yet".to_owned(),
        1 => "1 try".to_owned(),
        n => format!("{n} tries"),
    };
    let when = match row.stage {
        Stage::Queued { due } if due > now => format!(", again in {}", span(due.since(now), false)),
        _ => String::new(),
    };
    let why = match (&row.stage, &row.waits_for) {
        (Stage::InFlight { .. }, _) => "the next server to take it".to_owned(),
        (_, Some(why)) => why.clone(),
        (_, None) => "its turn".to_owned(),
    };
    format!(
        "{}  {style}{word}{style:#} for {}, {tries}{when}\n  {} → {}\n  {DIM}waits for: {why}{DIM:#}",
        row.id,
        span(now.since(Timestamp(row.accepted)), false),
        row.from,
        row.to,
    )
}

fn row(lap: &Lap) -> String {
    let hop = &lap.hop;
    let time = hop.at.map_or_else(
        || "time unknown".to_owned(),
        |at| match hop.trust {
            Trust::Own => moment(at),
            // Nobody else's clock is known to be finer than a second.
            Trust::Trusted | Trust::Claimed => moment_in_seconds(at),
        },
    );
    let took = match (lap.took, lap.skew) {
        (_, Some(_)) => "0".to_owned(),
        (Some(took), None) => format!("+{}", span(took, lap.exact)),
        (None, None) => String::new(),
    };
    let bar = lap
        .took
        .filter(|took| lap.skew.is_none() && (lap.exact || took.as_secs() > 0))
        .map_or(' ', bar);
    let skew = lap
        .skew
        .map(|skew| format!("  (clocks differ by {})", span(skew, true)))
        .unwrap_or_default();
    let trust = match hop.trust {
        Trust::Own => "",
        Trust::Trusted => " (trusted)",
        Trust::Claimed => " (claimed)",
    };
    let tls = match hop.tls {
        Some(true) => " TLS",
        Some(false) => " no TLS",
        None => "",
    };
    let with = hop.with.as_ref().map(|with| format!(" {with}")).unwrap_or_default();
    let said = hop
        .said
        .as_ref()
        .map(|said| format!("  “{}”", shorten(said.as_str(), 120)))
        .unwrap_or_default();
    let (style, word) = step(hop.step);
    format!(
        "{DIM}{time:<24}{DIM:#} {took:>9} {bar} {style}{word:<9}{style:#} {}{with}{tls}{DIM}{trust}{said}{skew}{DIM:#}",
        hop.who
    )
}

fn step(step: Step) -> (Style, &'static str) {
    match step {
        Step::Written => (DIM, "written"),
        Step::Relayed => (Style::new(), "relayed"),
        Step::Arrived => (Style::new(), "arrived"),
        Step::Accepted => (BOLD, "accepted"),
        Step::Tried => (DIM, "tried"),
        Step::Handed => (GOOD, "handed"),
        Step::Deferred => (WAIT, "deferred"),
        Step::InDoubt => (WAIT, "in doubt"),
        Step::Recovered => (WAIT, "recovered"),
        Step::Expanded => (Style::new(), "passed on"),
        Step::Delivered => (GOOD, "delivered"),
        Step::Seen => (GOOD, "seen"),
        Step::Failed => (BAD, "failed"),
        Step::Held => (BAD, "held"),
    }
}

fn stage(stage: &Stage) -> (Style, &'static str) {
    match stage {
        Stage::Queued { .. } => (WAIT, "queued"),
        Stage::InFlight { .. } => (WAIT, "in flight"),
        Stage::Handed { .. } => (GOOD, "handed over"),
        Stage::Delivered { .. } => (GOOD, "delivered"),
        Stage::Seen { .. } => (GOOD, "seen"),
        Stage::Failed { .. } => (BAD, "failed"),
        Stage::Held { .. } => (BAD, "held"),
    }
}

/// A span in the unit that fits; times of one-second clocks are never made to look exact.
fn span(span: Duration, exact: bool) -> String {
    match span.as_secs() {
        0 if exact => format!("{} ms", span.as_millis()),
        0 => "<1 s".to_owned(),
        s @ 1..=9 if exact => format!("{s}.{} s", span.subsec_millis() / 100),
        s @ 1..=119 => format!("{s} s"),
        s @ 120..=7199 => format!("{} min", s / 60),
        s @ 7200..=172_799 => format!("{} h", s / 3600),
        s => format!("{} d", s / 86_400),
    }
}

/// One level for each power of ten from a millisecond.
fn bar(took: Duration) -> char {
    let level = took
        .as_millis()
        .checked_ilog10()
        .map_or(0, |digits| digits as usize + 1);
    BARS.get(level.min(BARS.len() - 1)).copied().unwrap_or('█')
}

/// A number of things.
pub fn count(n: usize, what: &str) -> String {
    match n {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}
