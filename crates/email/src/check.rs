//! Looks whether mail would go out and come in, and says what to do where not.

use crate::config::{Direct, Imap, Lmtp};
use crate::courier::Route;
use crate::imap::look;
use crate::lmtp::listener::try_bind;
use crate::mx::Exchangers;
use crate::network::Email;
use crate::smtp::session::{Session, Target};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::network::Finding;
use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::timeout;

/// So long a name server may take.
const DNS: Duration = Duration::from_secs(5);

// ---------------------------------------------------------------------------------------------------------------------

/// One finding or more for each part that the config names.
pub(crate) async fn check(email: &Email) -> Vec<Finding> {
    let mut findings = match &email.route {
        Route::Smarthost(target) => smarthost(email, target).await,
        Route::Direct(mx) => vec![published(email, &mx.exchangers).await],
    };
    if let Some(config) = &email.config.lmtp {
        findings.push(lmtp(config, email.open.load(Ordering::Relaxed)).await);
        findings.extend(published_by_the_system(email).await);
    }
    if let Some(config) = &email.config.imap {
        findings.extend(imap(config).await);
    }
    if email.config.lmtp.is_none() && email.config.imap.is_none() {
        findings.push(Finding::warning(
            "mail in",
            "neither [email.lmtp] nor [email.imap] is configured",
            "answers to mails cannot come in: configure one of them",
        ));
    }
    findings
}

async fn smarthost(email: &Email, target: &Target) -> Vec<Finding> {
    let what = format!("SMTP to {}", target.name);
    let session = match Session::open(target, &email.config.ehlo_name(), &email.config.deadlines).await {
        Ok(session) => session,
        Err(fault) => return vec![Finding::bad(what, fault.to_string(), advice(&fault))],
    };
    let offers = session.offers.clone();
    let mut findings = vec![Finding::good(
        &what,
        format!("connected over {}", session.protocol(false)),
    )];
    session.quit().await;
    if !offers.dsn {
        findings.push(Finding::warning(
            format!("{what}: DSN"),
            "the server offers no delivery reports (RFC 3461)",
            "senders will not learn of deliveries, only of failures; Postfix offers DSN unless smtpd_discard_ehlo_keywords hides it",
        ));
    }
    if let Some(Some(limit)) = offers.size
        && usize::try_from(limit).is_ok_and(|limit| limit < email.config.longest_text)
    {
        findings.push(Finding::warning(
            format!("{what}: SIZE"),
            format!("the server takes at most {limit} bytes"),
            format!("set longest_text below that; it is {}", email.config.longest_text),
        ));
    }
    if !offers.utf8 {
        findings.push(Finding::good(
            format!("{what}: SMTPUTF8"),
            "not offered: addresses with letters beyond ASCII before the @ cannot be reached",
        ));
    }
    findings
}

/// Whether the world can find the way to the gateway. With LMTP it must; with direct delivery this shows besides whether
/// the name server answers.
async fn published(email: &Email, exchangers: &Exchangers) -> Finding {
    let domain = &email.desk.domain.domain;
    let what = format!("DNS: MX of {domain}");
    let names = match timeout(DNS, exchangers.published(domain)).await {
        Ok(names) => names,
        Err(_) => Err(Fault::of(FaultKind::Timeout).saying("the name server is silent")),
    };
    match names {
        Ok(names) if names.is_empty() => Finding::warning(
            what,
            "there is no MX record",
            format!("answers from outside will not find their way: publish an MX record for {domain}"),
        ),
        Ok(names) => Finding::good(what, names.join(", ")),
        Err(fault) if fault.kind == FaultKind::NoSuchServer => Finding::warning(
            what,
            fault.to_string(),
            format!("answers from outside will not find their way: publish an MX record for {domain}"),
        ),
        Err(fault) => Finding::warning(
            what,
            fault.to_string(),
            "look at send.direct.resolver, or at /etc/resolv.conf",
        ),
    }
}

/// The same with the system's name servers, where the config names none.
async fn published_by_the_system(email: &Email) -> Option<Finding> {
    let Route::Smarthost(_) = &email.route else {
        return None;
    };
    match Exchangers::new(&Direct::default(), Vec::new()) {
        Ok(exchangers) => Some(published(email, &exchangers).await),
        Err(why) => Some(Finding::warning("DNS", why, "look at /etc/resolv.conf")),
    }
}

/// `open` says that this very process listens there.
async fn lmtp(config: &Lmtp, open: bool) -> Finding {
    let what = format!("LMTP at {}", config.listen);
    if open {
        return Finding::good(what, "the gateway listens");
    }
    match try_bind(&config.listen).await {
        Ok(()) => Finding::good(what, "the address is free"),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Finding::warning(
            what,
            "somebody listens there already",
            "if that is the gateway itself, all is well; otherwise choose another lmtp.listen",
        ),
        Err(error) => Finding::bad(what, error.to_string(), "choose an lmtp.listen that this user may open"),
    }
}

async fn imap(config: &Imap) -> Vec<Finding> {
    let what = format!("IMAP to {}", config.host);
    match look::look(config).await {
        Ok(seen) => seen.findings(&what, config),
        Err(fault) => vec![Finding::bad(what, fault.to_string(), advice(&fault))],
    }
}

fn advice(fault: &Fault) -> &'static str {
    match fault.kind {
        FaultKind::Misconfigured => "look at tls, tls_name, ca_file, user and password of this section",
        FaultKind::Unreachable | FaultKind::Timeout => {
            "look at host and port of this section, and whether the server runs"
        }
        FaultKind::Refused | FaultKind::Deferred => "the server does not want this host; its log says why",
        _ => "look at this section",
    }
}

#[cfg(test)]
mod tests;
