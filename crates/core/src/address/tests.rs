use super::*;
use proptest::prelude::*;

fn check(id: &str, local: &str) {
    assert_eq!(escape_local(id).as_deref(), Some(local));
    assert_eq!(unescape_local(local).as_deref(), Some(id));
}

#[test]
fn the_examples_of_xep_0106() {
    check("d'artagnan", r"d\27artagnan");
    check("juliet@example.com", r"juliet\40example.com");
    check("space cadet", r"space\20cadet");
    check("call me \"ishmael\"", r"call\20me\20\22ishmael\22");
    check(r"c:\net", r"c\3a\net");
    check(r"c:\\net", r"c\3a\\net");
    check(r"c:\cool stuff", r"c\3a\cool\20stuff");
    check(r"c:\5commas", r"c\3a\5c5commas");
    check(r"foo\bar", r"foo\bar");
}

#[test]
fn a_blank_at_an_end_has_no_local_part() {
    assert_eq!(escape_local(" juliet"), None);
    assert_eq!(unescape_local(r"\20juliet"), None);
    assert_eq!(unescape_local(""), None);
}

#[test]
fn an_upper_case_escape_is_understood() {
    assert_eq!(unescape_local(r"c\3Anet").as_deref(), Some("c:net"));
}

proptest! {
    #[test]
    fn every_id_comes_back(id in "[ -~é\\\\]{1,40}") {
        if let Some(local) = escape_local(&id) {
            prop_assert!(!local.contains(['@', '/', '"', ' ', '<', '>', '&', '\'', ':']));
            prop_assert_eq!(unescape_local(&local), Some(id));
        }
    }

    #[test]
    fn no_two_ids_share_a_local_part(a in "[a\\\\2405c@ ]{1,12}", b in "[a\\\\2405c@ ]{1,12}") {
        if let (Some(x), Some(y)) = (escape_local(&a), escape_local(&b)) {
            prop_assert_eq!(a == b, x == y);
        }
    }

    #[test]
    fn no_key_collides_across_scopes(user in "[a-z]{1,5}", id in "[a-z]{1,5}") {
        let network = NetworkId::new("email").unwrap();
        let id = ForeignId::new(&id).unwrap();
        let jid = BareJid::new(&format!("{user}@example.org")).unwrap();
        let shared = Party::Foreign(Contact { network: network.clone(), scope: Scope::Gateway, id: id.clone() });
        let own = Party::Foreign(Contact { network, scope: Scope::Account(jid.clone()), id });
        prop_assert_ne!(shared.key(), own.key());
        prop_assert_ne!(Party::Home(jid).key(), shared.key());
    }
}
