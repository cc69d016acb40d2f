use super::*;
use crate::cast::{DOMAIN, Props, romeo, stanza};
use crate::ns;
use crate::shelf::Shelf;
use causeway_core::language::Language;
use causeway_core::registration::Registration;
use proptest::prelude::*;

fn reception(props: &Props) -> Reception {
    Reception::new(props.face(), false)
}

/// What became of a stanza, in a few words. That the sender is asked for a name goes without saying.
fn became(deeds: &Deeds) -> String {
    let answers = deeds
        .answers
        .iter()
        .filter(|answer| answer.element().attr("type") != Some("get"));
    let answers = answers.map(|answer| {
        let element = answer.element();
        let condition = element
            .children()
            .find(|child| child.name() == "error")
            .and_then(|error| error.children().find(|child| child.has_ns(ns::STANZA_ERRORS)))
            .map(|condition| format!(" {}", condition.name()));
        format!(
            "{} {}{}",
            element.name(),
            element.attr("type").unwrap_or("available"),
            condition.unwrap_or_default()
        )
    });
    let post = deeds.post.as_ref().map(|post| match post.arrival.items.is_empty() {
        true => "rows".to_owned(),
        false => "post".to_owned(),
    });
    let answered = deeds.answered.as_ref().map(|_| "answered".to_owned());
    let later = deeds.later.as_ref().map(|_| "later".to_owned());
    let all: Vec<String> = answers.chain(post).chain(answered).chain(later).collect();
    all.join(", ")
}

const ROMEO: &str = "from='romeo@verona.example/balcony'";
const JULIET: &str = "to='juliet\\40capulet@pigeon.verona.example'";
const GATEWAY: &str = "to='pigeon.verona.example'";

/// What a user may send, and what becomes of it. `R` stands for Romeo's `from`, `J` for Juliet's `to`, `G` for the gateway's.
const STANZAS: &[(&str, &str)] = &[
    // Messages.
    ("<message R J id='1'><body>hi</body></message>", "post"),
    ("<message R J type='chat'><body>hi</body></message>", "post"),
    ("<message R J type='normal' id=''><body>hi</body></message>", "post"),
    (
        "<message R J type='sonnet'><body>hi</body></message>",
        "message error bad-request",
    ),
    (
        "<message R J type=''><body>hi</body></message>",
        "message error bad-request",
    ),
    (
        "<message R J type='groupchat'><body>hi</body></message>",
        "message error service-unavailable",
    ),
    ("<message R J type='headline'><body>hi</body></message>", ""),
    ("<message R J type='error' id='x'><body>hi</body></message>", ""),
    (
        "<message R J type='error' id='aaaaaaaaaaaaaaaaaaaaaaaaaa'><error/></message>",
        "post",
    ),
    (
        "<message R G type='error' id='aaaaaaaaaaaaaaaaaaaaaaaaaa'><error/></message>",
        "",
    ),
    ("<message R G><body>hi</body></message>", "later"),
    ("<message R G/>", ""),
    ("<message R J/>", ""),
    ("<message R J><body/></message>", ""),
    ("<message R J><body>  \n </body></message>", ""),
    ("<message R J><subject>hi</subject></message>", "post"),
    ("<message R J type='chat'><subject>hi</subject></message>", ""),
    (
        "<message R J id='2'><reactions xmlns='urn:xmpp:reactions:0' id='1'><reaction>👍</reaction></reactions></message>",
        "post",
    ),
    (
        "<message R J id='2'><retract xmlns='urn:xmpp:message-retract:1' id='1'/><body>taken back</body></message>",
        "post",
    ),
    (
        "<message R J id='2'><retract xmlns='urn:xmpp:message-retract:1'/><body>taken back</body></message>",
        "",
    ),
    ("<message R J><body>a</body><body>b</body></message>", "post"),
    ("<message R J><body><b>bold</b></body></message>", ""),
    ("<message R J><body xmlns='jabber:client'>hi</body></message>", ""),
    (
        "<message R J><body>b</body><thread>1</thread><thread>2</thread></message>",
        "post",
    ),
    (
        "<message R J><composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
        "",
    ),
    (
        "<message R J><received xmlns='urn:xmpp:receipts' id='who-knows'/></message>",
        "",
    ),
    ("<message R J><received xmlns='urn:xmpp:receipts'/></message>", ""),
    (
        "<message R J><received xmlns='urn:xmpp:receipts' id='aaaaaaaaaaaaaaaaaaaaaaaaaa'/></message>",
        "post",
    ),
    (
        "<message R J><displayed xmlns='urn:xmpp:chat-markers:0' id='aaaaaaaaaaaaaaaaaaaaaaaaaa'/></message>",
        "post",
    ),
    (
        "<message R J><encrypted xmlns='eu.siacs.conversations.axolotl'/><body>hi</body></message>",
        "message error not-acceptable",
    ),
    (
        "<message R J><encrypted xmlns='urn:xmpp:omemo:2'/></message>",
        "message error not-acceptable",
    ),
    (
        "<message R J><openpgp xmlns='urn:xmpp:openpgp:0'/></message>",
        "message error not-acceptable",
    ),
    (
        "<message R J><encryption xmlns='urn:xmpp:eme:0' namespace='x'/><body>hi</body></message>",
        "message error not-acceptable",
    ),
    (
        "<message R J><x xmlns='jabber:x:encrypted'/><body>hi</body></message>",
        "message error not-acceptable",
    ),
    (
        "<message R J><body>?OTRv23?</body></message>",
        "message error not-acceptable",
    ),
    (
        "<message R J><received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'/></received><body>hi</body></message>",
        "",
    ),
    ("<message R J><sent xmlns='urn:xmpp:carbons:2'/></message>", ""),
    (
        "<message R J><result xmlns='urn:xmpp:mam:2'/><body>hi</body></message>",
        "",
    ),
    (
        "<message R J><forwarded xmlns='urn:xmpp:forward:0'><message><body>no</body></message></forwarded></message>",
        "",
    ),
    (
        "<message R J><cut xmlns='urn:causeway:cut'/><body>hi</body></message>",
        "message error not-acceptable",
    ),
    (
        "<message R to='nobody@pigeon.verona.example'><body>hi</body></message>",
        "message error jid-malformed",
    ),
    ("<message R to='nobody@pigeon.verona.example'/>", ""),
    (
        "<message R to='\\20a\\40b@pigeon.verona.example'><body>hi</body></message>",
        "message error jid-malformed",
    ),
    (
        "<message R to='a\\40b\\40c@pigeon.verona.example'><body>hi</body></message>",
        "message error jid-malformed",
    ),
    (
        "<message R to='juliet%capulet@pigeon.verona.example/x'><body>hi</body></message>",
        "post",
    ),
    (
        "<message R to='panic\\40capulet@pigeon.verona.example'><body>hi</body></message>",
        "message error internal-server-error",
    ),
    (
        "<message R to='juliet\\40capulet@elsewhere.example'><body>hi</body></message>",
        "",
    ),
    ("<message R to=''><body>hi</body></message>", ""),
    ("<message R><body>hi</body></message>", ""),
    ("<message J><body>hi</body></message>", ""),
    ("<message from='' J><body>hi</body></message>", ""),
    (
        "<message from='@/' J><body>hi</body></message>",
        "message error jid-malformed",
    ),
    (
        "<message from='verona.example' J><body>hi</body></message>",
        "message error not-allowed",
    ),
    (
        "<message from='verona.example' G><privilege xmlns='urn:xmpp:privilege:2'/></message>",
        "",
    ),
    (
        "<message from='x@pigeon.verona.example' J><body>hi</body></message>",
        "",
    ),
    (
        "<message from='romeo@verona.example/\u{1f64c}' J><body>hi</body></message>",
        "post",
    ),
    (
        "<message from='romeo@verona.example/a@b/c' J><body>hi</body></message>",
        "post",
    ),
    (
        "<message R J><delay xmlns='urn:xmpp:delay' stamp='yesterday'/><body>hi</body></message>",
        "post",
    ),
    (
        "<message R J><replace xmlns='urn:xmpp:message-correct:0'/><body>hi</body></message>",
        "post",
    ),
    (
        "<message R J><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='-1' end='99999999999999999999'/></fallback><body>hi</body></message>",
        "post",
    ),
    // Presence.
    ("<presence R J/>", ""),
    ("<presence R J><show>lovesick</show></presence>", ""),
    ("<presence R J><priority>first</priority></presence>", ""),
    ("<presence R J type='sonnet'/>", "presence error bad-request"),
    ("<presence R J type='unavailable'/>", ""),
    ("<presence R J type='error'><error/></presence>", ""),
    ("<presence R J type='subscribed'/>", ""),
    ("<presence R J type='subscribe'/>", "rows"),
    ("<presence R G type='subscribe'/>", "rows"),
    ("<presence R J type='unsubscribe'/>", "rows"),
    ("<presence R J type='probe'/>", "rows"),
    (
        "<presence R to='nobody@pigeon.verona.example' type='subscribe'/>",
        "presence error jid-malformed, presence unsubscribed",
    ),
    (
        "<presence from='tybalt@verona.example' J type='subscribe'/>",
        "presence error forbidden, presence unsubscribed",
    ),
    (
        "<presence from='tybalt@verona.example/x' J type='probe'/>",
        "presence error forbidden",
    ),
    // Requests.
    (
        "<iq R J id='1' type='get'><ping xmlns='urn:xmpp:ping'/></iq>",
        "iq result",
    ),
    (
        "<iq R J id='1' type='set'><ping xmlns='urn:xmpp:ping'/></iq>",
        "iq error service-unavailable",
    ),
    ("<iq R J id='1' type='get'/>", "iq error bad-request"),
    (
        "<iq R J id='1' type='get'><a xmlns='a'/><a xmlns='a'/></iq>",
        "iq error bad-request",
    ),
    (
        "<iq R J id='1' type='sonnet'><a xmlns='a'/></iq>",
        "iq error bad-request",
    ),
    ("<iq R J id='1'><a xmlns='a'/></iq>", "iq error bad-request"),
    ("<iq R J type='get'><ping xmlns='urn:xmpp:ping'/></iq>", ""),
    (
        "<iq R J id='' type='get'><ping xmlns='urn:xmpp:ping'/></iq>",
        "iq error bad-request",
    ),
    ("<iq R J id='1' type='result'/>", "answered"),
    ("<iq R J id='1' type='error'><error/></iq>", "answered"),
    ("<iq R J type='error'/>", "answered"),
    (
        "<iq R G id='1' type='get'><query xmlns='jabber:iq:roster'/></iq>",
        "iq error service-unavailable",
    ),
    (
        "<iq R G id='1' type='get'><query xmlns='jabber:iq:register'/></iq>",
        "iq result",
    ),
    (
        "<iq R G id='1' type='get'><query xmlns='http://jabber.org/protocol/disco#info' node='x'/></iq>",
        "iq error item-not-found",
    ),
    (
        "<iq R G id='1' type='set'><query xmlns='jabber:iq:gateway'/></iq>",
        "iq error bad-request",
    ),
    (
        "<iq R J id='1' type='get'><query xmlns='jabber:iq:last'/></iq>",
        "iq error forbidden",
    ),
    (
        "<iq R to='nobody@pigeon.verona.example' id='1' type='get'><ping xmlns='urn:xmpp:ping'/></iq>",
        "iq error jid-malformed",
    ),
    (
        "<iq R to='panic\\40x@pigeon.verona.example' id='1' type='get'><ping xmlns='urn:xmpp:ping'/></iq>",
        "iq error internal-server-error",
    ),
    (
        "<iq from='tybalt@verona.example/x' J id='1' type='get'><ping xmlns='urn:xmpp:ping'/></iq>",
        "iq error forbidden",
    ),
    (
        "<iq from='verona.example' G id='1' type='get'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
        "iq result",
    ),
    (
        "<iq R J id='1' type='get'><cut xmlns='urn:causeway:cut'/></iq>",
        "iq error not-acceptable",
    ),
    // Not stanzas.
    ("<sonnet R J/>", ""),
    ("<handshake/>", ""),
    ("<message/>", ""),
];

#[test]
fn every_stanza_gets_what_it_deserves() {
    assert!(STANZAS.len() >= 60);
    for (xml, expected) in STANZAS {
        let props = Props::new();
        let full = xml
            .replace(" R", &format!(" {ROMEO}"))
            .replace(" J", &format!(" {JULIET}"))
            .replace(" G", &format!(" {GATEWAY}"));
        let deeds = reception(&props).receive(&stanza(&full));
        assert_eq!(became(&deeds), *expected, "{xml}");
    }
}

#[test]
fn who_asks_in_german_is_refused_in_german() {
    let props = Props::new();
    let stanza: Element = "<iq xmlns='jabber:component:accept' type='get' id='1' xml:lang='de-AT' \
                           from='romeo@verona.example/orchard' to='pigeon.verona.example'><dance xmlns='urn:ball'/></iq>"
        .parse()
        .unwrap();
    let deeds = reception(&props).receive(&stanza);
    let answer = String::from(deeds.answers.first().unwrap().element());
    assert!(
        answer.contains("xml:lang='de'") && answer.contains("Das bietet das Gateway nicht an"),
        "{answer}"
    );
}

#[test]
fn an_answer_goes_to_the_session_that_asked_from_the_jid_that_was_asked() {
    let props = Props::new();
    let asked = stanza(&format!(
        "<iq {ROMEO} to='Juliet\\40capulet@{DOMAIN}/x' id='7' type='get'><ping xmlns='urn:xmpp:ping'/></iq>"
    ));
    let deeds = reception(&props).receive(&asked);
    let answer = deeds.answers[0].element();
    assert_eq!(answer.attr("to"), Some("romeo@verona.example/balcony"));
    assert_eq!(answer.attr("from"), Some("Juliet\\40capulet@pigeon.verona.example/x"));
    assert_eq!(answer.attr("id"), Some("7"));
}

#[test]
fn a_message_to_an_unusual_form_of_an_address_remembers_the_form_once() {
    let props = Props::new();
    let mut reception = reception(&props);
    let to = |local: &str| {
        stanza(&format!(
            "<message {ROMEO} to='{local}@{DOMAIN}'><body>hi</body></message>"
        ))
    };
    let mut rows = |local: &str| {
        let rows = reception.receive(&to(local)).post.unwrap().arrival.rows;
        for row in &rows {
            match &row.value {
                Some(value) => props.paper.rows.lock().unwrap().insert(row.key.clone(), value.clone()),
                None => props.paper.rows.lock().unwrap().remove(&row.key),
            };
        }
        rows.iter().filter(|row| row.key.starts_with("form/")).count()
    };
    assert_eq!(rows("juliet\\40capulet"), 0);
    assert_eq!(rows("juliet%capulet"), 1);
    assert_eq!(rows("juliet%capulet"), 0);
    assert_eq!(rows("juliet\\40capulet"), 1);
    assert_eq!(
        Shelf::form_of(props.paper.as_ref(), &romeo(), &crate::cast::juliet()),
        None
    );
}

proptest! {
    #[test]
    fn nothing_that_is_received_can_make_the_gateway_speak_for_somebody_else(
        name in "message|presence|iq|x",
        stanza_type in proptest::option::of("chat|error|get|set|result|subscribe|probe|[a-z]{0,5}"),
        from in "(romeo@verona.example)?/?[a-z\u{1f64c}@]{0,5}",
        to in "([a-z%\\\\40]{0,8}@)?pigeon.verona.example(/[a-z/]{0,3})?",
        id in proptest::option::of("[a-z]{0,3}"),
        child in "body|query|ping|received|error",
        space in "jabber:component:accept|urn:xmpp:ping|urn:xmpp:receipts|jabber:iq:gateway",
    ) {
        use crate::xml::{Build, element};
        let props = Props::new();
        let stanza = element(&name, ns::COMPONENT)
            .with("from", &from)
            .with("to", &to)
            .with_some("type", stanza_type.as_deref())
            .with_some("id", id.as_deref())
            .holding(element(&child, &space).saying("words"));
        let deeds = reception(&props).receive(&stanza);
        for answer in &deeds.answers {
            let speaker = answer.element().attr("from").unwrap();
            let domain = speaker.split('/').next().unwrap().rsplit('@').next().unwrap();
            prop_assert_eq!(domain, DOMAIN);
            prop_assert!(stanza_type.as_deref() != Some("error"), "an error was answered");
        }
    }
}

/// What Romeo is told besides when his message is taken.
fn told(props: &Props, xml: &str) -> Vec<String> {
    let full = xml
        .replace(" R", &format!(" {ROMEO}"))
        .replace(" J", &format!(" {JULIET}"));
    let post = reception(props).receive(&stanza(&full)).post.unwrap();
    let mut rows = props.paper.rows.lock().unwrap();
    rows.extend(
        post.arrival
            .rows
            .into_iter()
            .filter_map(|row| Some((row.key, row.value?))),
    );
    let words = |note: &Outward| {
        let note = note.element();
        assert_eq!(note.attr("to"), Some("romeo@verona.example"));
        assert_eq!(
            note.attr("from"),
            Some("juliet\\40capulet@pigeon.verona.example/gateway")
        );
        crate::xml::text_of(note, "body", ns::COMPONENT).unwrap()
    };
    post.then.iter().map(words).collect()
}

#[test]
fn what_a_network_lacks_is_told_once_and_in_the_users_language() {
    let props = Props::new();
    let edit = "<message R J id='1'><body>a</body><replace xmlns='urn:xmpp:message-correct:0' id='0'/></message>";
    let reaction = "<message R J xml:lang='de' id='2'><reactions xmlns='urn:xmpp:reactions:0' id='0'>\
                    <reaction>👍</reaction></reactions></message>";
    assert_eq!(
        told(&props, edit),
        ["ℹ Pigeon post knows no corrections: what you changed goes out as a new message."]
    );
    assert_eq!(told(&props, edit), [""; 0]);
    assert_eq!(
        told(&props, reaction),
        [
            "ℹ Taubenpost kennt Reaktionen kaum: Deine gehen als kurze Nachrichten hinaus und werden nicht zurückgenommen."
        ]
    );
    assert_eq!(told(&props, "<message R J id='3'><body>a</body></message>"), [""; 0]);
    let key = "told/pigeon/romeo@verona.example/edit";
    assert!(props.paper.rows.lock().unwrap().contains_key(key));
}

#[test]
fn what_a_user_chose_goes_before_the_language_of_his_client() {
    let props = Props::new();
    let mut registration = Registration::default();
    registration.settings.language = Some(Language::De);
    let key = "user/pigeon/romeo@verona.example".to_owned();
    props.paper.rows.lock().unwrap().insert(key, registration.write());
    let retraction = "<message R J xml:lang='en' id='1'><retract xmlns='urn:xmpp:message-retract:1' id='0'/></message>";
    let told = told(&props, retraction);
    assert!(told[0].starts_with("ℹ Taubenpost kann nichts zurücknehmen"), "{told:?}");
}
