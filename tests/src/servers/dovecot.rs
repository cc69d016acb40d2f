//! Dovecot on loopback: mailboxes by IMAP, delivery by LMTP, and the check of passwords for Postfix.

use crate::servers::ground::{Ground, user_words};
use crate::servers::pki::Pki;
use crate::servers::ports;
use crate::servers::process::Process;
use anyhow::Result;
use std::path::PathBuf;
use std::sync::Arc;

/// The password of every mailbox and of every sender.
pub const MAIL_PASSWORD: &str = "wherefore";

/// The mail domain whose mailboxes lie here.
pub const MAIL_DOMAIN: &str = "mail.test";

/// A Dovecot in which every name has a mailbox, made at its first mail or login.
pub struct Dovecot {
    /// IMAP, plain text and STARTTLS.
    pub imap_port: u16,
    /// IMAP over TLS.
    pub imaps_port: u16,
    /// Where mails are handed in.
    pub lmtp_port: u16,
    /// Where Postfix asks for passwords.
    pub auth_port: u16,
    dir: PathBuf,
    _process: Process,
}

/// Whom its processes run as.
struct Users {
    internal: String,
    login: String,
    group: String,
    mail: String,
    chroots: &'static str,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Dovecot {
    /// Starts one.
    pub fn launch(ground: &Arc<Ground>, pki: &Pki) -> Result<Self> {
        let dir = ground.dir("dovecot")?;
        let users = Users::find(ground)?;
        for name in ["run", "state", "mail"] {
            ground.dir(&format!("dovecot/{name}"))?;
        }
        ground.give(&dir.join("mail"), &users.mail)?;
        let [imap_port, imaps_port, lmtp_port, auth_port] =
            [ports::free()?, ports::free()?, ports::free()?, ports::free()?];
        let config = dir.join("dovecot.conf");
        let listeners = [
            ("imap-login", "imap", imap_port),
            ("imap-login", "imaps", imaps_port),
            ("lmtp", "lmtp", lmtp_port),
            ("auth", "passwords", auth_port),
        ];
        let text = format!("{}{}", text(&dir, pki, &users)?, listeners.map(listener).concat());
        ground.write(&config, &text)?;
        let words = ["dovecot", "-F", "-c", &config.display().to_string()].map(str::to_owned);
        let mut process = Process::start(ground, "dovecot", &dir.join("out.log"), &words, &[])?;
        for port in [imap_port, imaps_port, lmtp_port, auth_port] {
            process.wait_port(port)?;
        }
        Ok(Self {
            imap_port,
            imaps_port,
            lmtp_port,
            auth_port,
            dir,
            _process: process,
        })
    }

    /// Where its log lies.
    pub fn log(&self) -> PathBuf {
        self.dir.join("dovecot.log")
    }
}

impl Users {
    /// The packaged service users for root; a normal user runs all under his own name, without changed roots.
    fn find(ground: &Ground) -> Result<Self> {
        if ground.is_root() {
            return Ok(Self {
                internal: "dovecot".into(),
                login: "dovenull".into(),
                group: "dovecot".into(),
                mail: "nobody".into(),
                chroots: "",
            });
        }
        let me = user_words(&["-un"])?;
        Ok(Self {
            internal: me.clone(),
            login: me.clone(),
            group: user_words(&["-gn"])?,
            mail: me,
            chroots: "service anvil {\n  chroot =\n}\nservice imap-login {\n  chroot =\n}\nservice lmtp-login {\n  chroot =\n}\n",
        })
    }
}

fn text(dir: &std::path::Path, pki: &Pki, users: &Users) -> Result<String> {
    let dir = dir.display();
    let (uid, gid) = (user_words(&["-u", &users.mail])?, user_words(&["-g", &users.mail])?);
    let Users {
        internal,
        login,
        group,
        chroots,
        ..
    } = users;
    Ok(format!(
        r#"
base_dir = {dir}/run
state_dir = {dir}/state
log_path = {dir}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
{chroots}first_valid_uid = 1
mail_uid = {uid}
mail_gid = {gid}
mail_home = {dir}/mail/%n
mail_location = maildir:~/Maildir
auth_mechanisms = plain login
auth_username_format = %Ln
auth_failure_delay = 0
disable_plaintext_auth = no
mail_max_userip_connections = 500
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
postmaster_address = postmaster@{MAIL_DOMAIN}
hostname = {MAIL_DOMAIN}
recipient_delimiter = +
passdb {{
  driver = static
  args = password={MAIL_PASSWORD}
}}
userdb {{
  driver = static
  args = allow_all_users=yes uid={uid} gid={gid} home={dir}/mail/%n
}}
namespace inbox {{
  inbox = yes
}}
protocol lmtp {{
  auth_username_format = %Ln
}}
"#,
        certificate = pki.certificate.display(),
        key = pki.key.display(),
    ))
}

fn listener((service, name, port): (&str, &str, u16)) -> String {
    let tls = match name {
        "imaps" => "    ssl = yes\n",
        _ => "",
    };
    format!(
        "service {service} {{\n  inet_listener {name} {{\n    address = 127.0.0.1\n    port = {port}\n{tls}  }}\n}}\n"
    )
}
