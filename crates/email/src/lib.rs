//! Mail: SMTP out, IMAP and LMTP in, MIME, DSN.
pub mod address;
mod charset;
pub mod dsn;
pub mod fields;
pub mod guard;
pub mod hops;
pub mod mime;
pub mod quote;
pub mod read;
pub mod token;
pub mod verdict;
pub mod write;
