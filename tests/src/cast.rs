//! The people of the scenarios: they speak XMPP and mail with real servers, and start and stop the gateway.

pub mod component;
pub mod ferry;
pub mod gateway;
pub mod imap;
pub mod mail;
pub mod prompter;
pub mod scene;
pub mod sink;
pub mod smtp;
pub mod terminal;
pub mod traffic;
pub mod wall;
pub mod web;
pub mod xml;
pub mod xmpp;
