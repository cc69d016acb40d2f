//! Whether a trusted server vouches for the author's domain (RFC 8601).

use super::author::Author;
use super::{Authenticated, Reading};
use crate::date::without_comments;
use crate::fields::Fields;
use crate::hops::{self, Received};

/// One method's result with its properties, for example `dkim=pass header.d=example.com`.
struct Outcome<'a> {
    method: &'a str,
    result: &'a str,
    properties: Vec<(&'a str, &'a str)>,
}

// ---------------------------------------------------------------------------------------------------------------------

/// What the trusted servers say. Their fields count only above the lowest Received line of a trusted host (above the
/// first line, where no host is trusted): further down the sender can have written them.
pub(super) fn of(fields: &Fields<'_>, author: &Author, domain: &str, reading: &Reading<'_>) -> Authenticated {
    if author.disputed {
        return Authenticated::Fail;
    }
    let mut verdict = Authenticated::Unknown;
    for value in results_above_the_door(fields, reading) {
        let plain = without_comments(&value);
        let mut statements = plain.split(';');
        let server = statements
            .next()
            .and_then(|words| words.split_whitespace().next())
            .unwrap_or_default();
        if !reading
            .authserv_ids
            .iter()
            .any(|known| known.eq_ignore_ascii_case(server))
        {
            continue;
        }
        for outcome in statements.filter_map(Outcome::read) {
            match outcome.says_of(domain) {
                Authenticated::Fail => return Authenticated::Fail,
                Authenticated::Pass => verdict = Authenticated::Pass,
                Authenticated::Unknown => {}
            }
        }
    }
    match author.only_one {
        true => verdict,
        false => Authenticated::Unknown,
    }
}

fn results_above_the_door(fields: &Fields<'_>, reading: &Reading<'_>) -> Vec<String> {
    let lines: Vec<Received> = fields
        .all("Received")
        .take(50)
        .map(|field| Received::parse(&field.value(), reading.arrived))
        .collect();
    let facts = hops::facts(&lines, reading.trusted_hosts);
    let mut passed = 0;
    fields
        .iter()
        .take_while(|field| {
            let above = passed < facts.max(1);
            passed += usize::from(field.is("Received"));
            above
        })
        .filter(|field| field.is("Authentication-Results"))
        .map(|field| field.value())
        .collect()
}

impl<'a> Outcome<'a> {
    fn read(statement: &'a str) -> Option<Self> {
        let mut words = statement.split_whitespace();
        let (method, result) = words.next()?.split_once('=')?;
        let properties = words.filter_map(|word| word.split_once('=')).collect();
        Some(Self {
            method: method.split('/').next().unwrap_or(method),
            result,
            properties,
        })
    }

    fn says_of(&self, domain: &str) -> Authenticated {
        let passed = self.result.eq_ignore_ascii_case("pass");
        let failed = self.result.eq_ignore_ascii_case("fail");
        if self.method.eq_ignore_ascii_case("dmarc") {
            let about = self.property("header.from").is_none_or(|from| aligned(domain, from));
            return match about {
                true if passed => Authenticated::Pass,
                true if failed => Authenticated::Fail,
                _ => Authenticated::Unknown,
            };
        }
        let signer = self.property("header.d").or_else(|| self.property("header.i"));
        let signed = self.method.eq_ignore_ascii_case("dkim") && passed;
        match signed && signer.is_some_and(|signer| aligned(domain, signer)) {
            true => Authenticated::Pass,
            false => Authenticated::Unknown,
        }
    }

    fn property(&self, name: &str) -> Option<&'a str> {
        self.properties
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| *value)
    }
}

/// Whether `other`, a domain or an address, speaks for `domain`: the same or one above it.
fn aligned(domain: &str, other: &str) -> bool {
    let other = other
        .trim_matches(['"', '<', '>'])
        .rsplit('@')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let above = other.contains('.')
        && domain
            .strip_suffix(other.as_str())
            .is_some_and(|sub| sub.ends_with('.'));
    other == domain || above
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::MailDomain;
    use crate::read::Room;
    use crate::token::BounceKeys;
    use causeway_core::clock::Timestamp;

    fn check(header: &str, expect: Authenticated) {
        let domain = MailDomain {
            domain: "mail.example.org".into(),
            home: "example.org".into(),
        };
        let reading = Reading {
            mail: b"",
            domain: &domain,
            trusted_hosts: &["mx.example.org".to_owned()],
            authserv_ids: &["mx.example.org".to_owned()],
            arrived: Timestamp(1_795_341_600_000),
            keys: &BounceKeys::new(Vec::new()),
            return_path: None,
            bounced: None,
            room: Room::default(),
        };
        let whole = format!("{header}\nFrom: juliet@example.com\n");
        let fields = Fields::parse(whole.as_bytes());
        let author = Author::find(&fields, None).unwrap();
        assert_eq!(of(&fields, &author, "example.com", &reading), expect, "{header}");
    }

    #[test]
    fn a_trusted_server_vouches() {
        check(
            "Authentication-Results: mx.example.org; dmarc=pass (p=none) header.from=example.com",
            Authenticated::Pass,
        );
        check(
            "Authentication-Results: mx.example.org 1; spf=none; dkim=pass header.d=example.com",
            Authenticated::Pass,
        );
        check(
            "Authentication-Results: mx.example.org; dkim=pass (a; b) header.i=@example.com header.s=x",
            Authenticated::Pass,
        );
        check(
            "Authentication-Results: mx.example.org; dmarc=fail header.from=example.com",
            Authenticated::Fail,
        );
    }

    #[test]
    fn others_do_not() {
        check("X: y", Authenticated::Unknown);
        check("Authentication-Results: mx.example.org; none", Authenticated::Unknown);
        check(
            "Authentication-Results: mx.evil.example; dmarc=pass header.from=example.com",
            Authenticated::Unknown,
        );
        check(
            "Authentication-Results: mx.example.org; dkim=pass header.d=evil.example",
            Authenticated::Unknown,
        );
        check(
            "Authentication-Results: mx.example.org; dkim=pass header.d=com",
            Authenticated::Unknown,
        );
        check(
            "Authentication-Results: mx.example.org; dmarc=pass header.from=evil.example",
            Authenticated::Unknown,
        );
        check(
            "Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=example.com",
            Authenticated::Unknown,
        );
        check(
            "Authentication-Results: mx.evil.example (;) mx.example.org; dmarc=pass",
            Authenticated::Unknown,
        );
        check("Authentication-Results:", Authenticated::Unknown);
    }

    #[test]
    fn a_result_below_the_trusted_door_is_the_senders_own() {
        let below = "Received: from x (x [203.0.113.1]) by mx.example.org; Mon, 1 Jan 2024 12:00:00 +0000\nAuthentication-Results: mx.example.org; dmarc=pass";
        check(below, Authenticated::Unknown);
        let above = "Authentication-Results: mx.example.org; dmarc=pass\nReceived: from x (x [203.0.113.1]) by mx.example.org; Mon, 1 Jan 2024 12:00:00 +0000";
        check(above, Authenticated::Pass);
    }

    #[test]
    fn a_mail_with_two_authors_is_never_vouched_for() {
        let pass = "Authentication-Results: mx.example.org; dmarc=pass";
        check(&format!("{pass}\nFrom: bank@bank.example"), Authenticated::Fail);
    }
}
