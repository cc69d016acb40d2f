//! ejabberd on loopback, as an Erlang node without distribution: no epmd and no control script.

use crate::servers::ground::{Ground, run};
use crate::servers::pki::Pki;
use crate::servers::ports;
use crate::servers::process::Process;
use crate::servers::xmpp::{COMPONENT_SECRET, Extras, Kind, STRANGERS, Uploads, XmppServer};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

/// What a privileged component may do, as docs/ATTACHING.md has it. It takes access rules: the name of an ACL would grant
/// nothing without a word.
const GRANTED: &str = "  mod_privilege:
    roster: {both: gateways}
    message: {outgoing: gateways}
";

/// The module that this project has for ejabberd.
const ARCHIVE_MODULE: &str = include_str!("../../../contrib/ejabberd/mod_component_archive.erl");

/// An ejabberd with users at `ejab.test`.
pub struct Ejabberd {
    ground: Arc<Ground>,
    dir: PathBuf,
    components: Vec<(String, u16)>,
    extras: Extras,
    client_port: u16,
    http_port: u16,
    process: Mutex<Option<Process>>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Ejabberd {
    /// Starts one that these components may log in to. Each has a listener of its own: on a shared one the first to log
    /// in would get the stanzas of all.
    pub fn launch(ground: &Arc<Ground>, pki: &Pki, place: &str, components: &[String], extras: Extras) -> Result<Self> {
        let dir = ground.dir(place)?;
        ground.dir(&format!("{place}/spool"))?;
        ground.dir(&format!("{place}/upload"))?;
        ground.dir(&format!("{place}/modules"))?;
        let listeners = components.iter().map(|name| Ok((name.clone(), ports::free()?)));
        let ejabberd = Self {
            ground: Arc::clone(ground),
            components: listeners.collect::<Result<_>>()?,
            extras,
            client_port: ports::free()?,
            http_port: ports::free()?,
            process: Mutex::new(None),
            dir,
        };
        ground.write(&ejabberd.dir.join("ejabberd.yml"), &ejabberd.text(pki))?;
        if extras.archives {
            ejabberd.compile_module()?;
        }
        ground.give(&ejabberd.dir, "ejabberd")?;
        ejabberd.start()?;
        Ok(ejabberd)
    }

    fn modules(&self) -> PathBuf {
        self.dir.join("modules")
    }

    /// Compiles the module that this project has for ejabberd.
    fn compile_module(&self) -> Result<()> {
        let source = self.modules().join("mod_component_archive.erl");
        self.ground.write(&source, ARCHIVE_MODULE)?;
        let mut compiler = Command::new("erlc");
        compiler.arg("-I").arg(declarations()?).arg("-o").arg(self.modules());
        // ejabberd's own modules say what a module must have; erlc only warns where they are not found.
        run(compiler.arg(&source))
    }

    fn text(&self, pki: &Pki) -> String {
        let Self {
            client_port,
            http_port,
            dir,
            ..
        } = self;
        let (dir, domain) = (dir.display(), Kind::Ejabberd.domain());
        let listeners: String = self
            .components
            .iter()
            .map(|(name, port)| listener(name, *port))
            .collect();
        let names: Vec<String> = self.components.iter().map(|(name, _)| format!("{name:?}")).collect();
        let names = names.join(", ");
        let privileges = match self.extras.privileged {
            true => GRANTED,
            false => "",
        };
        let uploaders = match self.extras.uploads {
            Uploads::FromAll => "{allow: local}, {allow: gateways}",
            Uploads::FromUsers | Uploads::None => "{allow: local}",
        };
        let uploads = match self.extras.uploads {
            Uploads::FromAll | Uploads::FromUsers => format!(
                "  mod_http_upload:\n    docroot: \"{dir}/upload\"\n    \
                 put_url: \"http://127.0.0.1:{http_port}/upload/@HOST@\"\n    access: upload\n    host: \"upload.@HOST@\"\n"
            ),
            Uploads::None => String::new(),
        };
        let archives = match self.extras.archives {
            true => format!("  mod_component_archive: {{components: [{names}]}}\n"),
            false => String::new(),
        };
        format!(
            r#"
hosts: ["{domain}", "{STRANGERS}"]
loglevel: info
log_rotate_count: 0
certfiles: [{bundle:?}]
ca_file: {ca:?}
acme: {{auto: false}}
s2s_access: none
sql_type: sqlite
sql_database: "{dir}/ejabberd.db"
default_db: sql
auth_method: [sql]
auth_password_format: scram
listen:
  - {{port: {client_port}, ip: "127.0.0.1", module: ejabberd_c2s, starttls: true, max_stanza_size: 262144, shaper: none, access: all}}
  - {{port: {http_port}, ip: "127.0.0.1", module: ejabberd_http, request_handlers: {{/api: mod_http_api, /upload: mod_http_upload}}}}
{listeners}
acl:
  local: {{user_regexp: ""}}
  loopback: {{ip: [127.0.0.0/8]}}
  gateways: {{server: [{names}]}}
access_rules:
  local: {{allow: local}}
  gateways: {{allow: gateways}}
  upload: [{uploaders}]
api_permissions:
  "loopback":
    from: [mod_http_api]
    who: {{access: [{{allow: loopback}}]}}
    what: ["register"]
shaper_rules: {{max_user_sessions: 50, max_user_offline_messages: 5000}}
modules:
  mod_adhoc: {{}}
  mod_blocking: {{}}
  mod_caps: {{}}
  mod_carboncopy: {{}}
  mod_client_state: {{}}
  mod_disco: {{}}
  mod_http_api: {{}}
{uploads}  mod_last: {{}}
  mod_mam: {{default: always, assume_mam_usage: true}}
  mod_offline: {{access_max_user_messages: max_user_offline_messages}}
  mod_ping: {{}}
  mod_privacy: {{}}
  mod_private: {{}}
  mod_pubsub: {{plugins: [flat, pep]}}
  mod_roster: {{versioning: true}}
  mod_stream_mgmt: {{resend_on_timeout: if_offline}}
  mod_time: {{}}
  mod_vcard: {{}}
  mod_version: {{}}
{privileges}{archives}"#,
            bundle = pki.bundle,
            ca = pki.ca,
        )
    }
}

/// Where the declarations of ejabberd's XMPP library lie; the folder's name holds its version.
fn declarations() -> Result<PathBuf> {
    fs::read_dir("/usr/lib/erlang/lib")?
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("p1_xmpp-"))
        .map(|entry| entry.path().join("include"))
        .next()
        .context("no p1_xmpp in Erlang's library: is ejabberd installed?")
}

fn listener(name: &str, port: u16) -> String {
    format!(
        r#"  - port: {port}
    ip: "127.0.0.1"
    module: ejabberd_service
    access: all
    check_from: true
    shaper: none
    hosts:
      {name}:
        password: "{COMPONENT_SECRET}"
"#
    )
}

/// The folder that Debian keeps ejabberd's own Erlang applications in; its name holds the machine's architecture.
fn libraries() -> Result<PathBuf> {
    let holds_ejabberd = |dir: &PathBuf| {
        fs::read_dir(dir).is_ok_and(|entries| {
            entries
                .flatten()
                .any(|entry| entry.file_name().to_string_lossy().starts_with("ejabberd-"))
        })
    };
    fs::read_dir("/usr/lib")?
        .flatten()
        .map(|entry| entry.path())
        .find(holds_ejabberd)
        .context("no ejabberd below /usr/lib: is the package installed?")
}

impl XmppServer for Ejabberd {
    fn domain(&self) -> &'static str {
        Kind::Ejabberd.domain()
    }

    fn client_port(&self) -> u16 {
        self.client_port
    }

    fn http_port(&self) -> u16 {
        self.http_port
    }

    fn component_port(&self, component: &str) -> Result<u16> {
        let found = self.components.iter().find(|(name, _)| name == component);
        let (_, port) = found.with_context(|| format!("ejabberd has no component {component}"))?;
        Ok(*port)
    }

    fn user(&self, name: &str, domain: &str, password: &str) -> Result<()> {
        let body = serde_json::json!({"user": name, "host": domain, "password": password}).to_string();
        let mut stream = TcpStream::connect(ports::at(self.http_port))?;
        write!(
            stream,
            "POST /api/register HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        ensure!(
            answer.starts_with("HTTP/1.1 200"),
            "ejabberd did not register {name}: {answer}"
        );
        Ok(())
    }

    fn start(&self) -> Result<()> {
        let mut slot = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.is_some() {
            return Ok(());
        }
        let dir = self.dir.display();
        let mut words = self.ground.as_user("ejabberd");
        let spool = format!("\"{dir}/spool\"");
        let modules = self.modules().display().to_string();
        let erl = [
            "erl", "-noinput", "+K", "true", "-pa", &modules, "-mnesia", "dir", &spool, "-s", "ejabberd",
        ];
        words.extend(erl.map(str::to_owned));
        let env = [
            ("EJABBERD_CONFIG_PATH", format!("{dir}/ejabberd.yml")),
            ("EJABBERD_LOG_PATH", format!("{dir}/ejabberd.log")),
            ("CONTRIB_MODULES_PATH", format!("{dir}/contrib")),
            ("ERL_CRASH_DUMP", format!("{dir}/crash.dump")),
            ("ERL_LIBS", libraries()?.display().to_string()),
            ("HOME", dir.to_string()),
        ];
        let mut process = Process::start(&self.ground, "ejabberd", &self.dir.join("out.log"), &words, &env)?;
        for port in [self.client_port, self.http_port] {
            process.wait_port(port)?;
        }
        for (_, port) in &self.components {
            process.wait_port(*port)?;
        }
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
