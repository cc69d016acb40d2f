//! Any text as a configuration: it is taken or refused in words, and no secret stands in them.

#![no_main]

use causeway::config::Config;
use libfuzzer_sys::fuzz_target;
use std::path::Path;

fuzz_target!(|text: &str| {
    let text = format!("component.email.secret = \"s3cret-of-the-fuzzer\"\n{text}");
    if let Err(e) = Config::parse(&text, Path::new("bridge.toml")) {
        let said = e.to_string();
        assert!(said.starts_with("bridge.toml"));
        assert!(text.matches("s3cret-of-the-fuzzer").count() > 1 || !said.contains("s3cret-of-the-fuzzer"));
    }
});
