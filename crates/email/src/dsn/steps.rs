//! The steps that a delivery report tells of, each with the best time there is.

use super::{address, diagnostic, from_returned, status};
use crate::date;
use crate::fields::Fields;
use crate::hops::Received;
use crate::mime::Part;
use crate::read::Reading;
use crate::verdict::is_own_line;
use causeway_core::clock::Timestamp;
use causeway_core::evidence::Evidence;
use causeway_core::hop::{Hop, Step, Trust};
use causeway_core::text::Line;

/// What the groups of one report share.
pub(super) struct Scene<'a> {
    /// The per-message group.
    pub(super) message: &'a Fields<'a>,
    /// The host that took the mail from the gateway, by the trace that came back with it.
    pub(super) taker: Option<String>,
    /// When the report came.
    pub(super) heard: Timestamp,
}

// ---------------------------------------------------------------------------------------------------------------------

/// The steps of one recipient, oldest first: the handover to the host that reports, then what became of it there.
///
/// The handover is left out where the host had the mail from the gateway itself, or nothing shows from whom: the gateway
/// knows of its own handover, and Arrival-Date (RFC 3464 section 2.2.5) is the begin of the dialogue whose end it noted.
/// An outcome without a time (section 2.3.7) has that of the report: it was no later.
pub(super) fn steps(group: &Fields<'_>, evidence: &Evidence, recipient: Option<&str>, scene: &Scene<'_>) -> Vec<Hop> {
    let time = |fields: &Fields<'_>, name: &str| date::parse(&fields.value(name)?, scene.heard);
    let reporter = host(scene.message, "Reporting-MTA");
    let handover = || {
        let taker = scene.taker.as_deref()?;
        let who = reporter
            .clone()
            .filter(|who| !who.as_str().eq_ignore_ascii_case(taker))?;
        Some(hop(who, time(scene.message, "Arrival-Date")?, Step::Relayed, None))
    };
    let outcome = || {
        let who = host(group, "Remote-MTA").or(reporter.clone())?;
        let at = time(group, "Last-Attempt-Date").unwrap_or(scene.heard);
        let said = diagnostic(group).and_then(|said| Line::clean(&status::scrub(&said, recipient)));
        Some(hop(who, at, step(evidence), said))
    };
    handover().into_iter().chain(outcome()).collect()
}

/// Who wrote the Received line above the gateway's own.
pub(super) fn taker(parts: &[Part<'_>], reading: &Reading<'_>) -> Option<String> {
    from_returned(parts, |fields| {
        let lines: Vec<String> = fields.all("Received").map(|field| field.value()).collect();
        let own = lines
            .iter()
            .position(|line| is_own_line(line, &reading.domain.domain))?;
        Received::parse(lines.get(own.checked_sub(1)?)?, reading.arrived).by
    })
}

fn step(evidence: &Evidence) -> Step {
    match evidence {
        Evidence::Relayed => Step::Expanded,
        Evidence::Delayed(_) => Step::Deferred,
        Evidence::Delivered | Evidence::Seen => Step::Delivered,
        Evidence::Failed(_) => Step::Failed,
    }
}

fn host(fields: &Fields<'_>, name: &str) -> Option<Line> {
    let plain = date::without_comments(&fields.value(name)?);
    Line::clean(address(&plain).trim_end_matches('.'))
}

fn hop(who: Line, at: Timestamp, step: Step, said: Option<Line>) -> Hop {
    Hop {
        at: Some(at),
        step,
        who,
        with: None,
        tls: None,
        said,
        trust: Trust::Claimed,
    }
}

#[cfg(test)]
mod tests;
