//! SMTP out: one connection, one transaction on it, and the pool that keeps connections for the next one.

pub(crate) mod pool;
pub(crate) mod reply;
pub(crate) mod session;
pub(crate) mod transaction;
pub(crate) mod wire;

#[cfg(test)]
pub(crate) mod script;
