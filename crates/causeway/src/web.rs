//! The one way to the web: fetches what links from strangers lead to, and puts files where a service at home said.
//!
//! A link from a stranger can point at the house itself. So a name is looked up once, and the connection goes to an
//! address that was looked at; no proxy, no login and no cookie is ever used; a redirection is a new link.

mod address;
mod exchange;
mod rules;
mod trust;

use crate::config::Files as Config;
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::file::Link;
use causeway_core::network::{Fetched, Pending, Put, Web};
use causeway_core::text::Line;
use exchange::{Answer, exchange};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use hyper::{Method, Request, StatusCode};
use rules::{Chosen, Rules, Target, parsed, refused};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

/// How many files may be under way at once, in each direction: servers of strangers keep nothing from the users' own.
const AT_ONCE: usize = 8;
/// How long looking up a name may take.
const LOOKUP: Duration = Duration::from_secs(10);
/// How long one file may take, with all redirections.
const PATIENCE: Duration = Duration::from_secs(120);
/// How many redirections are followed.
const REDIRECTIONS: usize = 3;

/// The way to the web.
pub struct Fetcher {
    rules: Rules,
    tls: TlsConnector,
    fetching: Semaphore,
    putting: Semaphore,
}

// ---------------------------------------------------------------------------------------------------------------------

/// What serde cannot see in the section about files: a sentence that names the key.
pub fn check(config: &Config) -> Result<(), String> {
    Rules::new(&config.hosts, &config.allow_private).map(drop)
}

impl Fetcher {
    /// A way to the web under these rules; the hosts of `home` are known besides. The error is a sentence about the config.
    pub fn new(config: &Config, home: &[String]) -> Result<Self, String> {
        let hosts = [&config.hosts, home].concat();
        Ok(Self {
            rules: Rules::new(&hosts, &config.allow_private)?,
            tls: trust::connector(config.ca_file.as_deref())?,
            fetching: Semaphore::new(AT_ONCE),
            putting: Semaphore::new(AT_ONCE),
        })
    }

    /// One of the few files at once, within its time.
    async fn bounded<T>(turns: &Semaphore, work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let _turn = turns.acquire().await;
        match timeout(PATIENCE, work).await {
            Ok(done) => done,
            Err(_) => Err(Fault::of(FaultKind::Timeout).saying("the file took too long")),
        }
    }

    async fn fetched(&self, link: &Link, most: u64) -> Result<Fetched, Fault> {
        let mut url = parsed(link)?;
        for _ in 0..=REDIRECTIONS {
            let target = self.rules.target(&url, Chosen::ByStranger)?;
            let answer = self.asked(&target, request(Method::GET, &target)?, most).await?;
            match redirection(&url, &answer)? {
                Some(next) => url = next,
                None => return good(answer),
            }
        }
        Err(refused("too many redirections"))
    }

    async fn stored(&self, put: Put<'_>) -> Result<(), Fault> {
        let target = self.rules.target(&parsed(put.link)?, Chosen::ByHome)?;
        let mut request = request(Method::PUT, &target)?;
        *request.body_mut() = Full::new(Bytes::copy_from_slice(put.bytes));
        for (name, value) in put.headers {
            let field = HeaderName::from_bytes(name.as_bytes())
                .ok()
                .zip(HeaderValue::from_str(value).ok());
            let (name, value) = field.ok_or_else(|| broken("a header that is none"))?;
            request.headers_mut().insert(name, value);
        }
        if let Ok(media_type) = HeaderValue::from_str(put.media_type) {
            request.headers_mut().insert(CONTENT_TYPE, media_type);
        }
        let answer = self.asked(&target, request, 0).await;
        match answer {
            Ok(answer) if answer.head.status.is_success() => Ok(()),
            // Whatever it says besides, it has the file.
            Err(fault) if fault.kind == FaultKind::TooLarge => Ok(()),
            Ok(answer) => Err(no(answer.head.status)),
            Err(fault) => Err(fault),
        }
    }

    async fn asked(&self, target: &Target, request: Request<Full<Bytes>>, most: u64) -> Result<Answer, Fault> {
        let addresses = addresses(target).await?;
        exchange(target, &addresses, &self.tls, request, most).await
    }
}

impl Web for Fetcher {
    fn fetch<'a>(&'a self, link: &'a Link, most: u64) -> Pending<'a, Result<Fetched, Fault>> {
        Box::pin(Self::bounded(&self.fetching, self.fetched(link, most)))
    }

    fn put<'a>(&'a self, put: Put<'a>) -> Pending<'a, Result<(), Fault>> {
        Box::pin(Self::bounded(&self.putting, self.stored(put)))
    }

    fn follows(&self, link: &Link) -> bool {
        parsed(link).is_ok_and(|url| self.rules.target(&url, Chosen::ByStranger).is_ok())
    }
}

/// The addresses of a place that may be connected to.
async fn addresses(target: &Target) -> Result<Vec<SocketAddr>, Fault> {
    let name = match &target.host {
        Host::Ipv4(address) => return target.open([IpAddr::V4(*address)]),
        Host::Ipv6(address) => return target.open([IpAddr::V6(*address)]),
        Host::Domain(name) => name,
    };
    match timeout(LOOKUP, tokio::net::lookup_host((name.as_str(), target.port))).await {
        Ok(Ok(found)) => target.open(found.map(|address| address.ip())),
        Ok(Err(e)) => Err(Fault::of(FaultKind::Unreachable).saying(&format!("{name}: {e}"))),
        Err(_) => Err(Fault::of(FaultKind::Timeout).saying(&format!("the name {name} takes too long"))),
    }
}

fn request(method: Method, target: &Target) -> Result<Request<Full<Bytes>>, Fault> {
    let request = Request::builder().method(method).uri(target.path.as_str());
    request.body(Full::default()).map_err(|e| broken(&e.to_string()))
}

/// Where an answer sends on to (RFC 9110 section 15.4).
fn redirection(from: &Url, answer: &Answer) -> Result<Option<Url>, Fault> {
    if !matches!(answer.head.status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location = answer.head.headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let location = location.ok_or_else(|| broken("a redirection to nowhere"))?;
    from.join(location)
        .map(Some)
        .map_err(|e| refused(&format!("a redirection to what is no link: {e}")))
}

/// The file in an answer. What is packed for the way is not unpacked: nobody knows how large it would become.
fn good(answer: Answer) -> Result<Fetched, Fault> {
    let Answer { head, body } = answer;
    if head.status != StatusCode::OK {
        return Err(no(head.status));
    }
    if head
        .headers
        .get(CONTENT_ENCODING)
        .is_some_and(|value| value != "identity")
    {
        return Err(broken("the file comes packed, although nobody asked"));
    }
    let media_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    Ok(Fetched {
        bytes: body,
        media_type: media_type.and_then(Line::clean),
    })
}

fn no(status: StatusCode) -> Fault {
    let fault = broken(&format!("the web server says {status}"));
    match status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429) {
        true => fault.for_now(),
        false => fault,
    }
}

fn broken(why: &str) -> Fault {
    Fault::of(FaultKind::BadContent).saying(why)
}

#[cfg(test)]
mod tests;
