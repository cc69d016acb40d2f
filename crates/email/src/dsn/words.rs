//! Bounces in words only: what mail servers wrote before RFC 3464, and what some write to this day.

use super::{DsnReport, Subject, own_id_in, status};
use crate::address::canonical;
use crate::mime::Part;
use crate::read::Reading;
use crate::verdict::Verdict;
use causeway_core::evidence::Evidence;

/// Words of a notice that the server still tries.
const STILL_TRYING: [&str; 7] = [
    "delayed",
    "warning: message",
    "will be retried",
    "still being attempted",
    "do not need to resend",
    "will keep trying",
    "not yet been delivered",
];

/// The report of a mail server in words, or `None` when the mail is none. It must come from a mail server by name, or
/// carry `X-Failed-Recipients`; and it must name one of our mails, or have a null return path besides: a postmaster may
/// be a person.
pub(super) fn report(
    parts: &[Part<'_>],
    reading: &Reading<'_>,
    verdict: &Verdict,
    subject: &Subject,
) -> Option<DsnReport> {
    let seen = |reason: &str| verdict.reasons.contains(&reason);
    if !seen("author is a mail server") && !seen("X-Failed-Recipients") {
        return None;
    }
    let top = parts.first()?;
    let text = words(parts);
    let mut subject = subject.clone();
    subject.about = subject.about.or_else(|| own_id_in(&text, &reading.domain.domain));
    if subject.about.is_none() && !seen("null return path") && !seen("X-Failed-Recipients") {
        return None;
    }
    let recipient = recipient(top, &text);
    let said = sentence(&text, recipient.as_deref());
    let lower = format!("{}\n{text}", top.fields.value("Subject").unwrap_or_default()).to_lowercase();
    let evidence = match STILL_TRYING.iter().any(|words| lower.contains(words)) {
        true => Evidence::Delayed(Some(status::passing_fault(None, &said, recipient.as_deref()))),
        false => Evidence::Failed(status::final_fault(None, &said, recipient.as_deref())),
    };
    Some(subject.report(recipient, evidence, Vec::new()))
}

fn words(parts: &[Part<'_>]) -> String {
    let texts = parts.iter().filter(|part| part.media_type.starts_with("text/"));
    texts.take(10).map(Part::text).collect::<Vec<_>>().join("\n")
}

fn recipient(top: &Part<'_>, text: &str) -> Option<String> {
    let listed = top.fields.value("X-Failed-Recipients");
    let first = listed
        .as_deref()
        .and_then(|list| list.split(',').next())
        .map(|one| one.trim().to_owned());
    first.filter(|one| one.contains('@')).or_else(|| {
        // Most name each recipient on a line of its own, qmail so: "<juliet@example.com>:"
        let lines = text.lines().map(|line| line.trim().trim_end_matches(':'));
        let mut plain = lines.map(|line| {
            line.strip_prefix('<')
                .and_then(|line| line.strip_suffix('>'))
                .unwrap_or(line)
        });
        plain.find(|line| canonical(line).is_ok()).map(str::to_owned)
    })
}

/// The line that says why: the first with a status code, then the first with a reply code, then the one behind the
/// recipient.
fn sentence(text: &str, recipient: Option<&str>) -> String {
    let lines = || {
        text.lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('>'))
    };
    let refusal = |line: &str| {
        let code = line.split(|c: char| !c.is_ascii_digit()).find(|word| word.len() == 3);
        code.is_some_and(|code| code.starts_with(['4', '5']))
    };
    let coded = lines().find(|line| status::find(line).is_some());
    let coded = coded.or_else(|| lines().find(|line| refusal(line)));
    let behind = || {
        let mut lines = lines().skip_while(|line| !recipient.is_some_and(|one| line.contains(one)));
        lines.nth(1)
    };
    coded
        .or_else(behind)
        .or_else(|| lines().next())
        .unwrap_or_default()
        .to_owned()
}
