//! A made-up XMPP server for one component (XEP-0114): it says what a scenario tells it, byte for byte, so that a flow can
//! be exact where real servers put their own stanzas in between.

use crate::cast::component::{COMPONENT_NS, Heard, Stanzas};
use crate::cast::xml::Element;
use crate::patience::{Deadline, LATER, SOON, until};
use crate::servers::ports;
use crate::servers::xmpp::{Kind, XmppServer};
use anyhow::{Context, Result, bail, ensure};
use std::collections::VecDeque;
use std::io::{ErrorKind, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// How long nothing must come for silence.
const QUIET: Duration = Duration::from_millis(700);

/// The made-up server. Its users are at the domain of [`Kind::Prosody`].
///
/// It answers three kinds of questions by itself, which have nothing to do with any flow: pings, the question for a vCard
/// (there is none), and that for an archive (there is none either).
pub struct Prompter {
    listener: TcpListener,
    port: u16,
    link: Option<Link>,
}

/// One connection of the gateway.
struct Link {
    stream: TcpStream,
    stanzas: Stanzas,
    unread: VecDeque<Element>,
    is_over: bool,
}

/// What a scene sees of it: a port and nobody to log in.
struct Facade {
    port: u16,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Prompter {
    /// Opens it on a free port.
    pub fn open() -> Result<Self> {
        let port = ports::free()?;
        let listener = TcpListener::bind(ports::at(port))?;
        listener.set_nonblocking(true)?;
        Ok(Self {
            listener,
            port,
            link: None,
        })
    }

    /// It as a scene sees it.
    pub fn facade(&self) -> Arc<dyn XmppServer> {
        Arc::new(Facade { port: self.port })
    }

    /// Waits for the gateway, lets it log in, and says `behind` in the same breath. An earlier connection is cut.
    pub fn pick_up(&mut self, behind: &str) -> Result<()> {
        self.hang_up();
        let mut stream = until("the gateway at the made-up server", LATER, || {
            match self.listener.accept() {
                Ok((stream, _)) => Ok(Some(stream)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
                Err(error) => Err(error.into()),
            }
        })?;
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        let mut stanzas = Stanzas::of(stream.try_clone()?);
        stanzas.header()?;
        let header = format!(
            "<?xml version='1.0'?><stream:stream xmlns='{COMPONENT_NS}' xmlns:stream='http://etherx.jabber.org/streams' \
             id='prompter' from='{}'>",
            Kind::Prosody.domain()
        );
        stream.write_all(header.as_bytes())?;
        match stanzas.next(SOON)? {
            Heard::Stanza(proof) if proof.name == "handshake" => {}
            other => bail!("no handshake: {other:?}"),
        }
        stream.write_all(format!("<handshake/>{behind}").as_bytes())?;
        self.link = Some(Link {
            stream,
            stanzas,
            unread: VecDeque::new(),
            is_over: false,
        });
        Ok(())
    }

    /// Cuts the connection.
    pub fn hang_up(&mut self) {
        self.link = None;
    }

    /// Sends raw XML.
    pub fn say(&mut self, xml: &str) -> Result<()> {
        Ok(self.link()?.stream.write_all(xml.as_bytes())?)
    }

    /// Answers a question of the gateway's with a result.
    pub fn answer(&mut self, question: &Element, payload: &str) -> Result<()> {
        self.say(&result(question, payload))
    }

    /// Refuses it.
    pub fn refuse(&mut self, question: &Element, condition: &str) -> Result<()> {
        self.say(&error(question, condition))
    }

    /// Waits for the first stanza that `wanted` likes; what came before stays.
    pub fn expect(&mut self, what: &str, wanted: impl Fn(&Element) -> bool) -> Result<Element> {
        let deadline = Deadline::within(SOON);
        let link = self.link()?;
        loop {
            if let Some(at) = link.unread.iter().position(&wanted) {
                return link.unread.remove(at).context("it was there");
            }
            if !deadline.left().map_or(Ok(false), |left| link.hear(left))? {
                let heard: Vec<&str> = link.unread.iter().map(Element::written).collect();
                bail!("waited in vain for {what}; heard: {heard:#?}");
            }
        }
    }

    /// All stanzas until there is silence, each as its name, its type and who it is from.
    pub fn flow(&mut self) -> Result<Vec<String>> {
        let link = self.link()?;
        while link.hear(QUIET)? {}
        Ok(link.told())
    }

    /// The same until the gateway closes its stream; this side does so too, and hangs up.
    pub fn farewell(&mut self) -> Result<Vec<String>> {
        let link = self.link()?;
        while !link.is_over {
            ensure!(
                link.hear(LATER)? || link.is_over,
                "the gateway does not close its stream"
            );
        }
        let told = link.told();
        link.stream.write_all(b"</stream:stream>")?;
        self.hang_up();
        Ok(told)
    }

    fn link(&mut self) -> Result<&mut Link> {
        self.link.as_mut().context("the gateway is not connected")
    }
}

impl Link {
    /// Reads the next stanza, if one comes within `limit`; whether one came.
    fn hear(&mut self, limit: Duration) -> Result<bool> {
        match self.stanzas.next(limit)? {
            Heard::Stanza(stanza) => match housekeeping(&stanza) {
                Some(answer) => self.stream.write_all(answer.as_bytes())?,
                None => self.unread.push_back(*stanza),
            },
            Heard::Silence => return Ok(false),
            Heard::End => {
                self.is_over = true;
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn told(&mut self) -> Vec<String> {
        let told = self.unread.drain(..).map(|it| {
            let words = [it.name.as_str(), it.attr("type"), it.attr("from")];
            words
                .into_iter()
                .filter(|word| !word.is_empty())
                .collect::<Vec<_>>()
                .join(" ")
        });
        told.collect()
    }
}

impl XmppServer for Facade {
    fn domain(&self) -> &'static str {
        Kind::Prosody.domain()
    }

    fn client_port(&self) -> u16 {
        self.port
    }

    fn component_port(&self, _: &str) -> Result<u16> {
        Ok(self.port)
    }

    fn http_port(&self) -> u16 {
        self.port
    }

    fn user(&self, name: &str, _: &str, _: &str) -> Result<()> {
        bail!("{name} cannot log in at a made-up server")
    }

    fn start(&self) -> Result<()> {
        Ok(())
    }

    fn stop(&self) -> Result<()> {
        Ok(())
    }

    fn kill9(&self) {}
}

/// The answer to a question that has nothing to do with any flow.
fn housekeeping(stanza: &Element) -> Option<String> {
    let payload = stanza
        .children()
        .first()
        .filter(|_| ["get", "set"].contains(&stanza.attr("type")))?;
    match payload.ns.as_str() {
        "urn:xmpp:ping" => Some(result(stanza, "")),
        "vcard-temp" | "urn:xmpp:mam:2" => Some(error(stanza, "item-not-found")),
        _ => None,
    }
}

fn result(question: &Element, payload: &str) -> String {
    let (from, to, id) = (question.attr("from"), question.attr("to"), question.attr("id"));
    format!("<iq type='result' id='{id}' from='{to}' to='{from}'>{payload}</iq>")
}

/// The refusal of a question (RFC 6120 section 8.3).
fn error(question: &Element, condition: &str) -> String {
    let (from, to, id) = (question.attr("from"), question.attr("to"), question.attr("id"));
    format!(
        "<iq type='error' id='{id}' from='{to}' to='{from}'><error type='cancel'>\
         <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    )
}
