//! Reads one user's archive: page by page, within a window of time, and only what went to this gateway (XEP-0313 section 4).

use super::vigil::Window;
use crate::address::{Caller, Gateway};
use crate::link::line::Line;
use crate::link::requests::{Answer, NoAnswer, Question};
use crate::ns;
use crate::read;
use crate::xml::{Build, element};
use causeway_core::clock::Timestamp;
use data_encoding::HEXLOWER;
use jid::BareJid;
use minidom::{Element, Node};
use sha2::{Digest, Sha256};

/// How many messages a page has.
const PAGE: &str = "100";
/// How many pages of one archive are read.
const MOST_PAGES: usize = 50;

/// A message as the user's client sent it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// It, as if it had come over the link.
    pub(super) stanza: Element,
    /// When the server had it, by its clock.
    pub(super) at: Timestamp,
    /// Whether its client gave it an id. If not, it bears one that stands for its place in the archive.
    pub(super) has_id: bool,
}

// ---------------------------------------------------------------------------------------------------------------------

/// What a user sent to this gateway within the window, oldest first.
pub(super) async fn archive_of(
    line: &Line,
    gateway: &Gateway,
    user: BareJid,
    window: Window,
) -> (BareJid, Result<Vec<Found>, NoAnswer>) {
    let found = pages(line, gateway, &user, window).await;
    (user, found)
}

async fn pages(line: &Line, gateway: &Gateway, user: &BareJid, window: Window) -> Result<Vec<Found>, NoAnswer> {
    let mut all = Vec::new();
    let mut after = None;
    for _ in 0..MOST_PAGES {
        let question = Question {
            from: gateway.itself(),
            to: user.to_string(),
            set: true,
            payload: |id: &str| query(id, window, after.as_deref()),
        };
        let Answer { stanza, results } = line.ask(question).await?;
        all.extend(results.iter().filter_map(|result| found(result, gateway, user)));
        after = next_page(&stanza);
        if after.is_none() {
            break;
        }
    }
    if after.is_some() {
        tracing::warn!(
            host = %user.domain(),
            "an archive holds more than {MOST_PAGES} pages for the time of the break; what comes after them is not looked for"
        );
    }
    all.retain(|found: &Found| window.holds(found.at));
    Ok(all)
}

fn query(id: &str, window: Window, after: Option<&str>) -> Element {
    let field = |name: &str, value: &str| {
        let value = element("value", ns::DATA_FORMS).saying(value);
        element("field", ns::DATA_FORMS).with("var", name).holding(value)
    };
    let mut form = element("x", ns::DATA_FORMS)
        .with("type", "submit")
        .holding(field("FORM_TYPE", ns::MAM).with("type", "hidden"));
    for (name, at) in [("start", window.from), ("end", window.until)] {
        if let Ok(stamp) = jiff::Timestamp::from_millisecond(at.0) {
            form = form.holding(field(name, &stamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()));
        }
    }
    let mut page = element("set", ns::RSM).holding(element("max", ns::RSM).saying(PAGE));
    if let Some(after) = after {
        page = page.holding(element("after", ns::RSM).saying(after));
    }
    element("query", ns::MAM)
        .with("queryid", id)
        .holding(form)
        .holding(page)
}

/// Where the next page begins, if there is one (XEP-0313 section 4.3.1).
fn next_page(answer: &Element) -> Option<String> {
    let fin = answer.get_child("fin", ns::MAM)?;
    if fin.attr("complete") == Some("true") {
        return None;
    }
    let last = fin.get_child("set", ns::RSM)?.get_child("last", ns::RSM)?;
    Some(last.text()).filter(|last| !last.is_empty())
}

/// The message in a result: one of this very user to one of this gateway's contacts.
fn found(result: &Element, gateway: &Gateway, user: &BareJid) -> Option<Found> {
    let result = result.get_child("result", ns::MAM)?;
    let forwarded = result.get_child("forwarded", ns::FORWARD)?;
    let stamp = forwarded.get_child("delay", ns::DELAY)?.attr("stamp")?;
    let at: jiff::Timestamp = stamp.parse().ok()?;
    let message = forwarded.get_child("message", ns::CLIENT)?;
    let caller = Caller::read(message.attr("from")?)?;
    let is_ours = gateway.addressed(message.attr("to")?).is_some();
    (caller.bare == *user && is_ours && message.attr("type") != Some("error")).then(|| {
        let stanza = as_on_the_link(message);
        let has_id = read::source(&stanza).is_some();
        Found {
            stanza: match has_id {
                true => stanza,
                false => placed(stanza, result.attr("id").unwrap_or(stamp)),
            },
            at: Timestamp(at.as_millisecond()),
            has_id,
        }
    })
}

/// The same with an id that stands for its place in the archive (XEP-0313 section 4.2), so that it is known the next time.
fn placed(stanza: Element, place: &str) -> Element {
    let id = HEXLOWER.encode(&Sha256::digest(place));
    match stanza.attr("id") {
        None => stanza.with("id", &id),
        // Its own one is no word, but a refusal must bear it.
        Some(_) => stanza.holding(element("origin-id", ns::STANZA_IDS).with("id", &id)),
    }
}

/// The same element with the namespace that stanzas have on a component's stream.
fn as_on_the_link(element: &Element) -> Element {
    let namespace = match element.ns().as_str() {
        ns::CLIENT => ns::COMPONENT.to_owned(),
        other => other.to_owned(),
    };
    let mut made = crate::xml::element(element.name(), &namespace);
    *made.attrs_mut() = element.attrs().clone();
    for node in element.nodes() {
        match node {
            Node::Element(child) => made.append_node(Node::Element(as_on_the_link(child))),
            Node::Text(text) => made.append_text(text.clone()),
        };
    }
    made
}
