//! A server that plays its part by a script, for tests.
//!
//! `S: text` is said, `C: text` is expected word for word (`C: *` is any line), `C: <mail>` takes a mail up to its dot.
//! `X` hangs up, `Z` is silent until the client leaves, `D` drips a byte every ten seconds for ever, `T` begins TLS.

use std::fmt::Write as _;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Where the authority of the test server stands.
pub(crate) const CA_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/ca.pem");

/// A stage for one server.
pub(crate) struct Stage {
    listener: TcpListener,
}

/// What the server heard.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// The command lines.
    pub(crate) lines: Vec<String>,
    /// The bytes of each mail, up to and with its end.
    pub(crate) mails: Vec<Vec<u8>>,
}

trait Pipe: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Pipe for T {}

impl Stage {
    pub(crate) async fn open() -> Self {
        Self::at("127.0.0.1:0").await
    }

    pub(crate) async fn at(address: &str) -> Self {
        Self {
            listener: TcpListener::bind(address).await.unwrap(),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    /// Plays one script for each connection, in their order.
    pub(crate) async fn play<S: AsRef<str>>(&self, scripts: impl IntoIterator<Item = S>) -> Heard {
        let mut heard = Heard::default();
        for script in scripts {
            let (stream, _) = self.listener.accept().await.unwrap();
            play_one(stream, script.as_ref(), &mut heard).await;
        }
        heard
    }
}

async fn play_one(stream: TcpStream, script: &str, heard: &mut Heard) {
    let mut pipe: Box<dyn Pipe> = Box::new(stream);
    let mut out = String::new();
    for step in script.lines().map(str::trim).filter(|step| !step.is_empty()) {
        if let Some(text) = step.strip_prefix("S: ") {
            write!(out, "{text}\r\n").unwrap();
            continue;
        }
        pipe.write_all(std::mem::take(&mut out).as_bytes()).await.unwrap();
        pipe.flush().await.unwrap();
        match step {
            "X" => return,
            "Z" => {
                tokio::time::pause();
                let _ = pipe.read_to_end(&mut Vec::new()).await;
                return;
            }
            "D" => {
                tokio::time::pause();
                while pipe.write_all(b"2").await.is_ok() {
                    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
                }
                return;
            }
            "T" => pipe = Box::new(acceptor().accept(pipe).await.unwrap()),
            "C: <mail>" => heard.mails.push(until(&mut pipe, b"\r\n.\r\n").await),
            expected => {
                let line = until(&mut pipe, b"\r\n").await;
                let line = String::from_utf8(line).unwrap().trim_end().to_owned();
                let expected = expected.strip_prefix("C: ").unwrap();
                assert!(
                    expected == "*" || expected == line,
                    "the script expects {expected:?}, heard {line:?}"
                );
                heard.lines.push(line);
            }
        }
    }
    pipe.write_all(out.as_bytes()).await.unwrap();
    pipe.flush().await.unwrap();
    let mut rest = Vec::new();
    let _ = pipe.read_to_end(&mut rest).await;
    heard
        .lines
        .extend(String::from_utf8_lossy(&rest).lines().map(str::to_owned));
}

/// Reads byte by byte, so that nothing behind the end is taken.
async fn until(pipe: &mut Box<dyn Pipe>, end: &[u8]) -> Vec<u8> {
    let mut read = Vec::new();
    while !read.ends_with(end) {
        match pipe.read_u8().await {
            Ok(byte) => read.push(byte),
            Err(_) => return read,
        }
    }
    read
}

fn acceptor() -> TlsAcceptor {
    let file = |name: &str| format!("{}/testdata/{name}", env!("CARGO_MANIFEST_DIR"));
    let chain = CertificateDer::pem_file_iter(file("server.pem"))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
