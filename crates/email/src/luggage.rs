//! What a message takes along into its mail: each of its files is fetched, or it is known why not.

use crate::network::Email;
use crate::write::{Absence, Enclosure};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::file::{Attachment, Link, Place};
use causeway_core::network::{Fetched, Parcel};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout, timeout_at};

/// How often a file is tried that its server does not give at the moment; then the mail goes with the link.
const TRIES: u32 = 3;
/// How long all files of one message may take together.
const PATIENCE: Duration = Duration::from_secs(180);
/// How much the files of all mails under way may take in memory, in KiB; the largest single one always fits.
const HOLD: u32 = 64 << 10;
/// How many mails wait until there is room for their files, and how long.
const QUEUE: usize = 64;
const WAIT: Duration = Duration::from_secs(60);

/// The room for the files of all mails under way.
pub(crate) struct Hold {
    /// What one mail takes at most, in KiB.
    largest: u32,
    room: Semaphore,
    queue: Semaphore,
}

/// The files of one mail.
pub(crate) struct Luggage<'a> {
    /// Each of them, or why it does not come along.
    pub(crate) files: Vec<Enclosure>,
    /// What they take of the hold.
    _room: Option<SemaphorePermit<'a>>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Hold {
    /// A hold for mails whose files take at most this many bytes each.
    pub(crate) fn new(largest: u64) -> Self {
        let largest = kib(largest);
        Self {
            largest,
            room: Semaphore::new(usize::try_from(largest.max(HOLD)).unwrap_or(usize::MAX)),
            queue: Semaphore::new(QUEUE),
        }
    }

    /// Room for the files of one mail, as large as they may be; none when too many mails wait, or for too long.
    async fn room(&self) -> Option<SemaphorePermit<'_>> {
        let _place = self.queue.try_acquire().ok()?;
        timeout(WAIT, self.room.acquire_many(self.largest)).await.ok()?.ok()
    }
}

impl Email {
    /// The files of a parcel, all together no larger than one may be. The fault says that it is worth waiting for one, or
    /// for room.
    pub(crate) async fn luggage(&self, parcel: &Parcel) -> Result<Luggage<'_>, Fault> {
        let attachments = parcel.payload().text().map_or(&[][..], |text| &text.attachments);
        let is_fetched = |file: &Attachment| matches!(&file.place, Place::At(link) if self.files.web.follows(link));
        let mut held = None;
        if attachments.iter().take(self.files.most).any(is_fetched) {
            held = self.hold.room().await;
            if held.is_none() && parcel.attempt() < TRIES {
                return Err(Fault::of(FaultKind::Busy).saying("the files of other mails take all the room"));
            }
        }
        let mut room = self.files.largest;
        let until = Instant::now() + PATIENCE;
        let mut files = Vec::with_capacity(attachments.len());
        for (n, file) in attachments.iter().enumerate() {
            let mut packed = Enclosure {
                name: file.name.clone(),
                media_type: file.media_type.clone(),
                size: file.size,
                link: None,
                content: Err(Absence::Named),
            };
            if let Place::At(link) = &file.place {
                packed.link = Some(link.clone());
                packed.content = match n < self.files.most {
                    true if held.is_none() && is_fetched(file) => Err(Absence::NoRoom),
                    true => self.fetched(parcel, file, link, room, until).await?.map(|fetched| {
                        packed.media_type = packed.media_type.take().or(fetched.media_type);
                        Arc::from(fetched.bytes)
                    }),
                    false => Err(Absence::TooMany),
                };
            }
            if let Ok(content) = &packed.content {
                room = room.saturating_sub(content.len() as u64);
            }
            files.push(packed);
        }
        // What was kept free for larger files is free again: whole KiB that none of the bytes lie in.
        let free = usize::try_from(room >> 10).unwrap_or(usize::MAX);
        drop(held.as_mut().and_then(|held| held.split(free)));
        Ok(Luggage { files, _room: held })
    }

    async fn fetched(
        &self,
        parcel: &Parcel,
        file: &Attachment,
        link: &Link,
        room: u64,
        until: Instant,
    ) -> Result<Result<Fetched, Absence>, Fault> {
        if !self.files.web.follows(link) {
            return Ok(Err(Absence::NotAsked));
        }
        if file.size.is_some_and(|size| size > room) {
            return Ok(Err(Absence::TooLarge));
        }
        let fault = match timeout_at(until, self.files.web.fetch(link, room)).await {
            Ok(Ok(fetched)) => return Ok(Ok(fetched)),
            Ok(Err(fault)) => fault,
            Err(_) => Fault::of(FaultKind::Timeout),
        };
        tracing::info!(id = %parcel.id(), %fault, "a file of a message was not fetched");
        match fault.kind {
            FaultKind::TooLarge => Ok(Err(Absence::TooLarge)),
            _ if fault.retry && parcel.attempt() < TRIES => Err(fault),
            _ => Ok(Err(Absence::NotGiven)),
        }
    }
}

fn kib(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
