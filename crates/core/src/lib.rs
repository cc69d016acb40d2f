//! The words and the decisions of the gateway; no I/O.
//!
//! Nothing in this crate reads a clock, opens a file or knows a wire format: time is an argument, and what a
//! message looks like on a network is that network's business. Start reading at [`envelope`], then [`delivery`].

pub mod address;
pub mod capability;
pub mod card;
pub mod clock;
pub mod command;
pub mod delivery;
pub mod emoji;
pub mod envelope;
pub mod evidence;
pub mod fault;
pub mod file;
pub mod fit;
pub mod hop;
pub mod language;
pub mod limit;
pub mod message;
pub mod network;
pub mod policy;
pub mod promise;
pub mod registration;
pub mod retry;
pub mod text;
pub mod timeline;
