use super::*;
use crate::cast::journal::Journal;
use crate::cast::{DOMAIN, NOW, Props, gateway, romeo, stanza};
use crate::link::line::{Desk, line};
use crate::link::refusals::Refusals;
use causeway_core::network::Item;
use minidom::Element;
use tokio::time::{Instant, timeout};

const ROMEO: &str = "romeo@verona.example";
const NOTE: &str = "alive-pigeon.verona.example";

/// The server's end of a link, and the house of the gateway behind it.
struct Scene {
    props: Props,
    desk: Desk,
}

/// Plays with an archivist who finds this note.
async fn play(note: &str, scene: impl AsyncFnOnce(&mut Scene)) -> Props {
    let (line, desk) = line();
    let props = Props::new();
    let shelf = Shelf::new(&gateway());
    let rows = shelf.wrote(&romeo(), NOW);
    let row = (rows.key, rows.value.unwrap());
    props.paper.rows.lock().unwrap().extend([row]);
    let notes = [(NOTE.to_owned(), note.as_bytes().to_vec())];
    props.paper.notes.lock().unwrap().extend(notes);
    let archivist = Archivist {
        house: props.house.clone(),
        line,
        search: Search {
            gateway: gateway(),
            reception: Reception::new(props.face(), true),
        },
    };
    let mut stage = Scene { props, desk };
    let server = async {
        stage.desk.connected("s1");
        scene(&mut stage).await;
        stage.desk.set(State::Closed);
    };
    futures::future::join(archivist.run(), server).await;
    stage.props
}

/// The note of a process that died a second before [`NOW`].
fn died() -> String {
    format!("up {} {}\n", NOW.0 - 60_000, NOW.0 - 1000)
}

/// What Romeo's client sent, as his archive has it: `ago` milliseconds before [`NOW`].
fn archived(id: &str, ago: i64, from: &str, to: &str, words: &str) -> Element {
    let stamp = jiff::Timestamp::from_millisecond(NOW.0 - ago).unwrap();
    stanza(&format!(
        "<message from='{ROMEO}' to='{DOMAIN}'><result xmlns='urn:xmpp:mam:2' queryid='{id}' id='{words}'><forwarded \
         xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='{stamp}'/><message xmlns='jabber:client' \
         type='chat' id='{words}' from='{from}' to='{to}'><body>{words}</body></message></forwarded></result></message>"
    ))
}

fn to_juliet(id: &str, ago: i64, words: &str) -> Element {
    let juliet = format!("juliet\\40capulet@{DOMAIN}");
    archived(id, ago, "romeo@verona.example/balcony", &juliet, words)
}

/// What an archive has at this place: a message to Juliet whose client gave it no id.
fn without_id(id: &str, place: &str, words: &str) -> Element {
    let xml = String::from(&to_juliet(id, 500, words));
    let ids = format!("id='{words}'");
    let (result, message) = xml.split_once(&ids).unwrap();
    let result = format!("{result}id='{place}'");
    (result + &message.replace(&ids, "")).parse().unwrap()
}

impl Scene {
    /// The next question, which must be for Romeo's archive: its id and the place where the page begins.
    async fn asked(&mut self) -> (String, Option<String>) {
        let order = self.desk.orders.recv().await.unwrap();
        let iq = order.stanzas[0].element();
        assert_eq!((iq.attr("to"), iq.attr("type")), (Some(ROMEO), Some("set")));
        let query = iq.get_child("query", crate::ns::MAM).unwrap();
        assert_eq!(query.attr("queryid"), iq.attr("id"));
        let set = query.get_child("set", crate::ns::RSM).unwrap();
        let after = set.get_child("after", crate::ns::RSM).map(Element::text);
        (iq.attr("id").unwrap().to_owned(), after)
    }

    fn say(&self, stanza: &Element) {
        assert!(self.desk.requests.take(stanza), "{stanza:?}");
    }

    fn fin(&self, id: &str, complete: bool, last: &str) {
        self.say(&stanza(&format!(
            "<iq type='result' id='{id}' from='{ROMEO}' to='{DOMAIN}'><fin xmlns='urn:xmpp:mam:2' complete='{complete}'>\
             <set xmlns='http://jabber.org/protocol/rsm'><last>{last}</last></set></fin></iq>"
        )));
    }

    fn refuse(&self, id: &str, condition: &str) {
        self.say(&stanza(&format!(
            "<iq type='error' id='{id}' from='{ROMEO}' to='{DOMAIN}'><error type='cancel'><{condition} \
             xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
        )));
    }

    /// Nothing is asked for a good while.
    async fn nothing_is_asked(&mut self) {
        let order = timeout(Duration::from_secs(600), self.desk.orders.recv()).await;
        assert!(order.is_err(), "{order:?}");
    }

    async fn a_moment(&self) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn note(props: &Props) -> Vigil {
    Vigil::read(&props.paper.notes.lock().unwrap()[NOTE])
}

#[tokio::test(start_paused = true)]
async fn what_was_lost_in_the_socket_is_found() {
    let props = play(&died(), async |scene| {
        let (id, after) = scene.asked().await;
        assert_eq!(after, None);
        scene.say(&to_juliet(&id, 1500, "lost"));
        scene.fin(&id, true, "lost");
        scene.a_moment().await;
    })
    .await;
    assert_eq!(props.paper.words(), ["lost"]);
    let arrivals = props.paper.arrivals.lock().unwrap();
    let Item::Post(draft) = &arrivals[0].items[0] else {
        panic!("{arrivals:?}")
    };
    let lost = NOW.minus(Duration::from_millis(1500));
    assert_eq!(draft.said_at, Some(lost));
    let way: Vec<_> = draft
        .way
        .iter()
        .map(|hop| (hop.at.unwrap(), hop.who.as_str()))
        .collect();
    assert_eq!(way, [(lost, "verona.example"), (NOW, "romeo@verona.example/balcony")]);
    let said = draft.way[1].said.as_ref().unwrap().as_str();
    assert_eq!(said, "found in the archive of the sender's server");
}

#[tokio::test(start_paused = true)]
async fn only_what_this_user_sent_to_this_gateway_before_the_break_is_taken() {
    let props = play(&died(), async |scene| {
        let (id, _) = scene.asked().await;
        scene.say(&to_juliet(&id, -5000, "sent back"));
        scene.say(&to_juliet(&id, 3_600_000, "long ago"));
        scene.say(&archived(
            &id,
            1500,
            ROMEO,
            "juliet@capulet.example",
            "to somebody else",
        ));
        let tybalt = "tybalt@verona.example/x";
        scene.say(&archived(
            &id,
            1500,
            tybalt,
            &format!("juliet\\40capulet@{DOMAIN}"),
            "by Tybalt",
        ));
        scene.say(&to_juliet(&id, 1500, "lost"));
        scene.fin(&id, true, "lost");
        scene.a_moment().await;
    })
    .await;
    assert_eq!(props.paper.words(), ["lost"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_written_down_before_the_break_is_not_taken_twice() {
    let props = play(&died(), async |scene| {
        let (id, _) = scene.asked().await;
        scene.say(&to_juliet(&id, 1500, "1"));
        scene.say(&to_juliet(&id, 1500, "1"));
        scene.say(&to_juliet(&id, 1400, "2"));
        scene.fin(&id, true, "2");
        scene.a_moment().await;
    })
    .await;
    assert_eq!(props.paper.words(), ["1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn what_went_back_to_its_sender_is_not_taken_after_all() {
    let refusals = Refusals::default();
    let back = stanza(&format!(
        "<message type='chat' id='went back' from='romeo@verona.example/balcony' to='juliet\\40capulet@{DOMAIN}'>\
         <body>poison</body></message>"
    ));
    let props = Props::new();
    let deeds = Reception::new(props.face(), true).receive(&back);
    let post = deeds.post.unwrap();
    let fault = props.house.inbox.post(post.arrival).await.unwrap_err();
    refusals.said(&post.or_else.unwrap().refused(&fault.into()));
    let props = play(&(died() + &refusals.written()), async |scene| {
        let (id, _) = scene.asked().await;
        scene.say(&to_juliet(&id, 1500, "went back"));
        scene.say(&to_juliet(&id, 1400, "lost"));
        scene.fin(&id, true, "lost");
        scene.a_moment().await;
    })
    .await;
    assert_eq!(props.paper.words(), ["lost"]);
    assert!(
        String::from_utf8_lossy(&props.paper.notes.lock().unwrap()[NOTE]).contains(refusals.written().trim()),
        "it is known after the next death, too"
    );
}

#[tokio::test(start_paused = true)]
async fn an_archive_is_read_page_by_page() {
    let props = play(&died(), async |scene| {
        let (id, _) = scene.asked().await;
        scene.say(&to_juliet(&id, 1500, "a"));
        scene.fin(&id, false, "a");
        let (id, after) = scene.asked().await;
        assert_eq!(after.as_deref(), Some("a"));
        scene.say(&to_juliet(&id, 1400, "b"));
        scene.fin(&id, true, "b");
        scene.a_moment().await;
    })
    .await;
    assert_eq!(props.paper.words(), ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn an_archive_has_an_end_and_the_log_says_what_lies_beyond_it() {
    let journal = Journal::open();
    play(&died(), async |scene| {
        for page in 0..50 {
            let (id, _) = scene.asked().await;
            scene.fin(&id, false, &format!("page {page}"));
        }
        scene.nothing_is_asked().await;
    })
    .await;
    journal.says_without_names(&["an archive holds more than 50 pages"]);
}

#[tokio::test(start_paused = true)]
async fn a_message_without_an_id_is_known_by_its_place_in_the_archive() {
    let journal = Journal::open();
    let props = play(&died(), async |scene| {
        for session in ["s2", "s3"] {
            let (id, _) = scene.asked().await;
            for place in ["first", "second"] {
                scene.say(&without_id(&id, place, "yes"));
            }
            scene.fin(&id, true, "second");
            scene.a_moment().await;
            scene.desk.disconnected();
            scene.a_moment().await;
            scene.desk.connected(session);
        }
    })
    .await;
    assert_eq!(props.paper.words(), ["yes", "yes"]);
    journal.says_without_names(&["2 messages found have no id"]);
}

#[tokio::test(start_paused = true)]
async fn an_archive_that_does_not_answer_is_asked_again() {
    let journal = Journal::open();
    let props = play(&died(), async |scene| {
        scene.asked().await;
        let began = Instant::now();
        let (id, _) = scene.asked().await;
        assert_eq!(began.elapsed(), Duration::from_secs(90));
        scene.say(&to_juliet(&id, 1500, "lost"));
        scene.fin(&id, true, "lost");
        scene.a_moment().await;
    })
    .await;
    assert_eq!(props.paper.words(), ["lost"]);
    journal.says_without_names(&["an archive was not read"]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_shows_no_archives_is_not_bothered_again() {
    let props = play(&died(), async |scene| {
        let (id, _) = scene.asked().await;
        scene.refuse(&id, "service-unavailable");
        scene.nothing_is_asked().await;
        assert_eq!(note(&scene.props).owed(), None);
    })
    .await;
    assert!(props.paper.words().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_death_in_the_middle_of_the_search_is_made_up_for_by_the_next_process() {
    let props = play(&died(), async |scene| {
        scene.asked().await;
        scene.a_moment().await;
        let mut kept = note(&scene.props);
        assert!(kept.owed().unwrap().holds(NOW.minus(Duration::from_millis(1500))));
        kept.lost();
        kept.settled();
        assert!(kept.owed().unwrap().holds(NOW), "its own life counts too");
    })
    .await;
    assert!(note(&props).owed().is_some());
}

#[tokio::test(start_paused = true)]
async fn after_an_orderly_stop_nothing_is_looked_for() {
    let props = play("", async |scene| {
        tokio::time::sleep(Duration::from_secs(3)).await;
        let mut while_up = note(&scene.props);
        while_up.lost();
        assert!(while_up.owed().is_some());
    })
    .await;
    assert_eq!(note(&props), Vigil::default());
    play("", async |scene| scene.nothing_is_asked().await).await;
}

#[tokio::test(start_paused = true)]
async fn a_link_that_breaks_under_a_living_process_is_looked_into_as_well() {
    play("", async |scene| {
        scene.a_moment().await;
        scene.desk.disconnected();
        scene.a_moment().await;
        scene.desk.connected("s2");
        let (id, _) = scene.asked().await;
        scene.fin(&id, true, "");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_may_not_use_the_gateway_is_not_asked() {
    play(&died(), async |scene| {
        let shelf = Shelf::new(&gateway());
        for user in ["tybalt@verona.example", "count@mantua.example"] {
            let row = shelf.wrote(&BareJid::new(user).unwrap(), NOW);
            scene
                .props
                .paper
                .rows
                .lock()
                .unwrap()
                .insert(row.key, row.value.unwrap());
        }
        let (id, _) = scene.asked().await;
        scene.fin(&id, true, "");
        scene.nothing_is_asked().await;
    })
    .await;
}
