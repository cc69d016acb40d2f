//! What the gateway would be allowed to do in the best of worlds, and what each missing privilege costs.

use super::{Grant, Right};
use causeway_core::network::Finding;
use std::collections::BTreeMap;

/// Something that the gateway does where it is allowed to.
struct Wish {
    rights: &'static [Right<'static>],
    /// Its name, as the servers' configurations have it.
    name: &'static str,
    /// What it costs if it is missing, as half a sentence.
    cost: &'static str,
}

/// Whoever uses another right adds a line here, in docs/ATTACHING.md, and in what `causeway init` prints.
const WISHES: [Wish; 2] = [
    Wish {
        rights: &[Right::ReadRoster, Right::WriteRoster],
        name: "roster",
        cost: "contacts cannot be put into rosters, people add them themselves",
    },
    Wish {
        rights: &[Right::Message],
        name: "message",
        cost: "what users say by other ways than XMPP does not show in their chats",
    },
];

// ---------------------------------------------------------------------------------------------------------------------

/// How a domain stands with the hosts that grant it something; with none, nobody does.
pub(crate) fn finding(domain: &str, hosts: &BTreeMap<String, Grant>) -> Finding {
    let what = format!("XMPP privileges of {domain}");
    let granted = |wish: &&Wish| {
        !hosts.is_empty()
            && hosts
                .values()
                .all(|grant| wish.rights.iter().all(|right| grant.allows(*right)))
    };
    let (given, missing): (Vec<&Wish>, Vec<&Wish>) = WISHES.iter().partition(granted);
    let names = |wishes: &[&Wish]| wishes.iter().map(|wish| wish.name).collect::<Vec<_>>().join(", ");
    let by = hosts.keys().cloned().collect::<Vec<_>>().join(", ");
    let given = match given.is_empty() {
        true => "none is granted".to_owned(),
        false => format!("{by} grants {}", names(&given)),
    };
    if missing.is_empty() {
        return Finding::good(what, given);
    }
    let costs: Vec<String> = missing
        .iter()
        .map(|wish| format!("without “{}”, {}", wish.name, wish.cost))
        .collect();
    Finding::warning(
        what,
        format!("{given}; {}", costs.join("; ")),
        "grant them as docs/ATTACHING.md shows, or do without",
    )
}
