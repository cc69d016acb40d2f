use super::*;
use std::io::Write;

fn parse(more: &str) -> Result<EmailConfig, String> {
    let text = format!(
        r#"{{ "domain": "Mail.example.org", "home_domain": "example.org", "send": {{ "smarthost": {{ "host": "smtp.example.org" }} }} {more} }}"#
    );
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

fn checked(more: &str) -> Result<(), String> {
    parse(more)?.check()
}

fn send(section: &str) -> Result<(), String> {
    let text = format!(r#"{{ "domain": "mail.example.org", "home_domain": "example.org", "send": {section} }}"#);
    let config: EmailConfig = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    config.check()
}

#[test]
fn little_must_be_said() {
    let config = parse("").unwrap();
    assert_eq!(config.check(), Ok(()));
    assert_eq!(
        (config.mail_domain(), config.ehlo_name()),
        ("mail.example.org".into(), "mail.example.org".into())
    );
    assert_eq!(config.limits(), Limits::default());
    assert_eq!(config.deadlines, Deadlines::default());
    let Send::Smarthost(smarthost) = config.send else {
        panic!("direct")
    };
    assert_eq!((smarthost.port(), smarthost.tls), (587, Tls::Starttls));
}

#[test]
fn what_is_not_known_is_refused() {
    assert!(parse(r#", "smarthots": {}"#).is_err());
    assert!(parse(r#", "lmtp": { "listen": "127.0.0.1:24", "port": 24 }"#).is_err());
    assert!(parse(r#", "deadlines": { "connect": 0 }"#).is_err());
}

#[test]
fn mail_leaves_one_way() {
    let said = |section: &str| send(section).unwrap_err();
    let both = said(r#"{ "smarthost": { "host": "x" }, "direct": {} }"#);
    assert!(
        both.contains("give one of [email.send.smarthost] and [email.send.direct], not both"),
        "{both}"
    );
    let none = said("{}");
    assert!(
        none.contains("give one of [email.send.smarthost] and [email.send.direct]"),
        "{none}"
    );
    assert!(said(r#"{ "smarthots": { "host": "x" } }"#).contains("smarthots"));
    assert_eq!(send(r#"{ "direct": {} }"#), Ok(()));
}

#[test]
fn the_gateway_has_a_domain_of_its_own() {
    let text = r#"{ "domain": "Example.org", "home_domain": "example.org", "send": { "direct": {} } }"#;
    let said = serde_json::from_str::<EmailConfig>(text).unwrap().check().unwrap_err();
    assert!(said.contains("domain and home_domain are both"), "{said}");
}

#[test]
fn clear_text_stays_at_home_unless_it_is_allowed() {
    assert_eq!(
        send(r#"{ "smarthost": { "host": "127.0.0.1", "tls": "none" } }"#),
        Ok(())
    );
    assert_eq!(send(r#"{ "smarthost": { "host": "[::1]", "tls": "none" } }"#), Ok(()));
    assert_eq!(
        send(r#"{ "smarthost": { "host": "localhost", "tls": "none" } }"#),
        Ok(())
    );
    let said = send(r#"{ "smarthost": { "host": "smtp.example.org", "tls": "none" } }"#).unwrap_err();
    assert!(said.contains("allow_plaintext"), "{said}");
    let allowed = r#"{ "smarthost": { "host": "smtp.example.org", "tls": "none", "allow_plaintext": true } }"#;
    assert_eq!(send(allowed), Ok(()));
    let imap = r#", "imap": { "host": "imap.example.org", "tls": "none", "user": "g", "password": "s" }"#;
    assert!(checked(imap).unwrap_err().contains("imap.allow_plaintext"));
}

#[test]
fn a_door_is_open_to_this_host_only_unless_it_is_allowed() {
    assert_eq!(checked(r#", "lmtp": { "listen": "127.0.0.1:2424" }"#), Ok(()));
    assert_eq!(checked(r#", "lmtp": { "listen": "unix:/run/causeway/lmtp" }"#), Ok(()));
    assert!(
        checked(r#", "lmtp": { "listen": "0.0.0.0:2424" }"#)
            .unwrap_err()
            .contains("allow_remote")
    );
    assert_eq!(
        checked(r#", "lmtp": { "listen": "0.0.0.0:2424", "allow_remote": true }"#),
        Ok(())
    );
    assert!(checked(r#", "lmtp": { "listen": "localhost" }"#).is_err());
    assert!(checked(r#", "lmtp": { "listen": "unix:relative" }"#).is_err());
}

#[test]
fn half_a_login_is_none() {
    assert!(send(r#"{ "smarthost": { "host": "x.example", "user": "romeo" } }"#).is_err());
    assert!(send(r#"{ "smarthost": { "host": "x.example", "password": "s" } }"#).is_err());
}

#[test]
fn names_that_are_none_are_refused() {
    assert!(
        checked(r#", "mail_domain": "mail example.org""#)
            .unwrap_err()
            .contains("mail_domain")
    );
    assert!(
        checked(r#", "ehlo_name": "x\r\nRSET""#)
            .unwrap_err()
            .contains("ehlo_name")
    );
    let field = r#", "imap": { "host": "x", "user": "g", "password": "s", "recipient_header": "To:" }"#;
    assert!(checked(field).unwrap_err().contains("recipient_header"));
}

#[test]
fn a_secret_can_stand_in_a_file() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "s3cret").unwrap();
    let secret = |json: String| serde_json::from_str::<Secret>(&json).map_err(|error| error.to_string());
    let path = file.path().display();
    assert_eq!(secret(format!(r#"{{ "file": "{path}" }}"#)).unwrap().reveal(), "s3cret");
    assert_eq!(secret(r#""s3cret""#.into()).unwrap().reveal(), "s3cret");
    let said = secret(r#"{ "file": "/does/not/exist" }"#.into()).err().unwrap();
    assert!(said.contains("/does/not/exist"), "{said}");
    assert!(secret(r#""""#.into()).is_err());
    assert!(secret("7".into()).err().unwrap().contains("a secret is a string or"));
}
