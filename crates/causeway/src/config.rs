//! The configuration: as written in bridge.toml, and as checked.

mod errors;
mod files;

use crate::config::errors::{Context, describe};
use causeway_core::limit::{Limits, Measure, Rate};
use causeway_core::policy::Policy;
use causeway_core::promise::Terms;
use causeway_core::retry::Schedule;
use causeway_email::config::{EmailConfig, Secret};
use causeway_xmpp::config::XmppConfig;
use jid::BareJid;
use serde::{Deserialize, Deserializer};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use errors::ConfigError;
pub use files::Files;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const MEGABYTE: u64 = 1_000_000;

/// A configuration whose every value was checked.
pub struct Config {
    /// The store, the control socket and the gateway's own keys.
    pub data_dir: PathBuf,
    /// How much memory the store may use as a cache, in bytes.
    pub cache: u64,
    /// The time between two copies of the store.
    pub backup_every: Duration,
    /// How many copies are kept.
    pub keep_backups: usize,
    /// What is logged.
    pub log: String,
    /// The XMPP server.
    pub xmpp: XmppConfig,
    /// Who may use the gateway.
    pub policy: Policy,
    /// Who may give it orders.
    pub admins: Vec<BareJid>,
    /// How much at once.
    pub limits: Limits,
    /// The terms of deliveries.
    pub terms: Terms,
    /// The files that come with messages.
    pub files: Files,
    /// The mail network.
    pub email: Option<Email>,
}

/// The mail network and how it is attached.
pub struct Email {
    /// Its component.
    pub component: Component,
    /// Its own section.
    pub section: EmailConfig,
}

/// How a network's domain is attached to the XMPP server (XEP-0114).
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// The secret that the XMPP server knows.
    pub secret: Secret,
    /// The port, where it is not that of `[xmpp]`.
    #[serde(default)]
    pub port: Option<u16>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    data_dir: PathBuf,
    #[serde(default = "default_log")]
    log: String,
    xmpp: XmppConfig,
    #[serde(default)]
    component: Components,
    #[serde(default)]
    policy: WrittenPolicy,
    #[serde(default)]
    limits: WrittenLimits,
    #[serde(default)]
    delivery: WrittenDelivery,
    #[serde(default)]
    store: WrittenStore,
    #[serde(default)]
    files: Files,
    email: Option<EmailConfig>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Components {
    email: Option<Component>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenPolicy {
    allow: Vec<String>,
    deny: Vec<String>,
    admins: Vec<String>,
    longest_text: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenLimits {
    messages_per_minute: u64,
    messages_per_day: u64,
    megabytes_per_day: u64,
    incoming_per_hour: u64,
    incoming_megabytes_per_day: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenDelivery {
    #[serde(deserialize_with = "durations")]
    retry: Vec<Duration>,
    #[serde(deserialize_with = "duration")]
    lifetime: Duration,
    #[serde(deserialize_with = "duration")]
    second_notice: Duration,
    #[serde(deserialize_with = "duration")]
    retention: Duration,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenStore {
    cache_mib: u64,
    #[serde(deserialize_with = "duration")]
    backup_every: Duration,
    keep_backups: usize,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Config {
    /// Reads and checks the file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|e| ConfigError::unreadable(path, &e))?;
        Self::parse(&text, path)
    }

    /// Checks the text of a configuration that stands in `path`.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let written: Written = toml::from_str(text).map_err(|e| describe(&Context { path, text }, &e))?;
        written
            .checked()
            .map_err(|sentence| ConfigError::about(path, &sentence))
    }
}

impl Written {
    fn checked(self) -> Result<Config, String> {
        self.xmpp.validate()?;
        self.files.check().map_err(|sentence| format!("[files] {sentence}"))?;
        let email = match (self.email, self.component.email) {
            (Some(section), Some(component)) => {
                section.check().map_err(|sentence| format!("[email] {sentence}"))?;
                Some(Email { component, section })
            }
            (Some(_), None) => {
                return Err("[email] needs [component.email] with the secret of its component".to_owned());
            }
            (None, Some(_)) => return Err("[component.email] is there, but no [email]".to_owned()),
            (None, None) => return Err("no network is configured: add [email] and [component.email]".to_owned()),
        };
        let mut allow = rules("policy.allow", &self.policy.allow)?;
        if allow.is_empty() {
            let homes: Vec<_> = email.iter().map(|email| email.section.home_domain.clone()).collect();
            allow = rules("email.home_domain", &homes)?;
        }
        let deny = rules("policy.deny", &self.policy.deny)?;
        let policy = Policy {
            allow,
            deny,
            longest_text: self.policy.longest_text,
        };
        let cache = self.store.cache_mib.checked_mul(1 << 20).filter(|bytes| *bytes > 0);
        Ok(Config {
            data_dir: self.data_dir,
            cache: cache.ok_or("store.cache_mib is out of range")?,
            backup_every: self.store.backup_every,
            keep_backups: self.store.keep_backups,
            log: self.log,
            xmpp: self.xmpp,
            admins: admins(&policy, &self.policy.admins)?,
            policy,
            limits: self.limits.rates(),
            terms: Terms {
                schedule: Schedule::new(self.delivery.retry),
                lifetime: self.delivery.lifetime,
                second_notice: self.delivery.second_notice,
                retention: self.delivery.retention,
                // Whoever waits for news must get it as long as anybody remembers what it is about.
                news_lifetime: self.delivery.retention.max(self.delivery.lifetime),
            },
            files: self.files,
            email,
        })
    }
}

impl Default for WrittenPolicy {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            deny: Vec::new(),
            admins: Vec::new(),
            longest_text: 256 << 10,
        }
    }
}

impl Default for WrittenLimits {
    fn default() -> Self {
        Self {
            messages_per_minute: 120,
            messages_per_day: 5000,
            megabytes_per_day: 500,
            incoming_per_hour: 500,
            incoming_megabytes_per_day: 500,
        }
    }
}

impl WrittenLimits {
    /// The rates; a zero is none.
    fn rates(&self) -> Limits {
        let rate = |measure, amount: u64, seconds| Rate {
            measure,
            amount,
            per: Duration::from_secs(seconds),
        };
        let kept = |rates: Vec<Rate>| rates.into_iter().filter(|rate| rate.amount > 0).collect();
        Limits {
            user: kept(vec![
                rate(Measure::Messages, self.messages_per_minute, MINUTE),
                rate(Measure::Messages, self.messages_per_day, DAY),
                rate(Measure::Bytes, self.megabytes_per_day.saturating_mul(MEGABYTE), DAY),
            ]),
            sender: kept(vec![
                rate(Measure::Messages, self.incoming_per_hour, HOUR),
                rate(
                    Measure::Bytes,
                    self.incoming_megabytes_per_day.saturating_mul(MEGABYTE),
                    DAY,
                ),
            ]),
        }
    }
}

impl Default for WrittenDelivery {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        let terms = Terms::default();
        Self {
            retry: [1, 5, 15, 30, 60, 120, 240].map(minutes).to_vec(),
            lifetime: terms.lifetime,
            second_notice: terms.second_notice,
            retention: terms.retention,
        }
    }
}

impl Default for WrittenStore {
    fn default() -> Self {
        Self {
            cache_mib: 16,
            backup_every: Duration::from_secs(DAY),
            keep_backups: 2,
        }
    }
}

fn default_log() -> String {
    "info".to_owned()
}

/// The rules under `key` as JIDs and domains are compared: in their normal form (RFC 7622 section 3).
fn rules(key: &str, rules: &[String]) -> Result<Vec<String>, String> {
    let normal = |rule: &String| {
        let jid = BareJid::new(rule).map_err(|e| format!("{key}: “{rule}” is neither a domain nor a bare JID: {e}"))?;
        Ok(jid.to_string())
    };
    rules.iter().map(normal).collect()
}

/// The admins: people, and such as the gateway is there for. Whoever may not use it gives it no orders.
fn admins(policy: &Policy, admins: &[String]) -> Result<Vec<BareJid>, String> {
    let read = |admin: &String| {
        let jid = BareJid::new(admin).ok().filter(|jid| jid.node().is_some());
        let jid = jid.ok_or_else(|| format!("policy.admins: “{admin}” is not the JID of a person"))?;
        match policy.admit_user(&jid) {
            Ok(()) => Ok(jid),
            Err(_) => Err(format!(
                "policy.admins: “{admin}” may not use the gateway: see policy.allow and policy.deny"
            )),
        }
    };
    admins.iter().map(read).collect()
}

/// A span as people write it: `90s`, `24h`, `7d`.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = |why: String| format!("“{text}” is not a span of time such as \"90s\", \"24h\" or \"7d\"{why}");
    let span: jiff::Span = text.parse().map_err(|e| wrong(format!(": {e}")))?;
    let whole = span
        .to_duration(jiff::SpanRelativeTo::days_are_24_hours())
        .map_err(|e| wrong(format!(": {e}")))?;
    match Duration::try_from(whole) {
        Ok(duration) if duration >= Duration::from_secs(1) => Ok(duration),
        _ => Err(wrong(String::new())),
    }
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    parse_duration(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

fn durations<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Duration>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    if texts.is_empty() {
        return Err(serde::de::Error::custom("at least one wait is needed"));
    }
    texts
        .iter()
        .map(|text| parse_duration(text).map_err(serde::de::Error::custom))
        .collect()
}

#[cfg(test)]
mod tests;
