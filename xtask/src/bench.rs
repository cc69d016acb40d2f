//! `cargo xtask bench`: how fast the gateway is on this machine, each path beside the same one without the gateway.

mod accept;
mod course;
mod floors;
mod gateway;
mod growth;
mod people;
mod relay;
mod rest;
mod sink;
mod standin;
mod stopwatch;
mod table;

use crate::apt;
use crate::cargo::{cargo, quietly, root};
use crate::stage_lights::Lights;
use anyhow::{Result, bail, ensure};
use causeway_tests::servers::ground::Ground;
use causeway_tests::servers::pki::Pki;
use causeway_tests::servers::xmpp::{Kind, XmppServer};
use floors::Floors;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use table::Table;

/// What the measurements need; postfix brings `smtp-sink`.
const PACKAGES: &[&str] = &["prosody", "lua-sec", "lua-event", "openssl", "postfix"];

/// What the person wants.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wishes {
    quick: bool,
    only: Option<String>,
}

/// How much is measured.
#[derive(Debug, Clone, Copy)]
struct Size {
    /// Messages in a burst through the XMPP server.
    burst: u32,
    /// Messages in a burst over the bare link.
    flood: u32,
    /// Messages one by one, for their latency.
    gentle: u32,
    /// Messages that wait in the large store.
    held: u32,
    /// Contacts in the large store.
    contacts: u32,
}

/// What every measurement uses.
struct Stage {
    size: Size,
    lights: Lights,
    xmpp: Arc<dyn XmppServer>,
    ground: Arc<Ground>,
}

/// One of the measurements.
type Part = fn(&Stage, &Floors, &mut Table) -> Result<()>;

const PARTS: &[(&str, Part)] = &[
    ("accept", accept::measure),
    ("out", relay::out),
    ("in", relay::back),
    ("rest", rest::at_rest),
    ("growth", growth::measure),
    ("large", rest::large),
];

// ---------------------------------------------------------------------------------------------------------------------

impl Wishes {
    /// Reads the command line.
    pub(crate) fn read(arguments: &[String]) -> Result<Self> {
        let mut wishes = Self::default();
        for argument in arguments {
            match argument.as_str() {
                "--quick" => wishes.quick = true,
                part if PARTS.iter().any(|(name, _)| *name == part) => wishes.only = Some(part.to_owned()),
                other => {
                    let parts: Vec<&str> = PARTS.iter().map(|(name, _)| *name).collect();
                    bail!(
                        "bench does not know {other}: only --quick, or one of {}",
                        parts.join(", ")
                    )
                }
            }
        }
        Ok(wishes)
    }

    fn size(&self) -> Size {
        match self.quick {
            true => Size {
                burst: 600,
                flood: 5_000,
                gentle: 100,
                held: 20_000,
                contacts: 2_000,
            },
            false => Size {
                burst: 3_000,
                flood: 50_000,
                gentle: 400,
                held: 1_000_000,
                contacts: 100_000,
            },
        }
    }

    fn wants(&self, part: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == part)
    }
}

/// All measurements. What measures must not be slower than what is measured, so this program builds itself for release
/// first.
pub(crate) fn bench(wishes: &Wishes, arguments: &[String]) -> Result<()> {
    let lights = Lights::new();
    if cfg!(debug_assertions) {
        apt::install(&apt::missing(PACKAGES))?;
        apt::ready_sudo()?;
        lights.step("building for release", build)?;
        let status = Command::new(root()?.join("target/release/xtask"))
            .arg("bench")
            .args(arguments)
            .status()?;
        ensure!(status.success(), "the measurements ended with {status}");
        return Ok(());
    }
    let stage = Stage::build(lights, wishes.size())?;
    let mut table = Table::default();
    let floors = floors::measure(&stage, &mut table)?;
    for (_, part) in PARTS.iter().filter(|(name, _)| wishes.wants(name)) {
        part(&stage, &floors, &mut table)?;
    }
    println!("\n{}\n\n{}", machine(), table.markdown());
    let Stage {
        lights, xmpp, ground, ..
    } = stage;
    lights.step("clearing up", || {
        drop(xmpp);
        drop(ground);
        Ok(())
    })
}

fn build() -> Result<()> {
    quietly(&mut cargo(&[
        "build",
        "--release",
        "--locked",
        "-p",
        "causeway",
        "-p",
        "xtask",
    ])?)?;
    let fill = [
        "build",
        "--release",
        "--locked",
        "-p",
        "causeway-store",
        "--example",
        "fill",
    ];
    quietly(&mut cargo(&fill)?)
}

/// Where and when the figures were taken, and how busy the machine was with other things too.
fn machine() -> String {
    let says = |program: &str, words: &[&str]| {
        let output = Command::new(program).args(words).output();
        output.map_or_else(
            |_| String::new(),
            |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        )
    };
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .unwrap_or("?");
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "{}: {} cores of {}, Linux {}, load {}",
        says("date", &["-u", "+%Y-%m-%d %H:%M UTC"]),
        says("nproc", &[]),
        cpu.trim_start_matches([' ', '\t', ':']),
        says("uname", &["-r"]),
        load.split_whitespace().take(3).collect::<Vec<_>>().join(" "),
    )
}

impl Stage {
    fn build(lights: Lights, size: Size) -> Result<Self> {
        let ground = Arc::new(Ground::new()?);
        let components = [gateway::DOMAIN, people::ECHO].map(str::to_owned);
        let xmpp = lights.step("starting Prosody", || {
            let pki = Pki::new(&ground, &[Kind::Prosody.domain()])?;
            Kind::Prosody.launch(&ground, &pki, "xmpp", &components)
        })?;
        Ok(Self {
            size,
            lights,
            xmpp,
            ground,
        })
    }
}

/// The time between two messages that are measured one by one.
const GENTLY: Duration = Duration::from_millis(20);

/// How long nothing may come before what is missing counts as lost.
const PATIENCE: Duration = Duration::from_secs(15);
