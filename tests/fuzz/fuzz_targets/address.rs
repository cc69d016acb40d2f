//! Any text as an address: what is accepted has one spelling, and a recipient found is one that was given out.

#![no_main]

use causeway_email::address::{MailDomain, Recipient, canonical, for_smtp, written};
use causeway_email::token::BounceKeys;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(id) = canonical(text) {
        assert_eq!(canonical(id.as_str()), Ok(id.clone()));
        assert_eq!(canonical(&written(&id)), Ok(id.clone()));
        assert_eq!(for_smtp(text).and_then(|wire| canonical(&wire)), Ok(id));
    }
    let domain = MailDomain {
        domain: "mail.example.org".into(),
        home: "example.org".into(),
    };
    let rcpt = format!("{text}@mail.example.org");
    if let Ok(Recipient::User(user)) = domain.recipient(&rcpt, &BounceKeys::new(Vec::new())) {
        assert_eq!(domain.puppet(&user), Ok(rcpt.to_ascii_lowercase()));
    }
});
