//! Debian packages that the demo and the tests need, and their installation without starting a service.

use anyhow::{Context, Result, ensure};
use causeway_tests::servers::ground::is_root;
use std::process::{Command, Stdio};

/// What the demo needs.
pub(crate) const DEMO: &[&str] = &[
    "prosody",
    "lua-sec",
    "lua-event",
    "postfix",
    "cpio",
    "dovecot-core",
    "dovecot-imapd",
    "dovecot-lmtpd",
    "openssl",
];

/// What ejabberd needs.
pub(crate) const EJABBERD: &[&str] = &["ejabberd", "erlang-p1-sqlite3"];

/// What the tests need besides: privileges on Prosody, a name server, the recorder of system calls, a clock that can be
/// turned, a collection of strange mails, and two clients with a terminal for one of them.
pub(crate) const TEST: &[&str] = &[
    "prosody-modules",
    "dnsmasq-base",
    "strace",
    "libfaketime",
    "libpython3.11-testsuite",
    "profanity",
    "python3-slixmpp",
    "tmux",
];

/// Where the collection of strange mails lies once it is installed.
pub(crate) const MAIL_CORPUS: &str = "/usr/lib/python3.11/test/test_email/data";

/// The packages start their services when they are installed, unless this guard says no; it goes as it came. A guard
/// that is there already belongs to somebody else and stays as it is.
const INSTALL: &str = r#"
set -e
guard=/usr/sbin/policy-rc.d
if [ ! -e "$guard" ]; then
  trap 'rm -f "$guard"' EXIT
  trap 'exit 130' HUP INT TERM
  printf '#!/bin/sh\nexit 101\n' >"$guard"
  chmod 755 "$guard"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -q -o DPkg::Lock::Timeout=300 update
apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "$@"
"#;

// ---------------------------------------------------------------------------------------------------------------------

/// Those of the packages that are not installed.
pub(crate) fn missing<'a>(packages: &[&'a str]) -> Vec<&'a str> {
    packages.iter().copied().filter(|name| !is_installed(name)).collect()
}

/// Installs packages, through sudo when not root; says so before, and shows what apt says.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    println!("installing with apt-get: {}", packages.join(" "));
    println!("no service is started, and no file of another package is changed");
    let status = root_shell()?
        .args(["-c", INSTALL, "sh"])
        .args(packages)
        .stdin(Stdio::null())
        .status()
        .context("sh")?;
    ensure!(status.success(), "apt-get could not install {}", packages.join(" "));
    let left = missing(packages);
    ensure!(left.is_empty(), "apt-get did not install {}", left.join(" "));
    Ok(())
}

/// A normal user is asked for his password once, here; the permission is kept fresh while this process lives, because
/// the servers are started and ended with it.
pub(crate) fn ready_sudo() -> Result<()> {
    if is_root()? {
        return Ok(());
    }
    let asked = Command::new("sudo").arg("-v").status();
    let good = asked
        .context("Postfix needs root: install sudo, or run this as root")?
        .success();
    ensure!(good, "sudo gave no permission, and Postfix needs root");
    std::thread::spawn(|| {
        loop {
            std::thread::sleep(std::time::Duration::from_secs(60));
            let _ = Command::new("sudo").args(["-n", "-v"]).stderr(Stdio::null()).status();
        }
    });
    Ok(())
}

fn root_shell() -> Result<Command> {
    Ok(match is_root()? {
        true => Command::new("sh"),
        false => {
            let mut command = Command::new("sudo");
            command.arg("sh");
            command
        }
    })
}

fn is_installed(name: &str) -> bool {
    let output = Command::new("dpkg-query")
        .args(["-W", "-f", "${db:Status-Status}", name])
        .stderr(Stdio::null())
        .output();
    output.is_ok_and(|output| output.stdout == b"installed")
}
