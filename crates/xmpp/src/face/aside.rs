//! Work for an answer that takes long, such as reading many cards: on a thread of its own, so that nothing waits for it.

use super::{Answer, Face, Request};
use crate::errors::Refusal;
use causeway_core::fault::{Fault, FaultKind};
use minidom::Element;
use tokio::sync::oneshot;

/// Answers when the work is done; refuses it while too much of what the user asked is under way.
pub(super) fn aside(
    face: &Face,
    request: &Request<'_>,
    name: &'static str,
    work: impl FnOnce(&Face, &Request<'_>) -> Result<Element, Refusal> + Send + 'static,
) -> Result<Answer, Refusal> {
    let busy = || Refusal::from(Fault::of(FaultKind::Busy));
    let under_way = face.attention.begin(&request.caller.bare).ok_or_else(busy)?;
    let (give, take) = oneshot::channel();
    let (face, caller, payload) = (face.clone(), request.caller.clone(), request.payload.clone());
    let local = request.local.map(str::to_owned);
    let (set, language) = (request.set, request.language);
    let tasks = face.house.tasks.clone();
    let work = move || {
        let request = Request {
            caller: &caller,
            local: local.as_deref(),
            set,
            payload: &payload,
            language,
        };
        let done = work(&face, &request);
        drop(under_way);
        // Nobody waits for it any more where the link has broken.
        drop(give.send(done));
    };
    Ok(Answer::Later(Box::pin(async move {
        tasks.work(name, Box::new(work)).await;
        let stumbled = |_| Err(Refusal::from(Fault::of(FaultKind::Internal)));
        take.await.unwrap_or_else(stumbled).map(Some)
    })))
}

#[cfg(test)]
mod tests;
