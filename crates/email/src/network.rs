//! The mail network as the engine sees it.

use crate::address::{MailDomain, canonical, domain_of, written};
use crate::config::EmailConfig;
use crate::courier::Route;
use crate::desk::Desk;
use crate::luggage::Hold;
use crate::read::Room;
use crate::smtp::pool::Pool;
use crate::threads::{Pair, Threads};
use crate::token::BounceKeys;
use crate::{card, check, threads, watch};
use causeway_core::address::{ForeignId, NetworkId};
use causeway_core::capability::{Capabilities, Reactions};
use causeway_core::card::Card;
use causeway_core::fault::Fault;
use causeway_core::language::Words;
use causeway_core::network::{Courier, Files, Finding, House, Memory, Network, Outcome, Parcel, Pending, Profile};
use jid::BareJid;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Mail as a network beyond the gateway.
pub struct Email {
    pub(crate) profile: Profile,
    pub(crate) config: EmailConfig,
    pub(crate) desk: Arc<Desk>,
    pub(crate) threads: Arc<Threads>,
    pub(crate) route: Route,
    pub(crate) pool: Pool,
    pub(crate) files: Files,
    pub(crate) hold: Hold,
    /// Whether the LMTP door of this very process is open.
    pub(crate) open: AtomicBool,
    /// Whether the last try found no way into the smarthost.
    pub(crate) stuck: AtomicBool,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Email {
    /// Builds the network from its config section. `bounce_secret` signs return paths and must stay the same over
    /// restarts; `memory` is this network's part of the ledger, `files` the way of files. The error is a sentence about the
    /// config.
    pub fn new(
        config: EmailConfig,
        bounce_secret: Vec<u8>,
        memory: Arc<dyn Memory>,
        files: Files,
    ) -> Result<Arc<Self>, String> {
        config.check()?;
        let id = NetworkId::new("email").ok_or("the network has no name")?;
        let rest = Duration::from_secs(config.new_thread_after_hours.saturating_mul(3600));
        let threads = Arc::new(Threads::new(memory.clone(), rest));
        let desk = Arc::new(Desk {
            network: id.clone(),
            domain: MailDomain {
                domain: config.mail_domain(),
                home: config.home_domain.to_lowercase(),
            },
            keys: BounceKeys::new(vec![bounce_secret]),
            limits: config.limits(),
            room: Room {
                largest: files.largest,
                most: files.most,
            },
            trusted_hosts: config.trusted_hosts.clone(),
            authserv_ids: config.authserv_ids.clone(),
            memory,
            threads: threads.clone(),
        });
        Ok(Arc::new(Self {
            route: Route::new(&config)?,
            pool: Pool::new(config.ehlo_name(), config.deadlines, config.per_destination),
            profile: profile(id, &config),
            hold: Hold::new(files.largest),
            files,
            config,
            desk,
            threads,
            open: AtomicBool::new(false),
            stuck: AtomicBool::new(false),
        }))
    }
}

impl Courier for Email {
    fn deliver<'a>(&'a self, parcel: &'a Parcel) -> Pending<'a, Outcome> {
        Box::pin(self.carry(parcel))
    }

    fn capabilities(&self) -> &Capabilities {
        &self.profile.capabilities
    }
}

impl Network for Email {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn contact(&self, text: &str) -> Result<ForeignId, Fault> {
        canonical(text)
    }

    fn written(&self, id: &ForeignId) -> String {
        written(id)
    }

    fn destination(&self, id: &ForeignId) -> String {
        match &self.route {
            Route::Smarthost(target) => target.name.clone(),
            Route::Direct(_) => domain_of(id).to_owned(),
        }
    }

    fn about(&self, user: &BareJid) -> Vec<String> {
        vec![threads::of(user), card::of(user)]
    }

    fn trouble(&self) -> Option<Words> {
        self.stuck.load(Ordering::Relaxed).then(|| {
            Words::new(
                "Mail cannot leave at the moment; what you write waits",
                "Post kommt gerade nicht hinaus; was du schreibst, wartet",
            )
        })
    }

    fn card(&self, user: &BareJid, contact: &ForeignId) -> Card {
        card::card(&self.threads, self.desk.memory.as_ref(), Pair { user, contact })
    }

    fn watch(self: Arc<Self>, house: House) -> Pending<'static, ()> {
        Box::pin(watch::watch(self, house))
    }

    fn check(&self) -> Pending<'_, Vec<Finding>> {
        Box::pin(check::check(self))
    }
}

fn profile(id: NetworkId, config: &EmailConfig) -> Profile {
    Profile {
        id,
        gateway_type: "smtp",
        title: Words::new("Email", "E-Mail"),
        address_prompt: Words::new(
            "An email address, for example juliet@example.com",
            "Eine E-Mail-Adresse, zum Beispiel juliet@example.com",
        ),
        address_field: Some("email"),
        capabilities: Capabilities {
            reactions: Reactions::Marked,
            longest_text: config.longest_text,
            ..Capabilities::WORDS
        },
        per_destination: config.per_destination,
    }
}
