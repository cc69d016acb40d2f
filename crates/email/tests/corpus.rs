//! Mails of many shapes beside what they must be read as; `UPDATE=1` writes the expectations anew.
//!
//! The people and hosts are made up. A second test throws changed copies of the same mails at every parser.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

#[path = "corpus/render.rs"]
mod render;

use causeway_core::clock::Timestamp;
use causeway_email::address::{MailDomain, canonical};
use causeway_email::fields::Fields;
use causeway_email::guard::{Limits, measure};
use causeway_email::hops::Received;
use causeway_email::quote;
use causeway_email::read::{Reading, Room, read};
use causeway_email::token::BounceKeys;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// 2026-11-22 10:00:00 UTC.
const TODAY: Timestamp = Timestamp(1_795_341_600_000);

struct Gateway {
    domain: MailDomain,
    keys: BounceKeys,
    trusted: Vec<String>,
}

impl Gateway {
    fn new() -> Self {
        Self {
            domain: MailDomain {
                domain: "mail.example.org".into(),
                home: "example.org".into(),
            },
            keys: BounceKeys::new(vec![b"balcony".to_vec()]),
            trusted: vec!["mx.example.org".into()],
        }
    }

    fn reading<'a>(&'a self, mail: &'a [u8]) -> Reading<'a> {
        Reading {
            mail,
            domain: &self.domain,
            trusted_hosts: &self.trusted,
            authserv_ids: &self.trusted,
            arrived: TODAY,
            keys: &self.keys,
            return_path: None,
            bounced: None,
            room: Room::default(),
        }
    }
}

fn corpus() -> BTreeMap<PathBuf, Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mails = paths.filter(|path| path.extension().is_some_and(|ending| ending == "eml"));
    mails.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[test]
fn every_mail_of_the_corpus_is_read_as_expected() {
    let gateway = Gateway::new();
    let mut wrong = Vec::new();
    for (path, mail) in corpus() {
        let found = render::render(&read(&gateway.reading(&mail)));
        let beside = path.with_extension("expect");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&beside, &found).unwrap();
        }
        let expect = fs::read_to_string(&beside).unwrap_or_default();
        if found != expect {
            wrong.push(format!("{}\n--- expected\n{expect}--- found\n{found}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A small generator of pseudo-random numbers (xorshift), so that a failure can be had again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(n.max(1)).unwrap()).unwrap()
    }
}

/// Words that mean something to some parser.
const SPICE: [&[u8]; 24] = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"\n\n",
    b"--",
    b"--b1--",
    b"=?utf-8?b?",
    b"?=",
    b"=",
    b"=\n",
    b"\xff\xfe",
    b"\xe2\x80\xae",
    b"Content-Type: message/rfc822\n\n",
    b"Content-Type: multipart/mixed; boundary=x\n\n--x\n",
    b"Content-Transfer-Encoding: base64\n",
    b"(((((",
    b"<<>>@",
    b";;;;",
    b"filename*0*=utf-8''%",
    b"From ",
    b"> ",
    b"<table><tr>",
    b"; Mon, 1 Jan 2024 12:00:00 +0000",
];

fn changed(mail: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut out = mail.to_vec();
    for _ in 0..=dice.below(6) {
        let at = dice.below(out.len() + 1);
        match dice.below(6) {
            0 => out.truncate(at),
            1 => drop(out.splice(at..at, SPICE[dice.below(SPICE.len())].iter().copied())),
            2 => {
                let end = (at + dice.below(40)).min(out.len());
                drop(out.drain(at..end));
            }
            3 => {
                let from = dice.below(other.len() + 1);
                let end = (from + dice.below(200)).min(other.len());
                drop(out.splice(at..at, other[from..end].iter().copied()));
            }
            4 => {
                let end = (at + dice.below(100)).min(out.len());
                let copy: Vec<u8> = out[at..end].to_vec();
                drop(out.splice(at..at, copy));
            }
            _ if at < out.len() => out[at] = u8::try_from(dice.below(256)).unwrap(),
            _ => {}
        }
    }
    out
}

#[test]
#[allow(clippy::disallowed_methods, reason = "measures how long parsing takes")]
fn changed_mails_upset_no_parser() {
    let gateway = Gateway::new();
    let mails: Vec<Vec<u8>> = corpus().into_values().collect();
    let mut dice = Dice(0x0ba1_c0e5);
    let mut slowest = Duration::ZERO;
    for _ in 0..3000 {
        let mail = changed(
            &mails[dice.below(mails.len())],
            &mails[dice.below(mails.len())],
            &mut dice,
        );
        let begin = Instant::now();
        every_parser(&gateway, &mail);
        slowest = slowest.max(begin.elapsed());
    }
    assert!(slowest < Duration::from_secs(30), "one mail took {slowest:?}");
}

fn every_parser(gateway: &Gateway, mail: &[u8]) {
    let _ = measure(mail, &Limits::default());
    let _ = read(&gateway.reading(mail));
    for field in Fields::parse(mail).iter() {
        let value = field.value();
        let _ = Received::parse(&value, TODAY);
        let _ = canonical(&value);
        let _ = gateway.domain.recipient(&value, &gateway.keys);
    }
    let text = String::from_utf8_lossy(mail);
    let _ = quote::cut(&text, Some("Re: x"));
    let _ = quote::unflow(&text, true);
}
