//! Questions about the ledger and orders to the queue, answered alike by a running gateway and from the store alone.

pub mod answer;
pub mod ask;
pub mod order;
pub mod socket;
