//! Acts for users at home as far as their servers allow it (XEP-0356).
#![allow(dead_code, reason = "doors for those who write rosters, bookmarks and nodes")]

use super::Right;
use crate::address::Gateway;
use crate::link::line::{Line, Slip};
use crate::link::requests::{NoAnswer, Question, Refused};
use crate::ns;
use crate::stanza::Outward;
use crate::xml::{Build, element};
use jid::BareJid;
use minidom::Element;
use std::fmt;

/// Acts for the users of one component domain. Cheap to clone.
///
/// Every door looks first whether the user's server grants it, so a caller may simply try and go another way after
/// [`Denied::NotGranted`]. All of them wait for an answer: run them as a task, or as the `later` of a stanza's deeds, never
/// while the link waits for you.
#[derive(Debug, Clone)]
pub(crate) struct Steward {
    gateway: Gateway,
    line: Line,
}

/// Why something was not done for a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Denied {
    /// The user's server does not grant it, or the advertisement has not come.
    NotGranted,
    /// The server said no, or nothing.
    NoAnswer(NoAnswer),
    /// The server's answer cannot be understood.
    Senseless,
}

/// One line of a roster (RFC 6121 section 2.1.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct RosterItem {
    /// The contact's bare JID.
    pub(crate) jid: String,
    /// Its name.
    pub(crate) name: Option<String>,
    /// `none`, `to`, `from` or `both`; nothing leaves a known one as it is.
    pub(crate) subscription: Option<String>,
    /// The groups that it is in.
    pub(crate) groups: Vec<String>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Steward {
    /// For the users who use `gateway`, over its line.
    pub(crate) fn new(gateway: &Gateway, line: &Line) -> Self {
        Self {
            gateway: gateway.clone(),
            line: line.clone(),
        }
    }

    /// Whether the user's server grants something at this moment.
    pub(crate) fn may(&self, user: &BareJid, right: Right<'_>) -> bool {
        self.line.privileges.allow(user, right)
    }

    /// Sends a request in a user's name (XEP-0356 section 6): to `to`, or to the user's own account, which answers for
    /// PEP and the like. Gives the payload of the result. The right is that for the payload's namespace.
    ///
    /// No good for archives (XEP-0313): their results are messages, which no server passes on to the gateway, and some
    /// deliver to the user.
    pub(crate) async fn get(
        &self,
        user: &BareJid,
        to: Option<&str>,
        payload: Element,
    ) -> Result<Option<Element>, Denied> {
        self.in_name_of(user, to, false, payload).await
    }

    /// The same for a request that changes something.
    pub(crate) async fn set(
        &self,
        user: &BareJid,
        to: Option<&str>,
        payload: Element,
    ) -> Result<Option<Element>, Denied> {
        self.in_name_of(user, to, true, payload).await
    }

    /// A user's roster (XEP-0356 section 4.3).
    pub(crate) async fn roster(&self, user: &BareJid) -> Result<Vec<RosterItem>, Denied> {
        self.must(user, Right::ReadRoster)?;
        let answer = self.ask(user, false, |_| element("query", ns::ROSTER)).await?;
        // A roster that was too large for the link has none, and is not empty.
        let query = answer.get_child("query", ns::ROSTER).ok_or(Denied::Senseless)?;
        Ok(query.children().filter_map(RosterItem::read).collect())
    }

    /// Writes one line of a user's roster; all his clients are told.
    pub(crate) async fn put_into_roster(&self, user: &BareJid, item: &RosterItem) -> Result<(), Denied> {
        self.write_roster(user, item.element()).await
    }

    /// Takes a line out of a user's roster.
    pub(crate) async fn take_from_roster(&self, user: &BareJid, jid: &str) -> Result<(), Denied> {
        let item = element("item", ns::ROSTER)
            .with("jid", jid)
            .with("subscription", "remove");
        self.write_roster(user, item).await
    }

    /// Sends a message in a user's name (XEP-0356 section 5.2): his server treats it as if he had sent it. `message` is
    /// in the namespace `jabber:client` and has a `to`; its `from` is set here. It was sent when this returns, unless the
    /// server says later that it was not. That no copy reaches his own clients must be said in the message itself (XEP-0280).
    pub(crate) async fn say_as(&self, user: &BareJid, mut message: Element) -> Result<(), Denied> {
        self.must(user, Right::Message)?;
        let Some(grant) = self.line.privileges.grant(user) else {
            return Err(Denied::NotGranted);
        };
        let host = user.domain().as_str();
        let mut awaited = self.line.requests.open(host)?;
        message = message.with("from", user.as_str());
        let stanza = Outward::message(&self.gateway.itself(), host, "normal", Some(&awaited.id)).holding(
            element("privilege", grant.version.namespace()).holding(element("forwarded", ns::FORWARD).holding(message)),
        );
        let sent = self.line.hand_over(vec![stanza]).await;
        if let Some(Err(no)) = awaited.answered() {
            return Err(no.into());
        }
        sent.map_err(|slip| match slip {
            Slip::Unsent(_) => NoAnswer::Offline.into(),
            Slip::InDoubt(_) => NoAnswer::Silence.into(),
        })
    }

    async fn write_roster(&self, user: &BareJid, item: Element) -> Result<(), Denied> {
        self.must(user, Right::WriteRoster)?;
        self.ask(user, true, |_| element("query", ns::ROSTER).holding(item))
            .await
            .map(drop)
    }

    async fn in_name_of(
        &self,
        user: &BareJid,
        to: Option<&str>,
        set: bool,
        payload: Element,
    ) -> Result<Option<Element>, Denied> {
        let namespace = payload.ns();
        let right = match set {
            true => Right::Set(&namespace),
            false => Right::Get(&namespace),
        };
        self.must(user, right)?;
        let to = to.unwrap_or(user.as_str());
        // The inner id must be one that nobody else uses either: Prosody keeps all such requests in one list.
        let wrapped = |id: &str| {
            let inner = element("iq", ns::CLIENT)
                .with("type", if set { "set" } else { "get" })
                .with("id", id)
                .with("from", user.as_str())
                .with("to", to)
                .holding(payload);
            element("privileged_iq", ns::PRIVILEGE_2).holding(inner)
        };
        let answer = self.ask(user, set, wrapped).await?;
        unwrap(&answer, to)
    }

    async fn ask(&self, user: &BareJid, set: bool, payload: impl FnOnce(&str) -> Element) -> Result<Element, Denied> {
        let question = Question {
            from: self.gateway.itself(),
            to: user.to_string(),
            set,
            payload,
        };
        Ok(self.line.ask(question).await?.stanza)
    }

    fn must(&self, user: &BareJid, right: Right<'_>) -> Result<(), Denied> {
        match self.may(user, right) {
            true => Ok(()),
            false => Err(Denied::NotGranted),
        }
    }
}

/// The payload of the answer inside. A result outside may hold an error inside.
fn unwrap(answer: &Element, asked: &str) -> Result<Option<Element>, Denied> {
    let inner = answer
        .get_child("privilege", ns::PRIVILEGE_2)
        .and_then(|privilege| privilege.get_child("forwarded", ns::FORWARD))
        .and_then(|forwarded| forwarded.get_child("iq", ns::CLIENT))
        .ok_or(Denied::Senseless)?;
    if inner.attr("id") != answer.attr("id") || inner.attr("from").is_some_and(|from| from != asked) {
        return Err(Denied::Senseless);
    }
    match inner.attr("type") {
        Some("result") => Ok(inner.children().next().cloned()),
        Some("error") => Err(NoAnswer::Refused(Refused::read(inner)).into()),
        _ => Err(Denied::Senseless),
    }
}

impl RosterItem {
    fn read(item: &Element) -> Option<Self> {
        let attribute = |name| item.attr(name).map(str::to_owned);
        let groups = item.children().filter(|child| child.is("group", ns::ROSTER));
        Some(Self {
            jid: attribute("jid").filter(|_| item.is("item", ns::ROSTER))?,
            name: attribute("name"),
            subscription: attribute("subscription"),
            groups: groups.map(Element::text).collect(),
        })
    }

    fn element(&self) -> Element {
        let item = element("item", ns::ROSTER)
            .with("jid", &self.jid)
            .with_some("name", self.name.as_deref())
            .with_some("subscription", self.subscription.as_deref());
        self.groups.iter().fold(item, |item, group| {
            item.holding(element("group", ns::ROSTER).saying(group))
        })
    }
}

impl From<NoAnswer> for Denied {
    fn from(no: NoAnswer) -> Self {
        Self::NoAnswer(no)
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotGranted => f.write_str("the XMPP server does not grant this to the gateway"),
            Self::NoAnswer(no) => no.fmt(f),
            Self::Senseless => f.write_str("the XMPP server's answer cannot be understood"),
        }
    }
}
