//! One HTTP request and its answer, over a connection of its own to an address that was looked at before.

use super::rules::Target;
use causeway_core::fault::{Fault, FaultKind};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT_ENCODING, CONNECTION, HOST, HeaderValue, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// How long one address may take to be reached, with the TLS handshake.
const CONNECT: Duration = Duration::from_secs(10);
/// How many addresses of one host are tried.
const ADDRESSES: usize = 3;
/// The longest header of an answer, in bytes.
const HEADER_MAX: usize = 64 << 10;
/// The name that servers are told.
const NAME: &str = concat!("causeway/", env!("CARGO_PKG_VERSION"));

/// An answer with its body, as far as it was wanted.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) head: hyper::http::response::Parts,
    pub(super) body: Vec<u8>,
}

trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

// ---------------------------------------------------------------------------------------------------------------------

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Sends `request`, whose fields about the connection are set here, to the first address that can be reached, and takes
/// at most `most` bytes of a good answer; of any other answer only the head.
pub(super) async fn exchange(
    target: &Target,
    addresses: &[SocketAddr],
    tls: &TlsConnector,
    mut request: Request<Full<Bytes>>,
    most: u64,
) -> Result<Answer, Fault> {
    let authority = HeaderValue::from_str(&target.authority()).map_err(|_| broken("a host that is no header"))?;
    let fields = request.headers_mut();
    fields.insert(HOST, authority);
    fields.insert(USER_AGENT, HeaderValue::from_static(NAME));
    fields.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    fields.insert(CONNECTION, HeaderValue::from_static("close"));
    let wire = connect(target, addresses, tls).await?;
    let mut http = http1::Builder::new();
    http.max_buf_size(HEADER_MAX);
    let (mut sender, connection) = http.handshake(TokioIo::new(wire)).await.map_err(|e| broke(&e))?;
    let asked = async move {
        let answer = sender.send_request(request).await.map_err(|e| broke(&e))?;
        taken(answer, most).await
    };
    tokio::pin!(asked);
    tokio::select! {
        answer = &mut asked => answer,
        // What was read before the connection ended is still to be had.
        _ = connection => asked.await,
    }
}

async fn connect(target: &Target, addresses: &[SocketAddr], tls: &TlsConnector) -> Result<Box<dyn Wire>, Fault> {
    let mut last = Fault::of(FaultKind::Unreachable);
    for address in addresses.iter().take(ADDRESSES) {
        last = match timeout(CONNECT, connect_to(target, *address, tls)).await {
            Ok(Ok(wire)) => return Ok(wire),
            Ok(Err(e)) => Fault::of(FaultKind::Unreachable).saying(&format!("{}: {e}", target.host)),
            Err(_) => Fault::of(FaultKind::Timeout).saying(&format!("{} does not answer", target.host)),
        };
    }
    Err(last)
}

async fn connect_to(target: &Target, address: SocketAddr, tls: &TlsConnector) -> std::io::Result<Box<dyn Wire>> {
    let stream = TcpStream::connect(address).await?;
    if !target.tls {
        return Ok(Box::new(stream));
    }
    let name = target.host.to_string();
    let name = name.trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(name).map_err(std::io::Error::other)?;
    Ok(Box::new(tls.connect(name, stream).await?))
}

async fn taken(answer: Response<Incoming>, most: u64) -> Result<Answer, Fault> {
    let (head, mut body) = answer.into_parts();
    let mut taken = Vec::new();
    if head.status.is_success() {
        let too_large = || Fault::of(FaultKind::TooLarge).saying(&format!("more than {most} bytes"));
        let declared = hyper::body::Body::size_hint(&body).exact();
        if declared.is_some_and(|size| size > most) {
            return Err(too_large());
        }
        while let Some(frame) = body.frame().await {
            let data = frame.map_err(|e| broke(&e))?.into_data().unwrap_or_default();
            taken.extend_from_slice(&data);
            if taken.len() as u64 > most {
                return Err(too_large());
            }
        }
    }
    Ok(Answer { head, body: taken })
}

fn broke(error: &hyper::Error) -> Fault {
    broken(&error.to_string())
}

fn broken(why: &str) -> Fault {
    Fault::of(FaultKind::Unreachable).saying(why)
}
