//! The server's side of a component link (XEP-0114) without a server behind it: what it is sent, the gateway gets, as fast
//! as the gateway takes it.

use crate::bench::course::{Course, Token};
use crate::bench::stopwatch::now;
use anyhow::{Context, Result, ensure};
use causeway_tests::cast::component::{COMPONENT_NS, Heard, Stanzas};
use causeway_tests::cast::xml::Element;
use causeway_tests::patience::{LATER, until};
use causeway_tests::servers::ports;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The stand-in; it lives as long as this process. The link may come again and again.
pub(crate) struct StandIn {
    /// Where the gateway logs in.
    pub(crate) port: u16,
    /// The messages that the gateway sent.
    pub(crate) course: Arc<Course>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    link: Mutex<Option<TcpStream>>,
    /// When the latest link stood.
    stood: Mutex<Option<Instant>>,
    presences: AtomicUsize,
    errors: AtomicUsize,
}

// ---------------------------------------------------------------------------------------------------------------------

impl StandIn {
    /// Opens one on a free port.
    pub(crate) fn open() -> Result<Self> {
        let port = ports::free()?;
        let listener = TcpListener::bind(ports::at(port))?;
        let standin = Self {
            port,
            course: Arc::default(),
            state: Arc::default(),
        };
        let (course, state) = (Arc::clone(&standin.course), Arc::clone(&standin.state));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = state.serve(stream, &course);
                *lock(&state.link) = None;
            }
        });
        Ok(standin)
    }

    /// Waits until the gateway has logged in; when it had.
    pub(crate) fn linked(&self) -> Result<Instant> {
        until("the link of the gateway", LATER, || {
            let up = lock(&self.state.link).is_some();
            Ok(if up { *lock(&self.state.stood) } else { None })
        })
    }

    /// Sends raw XML.
    pub(crate) fn send(&self, xml: &str) -> Result<()> {
        let stream = lock(&self.state.link).as_ref().map(TcpStream::try_clone).transpose()?;
        Ok(stream.context("no link")?.write_all(xml.as_bytes())?)
    }

    /// How many presences the gateway sent so far.
    pub(crate) fn presences(&self) -> usize {
        self.state.presences.load(Ordering::Relaxed)
    }

    /// Fails when the gateway refused anything.
    pub(crate) fn no_errors(&self) -> Result<()> {
        let errors = self.state.errors.load(Ordering::Relaxed);
        ensure!(errors == 0, "the gateway refused {errors} stanzas");
        Ok(())
    }
}

impl State {
    fn serve(&self, mut stream: TcpStream, course: &Course) -> Result<()> {
        stream.set_nodelay(true)?;
        let mut stanzas = Stanzas::of(stream.try_clone()?);
        stanzas.header()?;
        let header = format!(
            "<?xml version='1.0'?><stream:stream xmlns='{COMPONENT_NS}' \
             xmlns:stream='http://etherx.jabber.org/streams' id='standin' from='mail.xmpp.test'>"
        );
        stream.write_all(header.as_bytes())?;
        loop {
            let stanza = match stanzas.next(Duration::from_secs(3600))? {
                Heard::Stanza(stanza) => stanza,
                Heard::Silence => continue,
                Heard::End => return Ok(stream.write_all(b"</stream:stream>")?),
            };
            match stanza.name.as_str() {
                "handshake" => {
                    stream.write_all(b"<handshake/>")?;
                    *lock(&self.stood) = Some(now());
                    *lock(&self.link) = Some(stream.try_clone()?);
                }
                "iq" => answer(&mut stream, &stanza)?,
                "presence" => drop(self.presences.fetch_add(1, Ordering::Relaxed)),
                _ if stanza.attr("type") == "error" => drop(self.errors.fetch_add(1, Ordering::Relaxed)),
                _ => Token::find(stanza.text_of("body"))
                    .into_iter()
                    .for_each(|token| course.got(token)),
            }
        }
    }
}

/// A message from a user to a contact, as the server passes it on.
pub(crate) fn message(user: &str, contact: &str, id: &str, words: &str) -> String {
    format!("<message from='{user}/balcony' to='{contact}' type='chat' id='{id}'><body>{words}</body></message>")
}

fn answer(stream: &mut TcpStream, request: &Element) -> Result<()> {
    if !matches!(request.attr("type"), "get" | "set") {
        return Ok(());
    }
    let (from, to, id) = (request.attr("from"), request.attr("to"), request.attr("id"));
    let answer = format!("<iq type='result' id='{id}' from='{to}' to='{from}'/>");
    Ok(stream.write_all(answer.as_bytes())?)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
