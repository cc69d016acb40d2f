//! Postfix on loopback: takes mail for everybody, delivers what is local and hands the gateway's mail to the gateway.

use crate::servers::dovecot::{Dovecot, MAIL_DOMAIN};
use crate::servers::ground::{Ground, run};
use crate::servers::pki::Pki;
use crate::servers::ports;
use crate::servers::process::Process;
use anyhow::Result;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A Postfix that knows these domains:
///
/// * `mail.test`: mailboxes in Dovecot; names that begin with `nobody` do not exist and are refused at RCPT
/// * `bounce.test`: accepted, bounced a moment later
/// * `slow.test`: accepted, deferred for ever; a DSN tells of the delay after seconds
/// * the gateways' domains, see [`Route`]
/// * no other: refused at RCPT
pub struct Postfix {
    /// SMTP without authentication, for everybody on this host.
    pub smtp_port: u16,
    /// Submission with STARTTLS and authentication, both required.
    pub submission_port: u16,
    /// Submission over TLS.
    pub submissions_port: u16,
    dir: PathBuf,
    _process: Process,
}

/// Where the mail of a gateway's domain goes.
#[derive(Debug, Clone)]
pub enum Route {
    /// To the gateway itself, at this port, by LMTP.
    Lmtp {
        /// The gateway's domain.
        domain: String,
        /// The gateway's port.
        port: u16,
    },
    /// All of it into one mailbox. The recipient's local part becomes the subaddress: `mailbox+romeo@mail.test`.
    CatchAll {
        /// The gateway's domain.
        domain: String,
        /// The name of the mailbox.
        mailbox: String,
    },
}

// ---------------------------------------------------------------------------------------------------------------------

impl Postfix {
    /// Starts one. Its master process needs root; everybody else calls sudo.
    pub fn launch(ground: &Arc<Ground>, pki: &Pki, dovecot: &Dovecot, routes: &[Route]) -> Result<Self> {
        let dir = ground.dir("postfix")?;
        let conf = ground.dir("postfix/conf")?;
        let (queue, data) = (ground.dir("postfix/spool")?, ground.dir("postfix/data")?);
        let [smtp_port, submission_port, submissions_port] = [ports::free()?, ports::free()?, ports::free()?];
        ground.write(&conf.join("main.cf"), &main_cf(ground, pki, dovecot, routes))?;
        ground.write(
            &conf.join("master.cf"),
            &master_cf([smtp_port, submission_port, submissions_port]),
        )?;
        ground.write(&conf.join("mailboxes"), &mailboxes(routes))?;
        ground.write(&conf.join("aliases"), &aliases(routes))?;
        ground.write(&conf.join("transport"), &transport(routes))?;
        borrow(ground, &conf)?;
        run(ground.as_root("chown", &[]).arg("postfix").arg(&data))?;
        run(ground.as_root("chown", &[]).args(["-R", "root"]).arg(&conf).arg(&queue))?;
        let env = [("MAIL_CONFIG", conf.display().to_string())];
        run(ground.as_root("postfix", &env).arg("-c").arg(&conf).arg("check"))?;

        let master = "/usr/lib/postfix/sbin/master".to_owned();
        let words = [master, "-s".to_owned(), "-c".to_owned(), conf.display().to_string()];
        let mut process = Process::start_as_root(ground, "postfix", &dir.join("out.log"), &words, &env)?;
        process.wait_port(smtp_port)?;
        process.wait_port(submission_port)?;
        Ok(Self {
            smtp_port,
            submission_port,
            submissions_port,
            dir,
            _process: process,
        })
    }

    /// Where its log lies.
    pub fn log(&self) -> PathBuf {
        self.dir.join("mail.log")
    }
}

impl Route {
    /// The gateway's domain.
    pub fn domain(&self) -> &str {
        match self {
            Self::Lmtp { domain, .. } | Self::CatchAll { domain, .. } => domain,
        }
    }
}

/// Postfix looks for these beside `main.cf`.
fn borrow(ground: &Ground, conf: &Path) -> Result<()> {
    for name in ["dynamicmaps.cf", "postfix-files"] {
        if let Ok(text) = fs::read_to_string(Path::new("/etc/postfix").join(name)) {
            ground.write(&conf.join(name), &text)?;
        }
    }
    for name in ["dynamicmaps.cf.d", "postfix-files.d"] {
        fs::create_dir_all(conf.join(name))?;
    }
    Ok(())
}

fn main_cf(ground: &Ground, pki: &Pki, dovecot: &Dovecot, routes: &[Route]) -> String {
    let relayed: Vec<&str> = routes
        .iter()
        .filter(|route| matches!(route, Route::Lmtp { .. }))
        .map(Route::domain)
        .collect();
    let caught: Vec<&str> = routes
        .iter()
        .filter(|route| matches!(route, Route::CatchAll { .. }))
        .map(Route::domain)
        .collect();
    let root = ground.path().display();
    format!(
        r#"
compatibility_level = 3.6
queue_directory = {root}/postfix/spool
data_directory = {root}/postfix/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {root}/postfix/mail.log
maillog_file_prefixes = {root}
multi_instance_enable = no
multi_instance_name = postfix-causeway
alternate_config_directories =
myhostname = {MAIL_DOMAIN}
mydomain = {MAIL_DOMAIN}
myorigin = {MAIL_DOMAIN}
mydestination =
local_recipient_maps =
local_transport = error:no local delivery
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtp_host_lookup = native
lmtp_host_lookup = native
smtp_dns_support_level = disabled
virtual_mailbox_domains = {MAIL_DOMAIN} {caught}
virtual_mailbox_maps = regexp:{root}/postfix/conf/mailboxes
virtual_alias_maps = regexp:{root}/postfix/conf/aliases
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
relay_domains = bounce.test slow.test {relayed}
transport_maps = regexp:{root}/postfix/conf/transport
default_transport = error:5.4.4 no such domain here
recipient_delimiter = +
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_security_level = may
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{auth}
smtpd_sasl_security_options = noanonymous
smtpd_client_connection_rate_limit = 0
smtpd_client_connection_count_limit = 0
smtpd_client_message_rate_limit = 0
smtpd_client_recipient_rate_limit = 0
smtpd_error_sleep_time = 0
in_flow_delay = 0
message_size_limit = 52428800
mailbox_size_limit = 0
smtputf8_enable = yes
notify_classes =
delay_warning_time = 2s
confirm_delay_cleared = yes
minimal_backoff_time = 2s
maximal_backoff_time = 5s
queue_run_delay = 2s
bounce_queue_lifetime = 1h
maximal_queue_lifetime = 1h
"#,
        caught = caught.join(" "),
        relayed = relayed.join(" "),
        lmtp = dovecot.lmtp_port,
        auth = dovecot.auth_port,
        certificate = pki.certificate.display(),
        key = pki.key.display(),
    )
}

fn mailboxes(routes: &[Route]) -> String {
    let caught = routes.iter().filter(|route| matches!(route, Route::CatchAll { .. }));
    let rows: String = caught
        .map(|route| format!("/@{}$/ x\n", regexp(route.domain())))
        .collect();
    format!("{rows}if !/^nobody/\n/@{}$/ x\nendif\n", regexp(MAIL_DOMAIN))
}

fn aliases(routes: &[Route]) -> String {
    let row = |route: &Route| match route {
        Route::CatchAll { domain, mailbox } => {
            Some(format!("/^(.*)@{}$/ {mailbox}+$1@{MAIL_DOMAIN}\n", regexp(domain)))
        }
        Route::Lmtp { .. } => None,
    };
    routes.iter().filter_map(row).collect()
}

/// A pipe that ends with the status in the next hop: the `error` service would be refused at RCPT already.
fn transport(routes: &[Route]) -> String {
    let row = |route: &Route| match route {
        Route::Lmtp { domain, port } => Some(format!("/@{}$/ lmtp:inet:127.0.0.1:{port}\n", regexp(domain))),
        Route::CatchAll { .. } => None,
    };
    let gateways: String = routes.iter().filter_map(row).collect();
    format!("/@bounce[.]test$/ failing:67\n/@slow[.]test$/ failing:75\n{gateways}")
}

fn regexp(domain: &str) -> String {
    domain.replace('.', "[.]")
}

fn master_cf([smtp, submission, submissions]: [u16; 3]) -> String {
    let guarded = "  -o smtpd_sasl_auth_enable=yes\n  -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject\n  \
                   -o smtpd_relay_restrictions=permit_sasl_authenticated,reject\n";
    format!(
        r#"
127.0.0.1:{smtp} inet n - n - - smtpd
127.0.0.1:{submission} inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
{guarded}127.0.0.1:{submissions} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
{guarded}pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
failing unix - n n - - pipe
  user=nobody argv=/bin/sh -c {{exit $nexthop}}
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"#
    )
}
