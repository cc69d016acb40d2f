use super::*;
use crate::cast::{DOMAIN, gateway, stanza};
use crate::link::line::{Desk, line};
use crate::xml::element;

const ROMEO: &str = "romeo@verona.example";

fn question() -> Question<impl FnOnce(&str) -> Element> {
    Question {
        from: gateway().itself(),
        to: ROMEO.into(),
        set: false,
        payload: |_: &str| element("query", "jabber:iq:roster"),
    }
}

fn scene() -> (Line, Desk, Requests) {
    let (line, desk) = line();
    let requests = desk.requests.clone();
    requests.connected("s1");
    (line, desk, requests)
}

/// The id of the question that waits to be written.
fn asked(desk: &mut Desk) -> String {
    let order = desk.orders.try_recv().unwrap();
    let iq = order.stanzas[0].element();
    assert_eq!((iq.attr("to"), iq.attr("type")), (Some(ROMEO), Some("get")));
    iq.attr("id").unwrap().to_owned()
}

fn answer(from: &str, stanza_type: &str, id: &str) -> Element {
    stanza(&format!(
        "<iq type='{stanza_type}' id='{id}' from='{from}' to='{DOMAIN}'/>"
    ))
}

/// Asks, lets the server say something about the question's id, and gives what whoever asked hears.
async fn heard(says: impl FnOnce(&Requests, &str)) -> Result<Answer, NoAnswer> {
    let (line, mut desk, requests) = scene();
    let server = async {
        tokio::task::yield_now().await;
        says(&requests, &asked(&mut desk));
    };
    futures::future::join(line.ask(question()), server).await.0
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_gets_the_answer() {
    let heard = heard(|requests, id| assert!(requests.take(&answer(ROMEO, "result", id)))).await;
    assert_eq!(heard.unwrap().stanza.attr("from"), Some(ROMEO));
}

#[tokio::test(start_paused = true)]
async fn a_no_is_told_in_the_other_sides_words() {
    let heard = heard(|requests, id| {
        let no = format!(
            "<iq type='error' id='{id}' from='{ROMEO}' to='{DOMAIN}'><error type='auth'><forbidden \
             xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>not you\
             </text></error></iq>"
        );
        assert!(requests.take(&stanza(&no)));
    });
    assert_eq!(
        heard.await.unwrap_err().to_string(),
        "the answer is forbidden (not you)"
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_from_anybody_else_is_none_and_the_true_one_is_still_awaited() {
    let heard = heard(|requests, id| {
        for forger in ["tybalt@verona.example", "verona.example", "romeo@verona.example/x", ""] {
            assert!(!requests.take(&answer(forger, "result", id)), "{forger}");
        }
        assert!(!requests.take(&answer(ROMEO, "result", "ask-s1-9")));
        assert!(!requests.take(&answer(ROMEO, "get", id)), "a question is no answer");
        assert!(requests.take(&answer(ROMEO, "result", id)));
        assert!(!requests.take(&answer(ROMEO, "result", id)), "it counts once");
    });
    assert!(heard.await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn archived_messages_come_with_the_answer_if_they_belong_to_it() {
    let result = |from: &str, id: &str, n: usize| {
        stanza(&format!(
            "<message from='{from}' to='{DOMAIN}'><result xmlns='urn:xmpp:mam:2' queryid='{id}' id='{n}'/></message>"
        ))
    };
    let heard = heard(|requests, id| {
        assert!(requests.take(&result(ROMEO, id, 1)));
        assert!(!requests.take(&result("tybalt@verona.example", id, 2)));
        assert!(!requests.take(&result("verona.example", id, 3)));
        assert!(!requests.take(&result(ROMEO, "ask-s1-9", 4)));
        assert!(requests.take(&result(ROMEO, id, 5)));
        requests.take(&answer(ROMEO, "result", id));
        assert!(!requests.take(&result(ROMEO, id, 6)), "nothing comes behind the answer");
    });
    let results = heard.await.unwrap().results;
    let ids: Vec<_> = results
        .iter()
        .map(|it| it.children().next().unwrap().attr("id").unwrap())
        .collect();
    assert_eq!(ids, ["1", "5"]);
}

#[tokio::test(start_paused = true)]
async fn silence_ends_after_half_a_minute_and_leaves_nothing_behind() {
    let (line, _desk, requests) = scene();
    let began = tokio::time::Instant::now();
    assert_eq!(line.ask(question()).await.unwrap_err(), NoAnswer::Silence);
    assert_eq!(began.elapsed(), PATIENCE);
    assert!(requests.lock().waiting.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_link_that_breaks_ends_the_waiting_at_once() {
    let heard = heard(|requests, _| requests.disconnected());
    assert_eq!(heard.await.unwrap_err(), NoAnswer::Offline);
}

#[tokio::test(start_paused = true)]
async fn without_a_link_nothing_is_asked() {
    let (line, mut desk) = line();
    assert_eq!(line.ask(question()).await.unwrap_err(), NoAnswer::Offline);
    assert!(desk.orders.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn no_more_than_a_bounded_number_is_open() {
    let (line, _desk, requests) = scene();
    let open: Vec<_> = (0..MOST).map(|_| requests.open(ROMEO).unwrap()).collect();
    assert_eq!(line.ask(question()).await.unwrap_err(), NoAnswer::Busy);
    drop(open);
    assert!(requests.open(ROMEO).is_ok());
}

#[test]
fn an_answer_to_an_earlier_connection_answers_nothing() {
    let (_line, _desk, requests) = scene();
    let old = requests.open(ROMEO).unwrap();
    requests.connected("s2");
    let new = requests.open(ROMEO).unwrap();
    assert!(!requests.take(&answer(ROMEO, "result", &old.id)));
    assert!(requests.take(&answer(ROMEO, "result", &new.id)));
}
