//! A name server on loopback that knows the mail exchangers of the tests.

use crate::patience::{SOON, until};
use crate::servers::dovecot::MAIL_DOMAIN;
use crate::servers::ground::Ground;
use crate::servers::ports;
use crate::servers::process::Process;
use anyhow::Result;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

/// A dnsmasq that answers for these names and says NXDOMAIN to all others:
///
/// * `mail.test`: two exchangers; nobody listens at the preferred one (127.0.0.2), the second is 127.0.0.1
/// * `bounce.test`, `slow.test`: the exchanger at 127.0.0.1
/// * `nomail.test`: a null MX (RFC 7505)
/// * `tarpit.test`, `later.test`: no exchanger, only an address (RFC 5321 section 5.1), for the [`Sink`] of one scenario
///
/// [`Sink`]: crate::cast::sink::Sink
pub struct Dnsmasq {
    /// DNS over UDP and TCP.
    pub port: u16,
    _process: Process,
}

/// `nomail.test IN MX 0 .` as a type number and the record in hexadecimal, which dnsmasq has no option for.
const NULL_MX: &str = "--dns-rr=nomail.test,15,000000";

/// The address of `tarpit.test`.
pub const TARPIT: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// The address of `later.test`.
pub const LATER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 4);

/// A query for the MX records of `mail.test` (RFC 1035 section 4.1).
const QUESTION: &[u8] = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04mail\x04test\x00\x00\x0f\x00\x01";

// ---------------------------------------------------------------------------------------------------------------------

impl Dnsmasq {
    /// Starts one.
    pub fn launch(ground: &Arc<Ground>) -> Result<Self> {
        let dir = ground.dir("dnsmasq")?;
        let port = ports::free()?;
        let mut words: Vec<String> = [
            "dnsmasq",
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--no-resolv",
        ]
        .map(str::to_owned)
        .to_vec();
        words.extend(
            [
                "--no-hosts",
                "--bind-interfaces",
                "--listen-address=127.0.0.1",
                "--log-facility=-",
            ]
            .map(str::to_owned),
        );
        words.extend(["--local=/test/", "--pid-file=", "--user=nobody", NULL_MX].map(str::to_owned));
        words.push(format!("--port={port}"));
        words.push(format!("--mx-host={MAIL_DOMAIN},dead.{MAIL_DOMAIN},5"));
        for domain in [MAIL_DOMAIN, "bounce.test", "slow.test"] {
            words.push(format!("--mx-host={domain},mx.{MAIL_DOMAIN},10"));
        }
        words.push(format!("--host-record=dead.{MAIL_DOMAIN},127.0.0.2"));
        words.push(format!("--host-record=mx.{MAIL_DOMAIN},127.0.0.1"));
        for (domain, address) in [("tarpit.test", TARPIT), ("later.test", LATER)] {
            words.push(format!("--host-record={domain},{address}"));
        }
        let process = Process::start(ground, "dnsmasq", &dir.join("out.log"), &words, &[])?;
        until("an answer of dnsmasq", SOON, || Ok(answers(port).then_some(())))?;
        Ok(Self {
            port,
            _process: process,
        })
    }
}

fn answers(port: u16) -> bool {
    let asked = || -> std::io::Result<usize> {
        let socket = UdpSocket::bind(ports::at(0))?;
        socket.set_read_timeout(Some(Duration::from_millis(300)))?;
        socket.send_to(QUESTION, ports::at(port))?;
        socket.recv(&mut [0; 512])
    };
    asked().is_ok_and(|length| length > QUESTION.len())
}
