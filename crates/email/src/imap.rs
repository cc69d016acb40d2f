//! The catch-all mailbox: watched by IDLE, read in order, and left tidy (RFC 9051).

pub(crate) mod bounce;
pub(crate) mod connection;
pub(crate) mod cursor;
pub(crate) mod intake;
pub(crate) mod look;
#[cfg(test)]
pub(crate) mod pretend;
pub(crate) mod recipients;
pub(crate) mod watcher;
