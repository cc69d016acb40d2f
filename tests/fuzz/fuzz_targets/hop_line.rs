//! Any bytes as a Received line, and as a header full of them.

#![no_main]

use causeway_core::clock::Timestamp;
use causeway_core::hop::Trust;
use causeway_core::timeline::laps;
use causeway_email::fields::Fields;
use causeway_email::hops::{Received, chain};
use libfuzzer_sys::fuzz_target;

const TODAY: Timestamp = Timestamp(1_795_341_600_000);

fuzz_target!(|bytes: &[u8]| {
    let line = String::from_utf8_lossy(bytes);
    let _ = Received::parse(&line, TODAY).hop(Trust::Claimed);
    let header = format!("Received: {line}\nReceived: {line}\nDate: {line}\n");
    let fields = Fields::parse(header.as_bytes());
    let hops = chain(&fields, None, &["mx.example.org".to_owned()], TODAY);
    assert_eq!(laps(&hops).len(), hops.len());
});
