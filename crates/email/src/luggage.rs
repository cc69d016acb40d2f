//! What a message takes along into its mail: each of its files is fetched, or it is known why not.

use crate::network::Email;
use crate::write::{Absence, Enclosure};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::file::{Attachment, Link, Place};
use causeway_core::network::{Fetched, Parcel};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How often a file is tried that its server does not give at the moment; then the mail goes with the link.
const TRIES: u32 = 3;
/// How long all files of one message may take together.
const PATIENCE: Duration = Duration::from_secs(180);

// ---------------------------------------------------------------------------------------------------------------------

impl Email {
    /// The files of a parcel, all together no larger than one may be. The fault says that it is worth waiting for one.
    pub(crate) async fn luggage(&self, parcel: &Parcel) -> Result<Vec<Enclosure>, Fault> {
        let attachments = parcel.payload().text().map_or(&[][..], |text| &text.attachments);
        let mut room = self.files.largest;
        let until = Instant::now() + PATIENCE;
        let mut luggage = Vec::with_capacity(attachments.len());
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
            luggage.push(packed);
        }
        Ok(luggage)
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

#[cfg(test)]
mod tests;
