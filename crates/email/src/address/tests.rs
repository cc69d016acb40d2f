use super::*;
use proptest::prelude::*;

fn gateway() -> MailDomain {
    MailDomain {
        domain: "mail.example.org".into(),
        home: "example.org".into(),
    }
}

fn keys() -> BounceKeys {
    BounceKeys::new(vec![b"balcony".to_vec()])
}

fn check(typed: &str, expect: &str) {
    assert_eq!(
        canonical(typed).map(|id| id.as_str().to_owned()),
        Ok(expect.to_owned()),
        "{typed}"
    );
}

fn refused(typed: &str) {
    assert_eq!(
        canonical(typed).map_err(|fault| fault.kind),
        Err(FaultKind::BadAddress),
        "{typed:?}"
    );
}

fn puppet(user: &str, expect: &str) {
    let user = BareJid::new(user).unwrap();
    let address = gateway().puppet(&user).unwrap();
    assert_eq!(address, format!("{expect}@mail.example.org"));
    assert_eq!(gateway().recipient(&address, &keys()), Ok(Recipient::User(user)));
}

#[test]
fn one_person_has_one_spelling() {
    check("juliet@example.com", "juliet@example.com");
    check("Juliet@Example.COM", "juliet@example.com");
    check("juliet%example.com", "juliet@example.com");
    check(" juliet@example.com ", "juliet@example.com");
    check("juliet+chat@example.com", "juliet+chat@example.com");
    check("o'hara&co@example.com", "o'hara&co@example.com");
    check("a/b@example.com", "a/b@example.com");
    check("juliet@bücher.example", "juliet@xn--bcher-kva.example");
    check("juliet@XN--BCHER-KVA.example", "juliet@xn--bcher-kva.example");
    check("JÜRGEN@example.com", "jürgen@example.com");
    check("a@r3---sn.example.com", "a@r3---sn.example.com");
}

#[test]
fn what_two_readers_take_for_two_domains_is_refused() {
    for typed in [
        "",
        "juliet",
        "@example.com",
        "juliet@",
        "%example.com",
        "\"juliet\"@example.com",
        "\"juliet@evil.example\"@example.com",
        "\"evil@x y\"@example.com",
        "@relay.example:juliet@example.com",
        "<juliet@example.com>",
        "juliet%evil.example@example.com",
        "juliet@evil.example@example.com",
        "evil.example!juliet@example.com",
        "a%b%example.com",
        "juliet,romeo@example.com",
        "juliet@example.com,romeo@example.com",
        "juliet capulet@example.com",
        "juliet@exam ple.com",
        "juliet@[192.0.2.1]",
        "juliet@192.0.2.1",
        "juliet@localhost",
        "juliet@example.com.",
        "juliet@.example.com",
        "juliet@exa_mple.com",
        ".juliet@example.com",
        "juliet.@example.com",
        "ju..liet@example.com",
        "juliet(comment)@example.com",
        "juliet\\@example.com",
        "juliet:x@example.com",
        "juliet;x@example.com",
        "juliet\r\nRCPT TO:<x>@example.com",
        "juliet@example.com\r\nDATA",
        "juliet\0@example.com",
        "juliet\u{ff20}evil.example@example.com",
        "juliet\u{ff05}evil.example@example.com",
        "juliet\u{202e}@example.com",
        "juliet\u{1f339}@example.com",
        "juliet@example\u{2024}com\u{ff20}x",
    ] {
        refused(typed);
    }
    refused(&format!("{}@example.com", "j".repeat(65)));
    refused(&format!("juliet@{}.com", "j".repeat(64)));
    refused(&format!("juliet@{}com", "example.".repeat(40)));
    check(
        &format!("{}@example.com", "j".repeat(64)),
        &format!("{}@example.com", "j".repeat(64)),
    );
}

#[test]
fn a_domain_is_written_in_unicode_where_that_cannot_mislead() {
    for (typed, expect) in [
        ("juliet@example.com", "juliet@example.com"),
        ("juliet@xn--bcher-kva.example", "juliet@bücher.example"),
        ("a@xn--d1aqf.xn--p1ai", "a@дом.рф"),
        // Cyrillic letters in front of a Latin ending look like a Latin name.
        ("a@xn--80ak6aa92e.com", "a@xn--80ak6aa92e.com"),
        // A JID would fold the sharp s to two letters, and that is another domain.
        ("a@xn--strae-oqa.example", "a@xn--strae-oqa.example"),
    ] {
        let id = canonical(typed).unwrap();
        assert_eq!(written(&id), expect, "{typed}");
        assert_eq!(canonical(&written(&id)), Ok(id));
    }
}

#[test]
fn users_of_the_home_domain_keep_their_name() {
    puppet("romeo@example.org", "romeo");
    puppet("romeo.montague@example.org", "romeo.montague");
    puppet("romeo=x@example.org", "romeo=3dx");
    puppet("romeo+x%y!z@example.org", "romeo=2bx=25y=21z");
    puppet(".romeo..m.@example.org", "=2eromeo.=2em=2e");
    puppet("jürgen@example.org", "j=c3=bcrgen");
    puppet("o\\27hara@example.org", "o=5c27hara");
}

#[test]
fn users_of_other_domains_carry_it_along() {
    puppet("nurse@example.net", "nurse=example.net");
    puppet("nurse@debian.example", "nurse==debian.example");
    puppet("nurse@3d.example", "nurse==3d.example");
    puppet("nurse=3d@example.net", "nurse=3d3d=example.net");
    puppet("nurse@bücher.example", "nurse=xn--bcher-kva.example");
    puppet("nurse@localhost", "nurse=localhost");
}

#[test]
fn a_name_like_a_return_path_is_not_one() {
    let name = format!("b.{}", "a".repeat(42));
    puppet(&format!("{name}@example.org"), &format!("b=2e{}", "a".repeat(42)));
    assert_eq!(
        gateway().recipient(&format!("{name}@mail.example.org"), &keys()),
        Ok(Recipient::ForgedBounce)
    );
}

#[test]
fn return_paths_are_told_from_people() {
    let id = EnvelopeId::from_random([3; 16]);
    let address = keys().address(id, "mail.example.org");
    assert_eq!(gateway().recipient(&address, &keys()), Ok(Recipient::Bounce(id)));
    let other = BounceKeys::new(vec![b"tomb".to_vec()]);
    assert_eq!(gateway().recipient(&address, &other), Ok(Recipient::ForgedBounce));
}

#[test]
fn what_no_puppet_is_called_is_nobody() {
    for (rcpt, kind) in [
        ("romeo@example.com", FaultKind::Refused),
        ("romeo", FaultKind::BadAddress),
        ("romeo%example.net@mail.example.org", FaultKind::NoSuchUser),
        ("romeo+tag@mail.example.org", FaultKind::NoSuchUser),
        ("=61@mail.example.org", FaultKind::NoSuchUser),
        ("nurse=@mail.example.org", FaultKind::NoSuchUser),
        ("=ff=fe@mail.example.org", FaultKind::NoSuchUser),
        ("nurse=example.org@mail.example.org", FaultKind::NoSuchUser),
        ("@mail.example.org", FaultKind::NoSuchUser),
        ("=00@mail.example.org", FaultKind::NoSuchUser),
    ] {
        assert_eq!(
            gateway().recipient(rcpt, &keys()).map_err(|fault| fault.kind),
            Err(kind),
            "{rcpt}"
        );
    }
    let romeo = BareJid::new("romeo@example.org").unwrap();
    assert_eq!(
        gateway().recipient("ROMEO@MAIL.example.org", &keys()),
        Ok(Recipient::User(romeo))
    );
}

#[test]
fn a_puppet_too_long_for_mail_is_refused() {
    let user = BareJid::new(&format!("{}@example.net", "n".repeat(60))).unwrap();
    assert_eq!(
        gateway().puppet(&user).map_err(|fault| fault.kind),
        Err(FaultKind::BadAddress)
    );
}

proptest! {
    #[test]
    fn canonical_is_total_and_stable(typed in any::<String>()) {
        if let Ok(id) = canonical(&typed) {
            prop_assert_eq!(canonical(id.as_str()), Ok(id.clone()));
            prop_assert_eq!(canonical(&written(&id)), Ok(id.clone()));
            let folded = through_a_jid(&written(&id)).unwrap();
            prop_assert_eq!(canonical(&folded), Ok(id));
        }
    }

    #[test]
    fn addresses_of_many_alphabets_survive_a_jid(local in "[a-zA-Zà-žА-я0-9'&/=#.+]{1,20}", label in "[a-zA-Zà-žα-ωß0-9-]{1,12}") {
        if let Ok(id) = canonical(&format!("{local}@{label}.example")) {
            let in_a_jid = through_a_jid(&written(&id)).unwrap();
            prop_assert_eq!(canonical(&in_a_jid), Ok(id));
        }
    }

    #[test]
    fn every_puppet_is_found_again(name in "[ -~à-ž]{1,24}", domain in "(example\\.org|[a-f0-9][a-z0-9]{1,8}\\.example|[a-zà-ž]{1,8})") {
        let Ok(user) = BareJid::new(&format!("{name}@{domain}")) else { return Ok(()) };
        let Ok(address) = gateway().puppet(&user) else { return Ok(()) };
        prop_assert!(!address.contains(['%', '!', '+', ' ', '"']), "{}", address);
        prop_assert_eq!(gateway().recipient(&address, &keys()), Ok(Recipient::User(user)));
    }

    #[test]
    fn recipients_are_total(rcpt in any::<String>()) {
        let _ = gateway().recipient(&rcpt, &keys());
        let _ = gateway().recipient(&format!("{rcpt}@mail.example.org"), &keys());
    }
}
