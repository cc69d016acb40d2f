//! Launchers of real servers on free loopback ports, with a configuration of their own below one temporary directory.

pub mod disk;
pub mod dnsmasq;
pub mod dovecot;
pub mod ejabberd;
pub mod ground;
pub mod mail;
pub mod pki;
pub mod ports;
pub mod postfix;
pub mod process;
pub mod prosody;
pub mod xmpp;
