//! Text in lines of seven bits: quoted-printable or base64, never anything that a server could take for its own.

use data_encoding::BASE64;

/// The longest line of either encoding (RFC 2045 sections 6.7 and 6.8).
const LINE_MAX: usize = 76;

// ---------------------------------------------------------------------------------------------------------------------

/// The name of the shorter encoding, and the text in it with CRLF line breaks. A text always goes encoded: then no line
/// of it is a lone dot, begins with `From `, or holds a bare CR or LF, whatever it says.
pub(super) fn text(text: &str) -> (&'static str, Vec<u8>) {
    let printable = quoted_printable(text);
    let base64_len = text.len().div_ceil(3) * 4;
    match printable.len() > base64_len + base64_len / LINE_MAX * 2 + 64 {
        true => ("base64", base64(text)),
        false => ("quoted-printable", printable),
    }
}

/// Quoted-printable (RFC 2045 section 6.7); dots and the F of `From ` at the start of a line are encoded too.
fn quoted_printable(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 8);
    for line in text.lines() {
        let mut column = 0;
        for (at, byte) in line.bytes().enumerate() {
            let rest = line.as_bytes().get(at..).unwrap_or_default();
            let encoded = must_encode(byte, rest.len() == 1);
            if column + width(encoded) > LINE_MAX - 1 {
                out.extend_from_slice(b"=\r\n");
                column = 0;
            }
            let encoded = encoded || (column == 0 && misleads(rest));
            match encoded {
                true => out.extend_from_slice(format!("={byte:02X}").as_bytes()),
                false => out.push(byte),
            }
            column += width(encoded);
        }
        out.extend_from_slice(b"\r\n");
    }
    out
}

fn width(encoded: bool) -> usize {
    if encoded { 3 } else { 1 }
}

/// Whether a line that begins like this could mean something to a mail server or a mailbox file.
fn misleads(line: &[u8]) -> bool {
    line.starts_with(b".") || line.starts_with(b"From ")
}

fn must_encode(byte: u8, last: bool) -> bool {
    match byte {
        b'=' => true,
        b' ' | b'\t' => last,
        _ => !byte.is_ascii_graphic(),
    }
}

/// Base64 of the text with CRLF breaks, as its canonical form wants (RFC 2046 section 4.1.1).
fn base64(text: &str) -> Vec<u8> {
    let canonical = text.lines().fold(String::with_capacity(text.len()), |mut all, line| {
        all.push_str(line);
        all.push_str("\r\n");
        all
    });
    bytes(canonical.as_bytes())
}

/// Base64 of bytes as they are.
pub(super) fn bytes(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() * 4 / 3 * 78 / LINE_MAX + 80);
    for line in bytes.chunks(LINE_MAX / 4 * 3) {
        out.extend_from_slice(BASE64.encode(line).as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail_parser::decoders::base64::base64_decode;
    use mail_parser::decoders::quoted_printable::quoted_printable_decode;
    use proptest::prelude::*;

    fn check(input: &str, expect: &str) {
        assert_eq!(String::from_utf8(quoted_printable(input)).unwrap(), expect, "{input:?}");
    }

    #[test]
    fn lines_are_encoded() {
        check("caf\u{e9} = a\n", "caf=C3=A9 =3D a\r\n");
        check(
            "flows \n.\n..x\nFrom me\nnot.",
            "flows=20\r\n=2E\r\n=2E.x\r\n=46rom me\r\nnot.\r\n",
        );
        check("", "");
        check(
            &"x".repeat(80),
            &format!("{}=\r\n{}\r\n", "x".repeat(75), "x".repeat(5)),
        );
        check(
            &format!("{}.{}", "x".repeat(75), "y"),
            &format!("{}=\r\n=2Ey\r\n", "x".repeat(75)),
        );
    }

    proptest! {
        #[test]
        fn encoded_text_is_decoded_to_the_same(input in "([ -~]|é|Ж|\n|\\.|From |\u{1f339}){0,200}") {
            let (encoding, encoded) = text(&input);
            prop_assert!(encoded.is_ascii());
            for line in encoded.split(|b| *b == b'\n') {
                prop_assert!(line.len() <= LINE_MAX + 1 && !line.starts_with(b".") && !line.starts_with(b"From "));
            }
            let decoded = match encoding {
                "base64" => base64_decode(&encoded.into_iter().filter(|b| !b.is_ascii_whitespace()).collect::<Vec<u8>>()),
                _ => quoted_printable_decode(&encoded),
            };
            let read = String::from_utf8(decoded.unwrap()).unwrap();
            prop_assert_eq!(read.lines().collect::<Vec<_>>(), input.lines().collect::<Vec<_>>());
        }
    }
}
