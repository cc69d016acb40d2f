use super::*;

fn line(input: &str, expect: Option<&str>) {
    assert_eq!(Line::clean(input).as_ref().map(Line::as_str), expect, "{input:?}");
}

fn body(input: &str, expect: Option<&str>) {
    assert_eq!(Body::clean(input).as_ref().map(Body::as_str), expect, "{input:?}");
}

#[test]
fn a_line_cannot_smuggle_a_second_one() {
    line("Evil\r\nBcc: x@example.org", Some("Evil Bcc: x@example.org"));
    line("a\u{85}b\u{2028}c\0d", Some("a b c d"));
    line("\u{202e}gpj.exe", Some("gpj.exe"));
    line(" \r\n\t", None);
}

#[test]
fn a_body_keeps_its_lines_and_loses_its_controls() {
    body("one\r\ntwo\rthree\u{1}", Some("one\ntwo\nthree"));
    body("\n\n  indented\n\n", Some("  indented"));
    body("\u{0}\n \n", None);
}

#[test]
fn words_are_cut_with_an_ellipsis() {
    assert_eq!(shorten("wherefore art thou", 9), "wherefor…");
    assert_eq!(shorten("short", 9), "short");
}
