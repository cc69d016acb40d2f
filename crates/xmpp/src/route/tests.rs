use super::*;
use crate::cast::{gateway, stanza};

#[test]
fn errors_and_results_are_never_answered() {
    for xml in [
        "<message from='r@x/y' to='a@pigeon.verona.example' type='error' id='1'/>",
        "<presence from='r@x/y' to='a@pigeon.verona.example' type='error' id='1'/>",
        "<iq from='r@x/y' to='a@pigeon.verona.example' type='error' id='1'/>",
        "<iq from='r@x/y' to='a@pigeon.verona.example' type='result' id='1'/>",
        "<message from='r@x/y' to='a@pigeon.verona.example' type='headline' id='1'><body>b</body></message>",
        "<message from='r@x/y' to='a@pigeon.verona.example' type='error' id='1'><cut xmlns='urn:causeway:cut'/></message>",
    ] {
        assert_eq!(route(&stanza(xml), &gateway()).back, None, "{xml}");
    }
}

#[test]
fn a_stanza_for_another_domain_has_no_place() {
    let foreign = stanza("<message from='r@x/y' to='a@elsewhere.example'><body>b</body></message>");
    let routed = route(&foreign, &gateway());
    assert!(matches!(routed.route, Route::Ignored(_)) && routed.back.is_none());
}

#[test]
fn a_full_jid_of_a_contact_is_the_contact() {
    let to_resource =
        stanza("<message from='r@x/y' to='a\\40b@pigeon.verona.example/gateway'><body>b</body></message>");
    let Route::Say { caller, local } = route(&to_resource, &gateway()).route else {
        panic!("not something said")
    };
    assert_eq!((caller.full.as_str(), local.as_str()), ("r@x/y", "a\\40b"));
}

#[test]
fn a_ping_that_comes_back_to_the_component_is_its_own_answer() {
    let back = stanza(
        "<iq from='pigeon.verona.example' to='pigeon.verona.example' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>",
    );
    let routed = route(&back, &gateway());
    assert!(matches!(
        routed.route,
        Route::Answer {
            id: "p",
            from: "pigeon.verona.example"
        }
    ));
    assert_eq!(routed.back, None);
}
