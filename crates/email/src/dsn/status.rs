//! What a status code of a report means (RFC 3463), and its sentence without what is none of the reader's business.

use causeway_core::fault::{Fault, FaultKind};

/// An enhanced status code: class, subject, detail.
pub type Status = (u8, u16, u16);

/// The reason that a status code stands for.
pub fn kind(status: Status) -> FaultKind {
    match status {
        (_, 1, 1 | 6) => FaultKind::NoSuchUser,
        (_, 1, 3) => FaultKind::BadAddress,
        (_, 1, 2 | 10) => FaultKind::NoSuchServer,
        (_, 2, 1) => FaultKind::Gone,
        (_, 2, 2) => FaultKind::Full,
        (_, 2, 3) | (_, 3, 4) => FaultKind::TooLarge,
        (_, 4, 6) => FaultKind::Loop,
        (_, 4, 7) => FaultKind::Expired,
        (4, 4, 1) => FaultKind::Unreachable,
        (4, 4, _) => FaultKind::Timeout,
        (_, 4, _) => FaultKind::NoSuchServer,
        (_, 5, 3) => FaultKind::TooManyRecipients,
        (_, 6, _) => FaultKind::BadContent,
        (5, 7, _) => FaultKind::Refused,
        (4, _, _) => FaultKind::Deferred,
        _ => FaultKind::Refused,
    }
}

/// The fault of a delivery that is over for the other side, with its sentence cleaned for the sender.
pub(super) fn final_fault(status: Option<Status>, said: &str, recipient: Option<&str>) -> Fault {
    fault(status, said, recipient).for_good()
}

/// The fault of a delivery that the other side still tries.
pub(super) fn passing_fault(status: Option<Status>, said: &str, recipient: Option<&str>) -> Fault {
    fault(status, said, recipient).for_now()
}

fn fault(status: Option<Status>, said: &str, recipient: Option<&str>) -> Fault {
    let status = status.or_else(|| find(said));
    let reason = match status {
        // Exchange gives the code of a domain without mail to people whom its directory does not know.
        Some((_, 1, 10)) if said.to_ascii_lowercase().contains("recipientnotfound") => FaultKind::NoSuchUser,
        None | Some((5, 0, 0)) => by_reply(said),
        Some(status) => kind(status),
    };
    let fault = Fault::of(reason).saying(&scrub(said, recipient));
    match status {
        Some(status) => fault.with_status(status),
        None => fault,
    }
}

/// The first status code in a text.
pub(super) fn find(text: &str) -> Option<Status> {
    text.split(|c: char| !(c.is_ascii_digit() || c == '.')).find_map(parse)
}

/// A status code as RFC 3463 section 2 writes it.
pub(crate) fn parse(word: &str) -> Option<Status> {
    let mut numbers = word.trim_end_matches('.').split('.');
    let class = numbers.next()?;
    let subject = numbers.next()?;
    let detail = numbers.next()?;
    let sane = matches!(class, "2" | "4" | "5") && subject.len() <= 3 && detail.len() <= 3 && numbers.next().is_none();
    match sane {
        true => Some((class.parse().ok()?, subject.parse().ok()?, detail.parse().ok()?)),
        false => None,
    }
}

/// What a bare reply code says (RFC 5321 section 4.2.3).
fn by_reply(said: &str) -> FaultKind {
    let code = said.split(|c: char| !c.is_ascii_digit()).find(|word| word.len() == 3);
    match code {
        Some("550" | "551") => FaultKind::NoSuchUser,
        Some("552") => FaultKind::Full,
        Some("553") => FaultKind::BadAddress,
        Some(code) if code.starts_with('4') => FaultKind::Deferred,
        _ => FaultKind::Refused,
    }
}

/// A sentence without IP addresses and without the addresses of other recipients.
pub fn scrub(said: &str, recipient: Option<&str>) -> String {
    let without_others = each_run(said, is_address_char, |run| {
        let plain = run.trim_matches(['.', '=', '-', '\'']);
        let other = plain.contains('@') && !recipient.is_some_and(|own| own.eq_ignore_ascii_case(plain));
        other.then_some("…")
    });
    each_run(
        &without_others,
        |c| c.is_ascii_hexdigit() || c == '.' || c == ':',
        |run| {
            let plain = run.trim_end_matches(['.', ':']);
            let ip = is_ip(plain) || plain.rsplit_once(':').is_some_and(|(host, _)| is_ip(host));
            ip.then_some("…")
        },
    )
}

fn is_ip(word: &str) -> bool {
    word.parse::<std::net::IpAddr>().is_ok()
}

fn is_address_char(c: char) -> bool {
    c.is_alphanumeric() || ".@_+=%-/~!#$&'*^`{|}".contains(c)
}

/// Replaces runs of characters.
fn each_run(text: &str, belongs: impl Fn(char) -> bool, replace: impl Fn(&str) -> Option<&'static str>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        let (run, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        out.push_str(replace(run).unwrap_or(run));
        let mut between = after.chars();
        out.extend(between.next());
        rest = between.as_str();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn codes_mean_what_the_table_says() {
        for (status, expect) in [
            ((5, 1, 1), FaultKind::NoSuchUser),
            ((5, 1, 6), FaultKind::NoSuchUser),
            ((5, 1, 3), FaultKind::BadAddress),
            ((5, 1, 2), FaultKind::NoSuchServer),
            ((5, 1, 10), FaultKind::NoSuchServer),
            ((5, 4, 4), FaultKind::NoSuchServer),
            ((5, 4, 6), FaultKind::Loop),
            ((4, 4, 7), FaultKind::Expired),
            ((4, 4, 1), FaultKind::Unreachable),
            ((4, 4, 2), FaultKind::Timeout),
            ((5, 2, 1), FaultKind::Gone),
            ((4, 2, 2), FaultKind::Full),
            ((5, 2, 2), FaultKind::Full),
            ((5, 2, 3), FaultKind::TooLarge),
            ((5, 3, 4), FaultKind::TooLarge),
            ((5, 7, 1), FaultKind::Refused),
            ((5, 6, 1), FaultKind::BadContent),
            ((5, 0, 0), FaultKind::Refused),
            ((4, 0, 0), FaultKind::Deferred),
            ((4, 7, 1), FaultKind::Deferred),
        ] {
            assert_eq!(kind(status), expect, "{status:?}");
        }
    }

    #[test]
    fn codes_are_found_in_sentences() {
        assert_eq!(find("550 5.1.1 <x@example.com>: gone"), Some((5, 1, 1)));
        assert_eq!(find("host 192.0.2.1 said: 452-4.2.2 full"), Some((4, 2, 2)));
        assert_eq!(find("version 5.1.1.4 and 6.1.1"), None);
    }

    fn cut(said: &str, expect: &str) {
        assert_eq!(scrub(said, Some("juliet@example.com")), expect);
    }

    #[test]
    fn a_sentence_keeps_its_own_recipient_and_nobody_elses() {
        cut(
            "550 5.1.1 <Juliet@example.com>: unknown",
            "550 5.1.1 <Juliet@example.com>: unknown",
        );
        cut("<tybalt@example.com>... unknown", "<…>... unknown");
        cut(
            "host mx.example.com[192.0.2.7]:25 said",
            "host mx.example.com[…]:25 said",
        );
        cut("host mx[2001:db8::1] said", "host mx[…] said");
        cut("at 12:30:45 with 5.1.1", "at 12:30:45 with 5.1.1");
    }

    proptest! {
        #[test]
        fn scrubbing_is_total(said in any::<String>()) {
            let _ = scrub(&said, None);
            let _ = find(&said);
        }
    }
}
