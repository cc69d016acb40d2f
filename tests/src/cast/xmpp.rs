//! Somebody at an XMPP client that speaks raw XML, so that nothing stands between a scenario and the wire.

use crate::cast::mail::fresh_word;
use crate::cast::xml::{Element, Front, escape};
use crate::patience::{Deadline, SOON};
use crate::servers::ports;
use anyhow::{Context, Result, bail, ensure};
use data_encoding::BASE64;
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A logged-in client. What came and was not asked for yet stays until it is asked for.
pub struct XmppClient {
    stream: TcpStream,
    bytes: Vec<u8>,
    unread: VecDeque<Element>,
    jid: String,
    session: String,
    ids: u64,
}

// ---------------------------------------------------------------------------------------------------------------------

impl XmppClient {
    /// Logs in with SASL PLAIN and binds a resource; sends no presence.
    pub fn login(port: u16, domain: &str, user: &str, password: &str) -> Result<Self> {
        let mut client = Self {
            stream: TcpStream::connect_timeout(&ports::at(port), SOON)?,
            bytes: Vec::new(),
            unread: VecDeque::new(),
            jid: format!("{user}@{domain}"),
            session: fresh_word()?,
            ids: 0,
        };
        client.stream.set_nodelay(true)?;
        client.open(domain)?;
        let secret = BASE64.encode(format!("\0{user}\0{password}").as_bytes());
        client.send(&format!(
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{secret}</auth>"
        ))?;
        let answer = client.expect("the answer to the login", |_| true)?;
        ensure!(answer.name == "success", "{user} may not log in: {}", answer.written());
        client.open(domain)?;
        let bound = client.ask("set", "", "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>")?;
        let jid = bound.child("bind").map(|bind| bind.text_of("jid").to_owned());
        client.jid = jid.with_context(|| format!("no resource: {}", bound.written()))?;
        Ok(client)
    }

    /// Its full JID.
    pub fn jid(&self) -> &str {
        &self.jid
    }

    /// Its bare JID.
    pub fn bare(&self) -> &str {
        self.jid.split('/').next().unwrap_or_default()
    }

    /// Sends raw XML.
    pub fn send(&mut self, xml: &str) -> Result<()> {
        Ok(self.stream.write_all(xml.as_bytes())?)
    }

    /// Goes online: from now on messages to the bare JID arrive.
    pub fn online(&mut self) -> Result<()> {
        self.send("<presence/>")?;
        let me = self.jid.clone();
        self.expect("own presence", |it| it.name == "presence" && it.attr("from") == me)?;
        Ok(())
    }

    /// A fresh stanza id, unique for ever.
    pub fn id(&mut self) -> String {
        self.ids += 1;
        format!("{}-{}", self.ids, self.session)
    }

    /// Says something in a chat, asks for a receipt (XEP-0184) and gives the stanza id.
    pub fn say(&mut self, to: &str, words: &str) -> Result<String> {
        self.say_with(to, words, "")
    }

    /// Says something in a chat with more elements besides the words.
    pub fn say_with(&mut self, to: &str, words: &str, more: &str) -> Result<String> {
        let id = self.id();
        self.send(&format!(
            "<message type='chat' id='{id}' to='{}'><body>{}</body><request xmlns='urn:xmpp:receipts'/>{more}</message>",
            escape(to),
            escape(words)
        ))?;
        Ok(id)
    }

    /// Sends an IQ and waits for its answer, result or error; to the own server when `to` is empty.
    pub fn ask(&mut self, kind: &str, to: &str, payload: &str) -> Result<Element> {
        let id = self.id();
        let to = match to {
            "" => String::new(),
            to => format!(" to='{}'", escape(to)),
        };
        self.send(&format!("<iq type='{kind}' id='{id}'{to}>{payload}</iq>"))?;
        self.expect(&format!("the answer to {payload}"), |it| {
            it.name == "iq" && it.attr("id") == id && matches!(it.attr("type"), "result" | "error")
        })
    }

    /// Waits for the first stanza that `wanted` likes.
    pub fn expect(&mut self, what: &str, wanted: impl Fn(&Element) -> bool) -> Result<Element> {
        self.expect_within(SOON, what, wanted)
    }

    /// The same, for something that may take longer.
    pub fn expect_within(&mut self, limit: Duration, what: &str, wanted: impl Fn(&Element) -> bool) -> Result<Element> {
        let deadline = Deadline::within(limit);
        loop {
            let found = self
                .unread
                .iter()
                .position(&wanted)
                .and_then(|at| self.unread.remove(at));
            if let Some(element) = found {
                return Ok(element);
            }
            if !self.hear(deadline)? {
                let heard: Vec<&str> = self.unread.iter().map(Element::written).collect();
                bail!("{} waited {limit:?} in vain for {what}; heard: {heard:#?}", self.jid);
            }
        }
    }

    /// Waits for words from `from` (a bare JID) that contain `words`.
    pub fn expect_words(&mut self, from: &str, words: &str) -> Result<Element> {
        self.expect(&format!("the words “{words}”"), |it| {
            is_words(it, from) && it.text_of("body").contains(words)
        })
    }

    /// Waits for the error that answers the message `id`.
    pub fn expect_error(&mut self, id: &str) -> Result<Element> {
        self.expect(&format!("the error for {id}"), |it| {
            it.name == "message" && it.attr("type") == "error" && it.attr("id") == id
        })
    }

    /// Makes sure that everything that was on its way before has arrived, by a ping around the gateway at `through`
    /// (XEP-0199), and that nothing of it is what `feared` describes.
    pub fn expect_none(&mut self, through: &str, what: &str, feared: impl Fn(&Element) -> bool) -> Result<()> {
        self.ask("get", through, "<ping xmlns='urn:xmpp:ping'/>")?;
        match self.unread.iter().find(|it| feared(it)) {
            Some(element) => bail!("{what} came: {}", element.written()),
            None => Ok(()),
        }
    }

    /// Everything that is there or comes within `span`, taken.
    pub fn drain(&mut self, span: Duration) -> Result<Vec<Element>> {
        let deadline = Deadline::within(span);
        while self.hear(deadline)? {}
        Ok(self.unread.drain(..).collect())
    }

    fn open(&mut self, domain: &str) -> Result<()> {
        self.bytes.clear();
        self.send(&format!(
            "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='{domain}' version='1.0'>"
        ))?;
        self.expect("the stream's features", |it| it.name == "features")?;
        Ok(())
    }

    /// Reads once; whether something came before the deadline. A stream that ends is an error.
    fn hear(&mut self, deadline: Deadline) -> Result<bool> {
        let Some(left) = deadline.left() else {
            return Ok(false);
        };
        self.stream.set_read_timeout(Some(left))?;
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => bail!("the server closed the stream of {}", self.jid),
            Ok(read) => self.bytes.extend_from_slice(buffer.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(true),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return Ok(false),
            Err(error) => return Err(error).with_context(|| format!("the stream of {}", self.jid)),
        }
        self.split()?;
        Ok(true)
    }

    /// Moves every whole element from the bytes to the unread ones; the stream's own header is skipped.
    fn split(&mut self) -> Result<()> {
        let Ok(mut text) = std::str::from_utf8(&self.bytes) else {
            return Ok(());
        };
        text = text.trim_start();
        if text.starts_with("<?xml") {
            text = text.split_once("?>").map_or("", |(_, rest)| rest).trim_start();
        }
        if text.starts_with("<stream:stream") {
            text = text.split_once('>').map_or("", |(_, rest)| rest);
        }
        ensure!(
            !text.trim_start().starts_with("</stream:stream"),
            "the server ended the stream of {}",
            self.jid
        );
        while let Front::Whole(element, used) = Element::read(text, "jabber:client")? {
            ensure!(
                !(element.name == "error" && element.ns != "jabber:client"),
                "stream error: {}",
                element.written()
            );
            self.unread.push_back(*element);
            text = text.get(used..).unwrap_or_default();
            if text.trim_start().starts_with("</stream:stream") {
                break;
            }
        }
        self.bytes = text.as_bytes().to_vec();
        Ok(())
    }
}

/// The id of the message that this one acknowledges (XEP-0184).
pub fn receipt(it: &Element) -> Option<&str> {
    it.child_in("received", "urn:xmpp:receipts")
        .map(|received| received.attr("id"))
}

/// Whether this is something said by `from` (a bare JID).
pub fn is_words(it: &Element, from: &str) -> bool {
    it.name == "message"
        && it.attr("type") != "error"
        && it.attr("from").split('/').next() == Some(from)
        && it.child("body").is_some()
}
