//! One scenario's share of the servers: a gateway of its own with a domain of its own, and people of its own.

use crate::cast::ferry::Ferry;
use crate::cast::gateway::{Gateway, Receiving, Sending, Setup};
use crate::cast::imap::Mailbox;
use crate::cast::mail::Letter;
use crate::cast::prompter::Prompter;
use crate::cast::smtp::{Reply, SmtpClient};
use crate::cast::xmpp::XmppClient;
use crate::patience::{LATER, until};
use crate::servers::dnsmasq::Dnsmasq;
use crate::servers::dovecot::MAIL_DOMAIN;
use crate::servers::ground::Ground;
use crate::servers::mail::MailSite;
use crate::servers::ports;
use crate::servers::postfix::Route;
use crate::servers::xmpp::{Extras, Kind, STRANGERS, Uploads, XmppServer};
use anyhow::{Context, Result, anyhow, ensure};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// How many gateways with a door for LMTP the servers know.
const DOORS: usize = 160;

/// How many gateways with a catch-all mailbox they know.
const BOXES: usize = 8;

/// The password of every XMPP user.
pub const PASSWORD: &str = "balcony";

/// People in scenes talk faster than people.
pub const NO_LIMITS: &str = "[limits]
messages_per_minute = 0
messages_per_day = 0
megabytes_per_day = 0
incoming_per_hour = 0
incoming_megabytes_per_day = 0
";

/// Somebody who only looks whether the gateway is there.
const STAGEHAND: &str = "stagehand";

/// What a scenario wants besides the usual.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wishes {
    /// Mail comes in through a catch-all mailbox instead of LMTP.
    pub catch_all: bool,
    /// Mail goes straight to mail exchangers instead of the smarthost.
    pub direct: bool,
    /// An XMPP server of its own, which it may stop.
    pub own_server: bool,
    /// The port of the smarthost, where it is not Postfix's own.
    pub smarthost: Option<u16>,
    /// The components of the XMPP server, which is then the scene's own, may act for its users (XEP-0356).
    pub privileged: bool,
    /// They may read the archives of its users, as far as it is about messages to them.
    pub archives: bool,
    /// A ferry between the gateway and the XMPP server.
    pub ferry: bool,
    /// Whether the XMPP server, which is then the scene's own, takes files.
    pub uploads: Uploads,
    /// The gateway may not ask web servers on loopback.
    pub closed_web: bool,
    /// More lines of the config's section about files.
    pub files: &'static str,
    /// More lines of the config's section about the XMPP server.
    pub xmpp: &'static str,
    /// The waits between tries, where they are not seconds.
    pub retry: Option<&'static str>,
    /// More sections of the config, in place of those that lift the limits.
    pub more: Option<&'static str>,
}

/// The share itself. The gateway runs, and its people have accounts as soon as they are named.
pub struct Scene {
    /// The XMPP server.
    pub xmpp: Arc<dyn XmppServer>,
    /// The mail servers.
    pub mail: &'static MailSite,
    /// The gateway.
    pub gateway: Gateway,
    /// Between it and the XMPP server, where that was wished for.
    pub ferry: Option<Ferry>,
    /// The domain of the gateway's contacts and of its users' mail addresses.
    pub domain: String,
    /// Where the gateway listens for LMTP; `None` with a catch-all mailbox.
    pub lmtp_port: Option<u16>,
    /// The name of the gateway's catch-all mailbox; `None` with LMTP.
    pub catch_all: Option<String>,
    setup: Setup,
    number: usize,
}

/// A scene's number, its gateway's domain, and which way mail comes in.
type Place = (usize, String, Receiving);

/// What all scenes of one test binary share, started when first needed. The ground's watchman ends it with the process.
struct House {
    mail: MailSite,
    doors: Vec<u16>,
    prosody: OnceLock<Result<Arc<dyn XmppServer>, String>>,
    ejabberd: OnceLock<Result<Arc<dyn XmppServer>, String>>,
    names: OnceLock<Result<Dnsmasq, String>>,
    next_door: AtomicUsize,
    next_box: AtomicUsize,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Scene {
    /// The usual scene: submission out, LMTP in, the XMPP server shared with other scenarios.
    pub fn open(kind: Kind) -> Result<Self> {
        Self::with(kind, Wishes::default())
    }

    /// A scene with wishes.
    pub fn with(kind: Kind, wishes: Wishes) -> Result<Self> {
        let house = House::get()?;
        let (number, domain, receive) = house.place(kind, wishes)?;
        let xmpp = match wishes.own_server || wishes.privileged || wishes.archives || wishes.uploads != Uploads::FromAll
        {
            true => house.own_server(kind, &domain, wishes)?,
            false => house.shared_server(kind)?,
        };
        let mut scene = Self::around(kind, wishes, xmpp, (number, domain, receive))?;
        scene.start()?;
        Ok(scene)
    }

    /// A scene whose XMPP server is made up. Its gateway runs, and waits to be picked up there.
    pub fn made_up(prompter: &Prompter) -> Result<Self> {
        let (kind, wishes) = (Kind::Prosody, Wishes::default());
        let place = House::get()?.place(kind, wishes)?;
        let mut scene = Self::around(kind, wishes, prompter.facade(), place)?;
        scene.gateway.start()?;
        Ok(scene)
    }

    /// A scene at this XMPP server; its gateway was not started yet.
    fn around(kind: Kind, wishes: Wishes, xmpp: Arc<dyn XmppServer>, place: Place) -> Result<Self> {
        let house = House::get()?;
        let (number, domain, receive) = place;
        let send = match wishes.direct {
            true => Sending::Direct {
                resolver: house.names()?.port,
            },
            false => Sending::Smarthost {
                port: wishes.smarthost.unwrap_or(house.mail.postfix.submission_port),
            },
        };
        let (mut component_port, mut ferry) = (xmpp.component_port(&domain)?, None);
        if wishes.ferry {
            let here = ports::free()?;
            ferry = Some(Ferry::open(here, component_port)?);
            component_port = here;
        }
        let setup = Setup {
            domain: domain.clone(),
            home: kind.domain().to_owned(),
            component_port,
            send,
            receive: receive.clone(),
            retry: wishes.retry.unwrap_or(r#""1s", "2s", "3s""#),
            xmpp: wishes.xmpp,
            files: match wishes.closed_web {
                true => wishes.files.to_owned(),
                false => format!("allow_private = [\"127.0.0.1:{}\"]\n{}", xmpp.http_port(), wishes.files),
            },
            more: wishes.more.unwrap_or(NO_LIMITS),
        };
        Ok(Self {
            gateway: Gateway::new(&house.mail, &format!("gateway-{domain}"), &setup)?,
            lmtp_port: match &receive {
                Receiving::Lmtp { port } => Some(*port),
                Receiving::Imap { .. } => None,
            },
            catch_all: match receive {
                Receiving::Lmtp { .. } => None,
                Receiving::Imap { mailbox } => Some(mailbox),
            },
            mail: &house.mail,
            xmpp,
            ferry,
            domain,
            setup,
            number,
        })
    }

    /// A second gateway for the same component, with a data directory and a door for mail of its own; not started.
    pub fn rival(&self) -> Result<Gateway> {
        let setup = Setup {
            receive: Receiving::Lmtp { port: ports::free()? },
            ..self.setup.clone()
        };
        Gateway::new(self.mail, &format!("rival-{}", self.domain), &setup)
    }

    /// Starts the gateway and waits until it answers through the XMPP server.
    pub fn start(&mut self) -> Result<()> {
        self.gateway.start()?;
        self.wait_for_link()
    }

    /// Waits until the gateway answers through the XMPP server.
    pub fn wait_for_link(&self) -> Result<()> {
        let answered = until("an answer of the gateway", LATER, || {
            let asked = XmppClient::login(self.xmpp.client_port(), self.xmpp.domain(), STAGEHAND, PASSWORD)
                .and_then(|mut hand| hand.ask("get", &self.domain, "<ping xmlns='urn:xmpp:ping'/>"));
            Ok(asked.ok().filter(|answer| answer.attr("type") == "result"))
        });
        answered.with_context(|| format!("see {}", self.gateway.log().display()))?;
        Ok(())
    }

    /// Makes an XMPP user of this name in this scene and logs him in, online.
    pub fn client(&self, name: &str) -> Result<XmppClient> {
        self.xmpp.user(&self.name(name), self.xmpp.domain(), PASSWORD)?;
        self.client_again(name)
    }

    /// Logs a user in who was made before, online.
    pub fn client_again(&self, name: &str) -> Result<XmppClient> {
        let (port, domain) = (self.xmpp.client_port(), self.xmpp.domain());
        let mut client = XmppClient::login(port, domain, &self.name(name), PASSWORD)?;
        client.online()?;
        Ok(client)
    }

    /// Makes a user at the domain that no gateway is for, and logs him in, online.
    pub fn stranger(&self, name: &str) -> Result<XmppClient> {
        self.xmpp.user(&self.name(name), STRANGERS, PASSWORD)?;
        let mut client = XmppClient::login(self.xmpp.client_port(), STRANGERS, &self.name(name), PASSWORD)?;
        client.online()?;
        Ok(client)
    }

    /// The name of a person in this scene: users and mailboxes of other scenes have other numbers.
    pub fn name(&self, name: &str) -> String {
        format!("{name}{}", self.number)
    }

    /// The mail address that an XMPP user of this scene has through the gateway.
    pub fn puppet(&self, name: &str) -> String {
        format!("{}@{}", self.name(name), self.domain)
    }

    /// The mail address of somebody with a mailbox in this scene.
    pub fn address(&self, name: &str) -> String {
        format!("{}@{MAIL_DOMAIN}", self.name(name))
    }

    /// The JID that the gateway gives a mail address (XEP-0106).
    pub fn contact(&self, address: &str) -> String {
        format!("{}@{}", address.replace('@', "\\40"), self.domain)
    }

    /// The mailbox of somebody in this scene.
    pub fn mailbox(&self, name: &str) -> Result<Mailbox> {
        Mailbox::open(self.mail.dovecot.imap_port, &self.name(name))
    }

    /// Hands a letter of somebody in this scene in to Postfix.
    pub fn post(&self, name: &str, letter: &Letter) -> Result<Reply> {
        let from = self.address(name);
        SmtpClient::connect(self.mail.postfix.smtp_port)?.send(&from, letter.recipient(), &letter.from(&from)?)
    }

    /// Hands a letter in to Postfix, which must take it.
    pub fn mail(&self, name: &str, letter: &Letter) -> Result<()> {
        let reply = self.post(name, letter)?;
        ensure!(reply.is_good(), "Postfix refused a letter: {reply:?}");
        Ok(())
    }

    /// Plays the mail server in front of the gateway.
    pub fn lmtp(&self) -> Result<SmtpClient> {
        SmtpClient::connect_lmtp(self.lmtp_port.context("this gateway has no door for LMTP")?)
    }
}

impl House {
    fn get() -> Result<&'static Self> {
        static HOUSE: OnceLock<Result<House, String>> = OnceLock::new();
        kept(HOUSE.get_or_init(|| Self::build().map_err(|error| format!("{error:#}"))))
    }

    fn build() -> Result<Self> {
        let ground = Arc::new(Ground::new()?);
        let doors = (0..DOORS).map(|_| ports::free()).collect::<Result<Vec<_>>>()?;
        let mut routes = Vec::new();
        for kind in [Kind::Prosody, Kind::Ejabberd] {
            routes.extend(doors.iter().enumerate().map(|(number, port)| Route::Lmtp {
                domain: door(kind, number),
                port: *port,
            }));
            routes.extend((0..BOXES).map(|number| Route::CatchAll {
                domain: catch_all(kind, number),
                mailbox: gateway_box(number),
            }));
        }
        Ok(Self {
            mail: MailSite::launch(&ground, &routes)?,
            doors,
            prosody: OnceLock::new(),
            ejabberd: OnceLock::new(),
            names: OnceLock::new(),
            next_door: AtomicUsize::new(0),
            next_box: AtomicUsize::new(0),
        })
    }

    /// A number and a domain that no other scene has, and the way in that Postfix knows for it.
    fn place(&self, kind: Kind, wishes: Wishes) -> Result<Place> {
        if wishes.catch_all {
            let number = self.next_box.fetch_add(1, Ordering::Relaxed);
            ensure!(number < BOXES, "more scenes with a catch-all mailbox than {BOXES}");
            let mailbox = gateway_box(number);
            return Ok((DOORS + number, catch_all(kind, number), Receiving::Imap { mailbox }));
        }
        let number = self.next_door.fetch_add(1, Ordering::Relaxed);
        let port = self
            .doors
            .get(number)
            .with_context(|| format!("more scenes than {DOORS}"))?;
        Ok((number, door(kind, number), Receiving::Lmtp { port: *port }))
    }

    fn shared_server(&self, kind: Kind) -> Result<Arc<dyn XmppServer>> {
        let slot = match kind {
            Kind::Prosody => &self.prosody,
            Kind::Ejabberd => &self.ejabberd,
        };
        let launched = slot.get_or_init(|| {
            let doors = (0..DOORS).map(|number| door(kind, number));
            let boxes = (0..BOXES).map(|number| catch_all(kind, number));
            let components: Vec<String> = doors.chain(boxes).collect();
            self.launch(
                kind,
                &format!("{kind:?}").to_lowercase(),
                &components,
                Extras::default(),
            )
            .map_err(|error| format!("{error:#}"))
        });
        kept(launched).cloned()
    }

    fn own_server(&self, kind: Kind, domain: &str, wishes: Wishes) -> Result<Arc<dyn XmppServer>> {
        let extras = Extras {
            privileged: wishes.privileged,
            archives: wishes.archives,
            uploads: wishes.uploads,
        };
        self.launch(kind, &format!("server-{domain}"), &[domain.to_owned()], extras)
    }

    fn launch(&self, kind: Kind, place: &str, components: &[String], extras: Extras) -> Result<Arc<dyn XmppServer>> {
        let server = kind.launch_with(&self.mail.ground, &self.mail.pki, place, components, extras)?;
        server.user(STAGEHAND, kind.domain(), PASSWORD)?;
        Ok(server)
    }

    fn names(&self) -> Result<&Dnsmasq> {
        let launched = self
            .names
            .get_or_init(|| Dnsmasq::launch(&self.mail.ground).map_err(|error| format!("{error:#}")));
        kept(launched)
    }
}

fn kept<T>(result: &Result<T, String>) -> Result<&T> {
    result.as_ref().map_err(|error| anyhow!("{error}"))
}

fn door(kind: Kind, number: usize) -> String {
    format!("mail{number}.{}", kind.domain())
}

fn catch_all(kind: Kind, number: usize) -> String {
    format!("box{number}.{}", kind.domain())
}

fn gateway_box(number: usize) -> String {
    format!("gateway{number}")
}
