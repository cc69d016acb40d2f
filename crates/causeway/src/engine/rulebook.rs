//! What admins ordered at run time about who may pass; it outlives the process.

use causeway_core::envelope::Draft;
use causeway_core::fault::Fault;
use causeway_core::network::{Arrival, Row};
use causeway_core::policy::{Policy, Rules, Ruling};
use causeway_store::{Change, Ledger};
use std::sync::{PoisonError, RwLock};

/// The shelf of the orders: name to ruling.
const SHELF: &str = "rules";
/// How many rows are read at once.
const PAGE: usize = 500;

/// The orders that hold.
pub struct Rulebook(RwLock<Rules>);

// ---------------------------------------------------------------------------------------------------------------------

impl Rulebook {
    /// Reads the orders of `ledger`. One that cannot be read does not hold, and the log says so.
    pub fn read(ledger: &Ledger) -> Self {
        let (mut rules, mut after) = (Rules::default(), None);
        loop {
            let page = ledger.rows(SHELF, "", after.as_deref(), PAGE).unwrap_or_else(|e| {
                tracing::error!("the admins' orders could not be read: {e}");
                Vec::new()
            });
            after = page.last().map(|(name, _)| name.clone());
            for (name, row) in page {
                match serde_json::from_slice(&row) {
                    Ok(ruling) => rules.set(name, Some(ruling)),
                    Err(e) => tracing::error!("the order about {name} cannot be read: {e}"),
                }
            }
            if after.is_none() {
                return Self(RwLock::new(rules));
            }
        }
    }

    /// Whether `draft` may pass under the config and the orders.
    pub fn admit(&self, policy: &Policy, draft: &Draft) -> Result<(), Fault> {
        self.with(|rules| policy.admit_under(rules, draft))
    }

    /// Looks at the orders.
    pub fn with<T>(&self, look: impl FnOnce(&Rules) -> T) -> T {
        look(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What to write down for an order about an address or a domain in lower case; `None` takes one back. It holds from
    /// [`Rulebook::obey`] on.
    pub fn change(name: &str, ruling: Option<Ruling>) -> Change {
        let row = match ruling.and_then(|ruling| serde_json::to_vec(&ruling).ok()) {
            Some(value) => Row::put(name, value),
            None => Row::gone(name),
        };
        Change::Arrive {
            shelf: SHELF.to_owned(),
            arrival: Arrival::rows(vec![row]),
            ids: Vec::new(),
        }
    }

    /// An order holds, or holds no more.
    pub fn obey(&self, name: &str, ruling: Option<Ruling>) {
        let mut rules = self.0.write().unwrap_or_else(PoisonError::into_inner);
        rules.set(name.to_owned(), ruling);
    }
}
