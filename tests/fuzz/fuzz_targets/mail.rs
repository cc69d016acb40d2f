//! Any bytes as a mail; seed it with `crates/email/corpus`.

#![no_main]

use causeway_core::clock::Timestamp;
use causeway_email::address::MailDomain;
use causeway_email::guard::{Limits, measure};
use causeway_email::read::{Reading, Room, read};
use causeway_email::token::BounceKeys;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|mail: &[u8]| {
    let domain = MailDomain {
        domain: "mail.example.org".into(),
        home: "example.org".into(),
    };
    let hosts = ["mx.example.org".to_owned()];
    let measured = measure(mail, &Limits::default());
    let outcome = read(&Reading {
        mail,
        domain: &domain,
        trusted_hosts: &hosts,
        authserv_ids: &hosts,
        arrived: Timestamp(1_795_341_600_000),
        keys: &BounceKeys::new(vec![b"balcony".to_vec()]),
        return_path: None,
        bounced: None,
        room: Room::default(),
    });
    assert!(measured.is_ok() || outcome.is_err());
});
