use super::*;
use proptest::prelude::*;

fn clean(text: &str, expect: bool) {
    assert_eq!(has_clean_lines(text.as_bytes()), expect, "{}", text.escape_debug());
}

#[test]
fn only_cr_lf_ends_a_line() {
    clean("", true);
    clean("a\r\n\r\nb\r\n", true);
    clean("\r\n", true);
    clean("a\nb", false);
    clean("a\rb", false);
    clean("a\r", false);
    clean("a\r\r\n", false);
    clean("\n", false);
    clean("a\0b", false);
}

proptest! {
    #[test]
    fn clean_lines_hold_no_loose_line_end(text in "[a\r\n.]{0,12}") {
        let rest = text.replace("\r\n", "");
        prop_assert_eq!(has_clean_lines(text.as_bytes()), !rest.contains(['\r', '\n']));
    }
}
