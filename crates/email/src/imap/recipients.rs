//! For whom a mail in the catch-all mailbox is: the header field that the mail server wrote the envelope recipient into.

use crate::config::Imap;
use crate::fields::Fields;

// ---------------------------------------------------------------------------------------------------------------------

/// The addresses at `domain` that the mail was sent to, from the topmost field of the configured name: the server that
/// put the mail into this mailbox wrote that one last. Exim names several in one `Envelope-To`. Where the field names
/// the mailbox itself, the user is its subaddress (RFC 5233): `gateway+romeo@example.org` is `romeo@<domain>`.
pub(crate) fn recipients(header: &[u8], config: &Imap, domain: &str) -> Vec<String> {
    let Some(value) = Fields::parse(header).value(&config.recipient_header) else {
        return Vec::new();
    };
    let mut found: Vec<String> = Vec::new();
    for written in value.split(',') {
        let recipient = recipient(written, config, domain);
        found.extend(recipient.filter(|one| !found.contains(one)));
    }
    found
}

/// MAIL FROM as the mail server noted it (RFC 5321 section 4.4), empty for the null path.
pub(crate) fn return_path(header: &[u8]) -> Option<String> {
    let value = Fields::parse(header).value("Return-Path")?;
    Some(bare(&value).to_owned())
}

fn recipient(written: &str, config: &Imap, domain: &str) -> Option<String> {
    let (local, at) = bare(written).rsplit_once('@')?;
    let at_home = at.eq_ignore_ascii_case(domain);
    let login = config.user.split('@').next().unwrap_or_default();
    let subaddress = || {
        let delimiter = Some(config.recipient_delimiter.as_str()).filter(|delimiter| !delimiter.is_empty())?;
        let (mailbox, user) = local.split_once(delimiter)?;
        // At the domain itself a user may have subaddresses, too: those of the mailbox are known by its login.
        let ours = !at_home || mailbox.eq_ignore_ascii_case(login);
        (ours && !mailbox.is_empty() && !user.is_empty()).then_some(user)
    };
    match (subaddress(), at_home) {
        (Some(user), _) => Some(format!("{user}@{domain}")),
        (None, true) => Some(format!("{local}@{domain}")),
        (None, false) => None,
    }
}

fn bare(address: &str) -> &str {
    address.trim().trim_start_matches('<').trim_end_matches('>').trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, field: &str, expect: &[&str]) {
        let config: Imap = serde_json::from_value(serde_json::json!({
            "host": "imap.example.org", "user": "gateway", "password": "s", "recipient_header": field
        }))
        .unwrap();
        assert_eq!(
            recipients(header.as_bytes(), &config, "mail.example.org"),
            expect,
            "{header}"
        );
    }

    #[test]
    fn the_subaddress_of_the_mailbox_is_the_user() {
        check(
            "Delivered-To: gateway+romeo@example.org\r\n",
            "Delivered-To",
            &["romeo@mail.example.org"],
        );
        check(
            "Delivered-To: <gateway+b.abc@mail.example.org>\r\n",
            "Delivered-To",
            &["b.abc@mail.example.org"],
        );
        check("Delivered-To: gateway@example.org\r\n", "Delivered-To", &[]);
        check("Delivered-To: gateway+@example.org\r\n", "Delivered-To", &[]);
    }

    #[test]
    fn an_address_at_the_domain_itself_counts_as_it_is() {
        check(
            "X-Original-To: romeo@Mail.Example.Org\r\n",
            "X-Original-To",
            &["romeo@mail.example.org"],
        );
        let tagged = "X-Original-To: romeo+balcony@mail.example.org\r\n";
        check(tagged, "X-Original-To", &["romeo+balcony@mail.example.org"]);
    }

    #[test]
    fn only_the_topmost_field_counts() {
        let header = "Delivered-To: gateway+romeo@example.org\r\nDelivered-To: gateway+tybalt@example.org\r\n";
        check(header, "Delivered-To", &["romeo@mail.example.org"]);
    }

    #[test]
    fn one_field_can_name_several() {
        let header = "Envelope-To: romeo@mail.example.org,\r\n benvolio@mail.example.org, romeo@mail.example.org\r\n";
        check(
            header,
            "Envelope-To",
            &["romeo@mail.example.org", "benvolio@mail.example.org"],
        );
    }

    #[test]
    fn the_null_path_is_known_as_such() {
        assert_eq!(return_path(b"Return-Path: <>\r\n"), Some(String::new()));
        assert_eq!(
            return_path(b"Return-Path: <juliet@example.com>\r\n"),
            Some("juliet@example.com".into())
        );
        assert_eq!(return_path(b"To: x\r\n"), None);
    }
}
