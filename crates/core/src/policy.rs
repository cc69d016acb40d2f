//! Who may speak to whom, and how much at once.

use crate::address::Party;
use crate::envelope::Draft;
use crate::fault::{Fault, FaultKind};
use jid::BareJid;

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

// ---------------------------------------------------------------------------------------------------------------------

impl Policy {
    /// Whether the gateway takes `draft`; the fault says why not.
    pub fn admit(&self, draft: &Draft) -> Result<(), Fault> {
        let home = match (&draft.from, &draft.to) {
            (Party::Home(user), Party::Foreign(_)) | (Party::Foreign(_), Party::Home(user)) => user,
            _ => return Err(Fault::of(FaultKind::NotAllowed)),
        };
        self.admit_user(home)?;
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
        let named = |rules: &[String]| {
            rules
                .iter()
                .any(|rule| rule == user.as_str() || rule == user.domain().as_str())
        };
        let denied = named(&self.deny) && !self.allow.iter().any(|rule| rule == user.as_str());
        match named(&self.allow) && !denied {
            true => Ok(()),
            false => Err(Fault::of(FaultKind::NotAllowed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(user: &str, may: bool) {
        let policy = Policy {
            allow: vec!["example.org".into(), "nurse@example.net".into()],
            deny: vec!["tybalt@example.org".into(), "example.net".into()],
            longest_text: 100,
        };
        assert_eq!(policy.admit_user(&BareJid::new(user).unwrap()).is_ok(), may, "{user}");
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
