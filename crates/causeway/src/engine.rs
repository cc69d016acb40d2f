//! What happens between the sides: arrivals become rows, rows become deliveries, outcomes become rows.
//!
//! [`keeper`] is the only writer of the ledger, [`desk`] is how an adapter reaches it through the [`gate`], [`dispatch`] hands parcels out.

pub mod desk;
pub mod dispatch;
pub mod gate;
pub mod keeper;
mod room;
pub mod rulebook;
