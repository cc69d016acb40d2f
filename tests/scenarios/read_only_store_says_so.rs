//! The data directory lies on a disk that cannot be written: the gateway does not start, and says which and why.

use anyhow::{Result, ensure};
use causeway_tests::cast::scene::Scene;
use causeway_tests::servers::xmpp::Kind;

/// Runs what follows where its first word, a directory, is read-only.
const READ_ONLY: &str = r#"mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@""#;

#[test]
fn story() -> Result<()> {
    let mut scene = Scene::open(Kind::Prosody)?;
    scene.gateway.terminate()?;
    let data = scene.gateway.data().display().to_string();
    let words = [
        "unshare",
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        READ_ONLY,
        &data,
    ];
    scene.gateway.run_behind(&words.map(str::to_owned), &[]);
    let said = scene.gateway.start_in_vain()?;
    ensure!(
        said.contains("Read-only file system") && said.contains(&data),
        "which and why: {said}"
    );

    scene.gateway.run_behind(&[], &[]);
    scene.start()
}
