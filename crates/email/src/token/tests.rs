use super::*;

fn id() -> EnvelopeId {
    EnvelopeId::from_random([7; 16])
}

fn keys(secrets: &[&str]) -> BounceKeys {
    BounceKeys::new(secrets.iter().map(|secret| secret.as_bytes().to_vec()).collect())
}

fn local(address: &str) -> &str {
    address.split_once('@').unwrap().0
}

#[test]
fn an_address_that_we_made_names_its_envelope() {
    let address = keys(&["balcony"]).address(id(), "mail.example.org");
    assert!(address.ends_with("@mail.example.org"), "{address}");
    assert_eq!(local(&address).len(), 44);
    assert_eq!(keys(&["balcony"]).verify(local(&address)), Some(Ok(id())));
    assert_eq!(
        keys(&["balcony"]).verify(&local(&address).to_ascii_uppercase()),
        Some(Ok(id()))
    );
}

#[test]
fn an_older_secret_still_verifies() {
    let address = keys(&["balcony"]).address(id(), "example.org");
    assert_eq!(keys(&["tomb", "balcony"]).verify(local(&address)), Some(Ok(id())));
    assert_eq!(keys(&["tomb"]).verify(local(&address)), Some(Err(Forged)));
}

#[test]
fn one_changed_character_is_a_forgery() {
    let address = keys(&["balcony"]).address(id(), "example.org");
    let whole = local(&address);
    for at in 2..whole.len() {
        let mut bytes = whole.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'a' { b'b' } else { b'a' };
        let changed = String::from_utf8(bytes).unwrap();
        // The last character of an id has bits to spare; a change there makes another shape.
        assert_ne!(keys(&["balcony"]).verify(&changed), Some(Ok(id())), "{changed}");
    }
}

#[test]
fn without_a_secret_nothing_verifies() {
    let address = keys(&[]).address(id(), "example.org");
    assert_eq!(keys(&[]).verify(local(&address)), Some(Err(Forged)));
}

#[test]
fn other_shapes_are_none_of_ours() {
    for other in [
        "",
        "b.",
        "romeo",
        "b.romeo",
        "b.\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}xxxxxxxxxxxxxxxx",
    ] {
        assert_eq!(keys(&["balcony"]).verify(other), None, "{other}");
    }
}
