//! `causeway init`: writes a bridge.toml, and the lines to paste into the XMPP server and the mail server.

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::ExitCode;

/// Write a bridge.toml and the lines to paste into the XMPP server.
#[derive(Debug, Args)]
pub struct Init {
    /// The XMPP domain whose users will use the gateway, for example example.org.
    #[arg(long)]
    home: String,
    /// The domain of the mail gateway, for example mail.example.org.
    #[arg(long)]
    domain: String,
    /// The XMPP server that the lines are for.
    #[arg(long, value_enum, default_value_t = Server::Prosody)]
    server: Server,
    /// The port on which the XMPP server takes the component.
    #[arg(long, default_value_t = 5347)]
    port: u16,
    /// The mail server that takes outgoing mail; without one, mail goes straight to the recipients' servers.
    #[arg(long)]
    smarthost: Option<String>,
    /// Where incoming mail is handed over by the local mail server (LMTP).
    #[arg(long, default_value = "127.0.0.1:2424")]
    lmtp: String,
    /// The store and the keys.
    #[arg(long, default_value = "/var/lib/causeway")]
    data_dir: PathBuf,
    /// The file to write; it must not exist.
    #[arg(short, long, default_value = "bridge.toml")]
    output: PathBuf,
}

/// The servers whose configuration is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Server {
    /// Prosody.
    Prosody,
    /// Ejabberd.
    Ejabberd,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Init {
    /// Writes the file and prints the lines.
    pub fn run(&self) -> ExitCode {
        match self.write() {
            Ok(lines) => {
                anstream::println!("{lines}");
                ExitCode::SUCCESS
            }
            Err(e) => {
                anstream::eprintln!("{e:#}");
                ExitCode::FAILURE
            }
        }
    }

    fn write(&self) -> anyhow::Result<String> {
        for name in [&self.home, &self.domain] {
            if jid::BareJid::new(name).map_or(true, |jid| jid.node().is_some()) {
                bail!("“{name}” is not a domain");
            }
        }
        if self.home == self.domain {
            bail!(
                "--domain is a name of its own, such as mail.{}: the users' domain belongs to the XMPP server",
                self.home
            );
        }
        if let Some(host) = self
            .smarthost
            .as_ref()
            .filter(|host| host.contains([':', '/']) && host.parse::<std::net::IpAddr>().is_err())
        {
            bail!("--smarthost is a host name, and “{host}” is more; a port goes into the file, below `host`");
        }
        let secret = fresh_secret()?;
        let config = self.config(&secret);
        crate::config::Config::parse(&config, &self.output)?;
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&self.output)
            .with_context(|| format!("{} cannot be written; init never overwrites", self.output.display()))?;
        file.write_all(config.as_bytes())?;
        Ok(format!(
            "{} is written.\n\n{}\n\n{}",
            self.output.display(),
            self.server_lines(&secret),
            self.mail_lines()
        ))
    }

    fn config(&self, secret: &str) -> String {
        let Self {
            home,
            domain,
            port,
            lmtp,
            ..
        } = self;
        let data_dir = toml::Value::String(self.data_dir.display().to_string());
        let send = match &self.smarthost {
            Some(host) => format!(
                "[email.send.smarthost]\nhost = {}\n# user = \"causeway\"\n# password = {{ file = \"/etc/causeway/smtp.secret\" }}\n",
                toml::Value::String(host.clone())
            ),
            None => "[email.send.direct]\n".to_owned(),
        };
        format!(
            "# Written by `causeway init`. Every key is explained in bridge.toml.example.\n\
             data_dir = {data_dir}\n\n\
             [xmpp]\nserver = \"127.0.0.1\"\nport = {port}\n\n\
             [component.email]\nsecret = \"{secret}\"\n\n\
             [email]\ndomain = \"{domain}\"\nhome_domain = \"{home}\"\n\n\
             {send}\n[email.lmtp]\nlisten = {}\n",
            toml::Value::String(lmtp.clone())
        )
    }

    fn server_lines(&self, secret: &str) -> String {
        let Self { home, domain, port, .. } = self;
        match self.server {
            Server::Prosody => format!(
                "Into /etc/prosody/prosody.cfg.lua, at the end:\n\n\
                 Component \"{domain}\"\n  component_secret = \"{secret}\"\n\n\
                 (component_ports must contain {port}; 5347 is the default.) Then restart Prosody; a reload does not start a new component.\n\
                 Without a restart: prosodyctl shell 'host:activate(\"{domain}\")'\n\n\
                 Not needed, but good: let the gateway put contacts into rosters. Install prosody-modules, write\n  \
                 modules_enabled = {{ \"privilege\" }}\n\
                 into the section above, and into that of VirtualHost \"{home}\" (beside what stands there already)\n  \
                 modules_enabled = {{ \"privilege\" }}\n  \
                 privileged_entities = {{ [\"{domain}\"] = {{ roster = \"both\", message = \"outgoing\" }} }}"
            ),
            Server::Ejabberd => format!(
                "Into /etc/ejabberd/ejabberd.yml, under `listen:` (a listener of its own for each component):\n\n  \
                 -\n    port: {port}\n    ip: \"127.0.0.1\"\n    module: ejabberd_service\n    access: all\n    hosts:\n      \
                 {domain}:\n        password: \"{secret}\"\n\n\
                 Not needed, but good: let the gateway put contacts into rosters of {home}. Add to the sections that are there:\n\n\
                 acl:\n  gateways:\n    server: {domain}\naccess_rules:\n  gateways:\n    allow: gateways\nmodules:\n  \
                 mod_privilege:\n    roster:\n      both: gateways\n    message:\n      outgoing: gateways\n\n\
                 Then: ejabberdctl reload_config"
            ),
        }
    }

    fn mail_lines(&self) -> String {
        let Self { domain, lmtp, .. } = self;
        format!(
            "Incoming mail: point the MX of {domain} at your mail server, and have it hand over by LMTP. For Postfix:\n\n  \
             main.cf:    relay_domains = {domain}\n              transport_maps = inline:{{ {domain}=lmtp:inet:{lmtp} }}\n\n\
             (Where these stand already, add to them.)\n\
             docs/ATTACHING.md has the same for Exim, and the way over a catch-all mailbox."
        )
    }
}

fn fresh_secret() -> anyhow::Result<String> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|e| anyhow::anyhow!("no random bits: {e}"))?;
    Ok(causeway_core::envelope::EnvelopeId::from_random(bits).to_string())
}
