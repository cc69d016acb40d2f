//! Who wrote a mail, as the mail says, and whether it says so twice.

use crate::fields::{Field, Fields};
use crate::mime::structured;
use causeway_core::text::Line;
use mail_parser::MessageParser;

/// The author that is shown and answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Author {
    /// The address as spelled.
    pub(super) address: String,
    /// The name for people.
    pub(super) name: Option<Line>,
    /// Whether exactly one From field names exactly one author (RFC 5322 section 3.6).
    pub(super) only_one: bool,
    /// Whether there is more than one From field.
    pub(super) disputed: bool,
}

struct Mailbox {
    name: Option<String>,
    address: String,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Author {
    /// The first author of the first From field; where there is none, the Sender or the return path, which prove nothing.
    pub(super) fn find(fields: &Fields<'_>, return_path: Option<&str>) -> Option<Self> {
        let named: Vec<Mailbox> = fields.all("From").take(2).flat_map(mailboxes).collect();
        let disputed = fields.all("From").count() > 1;
        let only_one = named.len() == 1 && !disputed;
        let stand_in = || {
            let sender = fields
                .first("Sender")
                .and_then(|field| mailboxes(field).into_iter().next());
            let path = return_path.filter(|path| path.contains('@')).map(|path| Mailbox {
                name: None,
                address: path.to_owned(),
            });
            sender.or(path)
        };
        let first = named.into_iter().next().or_else(stand_in)?;
        Some(Self {
            name: first.name.as_deref().and_then(|name| honest_name(name, &first.address)),
            address: first.address,
            only_one,
            disputed,
        })
    }

    /// The part of the address before the `@`.
    pub(super) fn local(&self) -> &str {
        self.address
            .rsplit_once('@')
            .map_or(self.address.as_str(), |(local, _)| local)
    }
}

fn mailboxes(field: &Field<'_>) -> Vec<Mailbox> {
    let parsed = structured("From", field.raw(), &MessageParser::new().header_address("From"));
    let Some(addresses) = parsed.as_ref().and_then(|value| value.as_address()) else {
        return Vec::new();
    };
    let named = addresses.iter().filter_map(|mailbox| {
        Some(Mailbox {
            name: mailbox.name().map(str::to_owned),
            address: mailbox.address()?.trim().to_owned(),
        })
    });
    named.filter(|mailbox| !mailbox.address.is_empty()).take(10).collect()
}

/// A name that looks like another address would pass for the author's; it is left out.
fn honest_name(name: &str, address: &str) -> Option<Line> {
    let name = Line::clean(name.trim_matches(['"', '\'', ' ']))?;
    let other = name.as_str().contains(['@', '\u{ff20}', '\u{fe6b}']) || name.as_str().eq_ignore_ascii_case(address);
    (!other).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, expect: Option<(&str, Option<&str>, bool)>) {
        let fields = Fields::parse(header.as_bytes());
        let author = Author::find(&fields, None);
        let found = author
            .as_ref()
            .map(|a| (a.address.as_str(), a.name.as_ref().map(Line::as_str), a.only_one));
        assert_eq!(found, expect, "{header}");
    }

    #[test]
    fn the_author_is_found_with_name() {
        check("From: juliet@example.com", Some(("juliet@example.com", None, true)));
        check(
            "From: Juliet <juliet@example.com>",
            Some(("juliet@example.com", Some("Juliet"), true)),
        );
        check(
            "From: \"Capulet, Juliet\" <juliet@example.com>",
            Some(("juliet@example.com", Some("Capulet, Juliet"), true)),
        );
        check(
            "From: juliet@example.com (Juliet)",
            Some(("juliet@example.com", Some("Juliet"), true)),
        );
        check(
            "From: =?utf-8?q?J=C3=BCliet?= <juliet@example.com>",
            Some(("juliet@example.com", Some("Jüliet"), true)),
        );
        check(
            "From :\n Juliet\n <juliet@example.com>",
            Some(("juliet@example.com", Some("Juliet"), true)),
        );
        check(
            "From: J\u{fc}liet <juliet@example.com>",
            Some(("juliet@example.com", Some("Jüliet"), true)),
        );
        check("Sender: nurse@example.com", Some(("nurse@example.com", None, false)));
        check("Subject: x", None);
    }

    #[test]
    fn two_authors_are_noticed() {
        check(
            "From: a@example.com, b@example.com",
            Some(("a@example.com", None, false)),
        );
        check(
            "From: a@example.com\nFrom: b@example.com",
            Some(("a@example.com", None, false)),
        );
        check(
            "from: a@example.com\nX: y\nFROM : b@example.com",
            Some(("a@example.com", None, false)),
        );
    }

    #[test]
    fn a_name_that_looks_like_an_address_is_left_out() {
        check(
            "From: \"boss@bank.example\" <tybalt@example.com>",
            Some(("tybalt@example.com", None, true)),
        );
        check(
            "From: =?utf-8?b?Ym9zc0BiYW5rLmV4YW1wbGU=?= <tybalt@example.com>",
            Some(("tybalt@example.com", None, true)),
        );
    }
}
