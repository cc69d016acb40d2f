//! What was read and is being written down, bounded.

use crate::errors::Refusal;
use crate::reception::Post;
use crate::stanza::{Outward, ReturnAddress};
use causeway_core::fault::Fault;
use causeway_core::network::{Accepted, Inbox, Pending};
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use std::sync::Arc;
use std::task::{Context, Poll};

/// How many may be under way.
const MOST: usize = 1024;
/// How many pieces of other work may be under way. They may wait for what is still to be read, so they must not hold up
/// the reading: what comes when there are more is refused.
const MOST_WORK: usize = 256;

/// Everything that is being written down for one link.
pub(super) struct Posts {
    inbox: Arc<dyn Inbox>,
    under_way: FuturesUnordered<Pending<'static, Posted>>,
    work: FuturesUnordered<Pending<'static, Vec<Outward>>>,
}

/// What became of one.
pub(super) enum Posted {
    /// Something was written down or not.
    Written {
        result: Result<Accepted, Fault>,
        then: Vec<Outward>,
        or_else: Option<ReturnAddress>,
    },
    /// Some work is done.
    Worked(Vec<Outward>),
}

// ---------------------------------------------------------------------------------------------------------------------

impl Posts {
    pub(super) fn new(inbox: Arc<dyn Inbox>) -> Self {
        Self {
            inbox,
            under_way: FuturesUnordered::new(),
            work: FuturesUnordered::new(),
        }
    }

    /// Posts. The place in line is taken here, not when it is polled.
    pub(super) fn begin(&mut self, post: Post) {
        let Post { arrival, then, or_else } = post;
        let result = self.inbox.post(arrival);
        let posted = result.map(|result| Posted::Written { result, then, or_else });
        self.under_way.push(Box::pin(posted));
    }

    /// Begins some work beside the reading.
    pub(super) fn work(&mut self, work: Pending<'static, Vec<Outward>>) {
        self.work.push(work);
    }

    pub(super) fn are_full(&self) -> bool {
        self.under_way.len() >= MOST
    }

    /// Whether there is no room for more work.
    pub(super) fn are_crowded(&self) -> bool {
        self.work.len() >= MOST_WORK
    }

    pub(super) fn are_done(&self) -> bool {
        self.under_way.is_empty() && self.work.is_empty()
    }

    /// The next one that is done; never ready while there are none.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Posted> {
        if let Poll::Ready(Some(posted)) = self.under_way.poll_next_unpin(cx) {
            return Poll::Ready(posted);
        }
        match self.work.poll_next_unpin(cx) {
            Poll::Ready(Some(said)) => Poll::Ready(Posted::Worked(said)),
            _ => Poll::Pending,
        }
    }

    /// The next one that is done; waits for ever while there are none.
    pub(super) async fn next(&mut self) -> Posted {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }
}

impl Posted {
    /// What to say now.
    pub(super) fn answers(self) -> Vec<Outward> {
        let (result, then, or_else) = match self {
            Self::Worked(said) => return said,
            Self::Written { result, then, or_else } => (result, then, or_else),
        };
        match (result, or_else) {
            (Ok(_), _) => then,
            (Err(fault), Some(back)) => {
                tracing::info!(%fault, "a stanza was not taken and goes back");
                vec![back.refused(&Refusal::from(fault))]
            }
            (Err(fault), None) => {
                tracing::warn!(%fault, "something was not written down, and nobody can be told");
                Vec::new()
            }
        }
    }
}
