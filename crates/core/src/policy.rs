//! Who may speak to whom, and how much at once.

use crate::address::{Contact, Party};
use crate::envelope::Draft;
use crate::fault::{Fault, FaultKind};
use jid::BareJid;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The admin's rules; from the config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Domains and bare JIDs at home that may use the gateway.
    pub allow: Vec<String>,
    /// Domains and bare JIDs at home that may not, although a line of `allow` names their domain.
    pub deny: Vec<String>,
    /// The longest text in bytes.
    pub longest_text: usize,
}

/// What admins ordered at run time: it stands above what the config says of the same address or domain, and what is said
/// of an address above what is said of its domain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules(BTreeMap<String, Ruling>);

/// One order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ruling {
    /// May, although something says otherwise.
    Allow,
    /// May not.
    Block,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Policy {
    /// Whether the gateway takes `draft`; the fault says why not.
    pub fn admit(&self, draft: &Draft) -> Result<(), Fault> {
        self.admit_under(&Rules::default(), draft)
    }

    /// The same under an admin's orders.
    pub fn admit_under(&self, rules: &Rules, draft: &Draft) -> Result<(), Fault> {
        let home = match (&draft.from, &draft.to) {
            (Party::Home(user), Party::Foreign(_)) | (Party::Foreign(_), Party::Home(user)) => user,
            _ => return Err(Fault::of(FaultKind::NotAllowed)),
        };
        self.admit_user_under(rules, home)?;
        let contact = draft.from.contact().or(draft.to.contact());
        contact.map_or(Ok(()), |contact| rules.admit_contact(contact))?;
        match draft.payload.text() {
            Some(text) if text.body.as_str().len() > self.longest_text => {
                let length = text.body.as_str().len();
                Err(Fault::of(FaultKind::TooLong).saying(&format!("{length} > {} bytes", self.longest_text)))
            }
            _ => Ok(()),
        }
    }

    /// Whether this user may use the gateway at all.
    pub fn admit_user(&self, user: &BareJid) -> Result<(), Fault> {
        self.admit_user_under(&Rules::default(), user)
    }

    /// The same under an admin's orders.
    pub fn admit_user_under(&self, rules: &Rules, user: &BareJid) -> Result<(), Fault> {
        let nearest = [user.as_str(), user.domain().as_str()]
            .into_iter()
            .find_map(|name| rules.of(name).or_else(|| self.configured(name)));
        match nearest {
            Some(Ruling::Allow) => Ok(()),
            Some(Ruling::Block) | None => Err(Fault::of(FaultKind::NotAllowed)),
        }
    }

    /// What the config says of an address, or of a domain. Who allows an address means it, who allows a domain may have
    /// denied it for a while.
    fn configured(&self, name: &str) -> Option<Ruling> {
        let is_in = |rules: &[String]| rules.iter().any(|rule| rule == name);
        let is_domain = !name.contains('@');
        match (is_in(&self.allow), is_in(&self.deny)) {
            (true, denied) if !(is_domain && denied) => Some(Ruling::Allow),
            (_, true) => Some(Ruling::Block),
            (_, false) => None,
        }
    }
}

impl Rules {
    /// What was ordered for an address or a domain, as it is written in lower case.
    pub fn of(&self, name: &str) -> Option<Ruling> {
        self.0.get(name).copied()
    }

    /// Orders something, or takes an order back.
    pub fn set(&mut self, name: String, ruling: Option<Ruling>) {
        match ruling {
            Some(ruling) => self.0.insert(name, ruling),
            None => self.0.remove(&name),
        };
    }

    /// All orders, by name.
    pub fn all(&self) -> impl Iterator<Item = (&str, Ruling)> {
        self.0.iter().map(|(name, ruling)| (name.as_str(), *ruling))
    }

    /// Whether this contact may be written to, and may write.
    pub fn admit_contact(&self, contact: &Contact) -> Result<(), Fault> {
        if self.0.is_empty() {
            return Ok(());
        }
        let id = contact.id.as_str().to_lowercase();
        let domain = id.rsplit_once('@').map(|(_, domain)| domain);
        let nearest = self.of(&id).or_else(|| self.of(domain?));
        match nearest {
            Some(Ruling::Block) => {
                Err(Fault::of(FaultKind::Refused).saying("the admin of the gateway has blocked this address"))
            }
            Some(Ruling::Allow) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{ForeignId, NetworkId, Scope};
    use crate::message::{Payload, Text};
    use crate::text::Body;

    fn check(user: &str, may: bool) {
        let policy = Policy {
            allow: vec!["example.org".into(), "nurse@example.net".into()],
            deny: vec!["tybalt@example.org".into(), "example.net".into()],
            longest_text: 100,
        };
        assert_eq!(policy.admit_user(&BareJid::new(user).unwrap()).is_ok(), may, "{user}");
    }

    fn under(orders: &[(&str, Ruling)]) -> Rules {
        let mut rules = Rules::default();
        orders
            .iter()
            .for_each(|(name, ruling)| rules.set((*name).to_owned(), Some(*ruling)));
        rules
    }

    fn check_under(orders: &[(&str, Ruling)], user: &str, may: bool) {
        let policy = Policy {
            allow: vec!["example.org".into(), "nurse@example.net".into()],
            deny: vec!["tybalt@example.org".into()],
            longest_text: 100,
        };
        let user = BareJid::new(user).unwrap();
        assert_eq!(policy.admit_user_under(&under(orders), &user).is_ok(), may, "{user}");
    }

    #[test]
    fn a_text_that_is_too_long_is_refused_in_the_gateways_own_name() {
        let policy = Policy {
            allow: vec!["example.org".into()],
            deny: Vec::new(),
            longest_text: 10,
        };
        let romeo = Party::Home(BareJid::new("romeo@example.org").unwrap());
        let juliet = Party::Foreign(Contact {
            network: NetworkId::new("pigeon").unwrap(),
            scope: Scope::Gateway,
            id: ForeignId::new("juliet").unwrap(),
        });
        let body = Body::clean("O Romeo, Romeo").unwrap();
        let words = Payload::Text(Text::plain(body));
        for (from, to) in [(&romeo, &juliet), (&juliet, &romeo)] {
            let fault = policy
                .admit(&Draft::new(from.clone(), to.clone(), words.clone()))
                .unwrap_err();
            assert_eq!(
                fault.to_string(),
                "The text is longer than this gateway takes: 14 > 10 bytes"
            );
        }
    }

    #[test]
    fn an_order_stands_above_the_config() {
        use Ruling::{Allow, Block};
        check_under(&[("romeo@example.org", Block)], "romeo@example.org", false);
        check_under(&[("romeo@example.org", Block)], "juliet@example.org", true);
        check_under(&[("tybalt@example.org", Allow)], "tybalt@example.org", true);
        check_under(&[("mantua.example", Allow)], "romeo@mantua.example", true);
        check_under(&[("example.org", Block)], "romeo@example.org", false);
        check_under(&[("example.net", Block)], "nurse@example.net", true);
        check_under(
            &[("example.org", Block), ("romeo@example.org", Allow)],
            "romeo@example.org",
            true,
        );
    }

    #[test]
    fn a_blocked_address_is_blocked_however_it_is_spelled() {
        let admits = |orders: &[(&str, Ruling)], id: &str| {
            let contact = Contact {
                network: NetworkId::new("pigeon").unwrap(),
                scope: Scope::Gateway,
                id: ForeignId::new(id).unwrap(),
            };
            under(orders).admit_contact(&contact).is_ok()
        };
        assert!(!admits(
            &[("paris@verona.example", Ruling::Block)],
            "Paris@Verona.example"
        ));
        assert!(!admits(&[("verona.example", Ruling::Block)], "anybody@verona.example"));
        assert!(admits(&[("verona.example", Ruling::Block)], "anybody@mantua.example"));
        assert!(admits(
            &[
                ("verona.example", Ruling::Block),
                ("friar@verona.example", Ruling::Allow)
            ],
            "friar@verona.example"
        ));
        assert!(admits(&[], "anybody"));
    }

    #[test]
    fn the_nearer_rule_wins() {
        check("romeo@example.org", true);
        check("tybalt@example.org", false);
        check("nurse@example.net", true);
        check("peter@example.net", false);
        check("mallory@evil.example", false);
    }
}
