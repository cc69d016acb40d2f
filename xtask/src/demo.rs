//! `cargo xtask demo`: one conversation between a chat and a mailbox on real servers, and the way of both messages.

mod side_by_side;

use crate::apt;
use crate::cargo::{cargo, quietly};
use crate::stage_lights::Lights;
use anyhow::{Result, bail, ensure};
use causeway_tests::cast::gateway::{Gateway, Receiving, Sending, Setup};
use causeway_tests::cast::imap::Mailbox;
use causeway_tests::cast::mail::Mail;
use causeway_tests::cast::smtp::SmtpClient;
use causeway_tests::cast::xmpp::XmppClient;
use causeway_tests::patience::{LATER, until};
use causeway_tests::servers::dovecot::MAIL_PASSWORD;
use causeway_tests::servers::ground::Ground;
use causeway_tests::servers::mail::MailSite;
use causeway_tests::servers::ports;
use causeway_tests::servers::postfix::Route;
use causeway_tests::servers::xmpp::{Kind, XmppServer};
use std::sync::Arc;

/// The password of the XMPP users.
const PASSWORD: &str = "balcony";

const JULIET: &str = "juliet@mail.test";

/// What the person wants.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wishes {
    keep: bool,
    ejabberd: bool,
}

/// Everything that runs. Dropped from top to bottom: the gateway first, the ground last.
struct Stage {
    gateway: Gateway,
    xmpp: Arc<dyn XmppServer>,
    mail: MailSite,
    domain: String,
}

/// Both messages of the conversation.
struct Told {
    stanza_id: String,
    mail: Mail,
    answer_id: String,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Wishes {
    /// Reads the command line.
    pub(crate) fn read(arguments: &[String]) -> Result<Self> {
        let mut wishes = Self::default();
        for argument in arguments {
            match argument.as_str() {
                "--keep" => wishes.keep = true,
                "--ejabberd" => wishes.ejabberd = true,
                other => bail!("demo does not know {other}: only --keep and --ejabberd"),
            }
        }
        Ok(wishes)
    }

    fn kind(self) -> Kind {
        match self.ejabberd {
            true => Kind::Ejabberd,
            false => Kind::Prosody,
        }
    }
}

/// The whole demo.
pub(crate) fn demo(wishes: Wishes) -> Result<()> {
    let lights = Lights::new();
    let more: &[&str] = if wishes.ejabberd { apt::EJABBERD } else { &[] };
    apt::install(&apt::missing(&[apt::DEMO, more].concat()))?;
    apt::ready_sudo()?;
    lights.step("building causeway", || {
        quietly(&mut cargo(&["build", "--locked", "-p", "causeway"])?)
    })?;
    let stage = Stage::build(&lights, wishes.kind())?;
    let told = stage.play(&lights)?;
    print_mail(&told.mail);
    stage.print_ways(&told)?;
    if wishes.keep {
        stage.print_accounts();
        loop {
            std::thread::park();
        }
    }
    lights.step("clearing up", || {
        drop(stage);
        Ok(())
    })
}

impl Stage {
    fn build(lights: &Lights, kind: Kind) -> Result<Self> {
        let domain = format!("mail.{}", kind.domain());
        let ground = Arc::new(Ground::new()?);
        let port = ports::free()?;
        let route = Route::Lmtp {
            domain: domain.clone(),
            port,
        };
        let mail = lights.step("starting Dovecot and Postfix", || MailSite::launch(&ground, &[route]))?;
        let xmpp = lights.step(&format!("starting {kind:?}"), || {
            let server = kind.launch(&ground, &mail.pki, "xmpp", std::slice::from_ref(&domain))?;
            server.user("romeo", kind.domain(), PASSWORD)?;
            Ok::<_, anyhow::Error>(server)
        })?;
        let setup = Setup {
            domain: domain.clone(),
            home: kind.domain().to_owned(),
            component_port: xmpp.component_port(&domain)?,
            send: Sending::Smarthost {
                port: mail.postfix.submission_port,
            },
            receive: Receiving::Lmtp { port },
            retry: r#""10s", "1m", "5m""#,
            xmpp: "",
            files: format!("allow_private = [\"127.0.0.1:{}\"]", xmpp.http_port()),
            more: "",
        };
        let mut gateway = Gateway::new(&mail, "gateway", &setup)?;
        lights.step("attaching Causeway", || gateway.start())?;
        Ok(Self {
            gateway,
            xmpp,
            mail,
            domain,
        })
    }

    fn play(&self, lights: &Lights) -> Result<Told> {
        let contact = format!("{}@{}", JULIET.replace('@', "\\40"), self.domain);
        let mut romeo = XmppClient::login(self.xmpp.client_port(), self.xmpp.domain(), "romeo", PASSWORD)?;
        romeo.online()?;
        lights.step("waiting for the gateway to answer in the chat", || {
            until("an answer of the gateway", LATER, || {
                let answer = romeo.ask("get", &self.domain, "<ping xmlns='urn:xmpp:ping'/>")?;
                Ok((answer.attr("type") == "result").then_some(()))
            })
        })?;
        let mut juliet = Mailbox::open(self.mail.dovecot.imap_port, "juliet")?;
        let stanza_id = romeo.say(&contact, "Shall I hear more, or shall I speak at this?")?;
        let mail = lights.step("Romeo writes in his chat; Juliet looks into her mailbox", || {
            juliet.wait_for_words("Shall I hear more")
        })?;
        let letter = mail.reply("'Tis but thy name that is my enemy.");
        let written = letter.from(&format!("Juliet Capulet <{JULIET}>"))?;
        let answer_id = Mail::new(written.as_bytes()).field("Message-ID");
        lights.step("Juliet answers by mail; Romeo looks at his chat", || {
            let mut smtp = SmtpClient::connect(self.mail.postfix.smtp_port)?;
            let reply = smtp.send(JULIET, letter.recipient(), &written)?;
            ensure!(reply.is_good(), "Postfix refused the answer: {reply:?}");
            romeo.expect_words(&contact, "thy name that is my enemy")
        })?;
        Ok(Told {
            stanza_id,
            mail,
            answer_id,
        })
    }

    fn print_ways(&self, told: &Told) -> Result<()> {
        let way = |id: &str| -> Result<String> {
            let answer = self.gateway.ask(&["trace", id])?;
            ensure!(answer.good, "causeway trace {id}: {}{}", answer.text, answer.complaint);
            Ok(answer.text)
        };
        let (out, back) = (way(&told.stanza_id)?, way(&told.answer_id)?);
        println!("\nBoth ways, as `causeway trace` shows them:\n");
        print!(
            "{}",
            side_by_side::columns(
                ("Romeo's chat line becomes a mail", &out),
                ("Juliet's mail becomes a chat line", &back),
                side_by_side::terminal_width(),
            )
        );
        Ok(())
    }

    fn print_accounts(&self) {
        let Self { xmpp, mail, .. } = self;
        println!(
            "\nEverything runs until Ctrl-C, on 127.0.0.1. The certificate authority: {}",
            mail.pki.ca.display()
        );
        println!(
            "\n  chat     romeo@{}, password {PASSWORD}, port {}",
            xmpp.domain(),
            xmpp.client_port()
        );
        println!(
            "           add the contact {JULIET} through the gateway {}, or write to",
            self.domain
        );
        println!("           {}@{}", JULIET.replace('@', "\\40"), self.domain);
        println!("  mail     {JULIET}, user juliet, password {MAIL_PASSWORD} (every other name works too)");
        println!(
            "           IMAP port {} (STARTTLS) or {} (TLS)",
            mail.dovecot.imap_port, mail.dovecot.imaps_port
        );
        println!(
            "           SMTP port {} (STARTTLS) or {} (TLS), or {} without password",
            mail.postfix.submission_port, mail.postfix.submissions_port, mail.postfix.smtp_port
        );
        println!("           Romeo's mail address is romeo@{}", self.domain);
        println!(
            "  gateway  target/debug/causeway --config {} trace {JULIET}",
            self.gateway.config().display()
        );
        println!("  logs     {}", mail.ground.path().display());
    }
}

fn print_mail(mail: &Mail) {
    println!("\nThe mail in Juliet's mailbox:\n");
    for name in ["From", "To", "Subject", "Message-ID", "Jabber-ID", "Date"] {
        let value = mail.field(name);
        if !value.is_empty() {
            println!("  {name}: {value}");
        }
    }
    println!();
    for line in mail.text().lines() {
        println!("  {line}");
    }
}
