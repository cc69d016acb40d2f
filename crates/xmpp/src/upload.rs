//! Puts the files of incoming messages where users can fetch them: on the upload service of their own server (XEP-0363).

mod finding;
mod service;

pub(crate) use finding::finding;

use crate::address::Gateway;
use crate::link::line::Line;
use crate::link::requests::{NoAnswer, Question};
use crate::ns;
use crate::privilege::{Denied, Steward};
use crate::xml::{Build, element};
use causeway_core::envelope::EnvelopeId;
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::file::{Attachment, Link, Place};
use causeway_core::language::Words;
use causeway_core::network::{Arrival, House, Memory, Parcel, Put, Row};
use data_encoding::BASE64;
use jid::BareJid;
use minidom::Element;
use service::{Service, Services};
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout, timeout_at};

/// How often a file is tried that cannot be put anywhere at the moment; then the message goes with its name.
const TRIES: u32 = 3;
/// How long all files of one message may take together, and how long it waits for its turn before that.
const PATIENCE: Duration = Duration::from_secs(180);
/// How many messages put their files there at once, each with one file in memory.
const AT_ONCE: usize = 8;
/// How many more wait for their turn: a service that hangs must not hold up everything that goes home.
const QUEUE: usize = 32;
/// How many rows of links are looked at for old ones whenever one is written.
const SWEPT: usize = 20;
/// What the rows of links begin with.
const PREFIX: &str = "file/";
/// What a file of unknown type is called.
const BYTES: &str = "application/octet-stream";

/// A file where its recipient can fetch it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed {
    /// Where.
    pub(crate) link: Link,
    /// Its hash in base64 (XEP-0300), where the gateway has seen its bytes.
    pub(crate) sha256: Option<String>,
}

/// Why a file is nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absence {
    /// It was never kept: it was too large, or one too many.
    NotKept,
    /// The user's server has no upload service that takes files from the gateway.
    NoService,
    /// The upload service takes no file of this size.
    TooLarge,
    /// It could not be put there.
    Failed,
}

/// The uploads of one component domain.
#[derive(Debug)]
pub(crate) struct Uploads {
    services: Services,
    turns: Semaphore,
    queue: Semaphore,
    /// The row of a link that was looked at last.
    swept: Mutex<Option<String>>,
}

/// Why a file was not placed.
enum Trouble {
    /// It will not be.
    Absent(Absence),
    /// Trying again can help.
    Later(Fault),
}

/// Where a file goes, and where it is then (XEP-0363 section 5).
struct Slot {
    put: Link,
    headers: Vec<(String, String)>,
    get: Link,
}

/// One message's way to the upload service.
pub(crate) struct Way<'a> {
    pub(crate) gateway: &'a Gateway,
    pub(crate) line: &'a Line,
    pub(crate) uploads: &'a Uploads,
    pub(crate) house: &'a House,
    pub(crate) parcel: &'a Parcel,
    pub(crate) user: &'a BareJid,
    /// The service that the config names.
    pub(crate) configured: Option<&'a str>,
}

// ---------------------------------------------------------------------------------------------------------------------

/// The rows to take away when the message is handed over.
pub(crate) fn done(parcel: &Parcel) -> Vec<Row> {
    let files = parcel.payload().text().map_or(&[][..], |text| &text.attachments);
    let kept = files.iter().filter_map(|file| match file.place {
        Place::Kept(number) => Some(Row::gone(key(parcel.id(), number))),
        Place::Named | Place::At(_) => None,
    });
    kept.collect()
}

impl Absence {
    /// What people are told.
    pub(crate) fn words(self) -> Words {
        match self {
            Self::NotKept => Words::new("not kept by the gateway", "vom Gateway nicht aufbewahrt"),
            Self::NoService => Words::new("your server has no place for it", "dein Server hat keinen Platz dafür"),
            Self::TooLarge => Words::new("too large for your server", "zu groß für deinen Server"),
            Self::Failed => Words::new(
                "could not be uploaded to your server",
                "ließ sich nicht auf deinen Server laden",
            ),
        }
    }
}

impl Way<'_> {
    /// Places each file of the parcel once: what was uploaded at an earlier try is known. The fault says that it is worth
    /// waiting; a message whose turn did not come waits on, however often it was tried.
    pub(crate) async fn placed(&self) -> Result<Vec<Result<Placed, Absence>>, Fault> {
        let files = self.parcel.payload().text().map_or(&[][..], |text| &text.attachments);
        let _turn = match files.iter().any(|file| matches!(file.place, Place::Kept(_))) {
            true => Some(self.uploads.turn().await?),
            false => None,
        };
        let until = Instant::now() + PATIENCE;
        let mut placed = Vec::with_capacity(files.len());
        for file in files {
            let place = timeout_at(until, self.place(file)).await;
            placed.push(match place.unwrap_or_else(|_| Err(Trouble::Later(Fault::of(FaultKind::Timeout)))) {
                Ok(found) => Ok(found),
                Err(Trouble::Absent(absence)) => Err(absence),
                Err(Trouble::Later(fault)) if self.parcel.attempt() < TRIES => return Err(fault),
                Err(Trouble::Later(fault)) => {
                    tracing::warn!(id = %self.parcel.id(), %fault, "a file could not be uploaded; its message goes without it");
                    Err(Absence::Failed)
                }
            });
        }
        Ok(placed)
    }

    async fn place(&self, file: &Attachment) -> Result<Placed, Trouble> {
        let number = match &file.place {
            Place::Named => return Err(Trouble::Absent(Absence::NotKept)),
            Place::At(link) => {
                let link = link.clone();
                return Ok(Placed { link, sha256: None });
            }
            Place::Kept(number) => *number,
        };
        let Some(bytes) = self.house.memory.file(self.parcel.id(), number) else {
            return Err(Trouble::Absent(Absence::NotKept));
        };
        let sha256 = Some(BASE64.encode(&Sha256::digest(&bytes)));
        let key = key(self.parcel.id(), number);
        if let Some(link) = known(self.house.memory.as_ref(), &key) {
            return Ok(Placed { link, sha256 });
        }
        let link = self.upload(file, &bytes).await?;
        self.remember(key, &link).await;
        Ok(Placed { link, sha256 })
    }

    async fn upload(&self, file: &Attachment, bytes: &Arc<[u8]>) -> Result<Link, Trouble> {
        let domain = self.user.domain().as_str();
        let now = self.house.clock.now();
        let services = &self.uploads.services;
        let found = services
            .find(self.line, self.gateway, domain, self.configured, now)
            .await;
        let service = found
            .map_err(|no| later(&no))?
            .ok_or(Trouble::Absent(Absence::NoService))?;
        if service.largest.is_some_and(|largest| bytes.len() as u64 > largest) {
            return Err(Trouble::Absent(Absence::TooLarge));
        }
        let media_type = file.media_type.as_ref().map_or(BYTES, |it| it.as_str());
        let slot = self.slot(&service, file.name.as_str(), bytes.len(), media_type).await?;
        let put = Put {
            link: &slot.put,
            headers: &slot.headers,
            media_type,
            bytes,
        };
        match self.house.files.web.put(put).await {
            Ok(()) => Ok(slot.get),
            Err(fault) if fault.retry => Err(Trouble::Later(fault)),
            Err(fault) => {
                tracing::warn!(service = service.jid, %fault, "the upload service gave a place that takes nothing; see [files] allow_private");
                Err(Trouble::Absent(Absence::Failed))
            }
        }
    }

    /// A slot for the gateway, or for the user in whose name it may ask: many services serve only the users of their server.
    async fn slot(&self, service: &Service, name: &str, size: usize, media_type: &str) -> Result<Slot, Trouble> {
        let Self { gateway, line, .. } = self;
        let request = request(name, size, media_type);
        let no = match ask(line, gateway, &service.jid, request.clone()).await {
            Ok(answer) => return Slot::read(answer.get_child("slot", ns::UPLOAD)).ok_or_else(senseless),
            Err(no) => no,
        };
        let NoAnswer::Refused(refused) = &no else {
            return Err(later(&no));
        };
        match refused.condition.as_str() {
            "not-acceptable" => return Err(Trouble::Absent(Absence::TooLarge)),
            "resource-constraint" => return Err(later(&no)),
            _ => {}
        }
        match Steward::new(gateway, line)
            .get(self.user, Some(&service.jid), request)
            .await
        {
            Ok(slot) => Slot::read(slot.as_ref()).ok_or_else(senseless),
            Err(denied) => {
                tracing::warn!(
                    service = service.jid,
                    "the upload service takes nothing from {}: {refused}, and in a user's name: {denied}; see docs/ATTACHING.md",
                    gateway.as_str()
                );
                match denied {
                    Denied::NoAnswer(NoAnswer::Refused(_)) | Denied::NotGranted => {
                        Err(Trouble::Absent(Absence::NoService))
                    }
                    Denied::NoAnswer(no) => Err(later(&no)),
                    Denied::Senseless => Err(senseless()),
                }
            }
        }
    }

    /// Writes a link down at once, so that no later try uploads the file again, and takes old links away that nobody
    /// came back for.
    async fn remember(&self, key: String, link: &Link) {
        let memory = self.house.memory.as_ref();
        let mut rows = self.uploads.forgotten(memory);
        rows.push(Row::put(key, link.as_str()));
        match self.house.inbox.post(Arrival::rows(rows)).await {
            Ok(_durable) => {}
            Err(fault) => tracing::warn!(%fault, "the link of an uploaded file was not written down"),
        }
    }
}

impl Default for Uploads {
    fn default() -> Self {
        Self {
            services: Services::default(),
            turns: Semaphore::new(AT_ONCE),
            queue: Semaphore::new(QUEUE),
            swept: Mutex::default(),
        }
    }
}

impl Uploads {
    /// A turn at the upload service. [`FaultKind::Busy`] when too many wait for theirs, or for too long.
    async fn turn(&self) -> Result<SemaphorePermit<'_>, Fault> {
        let turn = async {
            let _place = self.queue.try_acquire().ok()?;
            timeout(PATIENCE, self.turns.acquire()).await.ok()?.ok()
        };
        let busy = || Fault::of(FaultKind::Busy).saying("files wait for the upload service");
        turn.await.ok_or_else(busy)
    }

    /// The next links whose messages are forgotten, as rows to take away.
    fn forgotten(&self, memory: &dyn Memory) -> Vec<Row> {
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = memory.rows(PREFIX, swept.as_deref(), SWEPT);
        *swept = rows.last().map(|(key, _)| key.clone()).filter(|_| rows.len() == SWEPT);
        let is_old = |key: &str| {
            let id = key.strip_prefix(PREFIX).and_then(|rest| rest.split('/').next());
            id.and_then(EnvelopeId::parse)
                .is_none_or(|id| memory.recall(id).is_none())
        };
        rows.into_iter()
            .filter(|(key, _)| is_old(key))
            .map(|(key, _)| Row::gone(key))
            .collect()
    }
}

impl Slot {
    /// Reads a slot. Of the headers only the three that may be asked for are kept (XEP-0363 section 5).
    fn read(slot: Option<&Element>) -> Option<Self> {
        let slot = slot.filter(|slot| slot.is("slot", ns::UPLOAD))?;
        let put = slot.get_child("put", ns::UPLOAD)?;
        let get = slot.get_child("get", ns::UPLOAD)?;
        let headers = put
            .children()
            .filter(|child| child.is("header", ns::UPLOAD))
            .filter_map(|header| {
                let name = header.attr("name")?;
                let allowed = ["authorization", "cookie", "expires"].contains(&name.to_ascii_lowercase().as_str());
                let value = header.text().replace(['\r', '\n'], "");
                allowed.then(|| (name.to_owned(), value))
            });
        Some(Self {
            headers: headers.collect(),
            put: Link::new(put.attr("url")?)?,
            get: Link::new(get.attr("url")?)?,
        })
    }
}

/// A request for a slot (XEP-0363 section 5).
fn request(name: &str, size: usize, media_type: &str) -> Element {
    element("request", ns::UPLOAD)
        .with("filename", name)
        .with("size", &size.to_string())
        .with("content-type", media_type)
}

async fn ask(line: &Line, gateway: &Gateway, whom: &str, payload: Element) -> Result<Element, NoAnswer> {
    let question = Question {
        from: gateway.itself(),
        to: whom.to_owned(),
        set: false,
        payload: |_: &str| payload,
    };
    Ok(line.ask(question).await?.stanza)
}

fn known(memory: &dyn Memory, key: &str) -> Option<Link> {
    Link::new(std::str::from_utf8(&memory.row(key)?).ok()?)
}

fn key(id: EnvelopeId, number: u16) -> String {
    format!("{PREFIX}{id}/{number}")
}

fn later(no: &NoAnswer) -> Trouble {
    Trouble::Later(Fault::of(FaultKind::Unreachable).saying(&format!("the upload service: {no}")))
}

fn senseless() -> Trouble {
    Trouble::Later(Fault::of(FaultKind::Unreachable).saying("the upload service's answer cannot be understood"))
}

#[cfg(test)]
mod tests;
