use super::*;

fn verona() -> Gateway {
    Gateway::new(&BareJid::new("mail.verona.example").unwrap())
}

#[test]
fn the_gateway_speaks_under_its_own_domain_only() {
    let gateway = verona();
    for foreign in [
        "romeo@verona.example",
        "verona.example",
        "mail.verona.example.evil.example",
        "@mail.verona.example",
        "",
        "x@y@mail.verona.example",
    ] {
        assert_eq!(gateway.addressed(foreign), None, "{foreign}");
    }
}

#[test]
fn an_answer_comes_from_the_very_jid_that_was_addressed() {
    let to = verona()
        .addressed("juliet\\40capulet.example@MAIL.verona.example/a/b")
        .unwrap();
    assert_eq!(to.local.as_deref(), Some("juliet\\40capulet.example"));
    assert_eq!(to.speaker.as_str(), "juliet\\40capulet.example@mail.verona.example/a/b");
    assert_eq!(
        to.speaker.present().as_str(),
        "juliet\\40capulet.example@mail.verona.example/gateway"
    );
}

#[test]
fn a_resource_beyond_stringprep_does_not_hide_who_calls() {
    let caller = Caller::read("romeo@verona.example/\u{1f64c}").unwrap();
    assert_eq!(caller.bare.as_str(), "romeo@verona.example");
    assert_eq!(caller.full, "romeo@verona.example/\u{1f64c}");
}
