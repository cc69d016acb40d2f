//! Free ports on loopback.

use anyhow::{Context, Result};
use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

/// Below the ports that Linux gives to outgoing connections, which could take one between the choice and its use.
const LOWEST: u16 = 20_000;
const COUNT: u16 = 12_000;

// ---------------------------------------------------------------------------------------------------------------------

/// A port that nobody listens on and that this process never gave before.
pub fn free() -> Result<u16> {
    static NEXT: OnceLock<AtomicU16> = OnceLock::new();
    let next = NEXT.get_or_init(|| {
        let start = RandomState::new().hash_one(std::process::id()) % u64::from(COUNT);
        AtomicU16::new(u16::try_from(start).unwrap_or(0))
    });
    (0..COUNT)
        .map(|_| LOWEST + next.fetch_add(1, Ordering::Relaxed) % COUNT)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .context("no free port on loopback")
}

/// Whether somebody listens there.
pub fn is_open(port: u16) -> bool {
    TcpStream::connect_timeout(&at(port), Duration::from_millis(500)).is_ok()
}

/// The loopback address with this port.
pub fn at(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
