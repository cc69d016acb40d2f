//! What a change must pass: the checks that need no server, and the tests.

use crate::apt;
use crate::cargo::{cargo, quietly, root, show};
use anyhow::{Result, ensure};
use std::path::Path;
use std::process::Command;

/// Format, lints, documentation, house rules and licences.
pub(crate) fn check() -> Result<()> {
    show("format", &mut cargo(&["fmt", "--all", "--check"])?)?;
    let lints = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ];
    show("lints", &mut cargo(&lints)?)?;
    let mut doc = cargo(&[
        "doc",
        "--workspace",
        "--no-deps",
        "--document-private-items",
        "--locked",
    ])?;
    show("documentation", doc.env("RUSTDOCFLAGS", "-D warnings"))?;
    show(
        "house rules",
        &mut cargo(&[
            "test", "--locked", "-p", "xtask", "--test", "tidy", "--test", "features",
        ])?,
    )?;
    let mut deny = deny()?;
    show(
        "licences",
        deny.args(["--offline", "check", "licenses", "bans", "sources"]),
    )
}

/// Every test of the workspace. A server that is missing is installed; one that cannot be had fails its tests.
pub(crate) fn test(arguments: &[String]) -> Result<()> {
    let packages = [apt::DEMO, apt::EJABBERD, apt::TEST].concat();
    apt::install(&apt::missing(&packages))?;
    apt::ready_sudo()?;
    ensure!(
        Path::new(apt::MAIL_CORPUS).is_dir(),
        "{} is not there",
        apt::MAIL_CORPUS
    );
    show("the gateway", &mut cargo(&["build", "--locked", "-p", "causeway"])?)?;
    let mut tests = cargo(&["test", "--workspace", "--locked", "--no-fail-fast"])?;
    show(
        "tests",
        tests.args(arguments).env("CAUSEWAY_MAIL_CORPUS", apt::MAIL_CORPUS),
    )
}

/// cargo-deny from the path or, built once, from the target directory.
fn deny() -> Result<Command> {
    let mut installed = cargo(&["deny"])?;
    if quietly(cargo(&["deny", "--version"])?.env_remove("RUST_LOG")).is_ok() {
        return Ok(installed);
    }
    let tools = root()?.join("target/tools");
    let program = tools.join("bin/cargo-deny");
    if !program.is_file() {
        println!("\ncargo-deny is built once, into {}", tools.display());
        let mut install = cargo(&["install", "cargo-deny", "--locked", "--root"])?;
        show("cargo-deny", install.arg(&tools))?;
    }
    installed = Command::new(program);
    installed.current_dir(root()?);
    Ok(installed)
}
