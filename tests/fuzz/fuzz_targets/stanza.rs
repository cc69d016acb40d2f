//! Any bytes as the XMPP server's stream: what is cut or refused is cut or refused in order, and nothing panics.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| causeway_xmpp::take_any_bytes(bytes));
