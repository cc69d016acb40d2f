//! Opens a component stream (XEP-0114 section 3).

use super::dial::Dial;
use super::wire::Wire;
use crate::ns;
use crate::xml::text_of;
use futures::{SinkExt, StreamExt};
use minidom::Element;
use std::time::Duration;
use std::{fmt, io};
use tokio::time::timeout;
use tokio_xmpp::xmlstream::{ReadError, StreamHeader, Timeouts, XmlStream, initiate_stream};
use xmpp_parsers::component::Handshake;

/// An open stream. Its elements are taken as they are: a stanza that some schema refuses is still a stanza.
pub(crate) type Stream = XmlStream<Wire, Element>;

/// What logging in needs.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) domain: String,
    pub(crate) secret: String,
    /// How long it may take in all.
    pub(crate) patience: Duration,
    /// The silence after which the server is pinged, and the silence after that which ends the stream.
    pub(crate) timeouts: Timeouts,
}

/// A stream error (RFC 6120 section 4.9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamError {
    pub(crate) condition: String,
    pub(crate) text: Option<String>,
}

/// What the log was told already.
#[derive(Debug, Default)]
pub(crate) struct Told {
    conflict: bool,
}

/// Why there is no stream.
#[derive(Debug)]
pub(crate) enum LoginError {
    /// No connection.
    Unreachable(io::Error),
    /// The server said no.
    Refused(StreamError),
    /// What answered is no component listener, or it fell silent.
    Broken(String),
}

// ---------------------------------------------------------------------------------------------------------------------

/// Connects and logs in; gives the stream and its id. Stanzas that the server sends right behind its `<handshake/>`
/// wait in the stream.
pub(crate) async fn log_in(dial: &dyn Dial, credentials: &Credentials) -> Result<(Stream, String), LoginError> {
    let bytes = dial.dial().await.map_err(LoginError::Unreachable)?;
    timeout(credentials.patience, shake_hands(Wire::new(bytes), credentials))
        .await
        .map_err(|_| LoginError::Broken("the server did not answer in time".into()))?
}

async fn shake_hands(wire: Wire, credentials: &Credentials) -> Result<(Stream, String), LoginError> {
    let broken = |error: io::Error| LoginError::Broken(error.to_string());
    let header = StreamHeader {
        to: Some(credentials.domain.as_str().into()),
        ..StreamHeader::default()
    };
    let mut pending = initiate_stream(wire, ns::COMPONENT, header, credentials.timeouts)
        .await
        .map_err(broken)?;
    let id = pending.take_header().id.map(|id| id.into_owned()).unwrap_or_default();
    let mut stream: Stream = pending.skip_features();
    let handshake = Handshake::from_stream_id_and_password(id.clone(), &credentials.secret);
    stream.send(&handshake).await.map_err(broken)?;
    answer(&mut stream).await?;
    Ok((stream, id))
}

async fn answer(stream: &mut Stream) -> Result<(), LoginError> {
    loop {
        match stream.next().await {
            Some(Ok(element)) if element.is("handshake", ns::COMPONENT) => return Ok(()),
            Some(Ok(element)) => {
                return Err(match StreamError::read(&element) {
                    Some(error) => LoginError::Refused(error),
                    None => LoginError::Broken("the server answered the handshake with something else".into()),
                });
            }
            Some(Err(ReadError::SoftTimeout)) => {}
            Some(Err(error)) => return Err(LoginError::Broken(error.to_string())),
            None => return Err(LoginError::Broken("the server closed the connection".into())),
        }
    }
}

impl StreamError {
    /// Reads `<stream:error/>`; `None` for anything else.
    pub(crate) fn read(element: &Element) -> Option<Self> {
        if !element.is("error", ns::STREAM) {
            return None;
        }
        let condition = element
            .children()
            .find(|child| child.has_ns(ns::STREAM_ERRORS) && child.name() != "text");
        Some(Self {
            condition: condition.map_or("undefined-condition", Element::name).to_owned(),
            text: text_of(element, "text", ns::STREAM_ERRORS),
        })
    }

    /// Whether trying again soon would only disturb: somebody else has the name, or the admin must change something.
    pub(crate) fn needs_an_admin(&self) -> bool {
        ["conflict", "not-authorized", "host-unknown", "invalid-namespace"].contains(&self.condition.as_str())
    }

    /// Whether somebody else is logged in under the name.
    pub(crate) fn is_conflict(&self) -> bool {
        self.condition == "conflict"
    }

    /// What to do about it; empty when waiting is all there is to do.
    pub(crate) fn advice(&self, domain: &str) -> String {
        match self.condition.as_str() {
            "conflict" => format!(
                "another program is logged in as {domain}: if it is this gateway, or its own lost connection, all is well; \
                 otherwise stop it or give this one another domain"
            ),
            "not-authorized" => format!(
                "the server has another secret for {domain}, or (ejabberd says the same) no component {domain}: write \
                 the same domain and secret on both sides"
            ),
            "host-unknown" => format!(
                "the server has no component {domain}, or this is not its component port: add it to the server, \
                 then restart it (a reload starts no new component)"
            ),
            "invalid-namespace" => {
                "this is not its component port: see the port of the server's component listener (XEP-0114)".to_owned()
            }
            _ => String::new(),
        }
    }
}

impl Told {
    /// Whether a refusal belongs into the log. That somebody else holds the name may last for as long as that program
    /// runs, so it is said once.
    pub(crate) fn is_news(&mut self, error: &StreamError) -> bool {
        !(error.is_conflict() && std::mem::replace(&mut self.conflict, true))
    }

    /// The name is free again: the next conflict is another one.
    pub(crate) fn logged_in(&mut self) {
        self.conflict = false;
    }
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.condition)?;
        match &self.text {
            Some(text) => write!(f, ": {text}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for LoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(error) => write!(f, "no connection: {error}"),
            Self::Refused(error) => write!(f, "the server refuses: {error}"),
            Self::Broken(why) => f.write_str(why),
        }
    }
}

#[cfg(test)]
mod tests;
