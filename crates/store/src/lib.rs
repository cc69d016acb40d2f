//! Remembers: typed rows over a small byte-store trait.
//!
//! Start reading at [`ledger`]; `docs/LEDGER.md` lists every key. Nothing here knows a network, reads a clock or makes
//! a random number, and nothing here waits but for the disk.

pub mod backend;
pub mod backup;
pub mod error;
mod keys;
pub mod ledger;
pub mod memory;
mod migrate;
pub mod repair;
mod row;
mod shelf;
pub mod sled;

#[cfg(test)]
mod conformance;

pub use backend::Backend;
pub use error::StoreError;
pub use ledger::count::Counts;
pub use ledger::{Change, Done, Ledger, Ready, Route, Scrubbed};
pub use memory::MemoryBackend;
pub use sled::SledBackend;
