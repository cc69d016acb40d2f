//! How fast and how large the ledger is.
fn main() {}
