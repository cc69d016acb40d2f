//! Remembers: typed rows over a small byte-store trait.
