use super::*;
use minidom::Element;
use proptest::prelude::*;

const HEAD: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' \
                    xmlns:stream='http://etherx.jabber.org/streams' id='1'>";

/// What comes out when the bytes come in pieces of `size`.
fn through(stanzas: &str, size: usize) -> String {
    let mut guard = Guard::default();
    let mut out = Vec::new();
    let whole = format!("{HEAD}{stanzas}");
    for piece in whole.as_bytes().chunks(size) {
        guard.pass(piece, &mut out);
    }
    let text = String::from_utf8(out).unwrap();
    text.strip_prefix(HEAD).unwrap().to_owned()
}

fn cut(inside: &str) -> String {
    format!("<message from='r@x' to='y' id='1'>{inside}<cut xmlns='urn:causeway:cut'/></message>")
}

fn message(inside: &str) -> String {
    format!("<message from='r@x' to='y' id='1'>{inside}</message>")
}

#[test]
fn an_ordinary_stanza_passes_byte_for_byte() {
    for stanza in [
        message("<body>Soft &amp; slow: a > b, ä</body><x xmlns=\"jabber:x:oob\" url='a>b\"/'/>"),
        "<presence from='r@x'/>".into(),
        "\n".into(),
        "<iq\tfrom = 'r@x'><ping xmlns='urn:xmpp:ping'/></iq >".into(),
    ] {
        assert_eq!(through(&stanza, 1), stanza);
        assert_eq!(through(&stanza, 7), stanza);
    }
}

#[test]
fn the_next_stanza_is_whole_again() {
    let long = "x".repeat(LONGEST_WORD + 1);
    let stanzas = format!(
        "{}{}",
        message(&format!("<a b='{long}'/><body>no</body>")),
        message("<body>yes</body>")
    );
    assert_eq!(
        through(&stanzas, 1000),
        format!("{}{}", cut(""), message("<body>yes</body>"))
    );
}

#[test]
fn a_long_word_in_the_stanzas_own_tag_leaves_its_address() {
    let long = "x".repeat(LONGEST_WORD + 1);
    let stanza = format!("<message from='r@x' to='y' q='{long}' id='1'><body>no</body></message>");
    assert_eq!(through(&stanza, 13), cut(""));
    let empty = format!("<message from='r@x' {long}='' to='y' id='1'/>");
    assert_eq!(through(&empty, 13), cut(""));
}

#[test]
fn a_long_name_is_cut_with_its_end() {
    let long = "x".repeat(LONGEST_WORD + 1);
    let stanza = message(&format!("<a><{long}>deep</{long}><b/></a><c/>"));
    assert_eq!(through(&stanza, 100), cut("<a></a>"));
}

#[test]
fn a_deep_stanza_is_cut_at_its_depth() {
    let stanza = message(&format!("{}{}", "<a>".repeat(100_000 / 7), "</a>".repeat(100_000 / 7)));
    let out = through(&stanza, 4096);
    assert_eq!(out.matches("<a>").count(), DEEPEST - 1);
    let parsed: Element = out
        .replace("<message", "<message xmlns='jabber:component:accept'")
        .parse()
        .unwrap();
    assert!(parsed.children().any(|child| child.has_ns(ns::CUT)));
}

#[test]
fn a_large_text_is_cut_between_characters_and_entities() {
    for unit in ["ä", "&amp;", "€", "x", "🙌"] {
        let body = unit.repeat(LARGEST_STANZA / unit.len() + 10);
        let out = through(&message(&format!("<body>{body}</body><a/>")), 8192);
        assert!(out.len() < LARGEST_STANZA + 200);
        let kept = out.split("<body>").nth(1).unwrap().split("</body>").next().unwrap();
        assert_eq!(kept.replace(unit, ""), "", "{unit}");
        assert!(
            out.ends_with("</body><cut xmlns='urn:causeway:cut'/></message>"),
            "{unit}"
        );
    }
}

#[test]
fn a_tag_without_end_does_not_fill_the_memory() {
    let mut guard = Guard::default();
    let mut out = Vec::new();
    guard.pass(HEAD.as_bytes(), &mut out);
    guard.pass(b"<message from='r@x' to='y' a='", &mut out);
    for _ in 0..1000 {
        guard.pass(&[b'x'; 4096], &mut out);
    }
    assert!(guard.tag.as_ref().unwrap().bytes.len() <= LARGEST_STANZA + 2);
    guard.pass(b"'>", &mut out);
    assert!(out.ends_with(b"<message from='r@x' to='y'>"));
}

/// An element with names, values and texts of all lengths, as a server would write it.
fn any_element() -> impl Strategy<Value = String> {
    let word = || prop_oneof![8 => 1usize..20, 1 => 7_990usize..8_010, 1 => 20_000usize..20_010];
    let text = || prop_oneof![8 => 0usize..50, 1 => 100_000usize..140_000];
    let leaf = (word(), word(), text(), "[ä&\"'>/ ]{0,3}").prop_map(|(name, value, text, odd)| {
        let (name, value, text) = ("n".repeat(name), "v".repeat(value), "ü".repeat(text / 2));
        let odd = odd.replace('&', "&amp;").replace('\'', "&apos;");
        format!(
            "<{name} a='{value}{odd}'>{text}{}</{name}><e/>",
            odd.replace('"', "&quot;")
        )
    });
    leaf.prop_recursive(6, 24, 4, |inner| {
        (proptest::collection::vec(inner, 0..4), 1usize..12).prop_map(|(children, nested)| {
            let (open, close) = ("<d>".repeat(nested), "</d>".repeat(nested));
            format!("{open}{}{close}", children.concat())
        })
    })
}

fn parsed(stanza: &str) -> Element {
    stanza
        .replacen("<message", "<message xmlns='jabber:component:accept'", 1)
        .parse()
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_well_formed_stays_so_and_what_is_not_cut_stays_the_same(inside in any_element(), size in 500usize..5000) {
        let stanza = message(&inside);
        let out = through(&format!("{stanza}{}", message("")), size);
        let first = out.strip_suffix(&message("")).expect("the next stanza is whole");
        let was_cut = parsed(first).children().any(|child| child.has_ns(ns::CUT));
        prop_assert!(was_cut || first == stanza);
        prop_assert!(first.len() < LARGEST_STANZA + 1000);
        let harmless = stanza.len() < LARGEST_STANZA && !stanza.contains(&"v".repeat(LONGEST_WORD - 20))
            && !stanza.contains(&"n".repeat(LONGEST_WORD - 20)) && stanza.matches("<d>").count() < DEEPEST - 5;
        prop_assert!(!(harmless && was_cut), "cut without need");
    }

    #[test]
    fn any_bytes_in_any_pieces_give_the_same(
        bytes in proptest::collection::vec(prop_oneof![Just(b'<'), Just(b'>'), Just(b'/'), Just(b'\''), any::<u8>()], 0..400),
        size in 1usize..50,
    ) {
        let run = |size: usize| {
            let (mut guard, mut out) = (Guard::default(), Vec::new());
            for piece in bytes.chunks(size) {
                guard.pass(piece, &mut out);
            }
            out
        };
        prop_assert_eq!(run(size), run(400));
    }
}
