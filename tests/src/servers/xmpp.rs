//! What a scenario asks of an XMPP server, whichever it is.

use crate::servers::ejabberd::Ejabberd;
use crate::servers::ground::Ground;
use crate::servers::pki::Pki;
use crate::servers::prosody::Prosody;
use anyhow::Result;
use std::sync::Arc;

/// The secret of every component.
pub const COMPONENT_SECRET: &str = "two-households";

/// A second domain on every XMPP server, whose users no gateway is for.
pub const STRANGERS: &str = "strangers.test";

/// The XMPP servers that scenarios are played on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Prosody, users at `xmpp.test`.
    Prosody,
    /// ejabberd, users at `ejab.test`.
    Ejabberd,
}

/// Whether a server takes files (XEP-0363).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Uploads {
    /// From its users and from its components.
    #[default]
    FromAll,
    /// From its users only.
    FromUsers,
    /// It has no service for that.
    None,
}

/// What a server has besides the usual.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extras {
    /// Its components may act for its users (XEP-0356).
    pub privileged: bool,
    /// Its components may read what users sent them from the users' archives (XEP-0313), by a module of this project.
    pub archives: bool,
    /// Whether it takes files.
    pub uploads: Uploads,
}

/// An XMPP server on loopback. It starts running and may be stopped and started again; its data stays.
pub trait XmppServer: Send + Sync {
    /// The domain of its users.
    fn domain(&self) -> &'static str;

    /// The port for clients, plain text and STARTTLS.
    fn client_port(&self) -> u16;

    /// The port that this component logs in at (XEP-0114).
    fn component_port(&self, component: &str) -> Result<u16>;

    /// The port of its upload service, plain HTTP.
    fn http_port(&self) -> u16;

    /// Makes a user at `domain`, which is the server's own or [`STRANGERS`].
    fn user(&self, name: &str, domain: &str, password: &str) -> Result<()>;

    /// Starts it and waits until it listens; nothing happens when it runs.
    fn start(&self) -> Result<()>;

    /// Stops it in order.
    fn stop(&self) -> Result<()>;

    /// Ends it without warning.
    fn kill9(&self);
}

// ---------------------------------------------------------------------------------------------------------------------

impl Kind {
    /// The domain of the users of such a server.
    pub fn domain(self) -> &'static str {
        match self {
            Self::Prosody => "xmpp.test",
            Self::Ejabberd => "ejab.test",
        }
    }

    /// Starts such a server, with these components declared. `place` names its directory.
    pub fn launch(
        self,
        ground: &Arc<Ground>,
        pki: &Pki,
        place: &str,
        components: &[String],
    ) -> Result<Arc<dyn XmppServer>> {
        self.launch_with(ground, pki, place, components, Extras::default())
    }

    /// The same with extras.
    pub fn launch_with(
        self,
        ground: &Arc<Ground>,
        pki: &Pki,
        place: &str,
        components: &[String],
        extras: Extras,
    ) -> Result<Arc<dyn XmppServer>> {
        Ok(match self {
            Self::Prosody => Arc::new(Prosody::launch(ground, pki, place, components, extras)?),
            Self::Ejabberd => Arc::new(Ejabberd::launch(ground, pki, place, components, extras)?),
        })
    }
}
