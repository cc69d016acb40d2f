//! The servers themselves, without a gateway: what the other scenarios stand on.

use anyhow::{Result, ensure};
use causeway_tests::cast::imap::Mailbox;
use causeway_tests::cast::mail::Letter;
use causeway_tests::cast::smtp::SmtpClient;
use causeway_tests::cast::xmpp::XmppClient;
use causeway_tests::servers::dnsmasq::Dnsmasq;
use causeway_tests::servers::ground::Ground;
use causeway_tests::servers::mail::MailSite;
use causeway_tests::servers::pki::Pki;
use causeway_tests::servers::ports;
use causeway_tests::servers::postfix::Route;
use causeway_tests::servers::xmpp::Kind;
use std::sync::Arc;

fn two_users_chat(kind: Kind) -> Result<()> {
    let ground = Arc::new(Ground::new()?);
    let pki = Pki::new(&ground, &[kind.domain()])?;
    let server = kind.launch(&ground, &pki, "server", &[format!("mail.{}", kind.domain())])?;
    for name in ["romeo", "benvolio"] {
        server.user(name, kind.domain(), "balcony")?;
    }
    // The data outlives a restart.
    server.kill9();
    server.start()?;
    let mut romeo = XmppClient::login(server.client_port(), server.domain(), "romeo", "balcony")?;
    let mut benvolio = XmppClient::login(server.client_port(), server.domain(), "benvolio", "balcony")?;
    romeo.online()?;
    benvolio.online()?;
    let (from, to) = (romeo.bare().to_owned(), benvolio.bare().to_owned());
    romeo.say(&to, "Is the day so young? <&>")?;
    benvolio.expect_words(&from, "Is the day so young? <&>")?;
    let unanswered = romeo.ask(
        "get",
        &format!("mail.{}", kind.domain()),
        "<ping xmlns='urn:xmpp:ping'/>",
    )?;
    ensure!(
        unanswered.attr("type") == "error",
        "the component is not there: {}",
        unanswered.written()
    );
    server.stop()
}

#[test]
fn prosody() -> Result<()> {
    two_users_chat(Kind::Prosody)
}

#[test]
fn ejabberd() -> Result<()> {
    two_users_chat(Kind::Ejabberd)
}

#[test]
fn mail() -> Result<()> {
    let ground = Arc::new(Ground::new()?);
    let caught = Route::CatchAll {
        domain: "box.xmpp.test".into(),
        mailbox: "gateway".into(),
    };
    let nowhere = Route::Lmtp {
        domain: "mail.xmpp.test".into(),
        port: ports::free()?,
    };
    let site = MailSite::launch(&ground, &[caught, nowhere])?;
    let mut nurse = SmtpClient::connect(site.postfix.smtp_port)?;
    let letter = Letter::to("juliet@mail.test").subject("Anon").text("Madam!\n.\n..dots");
    let mail = letter.from("nurse@mail.test")?;
    for (recipient, code) in [
        ("juliet@mail.test", 250),
        ("Some.Body=else@box.xmpp.test", 250),
        ("romeo@mail.xmpp.test", 250),
        ("nobody@mail.test", 550),
        ("nobody@elsewhere.test", 550),
        ("peter@bounce.test", 250),
        ("peter@slow.test", 250),
    ] {
        let reply = nurse.send("nurse@mail.test", recipient, &mail)?;
        ensure!(reply.code == code, "{recipient}: {reply:?}");
    }
    let mut juliet = Mailbox::open(site.dovecot.imap_port, "juliet")?;
    let found = juliet.wait_for_words("Madam!\n.\n..dots")?;
    ensure!(
        found.subject() == "Anon" && found.from().1 == "nurse@mail.test",
        "{}",
        found.raw()
    );
    let mut gateway = Mailbox::open(site.dovecot.imap_port, "gateway")?;
    let found = gateway.wait_for_words("Madam")?;
    ensure!(
        found.field("Delivered-To") == "gateway+Some.Body=else@mail.test",
        "{}",
        found.raw()
    );
    let mut nurse = Mailbox::open(site.dovecot.imap_port, "nurse")?;
    nurse.wait_for("a bounce", |mail| {
        mail.part("message/delivery-status").contains("Action: failed")
    })?;
    nurse.wait_for("a delay", |mail| {
        mail.part("message/delivery-status").contains("Action: delayed")
    })?;
    Ok(())
}

#[test]
fn names() -> Result<()> {
    Dnsmasq::launch(&Arc::new(Ground::new()?))?;
    Ok(())
}
