use super::*;
use std::cell::Cell;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const MOST: u64 = 1000;
/// A certificate for localhost, and who signed it.
const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../email/testdata");

/// A web server on loopback that says one thing, and counts who came.
struct Theatre {
    listener: TcpListener,
    says: String,
    came: Cell<usize>,
    heard: Cell<Vec<u8>>,
}

impl Theatre {
    async fn open(says: &str) -> Self {
        Self {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            says: says.to_owned(),
            came: Cell::new(0),
            heard: Cell::default(),
        }
    }

    fn place(&self) -> String {
        self.listener.local_addr().unwrap().to_string()
    }

    fn link(&self) -> Link {
        Link::new(&format!("http://{}/balcony.jpg", self.place())).unwrap()
    }

    /// Plays for everybody who comes while `work` goes on.
    async fn plays<T>(&self, work: impl Future<Output = T>) -> T {
        let play = async {
            loop {
                let (mut stream, _) = self.listener.accept().await.unwrap();
                self.came.set(self.came.get() + 1);
                let mut heard = vec![0; 10_000];
                let length = stream.read(&mut heard).await.unwrap();
                heard.truncate(length);
                self.heard.set(heard);
                let _ = stream.write_all(self.says.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        };
        tokio::select! { () = play => unreachable!(), done = work => done }
    }
}

fn fetcher(hosts: &[&str], private: &[String]) -> Fetcher {
    let config = Config {
        hosts: hosts.iter().map(ToString::to_string).collect(),
        allow_private: private.to_vec(),
        ..Config::default()
    };
    Fetcher::new(&config, &["verona.example".to_owned()]).unwrap()
}

fn link(written: &str) -> Link {
    Link::new(written).unwrap()
}

fn picture(body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {length}\r\n\r\n{body}")
}

fn kind<T>(result: Result<T, Fault>) -> FaultKind {
    result.map(drop).unwrap_err().kind
}

#[tokio::test]
async fn a_picture_is_fetched_with_what_its_server_calls_it() {
    let theatre = Theatre::open(&picture("jpeg")).await;
    let web = fetcher(&[], &[theatre.place()]);
    let fetched = theatre.plays(web.fetch(&theatre.link(), MOST)).await.unwrap();
    assert_eq!(fetched.bytes, b"jpeg");
    assert_eq!(fetched.media_type, Line::clean("image/jpeg"));
    let asked = String::from_utf8(theatre.heard.take()).unwrap().to_lowercase();
    assert!(asked.starts_with("get /balcony.jpg http/1.1\r\n"), "{asked}");
    assert!(!asked.contains("authorization") && !asked.contains("cookie"), "{asked}");
}

#[tokio::test]
async fn a_picture_that_is_too_large_is_let_lie_whatever_its_server_says_of_its_size() {
    let long = "x".repeat(1001);
    let untold = format!("HTTP/1.1 200 OK\r\n\r\n{long}");
    for says in [picture(&long), untold] {
        let theatre = Theatre::open(&says).await;
        let web = fetcher(&[], &[theatre.place()]);
        assert_eq!(
            kind(theatre.plays(web.fetch(&theatre.link(), MOST)).await),
            FaultKind::TooLarge
        );
    }
}

#[tokio::test]
async fn nothing_that_comes_packed_is_unpacked() {
    let theatre = Theatre::open("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nzz").await;
    let web = fetcher(&[], &[theatre.place()]);
    assert_eq!(
        kind(theatre.plays(web.fetch(&theatre.link(), MOST)).await),
        FaultKind::BadContent
    );
}

#[tokio::test]
async fn a_server_in_trouble_is_asked_again_and_one_that_has_nothing_is_not() {
    for (status, again) in [
        ("503 Busy", true),
        ("429 Slowly", true),
        ("404 Not Found", false),
        ("410 Gone", false),
    ] {
        let theatre = Theatre::open(&format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")).await;
        let web = fetcher(&[], &[theatre.place()]);
        let fault = theatre.plays(web.fetch(&theatre.link(), MOST)).await.unwrap_err();
        assert_eq!(fault.retry, again, "{status}");
    }
}

#[tokio::test]
async fn no_hostile_link_reaches_the_house() {
    let theatre = Theatre::open(&picture("secret")).await;
    let port = theatre.listener.local_addr().unwrap().port();
    // Every public host is allowed here, so that nothing but the address is between the link and the house.
    let web = fetcher(&["*"], &[]);
    let hosts = [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "0",
        "0.0.0.0",
        "127.0.0.1.",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        "localhost",
        "LOCALHOST",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "[::ffff:169.254.169.254]",
        "100.100.100.200",
        "168.63.129.16",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "192.0.0.192",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
    ];
    for host in hosts {
        for place in [format!("{host}:{port}"), host.to_owned()] {
            for scheme in ["https", "http"] {
                let hostile = link(&format!("{scheme}://{place}/x"));
                let result = theatre.plays(web.fetch(&hostile, MOST)).await;
                assert_eq!(kind(result), FaultKind::Refused, "{}", hostile.as_str());
                let headers = [];
                let put = Put {
                    link: &hostile,
                    headers: &headers,
                    media_type: "image/jpeg",
                    bytes: &Arc::from(&b"x"[..]),
                };
                assert_eq!(
                    kind(theatre.plays(web.put(put)).await),
                    FaultKind::Refused,
                    "{}",
                    hostile.as_str()
                );
            }
        }
    }
    assert_eq!(theatre.came.get(), 0);
}

#[tokio::test]
async fn a_redirection_is_judged_like_a_link() {
    let house = Theatre::open(&picture("secret")).await;
    let inside = format!("http://{}/", house.place());
    for location in [
        inside.as_str(),
        "https://169.254.169.254/latest",
        "//10.0.0.1/",
        "file:///etc/passwd",
        "ftp://verona.example/",
    ] {
        let theatre = Theatre::open(&format!(
            "HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
        ))
        .await;
        let web = fetcher(&["*"], &[theatre.place()]);
        let result = house.plays(theatre.plays(web.fetch(&theatre.link(), MOST))).await;
        assert_eq!(kind(result), FaultKind::Refused, "{location}");
    }
    assert_eq!(house.came.get(), 0);
}

#[tokio::test]
async fn three_redirections_are_followed_and_no_fourth() {
    let theatre = Theatre::open("HTTP/1.1 307 Elsewhere\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n").await;
    let web = fetcher(&[], &[theatre.place()]);
    assert_eq!(
        kind(theatre.plays(web.fetch(&theatre.link(), MOST)).await),
        FaultKind::Refused
    );
    assert_eq!(theatre.came.get(), 4);
}

#[tokio::test]
async fn a_file_is_put_with_the_headers_that_its_service_wants() {
    let theatre = Theatre::open("HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nthere").await;
    let web = fetcher(&[], &[theatre.place()]);
    let put = Put {
        link: &theatre.link(),
        headers: &[("Authorization".to_owned(), "Bearer x".to_owned())],
        media_type: "image/jpeg",
        bytes: &Arc::from(&b"jpeg"[..]),
    };
    assert_eq!(theatre.plays(web.put(put)).await, Ok(()));
    let heard = String::from_utf8(theatre.heard.take()).unwrap().to_lowercase();
    for part in [
        "put /balcony.jpg http/1.1\r\n",
        "authorization: bearer x\r\n",
        "content-type: image/jpeg\r\n",
        "content-length: 4\r\n",
        "\r\n\r\njpeg",
    ] {
        assert!(heard.contains(part), "{part}: {heard}");
    }
}

#[tokio::test]
async fn strangers_servers_that_never_answer_keep_nothing_from_the_users_own() {
    let deaf = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let theatre = Theatre::open("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n").await;
    let place = deaf.local_addr().unwrap().to_string();
    let web = fetcher(&[], &[theatre.place(), place.clone()]);
    let slow = link(&format!("http://{place}/x"));
    let put = Put {
        link: &theatre.link(),
        headers: &[],
        media_type: "image/jpeg",
        bytes: &Arc::from(&b"jpeg"[..]),
    };
    let waiting = futures::future::join_all((0..AT_ONCE).map(|_| web.fetch(&slow, MOST)));
    let put = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        timeout(Duration::from_secs(5), theatre.plays(web.put(put))).await
    };
    tokio::select! {
        biased;
        _ = waiting => unreachable!(),
        done = put => assert_eq!(done, Ok(Ok(()))),
    }
}

#[test]
fn links_are_followed_to_known_hosts_and_below_them_only() {
    let web = fetcher(&["cdn.mantua.example"], &["192.168.1.2:5280".to_owned()]);
    for good in [
        "https://verona.example/x",
        "https://UPLOAD.Verona.example:5281/x",
        "https://upload.verona.example./x",
        "https://cdn.mantua.example/x",
        "http://192.168.1.2:5280/x",
        "https://192.168.1.2:5280/x",
    ] {
        assert!(web.follows(&link(good)), "{good}");
    }
    for bad in [
        "https://mantua.example/x",
        "https://notverona.example/x",
        "https://verona.example.mantua.example/x",
        "http://upload.verona.example/x",
        "http://192.168.1.2/x",
        "https://192.168.1.2:5281/x",
        "https://1.1.1.1/x",
        "ftp://verona.example/x",
        "https://verona.example:x/",
    ] {
        assert!(!Link::new(bad).is_some_and(|link| web.follows(&link)), "{bad}");
    }
}

#[test]
fn a_rule_that_means_nothing_is_refused() {
    for (hosts, private) in [
        (vec!["a b"], vec![]),
        (vec![], vec!["192.168.1.2"]),
        (vec![], vec!["verona.example:"]),
    ] {
        let words = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect();
        let config = Config {
            hosts: words(hosts),
            allow_private: words(private),
            ..Config::default()
        };
        assert!(check(&config).is_err(), "{config:?}");
    }
}

/// Serves one picture over TLS to whoever believes the certificate.
async fn plays_over_tls<T>(listener: &TcpListener, work: impl Future<Output = T>) -> T {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let file = |name: &str| format!("{TESTDATA}/{name}");
    let chain = CertificateDer::pem_file_iter(file("server.pem")).unwrap();
    let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let play = async {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let _ = stream.read(&mut [0; 10_000]).await;
                let _ = stream.write_all(picture("jpeg").as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        }
    };
    tokio::select! { () = play => unreachable!(), done = work => done }
}

#[tokio::test]
async fn a_server_must_prove_its_name() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let web = |ca_file: Option<&str>| {
        let config = Config {
            allow_private: vec![format!("localhost:{port}")],
            ca_file: ca_file.map(|name| format!("{TESTDATA}/{name}").into()),
            ..Config::default()
        };
        Fetcher::new(&config, &[]).unwrap()
    };
    let picture = link(&format!("https://localhost:{port}/x"));
    let trusting = web(Some("ca.pem"));
    let fetched = plays_over_tls(&listener, trusting.fetch(&picture, MOST)).await;
    assert_eq!(fetched.unwrap().bytes, b"jpeg");
    let fault = plays_over_tls(&listener, web(None).fetch(&picture, MOST)).await;
    assert_eq!(kind(fault), FaultKind::Unreachable);
}

#[test]
fn of_a_names_addresses_only_the_public_ones_are_asked() {
    let rules = Rules::new(&["*".to_owned()], &[]).unwrap();
    let url = parsed(&link("https://upload.verona.example:5281/x")).unwrap();
    let target = rules.target(&url, Chosen::ByStranger).unwrap();
    let address = |written: &str| written.parse::<IpAddr>().unwrap();
    let found = ["10.0.0.1", "1.1.1.1", "::1", "::ffff:192.168.0.1", "2606:4700::1111"].map(address);
    let open = [address("1.1.1.1"), address("2606:4700::1111")].map(|it| SocketAddr::new(it, 5281));
    assert_eq!(target.open(found).unwrap(), open);
    assert_eq!(kind(target.open([address("10.0.0.1")])), FaultKind::Refused);
}
