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

/// Everything that is being written down for one link.
pub(super) struct Posts {
    inbox: Arc<dyn Inbox>,
    under_way: FuturesUnordered<Pending<'static, Posted>>,
}

/// What became of one.
pub(super) struct Posted {
    result: Result<Accepted, Fault>,
    then: Vec<Outward>,
    or_else: Option<ReturnAddress>,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Posts {
    pub(super) fn new(inbox: Arc<dyn Inbox>) -> Self {
        Self {
            inbox,
            under_way: FuturesUnordered::new(),
        }
    }

    /// Posts. The place in line is taken here, not when it is polled.
    pub(super) fn begin(&mut self, post: Post) {
        let Post { arrival, then, or_else } = post;
        let result = self.inbox.post(arrival);
        let posted = result.map(|result| Posted { result, then, or_else });
        self.under_way.push(Box::pin(posted));
    }

    pub(super) fn are_full(&self) -> bool {
        self.under_way.len() >= MOST
    }

    pub(super) fn are_done(&self) -> bool {
        self.under_way.is_empty()
    }

    /// The next one that is done; never ready while there are none.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Posted> {
        match self.under_way.poll_next_unpin(cx) {
            Poll::Ready(Some(posted)) => Poll::Ready(posted),
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
        match (self.result, self.or_else) {
            (Ok(_), _) => self.then,
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
