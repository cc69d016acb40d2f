//! Mail: SMTP out, IMAP and LMTP in, MIME, DSN.
pub mod address;
pub mod dsn;
pub mod guard;
pub mod hops;
pub mod quote;
pub mod read;
pub mod token;
pub mod verdict;
pub mod write;
