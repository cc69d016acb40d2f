//! Mails that other people collected: every one is read in time and upsets nothing.
//!
//! `CAUSEWAY_MAIL_CORPUS` names a directory of mails, one in a file, for example the test data of Python's `email`
//! package as Debian ships it (`/usr/lib/python3.11/test/test_email/data`); `cargo xtask test` sets it. In CI a missing
//! directory is a failure; elsewhere the project's own corpus stands in.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test")]

use causeway_core::clock::Timestamp;
use causeway_email::address::MailDomain;
use causeway_email::read::{Read, Reading, Room, read};
use causeway_email::token::BounceKeys;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn folder() -> PathBuf {
    match std::env::var_os("CAUSEWAY_MAIL_CORPUS") {
        Some(named) => named.into(),
        None => {
            let in_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
            assert!(!in_ci, "CAUSEWAY_MAIL_CORPUS is not set");
            eprintln!("CAUSEWAY_MAIL_CORPUS is not set: reading the project's own corpus");
            Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false
                if path
                    .extension()
                    .is_some_and(|ending| ending == "txt" || ending == "eml") =>
            {
                found.push(path)
            }
            false => {}
        }
    }
    found.sort();
    found
}

#[test]
#[allow(clippy::disallowed_methods, reason = "measures how long reading takes")]
fn public_mails_are_read_or_refused_in_time() {
    let domain = MailDomain {
        domain: "mail.example.org".into(),
        home: "example.org".into(),
    };
    let keys = BounceKeys::new(vec![b"balcony".to_vec()]);
    let (mut letters, mut reports, mut refused) = (0, 0, Vec::new());
    for path in files(&folder()) {
        let mail = fs::read(&path).unwrap();
        let begin = Instant::now();
        let outcome = read(&Reading {
            mail: &mail,
            domain: &domain,
            trusted_hosts: &[],
            authserv_ids: &[],
            arrived: Timestamp(1_795_341_600_000),
            keys: &keys,
            return_path: None,
            bounced: None,
            room: Room::default(),
        });
        assert!(
            begin.elapsed() < Duration::from_secs(30),
            "{} took {:?}",
            path.display(),
            begin.elapsed()
        );
        match outcome {
            Ok(Read::Mail(_) | Read::Loop) => letters += 1,
            Ok(Read::Reports(_)) => reports += 1,
            Err(fault) => refused.push(format!("{}: {fault}", path.display())),
        }
    }
    eprintln!(
        "{letters} letters, {reports} reports, {} refused:\n{}",
        refused.len(),
        refused.join("\n")
    );
    assert!(letters + reports > 10, "hardly any mail was read");
    assert!(refused.len() < letters + reports, "most mails were refused");
}
