use super::*;
use hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, MX};
use hickory_resolver::proto::rr::{Record, RecordType};
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::UdpSocket;

/// What the name server says, by name and type; what is not here does not exist.
pub(crate) struct Zone(pub(crate) Vec<(&'static str, RecordType, Answer)>);

pub(crate) enum Answer {
    Records(Vec<RData>),
    Broken,
    Silent,
}

/// Answers until it is dropped.
pub(crate) async fn serve(socket: UdpSocket, zone: Zone) {
    let mut buf = [0; 2048];
    loop {
        let (len, from) = socket.recv_from(&mut buf).await.unwrap();
        let question = Message::from_vec(&buf[..len]).unwrap();
        if let Some(answer) = zone.answer(&question) {
            socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
        }
    }
}

impl Zone {
    fn answer(&self, question: &Message) -> Option<Message> {
        let query = question.queries.first().unwrap();
        let name = query.name().to_ascii();
        let mut answer = question.clone();
        answer.metadata.message_type = MessageType::Response;
        let found = self.0.iter().find(|(n, t, _)| *n == name && *t == query.query_type());
        let exists = self.0.iter().any(|(n, _, _)| *n == name);
        match found {
            Some((_, _, Answer::Records(records))) => answer.add_answers(
                records
                    .iter()
                    .map(|data| Record::from_rdata(query.name().clone(), 60, data.clone())),
            ),
            Some((_, _, Answer::Broken)) => {
                answer.metadata.response_code = ResponseCode::ServFail;
                &mut answer
            }
            Some((_, _, Answer::Silent)) => return None,
            None if exists => &mut answer,
            None => {
                answer.metadata.response_code = ResponseCode::NXDomain;
                &mut answer
            }
        };
        Some(answer)
    }
}

pub(crate) fn mx(preference: u16, name: &str) -> RData {
    RData::MX(MX::new(preference, Name::from_ascii(name).unwrap()))
}

pub(crate) fn a(octets: [u8; 4]) -> RData {
    RData::A(A(Ipv4Addr::from(octets)))
}

fn id(bits: u8) -> EnvelopeId {
    EnvelopeId::from_random([bits; 16])
}

async fn with<T>(zone: Vec<(&'static str, RecordType, Answer)>, ask: impl AsyncFnOnce(Exchangers) -> T) -> T {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let config = Direct {
        port: 2525,
        resolver: Some(socket.local_addr().unwrap()),
        tls: crate::config::MxTls::Opportunistic,
        allow_local: false,
        ca_file: None,
    };
    let exchangers = Exchangers::new(&config, vec!["mail.example.org".into()]).unwrap();
    tokio::select! {
        answer = ask(exchangers) => answer,
        () = serve(socket, Zone(zone)) => unreachable!(),
    }
}

async fn find(zone: Vec<(&'static str, RecordType, Answer)>, domain: &str) -> Result<Vec<Exchanger>, Fault> {
    with(zone, async |exchangers| exchangers.find(domain, id(1)).await).await
}

fn names(found: &[Exchanger]) -> Vec<&str> {
    found.iter().map(|one| one.name.as_str()).collect()
}

#[tokio::test]
async fn the_best_comes_first() {
    let records = vec![
        mx(20, "b.example.com."),
        mx(10, "a.example.com."),
        mx(30, "c.example.com."),
    ];
    let found = find(
        vec![("example.com.", RecordType::MX, Answer::Records(records))],
        "example.com",
    )
    .await
    .unwrap();
    assert_eq!(names(&found), ["a.example.com", "b.example.com", "c.example.com"]);
    assert_eq!(
        found.iter().map(|one| one.best).collect::<Vec<_>>(),
        [true, false, false]
    );
}

#[tokio::test]
async fn equals_share_the_load_and_keep_their_order_for_a_retry() {
    let records = vec![mx(10, "a.example.com."), mx(10, "b.example.com.")];
    let zone = vec![("example.com.", RecordType::MX, Answer::Records(records))];
    let firsts = with(zone, async |exchangers| {
        let mut firsts = std::collections::BTreeSet::new();
        for bits in 0..20 {
            let found = exchangers.find("example.com", id(bits)).await.unwrap();
            assert_eq!(found, exchangers.find("example.com", id(bits)).await.unwrap());
            firsts.insert(found[0].name.clone());
        }
        firsts
    })
    .await;
    assert_eq!(firsts.len(), 2);
}

#[tokio::test]
async fn without_mx_the_domain_is_its_own_exchanger() {
    let zone = vec![("example.com.", RecordType::A, Answer::Records(vec![a([1, 1, 1, 1])]))];
    let found = find(zone, "example.com").await.unwrap();
    assert_eq!(names(&found), ["example.com"]);
    assert!(found[0].best);
}

async fn check_fault(answer: Option<Answer>, kind: FaultKind, retry: bool, status: (u8, u16, u16)) {
    let zone = answer
        .map(|answer| ("example.com.", RecordType::MX, answer))
        .into_iter()
        .collect();
    let fault = find(zone, "example.com").await.unwrap_err();
    assert_eq!(
        (fault.kind, fault.retry, fault.enhanced_status()),
        (kind, retry, status),
        "{fault}"
    );
}

#[tokio::test]
async fn a_domain_that_is_not_there_is_final() {
    check_fault(None, FaultKind::NoSuchServer, false, (5, 1, 2)).await;
}

/// RFC 7505.
#[tokio::test]
async fn a_domain_that_takes_no_mail_is_final() {
    let null = Answer::Records(vec![mx(0, ".")]);
    check_fault(Some(null), FaultKind::NoSuchServer, false, (5, 1, 10)).await;
}

#[tokio::test]
async fn a_name_server_in_trouble_is_asked_again_later() {
    check_fault(Some(Answer::Broken), FaultKind::Unreachable, true, (4, 4, 1)).await;
}

#[tokio::test]
async fn a_silent_name_server_is_asked_again_later() {
    tokio::time::pause();
    check_fault(Some(Answer::Silent), FaultKind::Timeout, true, (4, 4, 2)).await;
}

#[tokio::test]
async fn mail_does_not_go_round_in_circles() {
    let fault = find(Vec::new(), "Mail.Example.Org").await.unwrap_err();
    assert_eq!((fault.kind, fault.retry), (FaultKind::Loop, false));
    let records = vec![mx(10, "mail.example.org."), mx(20, "b.example.com.")];
    let fault = find(
        vec![("example.com.", RecordType::MX, Answer::Records(records))],
        "example.com",
    )
    .await
    .unwrap_err();
    assert_eq!(fault.kind, FaultKind::Loop);
    let records = vec![
        mx(5, "a.example.com."),
        mx(10, "mail.example.org."),
        mx(20, "b.example.com."),
    ];
    let found = find(
        vec![("example.com.", RecordType::MX, Answer::Records(records))],
        "example.com",
    )
    .await
    .unwrap();
    assert_eq!(names(&found), ["a.example.com"]);
}

#[tokio::test]
async fn a_strangers_dns_does_not_lead_into_this_network() {
    let local = [
        [127, 0, 0, 1],
        [10, 0, 0, 1],
        [192, 168, 1, 1],
        [169, 254, 169, 254],
        [100, 64, 0, 1],
        [0, 0, 0, 0],
    ];
    let records = local.into_iter().chain([[203, 0, 114, 5]]).map(a).collect();
    let mapped = RData::AAAA(AAAA("::ffff:127.0.0.1".parse().unwrap()));
    let zone = vec![
        ("a.example.com.", RecordType::A, Answer::Records(records)),
        ("a.example.com.", RecordType::AAAA, Answer::Records(vec![mapped])),
    ];
    let exchanger = Exchanger {
        name: "a.example.com".into(),
        preference: 10,
        best: true,
    };
    let found = with(zone, async |exchangers| exchangers.addresses(&exchanger).await)
        .await
        .unwrap();
    assert_eq!(found, ["203.0.114.5:2525".parse::<SocketAddr>().unwrap()]);
}

#[tokio::test]
async fn an_exchanger_without_address_is_passed_over() {
    let exchanger = Exchanger {
        name: "nowhere.example.com".into(),
        preference: 10,
        best: true,
    };
    let found = with(Vec::new(), async |exchangers| exchangers.addresses(&exchanger).await)
        .await
        .unwrap();
    assert!(found.is_empty());
}
