//! Opens the connection to the server's component listener, with or without TLS.

use super::wire::Bytes;
use crate::config::XmppConfig;
use causeway_core::network::Pending;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// Opens connections to one listener.
pub(crate) trait Dial: Send + Sync {
    /// Opens one.
    fn dial(&self) -> Pending<'_, io::Result<Box<dyn Bytes>>>;

    /// Whether its connections are encrypted.
    fn is_encrypted(&self) -> bool;
}

/// A listener on TCP.
pub(crate) struct Listener {
    host: String,
    port: u16,
    patience: Duration,
    tls: Option<Tls>,
}

struct Tls {
    name: String,
    ca_file: Option<PathBuf>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Listener {
    /// The listener that the config names, on `port` if a domain has its own.
    pub(crate) fn new(config: &XmppConfig, port: Option<u16>) -> Self {
        let host = config.server.trim_matches(['[', ']']).to_owned();
        Self {
            tls: config.tls.then(|| Tls {
                name: config.tls_name.clone().unwrap_or_else(|| host.clone()),
                ca_file: config.tls_ca_file.clone(),
            }),
            host,
            port: port.unwrap_or(config.port),
            patience: config.connect_patience(),
        }
    }

    async fn open(&self) -> io::Result<Box<dyn Bytes>> {
        let Some(tls) = &self.tls else {
            return Ok(Box::new(self.connect().await?));
        };
        let (connector, name) = (tls.connector()?, tls.server_name()?);
        Ok(Box::new(connector.connect(name, self.connect().await?).await?))
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let tcp = TcpStream::connect((self.host.as_str(), self.port)).await?;
        tcp.set_nodelay(true)?;
        Ok(tcp)
    }
}

impl Dial for Listener {
    fn dial(&self) -> Pending<'_, io::Result<Box<dyn Bytes>>> {
        Box::pin(async {
            timeout(self.patience, self.open())
                .await
                .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no connection in time"))?
        })
    }

    fn is_encrypted(&self) -> bool {
        self.tls.is_some()
    }
}

impl Tls {
    fn server_name(&self) -> io::Result<ServerName<'static>> {
        ServerName::try_from(self.name.clone()).map_err(io::Error::other)
    }

    /// Reads the authorities at every connection, so that a renewed file needs no restart.
    fn connector(&self) -> io::Result<TlsConnector> {
        let mut roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        if let Some(file) = &self.ca_file {
            add_authorities(&mut roots, file)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(TlsConnector::from(Arc::new(config)))
    }
}

fn add_authorities(roots: &mut RootCertStore, file: &Path) -> io::Result<()> {
    let unusable = |why: String| io::Error::new(io::ErrorKind::InvalidInput, format!("{}: {why}", file.display()));
    let mut found = 0;
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| unusable(error.to_string()))? {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
        found += 1;
    }
    match found {
        0 => Err(unusable("holds no certificate".into())),
        _ => Ok(()),
    }
}
