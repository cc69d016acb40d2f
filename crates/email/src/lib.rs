//! Mail: SMTP out, IMAP and LMTP in, MIME, DSN.

pub mod address;
mod card;
mod charset;
mod check;
pub mod config;
mod courier;
pub mod date;
mod desk;
pub mod dsn;
pub mod fields;
pub mod guard;
pub mod hops;
#[cfg(test)]
mod house;
mod imap;
mod lmtp;
mod luggage;
pub mod mime;
mod mx;
mod network;
mod proof;
pub mod quote;
pub mod read;
mod smtp;
mod threads;
mod tls;
pub mod token;
pub mod verdict;
mod watch;
pub mod write;

pub use network::Email;
