use super::*;
use crate::cast::{DOMAIN, NOW, Paper, Props, gateway, juliet, romeo, stanza};
use crate::link::line::{Desk, line};
use causeway_core::address::Party;
use causeway_core::envelope::{Draft, Envelope};
use causeway_core::file::FileName;
use causeway_core::fit::{Context, fit};
use causeway_core::message::{Payload, Text};
use causeway_core::network::{Fetched, Files, Finding, Pending, Verdict, Web};
use causeway_core::text::Body;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A component that never says anything.
const SILENT: &str = "friar.verona.example";
const SERVICE: &str = "upload.verona.example";
const GET: &str = "https://upload.verona.example/x/rose.png";

/// A web that takes what is put, or says why not.
#[derive(Default)]
struct Attic {
    puts: Mutex<Vec<String>>,
    fault: Option<Fault>,
    /// Whether it takes for ever.
    is_slow: bool,
}

/// An XMPP server with or without an upload service.
struct Server {
    has_service: bool,
    /// Whether the link breaks when the service is asked what it is.
    breaks: bool,
    /// What it answers to whoever wants a slot; nothing for a slot.
    refuses: Option<&'static str>,
    slots: AtomicUsize,
}

struct Scene {
    props: Props,
    attic: Arc<Attic>,
    uploads: Uploads,
    server: Server,
}

impl Web for Attic {
    fn fetch<'a>(&'a self, _: &'a Link, _: u64) -> Pending<'a, Result<Fetched, Fault>> {
        unreachable!()
    }

    fn put<'a>(&'a self, put: Put<'a>) -> Pending<'a, Result<(), Fault>> {
        let headers: Vec<&str> = put.headers.iter().map(|(name, _)| name.as_str()).collect();
        let told = format!(
            "{} {} {headers:?} {}",
            put.link.as_str(),
            put.media_type,
            put.bytes.len()
        );
        self.puts.lock().unwrap().push(told);
        let result = self.fault.clone().map_or(Ok(()), Err);
        Box::pin(async move {
            if self.is_slow {
                std::future::pending::<()>().await;
            }
            result
        })
    }

    fn follows(&self, _: &Link) -> bool {
        true
    }
}

impl Server {
    async fn plays(&self, desk: &mut Desk) {
        while let Some(order) = desk.orders.recv().await {
            for question in &order.stanzas {
                let question = question.element();
                let (id, to) = (question.attr("id").unwrap(), question.attr("to").unwrap());
                if to == SILENT {
                    continue;
                }
                let payload = question.children().next().unwrap();
                if self.breaks && to == SERVICE {
                    desk.disconnected();
                    break;
                }
                let answer = match (to, self.answer(to, payload)) {
                    (to, Ok(answer)) => format!("<iq type='result' id='{id}' from='{to}' to='{DOMAIN}'>{answer}</iq>"),
                    (to, Err(no)) => format!(
                        "<iq type='error' id='{id}' from='{to}' to='{DOMAIN}'><error type='cancel'>\
                         <{no} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
                    ),
                };
                assert!(desk.requests.take(&stanza(&answer)));
            }
        }
    }

    fn answer(&self, to: &str, payload: &Element) -> Result<String, &'static str> {
        match (to, payload.name(), payload.ns().as_str()) {
            ("verona.example", "query", ns::DISCO_ITEMS) => {
                let service = if self.has_service {
                    SERVICE
                } else {
                    "rooms.verona.example"
                };
                Ok(format!(
                    "<query xmlns='{}'><item jid='{DOMAIN}'/><item jid='{SILENT}'/><item jid='{service}'/></query>",
                    ns::DISCO_ITEMS
                ))
            }
            (SERVICE, "query", ns::DISCO_INFO) => Ok(format!(
                "<query xmlns='{}'><feature var='{}'/><x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE'>\
                 <value>{}</value></field><field var='max-file-size'><value>100</value></field></x></query>",
                ns::DISCO_INFO,
                ns::UPLOAD,
                ns::UPLOAD
            )),
            (_, "query", ns::DISCO_INFO) => Ok(format!("<query xmlns='{}'/>", ns::DISCO_INFO)),
            (SERVICE, "request", ns::UPLOAD) => {
                self.slots.fetch_add(1, Ordering::Relaxed);
                match self.refuses {
                    Some(condition) => Err(condition),
                    None => Ok(format!(
                        "<slot xmlns='{}'><put url='https://upload.verona.example/put'><header name='Authorization'>Basic x\n\
                         </header><header name='Host'>elsewhere</header></put><get url='{GET}'/></slot>",
                        ns::UPLOAD
                    )),
                }
            }
            _ => Err("service-unavailable"),
        }
    }
}

impl Scene {
    fn new() -> Self {
        Self::with(None)
    }

    fn with(fault: Option<Fault>) -> Self {
        let attic = Arc::new(Attic {
            fault,
            ..Attic::default()
        });
        let mut props = Props::new();
        props.house.files = Files {
            web: attic.clone(),
            ..Files::without_web()
        };
        Self {
            props,
            attic,
            uploads: Uploads::default(),
            server: Server {
                has_service: true,
                breaks: false,
                refuses: None,
                slots: AtomicUsize::new(0),
            },
        }
    }

    fn before_a_service_that_hangs() -> Self {
        let mut scene = Self::new();
        scene.attic = Arc::new(Attic {
            is_slow: true,
            ..Attic::default()
        });
        scene.props.house.files.web = scene.attic.clone();
        scene
    }

    /// What becomes of a file of this size in a message that is tried for the nth time.
    async fn placed(&self, size: usize, attempt: u32) -> Result<Result<Placed, Absence>, Fault> {
        let parcel = parcel(attempt);
        self.props
            .paper
            .files
            .lock()
            .unwrap()
            .insert((parcel.id(), 0), vec![0; size].into());
        self.ways(&parcel).await.map(|mut all| all.remove(0))
    }

    /// What becomes of the files of a parcel.
    async fn ways(&self, parcel: &Parcel) -> Result<Vec<Result<Placed, Absence>>, Fault> {
        let (line, mut desk) = line();
        desk.connected("s1");
        let (gateway, romeo) = (gateway(), romeo());
        let way = Way {
            gateway: &gateway,
            line: &line,
            uploads: &self.uploads,
            house: &self.props.house,
            parcel,
            user: &romeo,
            configured: None,
        };
        tokio::select! {
            placed = way.placed() => placed,
            () = self.server.plays(&mut desk) => unreachable!(),
        }
    }

    async fn checked(&self) -> Finding {
        let (line, mut desk) = line();
        desk.connected("s1");
        let (gateway, web) = (gateway(), self.attic.as_ref());
        tokio::select! {
            found = finding(&line, &gateway, "verona.example", None, web, NOW) => found,
            () = self.server.plays(&mut desk) => unreachable!(),
        }
    }

    fn puts(&self) -> usize {
        self.attic.puts.lock().unwrap().len()
    }
}

fn parcel(attempt: u32) -> Parcel {
    let rose = Attachment {
        name: FileName::clean("rose.png").unwrap(),
        media_type: causeway_core::text::Line::clean("image/png"),
        size: Some(70),
        place: Place::Kept(0),
    };
    parcel_of(vec![rose], attempt)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the parcel stands in for one that the store leased"
)]
fn parcel_of(attachments: Vec<Attachment>, attempt: u32) -> Parcel {
    let payload = Payload::Text(Text {
        attachments,
        ..Text::plain(Body::clean("Look!").unwrap())
    });
    let fitted = fit(&payload, &crate::courier::capabilities(), &Context::default()).unwrap();
    let envelope = Envelope {
        id: EnvelopeId::from_random([7; 16]),
        accepted: NOW,
        draft: Draft::new(Party::Foreign(juliet()), Party::Home(romeo()), payload),
    };
    Parcel::sealed_by_the_store(envelope, fitted, attempt, 0, None)
}

fn rows(paper: &Paper) -> Vec<String> {
    paper.rows.lock().unwrap().keys().cloned().collect()
}

#[tokio::test(start_paused = true)]
async fn a_file_is_uploaded_once_however_often_its_message_is_tried() {
    let scene = Scene::new();
    let begin = tokio::time::Instant::now();
    let first = scene.placed(70, 1).await.unwrap().unwrap();
    assert!(begin.elapsed().is_zero(), "nobody waits for a component that is silent");
    assert_eq!(first.link.as_str(), GET);
    assert_eq!(first.sha256, Some(BASE64.encode(&Sha256::digest([0; 70]))));
    assert_eq!(scene.placed(70, 2).await.unwrap(), Ok(first));
    let put = "https://upload.verona.example/put image/png [\"Authorization\"] 70";
    assert_eq!(*scene.attic.puts.lock().unwrap(), [put]);
    assert_eq!(
        done(&parcel(1)).iter().map(|row| row.key.clone()).collect::<Vec<_>>(),
        rows(&scene.props.paper)
    );
}

#[tokio::test(start_paused = true)]
async fn a_file_that_the_service_would_not_take_is_not_sent_there() {
    let scene = Scene::new();
    assert_eq!(scene.placed(101, 1).await, Ok(Err(Absence::TooLarge)));
    assert_eq!((scene.puts(), scene.server.slots.load(Ordering::Relaxed)), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn without_a_service_the_file_is_only_named() {
    let mut scene = Scene::new();
    scene.server.has_service = false;
    assert_eq!(scene.placed(70, 1).await, Ok(Err(Absence::NoService)));
    scene.server.has_service = true;
    assert_eq!(
        scene.placed(70, 1).await,
        Ok(Err(Absence::NoService)),
        "nobody asks for each message"
    );
}

#[tokio::test(start_paused = true)]
async fn a_link_that_breaks_while_the_service_is_looked_for_does_not_mean_that_there_is_none() {
    let mut scene = Scene::new();
    scene.server.breaks = true;
    assert!(scene.placed(70, 1).await.unwrap_err().retry);
    scene.server.breaks = false;
    assert!(scene.placed(70, 2).await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn only_so_many_files_are_in_memory_at_once() {
    let scene = Scene::before_a_service_that_hangs();
    let all = futures::future::join_all((0..100).map(|_| scene.placed(70, 1)));
    assert!(tokio::time::timeout(Duration::from_secs(60), all).await.is_err());
    assert_eq!(scene.puts(), AT_ONCE);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_hangs_holds_up_only_so_many_messages_and_the_others_lose_nothing() {
    let scene = Scene::before_a_service_that_hangs();
    let begin = tokio::time::Instant::now();
    let all = (0..AT_ONCE + QUEUE + 100).map(|_| async { (scene.placed(70, TRIES).await, begin.elapsed()) });
    let all = futures::future::join_all(all).await;
    let (at_once, others): (Vec<_>, Vec<_>) = all.iter().partition(|(_, after)| after.is_zero());
    assert_eq!((at_once.len(), others.len()), (100, AT_ONCE + QUEUE));
    for (placed, _) in at_once {
        assert!(
            placed
                .as_ref()
                .is_err_and(|fault| fault.retry && fault.kind == FaultKind::Busy),
            "{placed:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_is_given_up_only_after_its_own_tries() {
    let scene = Scene::before_a_service_that_hangs();
    let all = futures::future::join_all((0..AT_ONCE + 1).map(|_| scene.placed(70, TRIES))).await;
    assert!(all[..AT_ONCE].iter().all(|placed| *placed == Ok(Err(Absence::Failed))));
    match &all[AT_ONCE] {
        Err(fault) => assert_eq!(fault.kind, FaultKind::Busy, "its turn did not come"),
        Ok(placed) => assert_eq!((placed, scene.puts()), (&Err(Absence::Failed), AT_ONCE + 1)),
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_without_files_waits_for_no_turn() {
    let scene = Scene::new();
    let _all = scene.uploads.turns.acquire_many(AT_ONCE as u32).await.unwrap();
    let _queue = scene.uploads.queue.acquire_many(QUEUE as u32).await.unwrap();
    assert!(scene.placed(70, 1).await.is_err());
    assert_eq!(scene.ways(&parcel_of(Vec::new(), 1)).await, Ok(Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_refuses_the_gateway_is_none() {
    let mut scene = Scene::new();
    scene.server.refuses = Some("forbidden");
    assert_eq!(scene.placed(70, 1).await, Ok(Err(Absence::NoService)));
    scene.server.refuses = Some("not-acceptable");
    assert_eq!(scene.placed(70, 1).await, Ok(Err(Absence::TooLarge)));
}

#[tokio::test(start_paused = true)]
async fn a_service_in_trouble_is_waited_for_but_not_for_ever() {
    let mut scene = Scene::new();
    scene.server.refuses = Some("resource-constraint");
    assert!(scene.placed(70, 1).await.is_err_and(|fault| fault.retry));
    assert_eq!(scene.placed(70, 3).await, Ok(Err(Absence::Failed)));
    let scene = Scene::with(Some(Fault::of(FaultKind::Timeout)));
    assert!(scene.placed(70, 2).await.is_err_and(|fault| fault.retry));
    assert_eq!(scene.placed(70, 3).await, Ok(Err(Absence::Failed)));
    assert_eq!(rows(&scene.props.paper), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn links_of_forgotten_messages_go_when_the_next_one_is_written() {
    let scene = Scene::new();
    let old = key(EnvelopeId::from_random([9; 16]), 0);
    scene
        .props
        .paper
        .rows
        .lock()
        .unwrap()
        .insert(old, b"https://upload.verona.example/old".to_vec());
    let _ = scene.placed(70, 1).await;
    assert_eq!(rows(&scene.props.paper), [key(parcel(1).id(), 0)]);
}

#[tokio::test(start_paused = true)]
async fn whoever_checks_hears_whether_files_can_be_uploaded() {
    let mut scene = Scene::new();
    let told = scene.checked().await;
    assert_eq!(told.verdict, Verdict::Good, "{told:?}");
    assert_eq!(told.seen, "upload.verona.example takes files, up to 100 bytes each");
    scene.server.refuses = Some("forbidden");
    let told = scene.checked().await;
    assert_eq!(told.verdict, Verdict::Warning, "{told:?}");
    assert!(
        told.seen.contains("takes nothing from pigeon.verona.example"),
        "{told:?}"
    );
    scene.server.has_service = false;
    assert!(scene.checked().await.seen.contains("no upload service"));
    assert_eq!(scene.puts(), 0);
}
