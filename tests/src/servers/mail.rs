//! A mail site: certificates, mailboxes and a mail server that belong together.

use crate::servers::dovecot::{Dovecot, MAIL_DOMAIN};
use crate::servers::ground::Ground;
use crate::servers::pki::Pki;
use crate::servers::postfix::{Postfix, Route};
use crate::servers::xmpp::Kind;
use anyhow::Result;
use std::sync::Arc;

/// Dovecot and Postfix, and the certificate that all servers of a stage share.
pub struct MailSite {
    /// Where everything lies.
    pub ground: Arc<Ground>,
    /// The certificates.
    pub pki: Pki,
    /// The mailboxes.
    pub dovecot: Dovecot,
    /// The mail server.
    pub postfix: Postfix,
}

// ---------------------------------------------------------------------------------------------------------------------

impl MailSite {
    /// Starts both servers; `routes` says where the mail of the gateways goes.
    pub fn launch(ground: &Arc<Ground>, routes: &[Route]) -> Result<Self> {
        let names = [MAIL_DOMAIN, Kind::Prosody.domain(), Kind::Ejabberd.domain()];
        let pki = Pki::new(ground, &names)?;
        let dovecot = Dovecot::launch(ground, &pki)?;
        let postfix = Postfix::launch(ground, &pki, &dovecot, routes)?;
        Ok(Self {
            ground: Arc::clone(ground),
            pki,
            dovecot,
            postfix,
        })
    }
}
