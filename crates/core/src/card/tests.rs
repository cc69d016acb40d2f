use super::*;

/// A PNG file as far as its frame goes.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8; 4], content: &[u8]| {
        file.extend(u32::try_from(content.len()).unwrap().to_be_bytes());
        file.extend(kind);
        file.extend(content);
        file.extend([0; 4]);
    };
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    chunk(b"IHDR", &[size.as_slice(), &[8, 2, 0, 0, 0]].concat());
    chunk(b"IDAT", &[7; 40]);
    chunk(b"IEND", &[]);
    file
}

fn check(bytes: &[u8], side: Option<u32>) {
    assert_eq!(Picture::png(bytes).map(|picture| picture.side()), side, "{bytes:?}");
}

#[test]
fn a_small_square_png_is_a_picture() {
    check(&png(48, 48), Some(48));
    check(&png(96, 96), Some(96));
}

#[test]
fn anything_else_is_none() {
    check(&png(97, 97), None);
    check(&png(48, 47), None);
    check(&png(0, 0), None);
    check(b"", None);
    check(b"GIF89a", None);
    check(&[png(48, 48), b"<script>".to_vec()].concat(), None);
    check(&[png(48, 48), vec![0; Picture::MOST_BYTES]].concat(), None);
    let whole = png(48, 48);
    for end in 0..whole.len() {
        check(&whole[..end], None);
    }
}

#[test]
fn an_address_in_a_uri_cannot_become_something_else() {
    assert_eq!(uri("mailto", "juliet@example.com"), "mailto:juliet@example.com");
    assert_eq!(
        uri("mailto", "a?cc=b&c+d@example.com"),
        "mailto:a%3Fcc%3Db%26c%2Bd@example.com"
    );
    assert_eq!(uri("xmpp", "juliet\\40x@y"), "xmpp:juliet%5C40x@y");
    assert_eq!(uri("mailto", "jülie@x"), "mailto:j%C3%BClie@x");
}
