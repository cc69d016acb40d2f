//! What counts as success, until when, and what the sender is told.

use crate::address::Party;
use crate::envelope::{Draft, Envelope};
use crate::evidence::Evidence;
use crate::fault::{Fault, FaultKind};
use crate::message::{Happened, News, Payload};
use crate::retry::Schedule;
use std::time::Duration;

/// The terms that deliveries run under; from the config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// When to try again.
    pub schedule: Schedule,
    /// How long something said is tried before it fails.
    pub lifetime: Duration,
    /// How long news about an earlier message is tried on its way home before it leaves the lane.
    pub news_lifetime: Duration,
    /// The sender hears of a delay after the first wait and again after this long.
    pub second_notice: Duration,
    /// How long a finished delivery is remembered.
    pub retention: Duration,
}

/// Something that the sender of a message must hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owed {
    /// It arrived.
    Delivered,
    /// It was seen.
    Seen,
    /// It waits.
    Delayed(Option<Fault>),
    /// It will not arrive.
    Failed(Fault),
}

// ---------------------------------------------------------------------------------------------------------------------

impl Default for Terms {
    fn default() -> Self {
        Self {
            schedule: Schedule::default(),
            lifetime: Duration::from_secs(24 * 3600),
            news_lifetime: Duration::from_secs(7 * 24 * 3600),
            second_notice: Duration::from_secs(4 * 3600),
            retention: Duration::from_secs(7 * 24 * 3600),
        }
    }
}

impl Terms {
    /// How long a message is tried. Only news that come home are kept longer: on their way out they share a lane with
    /// what is said there and must not outlive it.
    pub fn lifetime_of(&self, draft: &Draft) -> Duration {
        match (&draft.payload, &draft.to) {
            (Payload::News(_), Party::Home(_)) => self.news_lifetime,
            _ => self.lifetime,
        }
    }
}

/// The news that `envelope`'s sender gets, or `None`: news about news would never end, a machine wants no answer
/// (RFC 3834 section 2), a receipt is only for who asked (XEP-0184 section 5.3), and a sender who is not proven gets
/// nothing. That a reaction waits is no news, and that the other side needs nothing of a retraction or a reaction neither.
pub fn news(envelope: &Envelope, owed: Owed) -> Option<Draft> {
    let payload = &envelope.draft.payload;
    let is_news = matches!(payload, Payload::News(_));
    let by_machine = payload.text().is_some_and(|text| text.automatic);
    let is_reaction = matches!(payload, Payload::React { .. });
    let is_needless = |fault: &Fault| payload.text().is_none() && fault.kind == FaultKind::NotSupported;
    let (what, wanted) = match owed {
        Owed::Delivered => (Happened::Delivered, envelope.draft.receipt),
        Owed::Seen => (Happened::Seen, envelope.draft.receipt),
        Owed::Delayed(fault) => (Happened::Delayed(fault), !by_machine && !is_reaction),
        Owed::Failed(fault) => {
            let wanted = !by_machine && !is_needless(&fault);
            (Happened::Failed(fault), wanted)
        }
    };
    (wanted && !is_news && !envelope.draft.unproven).then(|| {
        let news = News {
            about: envelope.id,
            their_id: envelope.draft.source.clone(),
            what,
            first_words: envelope.draft.payload.first_words(60),
        };
        Draft::new(
            envelope.draft.to.clone(),
            envelope.draft.from.clone(),
            Payload::News(news),
        )
    })
}

impl From<&Evidence> for Option<Owed> {
    fn from(evidence: &Evidence) -> Self {
        match evidence {
            Evidence::Relayed => None,
            Evidence::Delayed(fault) => Some(Owed::Delayed(fault.clone())),
            Evidence::Delivered => Some(Owed::Delivered),
            Evidence::Seen => Some(Owed::Seen),
            Evidence::Failed(fault) => Some(Owed::Failed(fault.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{Contact, ForeignId, NetworkId, Scope};
    use crate::clock::Timestamp;
    use crate::envelope::EnvelopeId;
    use crate::message::{MessageRef, Reference, Text};
    use crate::text::Body;
    use jid::BareJid;

    fn told(change: impl Fn(&mut Draft, &mut Text), owed: Owed) -> bool {
        let mut text = Text::plain(Body::clean("Good night").unwrap());
        let mut draft = Draft::new(juliet(), romeo(), Payload::Text(text.clone()));
        change(&mut draft, &mut text);
        draft.payload = Payload::Text(text);
        news(&envelope(draft), owed).is_some()
    }

    fn envelope(draft: Draft) -> Envelope {
        Envelope {
            id: EnvelopeId::from_random([1; 16]),
            accepted: Timestamp(0),
            draft,
        }
    }

    fn juliet() -> Party {
        Party::Foreign(Contact {
            network: NetworkId::new("pigeon").unwrap(),
            scope: Scope::Gateway,
            id: ForeignId::new("juliet").unwrap(),
        })
    }

    fn romeo() -> Party {
        Party::Home(BareJid::new("romeo@example.org").unwrap())
    }

    fn failed() -> Owed {
        Owed::Failed(Fault::of(FaultKind::NoSuchUser))
    }

    #[test]
    fn a_failure_goes_back_to_its_sender() {
        assert!(told(|_, _| {}, failed()));
    }

    #[test]
    fn a_reaction_that_the_other_side_does_not_need_is_nothing_to_tell() {
        let reaction = Payload::React {
            target: Reference::Theirs(MessageRef::new("line-1").unwrap()),
            emojis: Vec::new(),
            sender_name: None,
        };
        let told = |owed| news(&envelope(Draft::new(juliet(), romeo(), reaction.clone())), owed).is_some();
        assert!(!told(Owed::Failed(Fault::of(FaultKind::NotSupported))));
        assert!(!told(Owed::Delayed(None)));
        assert!(told(failed()));
    }

    #[test]
    fn nothing_goes_back_to_a_machine_or_to_a_sender_who_may_be_somebody_else() {
        assert!(!told(|_, text| text.automatic = true, failed()));
        assert!(!told(|draft, _| draft.unproven = true, failed()));
    }

    #[test]
    fn news_outlive_what_is_said_only_on_their_way_home() {
        let (romeo, juliet) = (romeo(), juliet());
        let news = Payload::News(News {
            about: EnvelopeId::from_random([1; 16]),
            their_id: None,
            what: Happened::Seen,
            first_words: String::new(),
        });
        let terms = Terms::default();
        let home = Draft::new(juliet.clone(), romeo.clone(), news.clone());
        assert_eq!(terms.lifetime_of(&home), terms.news_lifetime);
        assert_eq!(terms.lifetime_of(&Draft::new(romeo, juliet, news)), terms.lifetime);
    }

    #[test]
    fn a_receipt_is_for_who_asked() {
        assert!(!told(|_, _| {}, Owed::Delivered));
        assert!(told(|draft, _| draft.receipt = true, Owed::Delivered));
    }
}
