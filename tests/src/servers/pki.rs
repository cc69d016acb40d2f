//! A certificate authority of the tests' own, and one certificate for every name on loopback.

use crate::servers::ground::{Ground, run};
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Files of a certificate authority and of one server certificate, all in PEM and readable for everybody.
#[derive(Debug, Clone)]
pub struct Pki {
    /// The authority's certificate, for whoever wants to check.
    pub ca: PathBuf,
    /// The server's certificate.
    pub certificate: PathBuf,
    /// The server's key.
    pub key: PathBuf,
    /// Certificate and key in one file.
    pub bundle: PathBuf,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Pki {
    /// Makes an authority and a certificate for `names`, their subdomains and 127.0.0.1.
    pub fn new(ground: &Ground, names: &[&str]) -> Result<Self> {
        let dir = ground.dir("pki")?;
        let at = |name: &str| dir.join(name);
        let dns: String = names.iter().map(|name| format!("DNS:{name},DNS:*.{name},")).collect();
        let extensions = format!(
            "subjectAltName={dns}DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n\
             keyUsage=digitalSignature\n"
        );
        ground.write(&at("extensions"), &extensions)?;
        authority(&at("ca.key"), &at("ca.crt"))?;
        request(&at("server.key"), &at("server.csr"))?;
        run(Command::new("openssl")
            .args(["x509", "-req", "-days", "30", "-CAcreateserial", "-in"])
            .arg(at("server.csr"))
            .arg("-CA")
            .arg(at("ca.crt"))
            .arg("-CAkey")
            .arg(at("ca.key"))
            .arg("-extfile")
            .arg(at("extensions"))
            .arg("-out")
            .arg(at("server.crt")))?;
        let text = |name: &str| std::fs::read_to_string(at(name));
        let (certificate, key) = (text("server.crt")?, text("server.key")?);
        ground.write(&at("server.key"), &key)?;
        ground.write(&at("server.crt"), &certificate)?;
        ground.write(&at("bundle.pem"), &format!("{certificate}{key}"))?;
        Ok(Self {
            ca: at("ca.crt"),
            certificate: at("server.crt"),
            key: at("server.key"),
            bundle: at("bundle.pem"),
        })
    }
}

fn authority(key: &Path, certificate: &Path) -> Result<()> {
    run(new_key()
        .args(["-x509", "-days", "30", "-subj", "/CN=Causeway test authority"])
        .args(["-addext", "basicConstraints=critical,CA:TRUE"])
        .args(["-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout"])
        .arg(key)
        .arg("-out")
        .arg(certificate))
}

fn request(key: &Path, request: &Path) -> Result<()> {
    run(new_key()
        .args(["-subj", "/CN=localhost", "-keyout"])
        .arg(key)
        .arg("-out")
        .arg(request))
}

fn new_key() -> Command {
    let mut command = Command::new("openssl");
    command.args([
        "req",
        "-new",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]);
    command
}
