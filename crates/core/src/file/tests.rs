use super::*;
use proptest::prelude::*;

fn check(given: &str, expect: Option<&str>) {
    assert_eq!(
        FileName::clean(given).as_ref().map(FileName::as_str),
        expect,
        "{given:?}"
    );
}

#[test]
fn names_are_made_safe() {
    check("letter.pdf", Some("letter.pdf"));
    check("../../etc/passwd", Some("passwd"));
    check("C:\\Windows\\letter.pdf", Some("letter.pdf"));
    check("\u{202e}fdp.exe", Some("fdp.exe"));
    check("a\r\nb\0c.txt", Some("a b c.txt"));
    check(".bashrc", Some("bashrc"));
    check("...", None);
    check("\u{2000}.", None);
    check("dir/", None);
    check(
        &format!("{}.pdf", "x".repeat(200)),
        Some(&format!("{}….pdf", "x".repeat(95))),
    );
}

proptest! {
    #[test]
    fn a_safe_name_is_short_has_no_path_and_stays_as_it_is(given in any::<String>()) {
        if let Some(name) = FileName::clean(&given) {
            prop_assert!(name.as_str().chars().count() <= NAME_MAX);
            let bad = ['/', '\\', '\u{202e}', '\n'];
            prop_assert!(!name.as_str().contains(bad));
            prop_assert_eq!(FileName::clean(name.as_str()), Some(name));
        }
    }
}

#[test]
fn a_link_leads_to_the_web_and_holds_no_login() {
    for good in [
        "https://upload.verona.example/ab/balcony.jpg",
        "HTTP://127.0.0.1:5280/x?y#z",
        "https://[::1]/",
    ] {
        assert_eq!(Link::new(good).as_ref().map(Link::as_str), Some(good));
    }
    for bad in [
        "balcony.jpg",
        "https://",
        "https:///balcony.jpg",
        "file:///etc/passwd",
        "aesgcm://verona.example/x#key",
        "https://romeo:montague@verona.example/",
        "https://verona.example/bal cony.jpg",
        "https://verona.example\\@mantua.example/",
    ] {
        assert_eq!(Link::new(bad), None, "{bad}");
    }
    assert_eq!(Link::new(&format!("https://verona.example/{}", "x".repeat(2048))), None);
}

#[test]
fn the_last_step_of_a_link_names_its_file() {
    let step = |link: &str| Link::new(link).unwrap().last_step().map(str::to_owned);
    assert_eq!(
        step("https://verona.example/ab/balcony.jpg?x=/y"),
        Some("balcony.jpg".into())
    );
    assert_eq!(step("https://verona.example/ab/"), None);
    assert_eq!(step("https://verona.example"), None);
}
