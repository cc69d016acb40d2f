//! Prosody on loopback.

use crate::servers::ground::{Ground, run};
use crate::servers::pki::Pki;
use crate::servers::ports;
use crate::servers::process::Process;
use crate::servers::xmpp::{COMPONENT_SECRET, Extras, Kind, STRANGERS, Uploads, XmppServer};
use anyhow::{Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

/// What a privileged component may do: what docs/ATTACHING.md asks for, and requests in users' names.
const GRANTED: &str = r#"
      roster = "both"; message = "outgoing";
      iq = {
        ["http://jabber.org/protocol/pubsub"] = "both"; ["http://jabber.org/protocol/pubsub#owner"] = "both";
        ["urn:xmpp:http:upload:0"] = "get"; ["urn:xmpp:blocking"] = "both";
      };
    "#;

/// The module that this project has for Prosody.
const ARCHIVE_MODULE: &str = include_str!("../../../contrib/prosody/mod_component_archive.lua");

/// A Prosody with users at `xmpp.test`.
pub struct Prosody {
    ground: Arc<Ground>,
    dir: PathBuf,
    components: Vec<String>,
    extras: Extras,
    client_port: u16,
    component_port: u16,
    http_port: u16,
    process: Mutex<Option<Process>>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Prosody {
    /// Starts one that these components may log in to.
    pub fn launch(ground: &Arc<Ground>, pki: &Pki, place: &str, components: &[String], extras: Extras) -> Result<Self> {
        let dir = ground.dir(place)?;
        ground.dir(&format!("{place}/data"))?;
        let prosody = Self {
            ground: Arc::clone(ground),
            components: components.to_vec(),
            extras,
            client_port: ports::free()?,
            component_port: ports::free()?,
            http_port: ports::free()?,
            process: Mutex::new(None),
            dir,
        };
        let modules = ground.dir(&format!("{place}/modules"))?;
        ground.write(&modules.join("mod_component_archive.lua"), ARCHIVE_MODULE)?;
        ground.write(&prosody.config(), &prosody.text(pki))?;
        ground.give(&prosody.dir, "prosody")?;
        prosody.start()?;
        Ok(prosody)
    }

    fn config(&self) -> PathBuf {
        self.dir.join("prosody.cfg.lua")
    }

    fn text(&self, pki: &Pki) -> String {
        let Self {
            client_port,
            component_port,
            http_port,
            dir,
            ..
        } = self;
        let (dir, domain) = (dir.display(), Kind::Prosody.domain());
        let components: String = self.components.iter().map(|name| self.component(name)).collect();
        let (privilege, privileges) = self.privileges();
        let uploads = self.uploads(domain);
        let items: String = self.components.iter().map(|name| format!("{{ {name:?} }}; ")).collect();
        format!(
            r#"
daemonize = false
pidfile = "{dir}/prosody.pid"
data_path = "{dir}/data"
plugin_paths = {{ "{dir}/modules" }}
certificates = "{dir}"
log = {{ info = "{dir}/prosody.log"; warn = "*console" }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {client_port} }}
c2s_direct_tls_ports = {{}}
s2s_ports = {{}}
s2s_direct_tls_ports = {{}}
http_ports = {{ {http_port} }}
http_interfaces = {{ "127.0.0.1" }}
https_ports = {{}}
component_ports = {{ {component_port} }}
component_interfaces = {{ "127.0.0.1" }}
modules_enabled = {{
  "roster"; "saslauth"; "tls"; "disco"; "blocklist"; "carbons"; "mam"; "smacks"; "csi_simple"; "pep"; "private";
  "bookmarks"; "vcard4"; "vcard_legacy"; "ping"; "time"; "version"; "uptime"; "offline"; {privilege}
}}
modules_disabled = {{ "s2s" }}
authentication = "internal_hashed"
storage = "internal"
default_archive_policy = true
archive_expires_after = "1w"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
ssl = {{ certificate = {certificate:?}; key = {key:?}; cafile = {ca:?} }}

VirtualHost "{domain}"
  disco_items = {{ {items}}}
{privileges}VirtualHost "{STRANGERS}"
{uploads}{components}"#,
            certificate = pki.certificate,
            key = pki.key,
            ca = pki.ca,
        )
    }

    /// The upload service. Where it names nobody, whoever is at home on this server may use it, components too.
    fn uploads(&self, domain: &str) -> String {
        let access = match self.extras.uploads {
            Uploads::FromAll => String::new(),
            Uploads::FromUsers => format!("  http_file_share_access = {{ {domain:?} }}\n"),
            Uploads::None => return String::new(),
        };
        format!(
            "Component \"upload.{domain}\" \"http_file_share\"\n  http_host = \"127.0.0.1\"\n  \
             http_external_url = \"http://127.0.0.1:{}/\"\n{access}",
            self.http_port
        )
    }

    fn component(&self, name: &str) -> String {
        // The module must be where the component logs in, too.
        let privilege = self.extras.privileged.then_some("\"privilege\"; ");
        let archive = self.extras.archives.then_some("\"component_archive\"; ");
        let modules: String = [privilege, archive].into_iter().flatten().collect();
        format!(
            "Component \"{name}\"\n  component_secret = \"{COMPONENT_SECRET}\"\n  modules_enabled = {{ {modules}}}\n"
        )
    }

    /// The module's name and what it grants to each component.
    fn privileges(&self) -> (&'static str, String) {
        if !self.extras.privileged {
            return ("", String::new());
        }
        let grant = |name: &String| format!("    [{name:?}] = {{ {GRANTED} }};\n");
        let grants: String = self.components.iter().map(grant).collect();
        ("\"privilege\";", format!("  privileged_entities = {{\n{grants}  }}\n"))
    }

    /// A command that runs as the server's own user.
    fn as_server(&self, program: &str) -> Vec<String> {
        let mut words = self.ground.as_user("prosody");
        words.extend([program.to_owned(), "--config".to_owned(), path(&self.config())]);
        words
    }
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

impl XmppServer for Prosody {
    fn domain(&self) -> &'static str {
        Kind::Prosody.domain()
    }

    fn client_port(&self) -> u16 {
        self.client_port
    }

    fn http_port(&self) -> u16 {
        self.http_port
    }

    fn component_port(&self, component: &str) -> Result<u16> {
        ensure!(
            self.components.iter().any(|name| name == component),
            "Prosody has no component {component}"
        );
        Ok(self.component_port)
    }

    fn user(&self, name: &str, domain: &str, password: &str) -> Result<()> {
        let words = self.as_server("prosodyctl");
        let (program, arguments) = words.split_first().ok_or_else(|| anyhow::anyhow!("no command"))?;
        run(Command::new(program)
            .args(arguments)
            .args(["register", name, domain, password]))
    }

    fn start(&self) -> Result<()> {
        let mut slot = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.is_some() {
            return Ok(());
        }
        let mut words = self.as_server("prosody");
        words.push("-F".to_owned());
        let mut process = Process::start(&self.ground, "prosody", &self.dir.join("out.log"), &words, &[])?;
        process.wait_port(self.client_port)?;
        process.wait_port(self.component_port)?;
        *slot = Some(process);
        Ok(())
    }

    fn stop(&self) -> Result<()> {
        let process = self.process.lock().unwrap_or_else(PoisonError::into_inner).take();
        process.map_or(Ok(()), Process::stop)
    }

    fn kill9(&self) {
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
