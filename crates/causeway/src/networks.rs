//! The one table of networks: what each is built from. A new network is one more line here.

use crate::config::Config;
use crate::web::Fetcher;
use anyhow::{Context, bail};
use causeway_core::envelope::{Envelope, EnvelopeId};
use causeway_core::network::{Files, Memory, Network};
use causeway_email::Email;
use causeway_xmpp::Domain;
use jid::BareJid;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// A network with the component that attaches it.
#[derive(Clone)]
pub struct Wired {
    /// The network.
    pub network: Arc<dyn Network>,
    /// What it remembers, once the ledger is open.
    pub memory: Arc<Later>,
    /// Its component domain.
    pub domain: String,
    /// The component's secret.
    pub secret: String,
    /// The component's own port.
    pub port: Option<u16>,
}

/// The memory of an adapter that is built before the ledger: empty until it is found.
#[derive(Default)]
pub struct Later(OnceLock<Arc<dyn Memory>>);

/// The gateway's own key, made at the first start: it proves that an address came from here.
pub struct Key(Vec<u8>);

// ---------------------------------------------------------------------------------------------------------------------

/// The way of files, the same for all.
pub fn files(config: &Config) -> anyhow::Result<Files> {
    let homes: Vec<String> = config
        .email
        .iter()
        .map(|email| email.section.home_domain.clone())
        .collect();
    let web = Fetcher::new(&config.files, &homes)
        .map_err(anyhow::Error::msg)
        .context("[files]")?;
    Ok(Files {
        web: Arc::new(web),
        largest: config.files.largest,
        most: config.files.most,
    })
}

/// All networks of the configuration.
pub fn wired(config: &Config, key: &Key, files: &Files) -> anyhow::Result<Vec<Wired>> {
    let mut all = Vec::new();
    if let Some(email) = &config.email {
        let memory = Arc::new(Later::default());
        let network = Email::new(email.section.clone(), key.0.clone(), memory.clone(), files.clone())
            .map_err(anyhow::Error::msg)
            .context("[email]")?;
        all.push(Wired {
            network,
            memory,
            domain: email.section.domain.clone(),
            secret: email.component.secret.reveal().to_owned(),
            port: email.component.port,
        });
    }
    Ok(all)
}

/// The component domains.
pub fn domains(wired: &[Wired]) -> anyhow::Result<Vec<Domain>> {
    wired
        .iter()
        .map(|wired| {
            Ok(Domain {
                jid: BareJid::new(&wired.domain).with_context(|| format!("the domain {}", wired.domain))?,
                secret: wired.secret.clone(),
                network: wired.network.clone(),
                port: wired.port,
            })
        })
        .collect()
}

impl Later {
    /// Gives the memory; a second one is ignored.
    pub fn found(&self, memory: Arc<dyn Memory>) {
        let _ = self.0.set(memory);
    }
}

impl Memory for Later {
    fn recall(&self, id: EnvelopeId) -> Option<Envelope> {
        self.0.get()?.recall(id)
    }

    fn file(&self, id: EnvelopeId, number: u16) -> Option<Arc<[u8]>> {
        self.0.get()?.file(id, number)
    }

    fn row(&self, key: &str) -> Option<Vec<u8>> {
        self.0.get()?.row(key)
    }

    fn rows(&self, prefix: &str, after: Option<&str>, limit: usize) -> Vec<(String, Vec<u8>)> {
        self.0
            .get()
            .map(|memory| memory.rows(prefix, after, limit))
            .unwrap_or_default()
    }
}

impl Key {
    /// Reads the key of a data directory; makes the directory and the key where they are missing.
    pub fn open(data_dir: &Path) -> anyhow::Result<Self> {
        let path = data_dir.join("gateway.key");
        let place = || format!("the gateway's key {}", path.display());
        match std::fs::read(&path) {
            Ok(key) if key.len() == 32 => Ok(Self(key)),
            Ok(_) => bail!(
                "{} is damaged: it must have 32 bytes. Bring it back from a backup, or remove it: then bounces of mails already sent are not recognised",
                place()
            ),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Self::make(data_dir, &path).with_context(place),
            Err(e) => Err(e).with_context(place),
        }
    }

    /// Written whole under another name first, so that a crash leaves no half of a key.
    fn make(data_dir: &Path, path: &Path) -> anyhow::Result<Self> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(data_dir)?;
        let mut key = vec![0; 32];
        getrandom::fill(&mut key).map_err(|e| anyhow::anyhow!("no random bits: {e}"))?;
        let draft = path.with_extension("new");
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)?;
        file.write_all(&key)?;
        file.sync_all()?;
        std::fs::rename(&draft, path)?;
        std::fs::File::open(data_dir)?.sync_all()?;
        Ok(Self(key))
    }
}
