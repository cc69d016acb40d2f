//! Bytes of a declared, undeclared or wrongly declared charset as text.

use mail_parser::decoders::charsets::map::charset_decoder;
use std::borrow::Cow;

/// Decodes with the declared charset; without one, or with an unknown one, as UTF-8 where the bytes are that, else as
/// windows-1252. `us-ascii` with eight-bit bytes counts as undeclared. Never fails: no mail vanishes for its charset.
pub(crate) fn decode<'a>(bytes: &'a [u8], declared: Option<&str>) -> Cow<'a, str> {
    let named = declared.map(str::trim).filter(|name| !says_nothing(name));
    match named.and_then(decoder) {
        Some(decode) => Cow::Owned(decode(bytes)),
        None => match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(
                decoder("windows-1252")
                    .map_or_else(|| String::from_utf8_lossy(bytes).into_owned(), |decode| decode(bytes)),
            ),
        },
    }
}

/// Names that writers put there without having looked, and UTF-8, which the fallback tries first anyway.
fn says_nothing(name: &str) -> bool {
    [
        "",
        "us-ascii",
        "ascii",
        "ansi_x3.4-1968",
        "utf-8",
        "utf8",
        "unknown-8bit",
        "x-unknown",
        "unknown",
    ]
    .iter()
    .any(|word| name.eq_ignore_ascii_case(word))
}

fn decoder(name: &str) -> Option<fn(&[u8]) -> String> {
    // The table takes names of at most 45 bytes.
    charset_decoder(name.as_bytes().get(..name.len().min(45))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(bytes: &[u8], declared: Option<&str>, expect: &str) {
        assert_eq!(decode(bytes, declared), expect, "{declared:?}");
    }

    #[test]
    fn the_declared_charset_counts() {
        check(b"\xf0\xd2\xc9\xd7\xc5\xd4", Some("KOI8-R"), "Привет");
        check(b"caf\xe9", Some("iso-8859-1"), "café");
        check(b"\x83n\x83\x8D\x81[", Some("Shift_JIS"), "ハロー");
    }

    #[test]
    fn without_one_the_bytes_say_what_they_are() {
        check("café".as_bytes(), None, "café");
        check(b"caf\xe9 \x80", None, "café €");
        check("café".as_bytes(), Some("us-ascii"), "café");
        check(b"caf\xe9", Some("utf-8"), "café");
        check("café".as_bytes(), Some("x-klingon"), "café");
        check(b"caf\xe9", Some(&"x".repeat(1000)), "café");
    }

    proptest! {
        #[test]
        fn decoding_is_total(bytes in any::<Vec<u8>>(), name in "[a-z0-9-]{0,12}|utf-7|utf-16|gb18030|iso-2022-jp|big5") {
            let _ = decode(&bytes, Some(&name));
        }
    }
}
