//! The link against a server that lives in the same process, with a made-up clock.

use super::connection::STOP_PATIENCE;
use super::*;
use crate::cast::{DOMAIN, Props, gateway};
use crate::link::line::{Line, Slip, line};
use crate::link::wire::Bytes;
use crate::stanza::Outward;
use crate::xml::{Build, element};
use causeway_core::network::Pending;
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::{Mutex, mpsc};
use tokio_xmpp::xmlstream::Timeouts;

const CONFLICT: &str =
    "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>";

/// The other side of every connection that the link opens.
struct Calls(Mutex<mpsc::Sender<DuplexStream>>);

impl Dial for Calls {
    fn dial(&self) -> Pending<'_, io::Result<Box<dyn Bytes>>> {
        Box::pin(async {
            let (near, far) = duplex(1 << 20);
            let calls = self.0.lock().await;
            calls.send(far).await.map_err(|_| io::ErrorKind::ConnectionRefused)?;
            Ok(Box::new(near) as Box<dyn Bytes>)
        })
    }

    fn is_encrypted(&self) -> bool {
        false
    }
}

/// A server that says what the test tells it to.
struct Server {
    calls: mpsc::Receiver<DuplexStream>,
}

struct Call {
    bytes: DuplexStream,
    heard: String,
}

impl Server {
    /// Waits for the link, answers its handshake, and says `behind` in the same breath.
    async fn pick_up(&mut self, behind: &str) -> Call {
        let mut call = self.ring().await;
        call.hear("</handshake>").await;
        call.say(&format!("<handshake/>{behind}")).await;
        call
    }

    /// Waits for the link and tells it that somebody else has its name.
    async fn refuse_with_conflict(&mut self) {
        let mut call = self.ring().await;
        call.hear("</handshake>").await;
        call.say(CONFLICT).await;
    }

    /// Waits for the link and opens the stream.
    async fn ring(&mut self) -> Call {
        let bytes = self.calls.recv().await.unwrap();
        let mut call = Call {
            bytes,
            heard: String::new(),
        };
        let header = call.hear("version='1.0'>").await;
        assert!(header.contains(DOMAIN), "{header}");
        call.say(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' \
             xmlns:stream='http://etherx.jabber.org/streams' id='s1' from='pigeon.verona.example'>",
        )
        .await;
        call
    }
}

impl Call {
    async fn say(&mut self, xml: &str) {
        self.bytes.write_all(xml.as_bytes()).await.unwrap();
    }

    /// Everything up to and including `end`.
    async fn hear(&mut self, end: &str) -> String {
        loop {
            if let Some(at) = self.heard.find(end) {
                let rest = self.heard.split_off(at + end.len());
                return std::mem::replace(&mut self.heard, rest);
            }
            let mut piece = [0; 4096];
            let count = self.bytes.read(&mut piece).await.unwrap();
            assert_ne!(count, 0, "the link hung up; heard so far: {}", self.heard);
            self.heard.push_str(std::str::from_utf8(&piece[..count]).unwrap());
        }
    }

    async fn hung_up(&mut self) -> bool {
        let mut rest = Vec::new();
        let _ = self.bytes.read_to_end(&mut rest).await;
        true
    }

    /// The id of the next ping. Romeo's vCard may be asked for before.
    async fn hear_ping(&mut self) -> String {
        let mut heard = self.hear("</iq>").await;
        if heard.contains("vcard-temp") {
            heard = self.hear("</iq>").await;
        }
        assert!(heard.contains("urn:xmpp:ping"), "{heard}");
        let id = heard.rsplit("id='").next().unwrap().split('\'').next().unwrap();
        id.to_owned()
    }

    async fn answer_ping(&mut self) {
        let id = self.hear_ping().await;
        self.pong(&id).await;
    }

    async fn pong(&mut self, id: &str) {
        self.say(&format!(
            "<iq type='result' id='{id}' from='verona.example' to='{DOMAIN}'/>"
        ))
        .await;
    }
}

/// Runs a scene with a link, a server and a line between them; rings the bell at its end and waits for the link.
async fn play<F: Future<Output = ()>>(scene: impl FnOnce(Server, Line, Arc<Props>) -> F) {
    let props = Arc::new(Props::new());
    let (calls, server) = mpsc::channel(4);
    let (line, desk) = line();
    let link = Link {
        dial: Box::new(Calls(Mutex::new(calls))),
        credentials: Credentials {
            domain: DOMAIN.into(),
            secret: "nightingale".into(),
            patience: Duration::from_secs(15),
            timeouts: Timeouts {
                read_timeout: Duration::from_secs(30),
                response_timeout: Duration::from_secs(15),
            },
        },
        gateway: gateway(),
        ping_domain: "verona.example".into(),
    };
    let reception = Reception::new(props.face(), false);
    let house = props.house.clone();
    let run = link.run(&house, reception, desk);
    let scene = async {
        scene(Server { calls: server }, line, props.clone()).await;
        props.stop.send_replace(true);
    };
    futures::future::join(run, scene).await;
}

fn line_of_juliet(words: &str) -> Vec<Outward> {
    let from = gateway().contact("juliet\\40capulet").unwrap();
    vec![
        Outward::message(&from, "romeo@verona.example", "chat", Some(words))
            .holding(element("body", crate::ns::COMPONENT).saying(words)),
    ]
}

fn line_of_romeo(id: &str, words: &str) -> String {
    format!(
        "<message type='chat' id='{id}' from='romeo@verona.example/balcony' to='juliet\\40capulet@{DOMAIN}'>\
         <body>{words}</body></message>"
    )
}

#[tokio::test(start_paused = true)]
async fn a_stanza_in_the_same_breath_as_the_handshake_is_not_lost() {
    play(async |mut server, _, props| {
        let mut call = server.pick_up(&line_of_romeo("1", "Lady, by yonder moon")).await;
        call.say("<iq type='get' id='v' from='romeo@verona.example/balcony' to='pigeon.verona.example'><ping xmlns='urn:xmpp:ping'/></iq>").await;
        call.hear("id='v'").await;
        assert_eq!(props.paper.words(), ["Lady, by yonder moon"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn poison_stanzas_are_answered_and_survived() {
    play(async |mut server, line, props| {
        let mut call = server.pick_up("").await;
        let from = "from='romeo@verona.example/balcony' to='juliet\\40capulet@pigeon.verona.example'";
        call.say(&format!(
            "<message {from} id='p1' type='sonnet'><body>a</body></message>"
        ))
        .await;
        call.say(&format!("<presence {from}><show>lovesick</show></presence>"))
            .await;
        call.say(&format!("<presence {from}><priority>first</priority></presence>"))
            .await;
        call.say(&format!(
            "<message {from} id='p4'><body>b</body><thread>1</thread><thread>2</thread></message>"
        ))
        .await;
        call.say(&line_of_romeo("p5", "c").replace("/balcony", "/\u{1f64c}"))
            .await;
        call.say(&line_of_romeo("p6", "poison")).await;
        let heard = call.hear("no poison in the post").await;
        let romeo = crate::cast::romeo();
        assert!(["p1", "p6"].iter().all(|id| line.refusals.hold(&romeo, id)));
        assert!(!line.refusals.hold(&romeo, "p4"));
        assert!(heard.contains("bad-request") && heard.contains("id='p1'"), "{heard}");
        assert_eq!(props.paper.words(), ["b", "c"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn work_that_does_not_end_stops_nobody_from_being_heard() {
    play(async |mut server, _, props| {
        let mut call = server.pick_up("").await;
        props.paper.slow.send_replace(true);
        for n in 0..300 {
            call.say(&format!(
                "<iq type='set' id='r{n}' from='guest{n}@verona.example/x' to='{DOMAIN}'><query xmlns='jabber:iq:register'/></iq>"
            ))
            .await;
        }
        call.say(&format!(
            "<iq type='get' id='v' from='romeo@verona.example/balcony' to='{DOMAIN}'><ping xmlns='urn:xmpp:ping'/></iq>"
        ))
        .await;
        let heard = call.hear("id='v'").await;
        assert!(heard.contains("id='r256'") && heard.contains("resource-constraint"), "{heard}");
        assert!(!heard.contains("id='r255'"), "{heard}");
        props.paper.slow.send_replace(false);
        let heard = call.hear("id='r255'").await;
        assert!(heard.contains("id='r0'"), "{heard}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn words_too_long_for_the_parser_are_answered_and_survived() {
    play(async |mut server, _, props| {
        let mut call = server.pick_up("").await;
        let long = "x".repeat(20_000);
        call.say(&line_of_romeo(&long, "a")).await;
        call.say(&line_of_romeo("2", &format!("b</body><{long}/><body>"))).await;
        call.say(&line_of_romeo(
            "3",
            &"<a>".repeat(30_000).replace("<a>", "x ").repeat(10),
        ))
        .await;
        call.say(&line_of_romeo("4", "d")).await;
        assert!(call.hear("</message>").await.contains("not-acceptable"));
        assert!(call.hear("</message>").await.contains("id='2'"));
        assert!(call.hear("</message>").await.contains("id='3'"));
        call.say(&line_of_romeo("5", "poison")).await;
        call.hear("no poison").await;
        assert_eq!(props.paper.words(), ["d"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_pinged_and_then_left() {
    play(async |mut server, _, _| {
        let began = Instant::now();
        let mut call = server.pick_up("").await;
        call.hear_ping().await;
        assert_eq!(began.elapsed(), Duration::from_secs(30));
        let mut again = server.pick_up("").await;
        assert!(began.elapsed() <= Duration::from_secs(50), "{:?}", began.elapsed());
        assert!(call.hung_up().await);
        again.answer_ping().await;
        again.answer_ping().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_stanza_is_handed_over_when_the_ping_behind_it_is_answered() {
    play(async |mut server, line, _| {
        let mut call = server.pick_up("").await;
        let sent = line.hand_over(line_of_juliet("first"));
        let heard = async {
            assert!(call.hear("</message>").await.contains("first"));
            let id = call.hear_ping().await;
            call.say(&format!(
                "<iq type='result' id='{id}' from='evil.example' to='{DOMAIN}'/>"
            ))
            .await;
            call.say(&format!(
                "<iq type='result' id='{id}0' from='verona.example' to='{DOMAIN}'/>"
            ))
            .await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            call.say(&format!(
                "<iq type='error' id='{id}' from='verona.example' to='{DOMAIN}'/>"
            ))
            .await;
        };
        let began = Instant::now();
        let (sent, ()) = futures::future::join(sent, heard).await;
        assert_eq!(sent, Ok(()));
        assert_eq!(began.elapsed(), Duration::from_secs(1));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_line_that_breaks_before_the_answer_leaves_the_stanza_in_doubt() {
    play(async |mut server, line, _| {
        let mut call = server.pick_up("").await;
        let sent = line.hand_over(line_of_juliet("first"));
        let cut = async {
            call.hear_ping().await;
            drop(call);
        };
        let (sent, ()) = futures::future::join(sent, cut).await;
        assert!(matches!(sent, Err(Slip::InDoubt(_))), "{sent:?}");
        server.pick_up("").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn without_a_link_a_stanza_is_not_sent() {
    play(async |server, line, _| {
        let began = Instant::now();
        let sent = line.hand_over(line_of_juliet("first")).await;
        assert!(matches!(sent, Err(Slip::Unsent(_))), "{sent:?}");
        assert!(began.elapsed() <= Duration::from_secs(6));
        drop(server);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_burst_keeps_its_order() {
    play(async |mut server, _, props| {
        let mut call = server.pick_up("").await;
        let told: Vec<String> = (0..1500).map(|n| format!("line {n}")).collect();
        let burst: String = told.iter().map(|words| line_of_romeo(words, words)).collect();
        call.say(&burst).await;
        call.say(&line_of_romeo("end", "poison")).await;
        call.hear("no poison").await;
        assert_eq!(props.paper.words(), told);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn one_ping_answers_for_many_stanzas() {
    play(async |mut server, line, _| {
        let mut call = server.pick_up("").await;
        let words: Vec<String> = (0..300).map(|n| format!("line {n};")).collect();
        let sent = futures::future::join_all(words.iter().map(|words| line.hand_over(line_of_juliet(words))));
        let mut pings = 0;
        let heard = async {
            let mut heard = String::new();
            while heard.matches("<body>").count() < 300 {
                heard.push_str(&call.hear("</iq>").await);
                let id = heard
                    .rsplit("id='")
                    .next()
                    .unwrap()
                    .split('\'')
                    .next()
                    .unwrap()
                    .to_owned();
                call.pong(&id).await;
                pings += 1;
            }
            heard
        };
        let (sent, heard) = futures::future::join(sent, heard).await;
        assert!(sent.iter().all(Result::is_ok));
        assert!(
            words
                .iter()
                .all(|words| heard.contains(&format!("<body>{words}</body>")))
        );
        assert!(pings < 100, "{pings} pings");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_slow_stops_the_reading_and_loses_nothing() {
    play(async |mut server, _, props| {
        props.paper.slow.send_replace(true);
        let mut call = server.pick_up("").await;
        let burst: String = (0..1200).map(|n| line_of_romeo("id", &format!("{n}"))).collect();
        call.say(&burst).await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(props.paper.words().len(), 1024);
        props.paper.slow.send_replace(false);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(props.paper.words().len(), 1200);
        call.answer_ping().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_second_gateway_gives_way_to_the_first_within_two_seconds() {
    let began = Instant::now();
    play(async |mut server, _, props| {
        for _ in 0..TRIES_FOR_A_NAME {
            server.refuse_with_conflict().await;
        }
        props.stop.subscribe().wait_for(|stops| *stops).await.unwrap();
        assert!(props.given_way.load(std::sync::atomic::Ordering::Relaxed));
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_predecessor_that_has_just_died_is_waited_for() {
    play(async |mut server, _, props| {
        server.refuse_with_conflict().await;
        server.pick_up("").await;
        assert!(!props.given_way.load(std::sync::atomic::Ordering::Relaxed));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_took_the_name_over_is_not_hammered() {
    play(async |mut server, _, props| {
        let mut call = server.pick_up("").await;
        call.say(CONFLICT).await;
        let began = Instant::now();
        server.refuse_with_conflict().await;
        assert_eq!(began.elapsed(), Duration::from_secs(60));
        server.pick_up("").await;
        assert_eq!(began.elapsed(), Duration::from_secs(120));
        assert!(!props.given_way.load(std::sync::atomic::Ordering::Relaxed));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_own_lost_connection_holds_the_name_up_only_as_long_as_the_server_believes_in_it() {
    play(async |mut server, _, _| {
        drop(server.pick_up("").await);
        let mut call = server.ring().await;
        call.hear("</handshake>").await;
        call.say("<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>")
            .await;
        let began = Instant::now();
        server.pick_up("").await;
        assert!(began.elapsed() <= Duration::from_secs(2), "{:?}", began.elapsed());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_secret_is_tried_again_once_a_minute() {
    play(async |mut server, _, _| {
        let mut call = server.ring().await;
        let shake = call.hear("</handshake>").await;
        // XEP-0114 section 3: the SHA-1 of "s1" and "nightingale".
        assert!(shake.contains("22f81868c2f55a5a64484063f82c27cdb9a5908a"), "{shake}");
        call.say("<stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>")
            .await;
        let began = Instant::now();
        server.pick_up("").await;
        assert_eq!(began.elapsed(), Duration::from_secs(60));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_goes_away_finds_the_link_back_at_its_return() {
    play(async |mut server, _, _| {
        for _ in 0..8 {
            let mut call = server.pick_up("").await;
            call.say("</stream:stream>").await;
        }
        let began = Instant::now();
        server.pick_up("").await;
        assert!(began.elapsed() > Duration::from_secs(40) && began.elapsed() <= Duration::from_secs(60));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn at_the_end_the_stream_is_closed_and_subscribers_are_told() {
    let mut kept = None;
    play(async |mut server, _, props| {
        for key in [
            format!("sub/{DOMAIN}/romeo@verona.example/juliet\\40capulet"),
            "sub/other.verona.example/romeo@verona.example/x".into(),
        ] {
            props.paper.rows.lock().unwrap().insert(key, b"to".to_vec());
        }
        let mut call = server.pick_up("").await;
        let heard = call.hear("to='romeo@verona.example'").await;
        assert!(heard.contains("from='juliet\\40capulet@pigeon.verona.example/gateway'") && !heard.contains("type="));
        kept = Some(call);
    })
    .await;
    let mut call = kept.unwrap();
    let goodbye = call.hear("</stream:stream>").await;
    assert_eq!(goodbye.matches("type='unavailable'").count(), 1, "{goodbye}");
}

#[tokio::test(start_paused = true)]
async fn a_contact_does_not_come_back_to_life_while_the_gateway_stops() {
    let mut kept = None;
    play(async |mut server, _, props| {
        let mut call = server.pick_up("").await;
        call.say(&line_of_romeo("1", "poison")).await;
        call.hear("no poison").await;
        props.paper.slow.send_replace(true);
        call.say(&format!(
            "<presence type='subscribe' from='romeo@verona.example' to='juliet\\40capulet@{DOMAIN}'/>"
        ))
        .await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        props.stop.send_replace(true);
        tokio::time::sleep(Duration::from_millis(100)).await;
        props.paper.slow.send_replace(false);
        kept = Some(call);
    })
    .await;
    let goodbye = kept.unwrap().hear("</stream:stream>").await;
    let states: Vec<_> = goodbye
        .split("<presence")
        .skip(1)
        .map(|it| {
            it.split("type='")
                .nth(1)
                .map_or("available", |it| it.split('\'').next().unwrap())
        })
        .collect();
    assert!(states.contains(&"subscribed"), "{goodbye}");
    assert!(!states.contains(&"available"), "{goodbye}");
}

#[tokio::test(start_paused = true)]
async fn many_subscribers_are_all_told_at_once_that_the_contacts_come_and_go() {
    let mut kept = None;
    play(async |mut server, _, props| {
        for n in 0..450 {
            let key = format!("sub/{DOMAIN}/romeo@verona.example/c{n:03}\\40capulet");
            props.paper.rows.lock().unwrap().insert(key, b"to".to_vec());
        }
        let mut call = server.pick_up("").await;
        let began = Instant::now();
        call.hear("from='c449\\40capulet@pigeon.verona.example/gateway'").await;
        assert_eq!(began.elapsed(), Duration::ZERO);
        kept = Some((call, began));
    })
    .await;
    let (mut call, began) = kept.unwrap();
    let goodbye = call.hear("</stream:stream>").await;
    assert_eq!(goodbye.matches("type='unavailable'").count(), 450);
    assert!(began.elapsed() < STOP_PATIENCE, "{:?}", began.elapsed());
}
