//! Any bytes as the machine-readable part of a report.

#![no_main]

use causeway_core::clock::Timestamp;
use causeway_email::address::MailDomain;
use causeway_email::read::{Reading, Room, read};
use causeway_email::token::BounceKeys;
use libfuzzer_sys::fuzz_target;

const FRAMES: [&str; 2] = ["message/delivery-status", "message/disposition-notification"];

fuzz_target!(|bytes: &[u8]| {
    let domain = MailDomain {
        domain: "mail.example.org".into(),
        home: "example.org".into(),
    };
    for media_type in FRAMES {
        let mut mail = format!("From: MAILER-DAEMON@example.com\nContent-Type: {media_type}\n\n").into_bytes();
        mail.extend_from_slice(bytes);
        let _ = read(&Reading {
            mail: &mail,
            domain: &domain,
            trusted_hosts: &[],
            authserv_ids: &[],
            arrived: Timestamp(1_795_341_600_000),
            keys: &BounceKeys::new(vec![b"balcony".to_vec()]),
            return_path: Some(""),
            bounced: None,
            room: Room::default(),
        });
    }
});
