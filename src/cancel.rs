//! `CancellationToken`: says to many that it is over.
//!
//! Owns the token alone, the same in both worlds. It has the names of `tokio_util::sync::CancellationToken`, and is no
//! re-export of it: tokio-util depends on tokio, and whoever takes a simulated tokio for its dependencies (see
//! `docs/cannot-run.md`) would have a circle.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Poll;
use tokio::sync::Notify;

/// Says to all who hold a clone of it that it is over, as `tokio_util::sync::CancellationToken`.
///
/// ```
/// use simfuzz::CancellationToken;
///
/// let stop = CancellationToken::new();
/// let child = stop.child_token();
/// assert!(!child.is_cancelled());
/// stop.cancel();
/// assert!(child.is_cancelled());
/// ```
#[derive(Clone, Default)]
pub struct CancellationToken {
    node: Arc<Node>,
}

#[derive(Default)]
struct Node {
    state: Mutex<State>,
    over: Notify,
}

#[derive(Default)]
struct State {
    cancelled: bool,
    children: Vec<Weak<Node>>,
}

impl Node {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cancel(&self) {
        let children = {
            let mut state = self.state();
            if std::mem::replace(&mut state.cancelled, true) {
                return;
            }
            std::mem::take(&mut state.children)
        };
        self.over.notify_waiters();
        children.iter().filter_map(Weak::upgrade).for_each(|child| child.cancel());
    }
}

impl fmt::Debug for CancellationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancellationToken").field("is_cancelled", &self.is_cancelled()).finish()
    }
}

impl CancellationToken {
    /// Not cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// One that is cancelled with this one, and can be cancelled without it.
    #[must_use = "a child that is dropped tells nobody"]
    pub fn child_token(&self) -> Self {
        let child = Self::new();
        let mut state = self.node.state();
        child.node.state().cancelled = state.cancelled;
        if !state.cancelled {
            // those that are gone leave when there would be no room
            if state.children.len() == state.children.capacity() {
                state.children.retain(|child| child.strong_count() > 0);
            }
            state.children.push(Arc::downgrade(&child.node));
        }
        drop(state);
        child
    }

    /// Says it. A second time changes nothing.
    pub fn cancel(&self) {
        self.node.cancel();
    }

    /// Was it said?
    pub fn is_cancelled(&self) -> bool {
        self.node.state().cancelled
    }

    /// Waits until it is said.
    pub async fn cancelled(&self) {
        // before the look: what is said between the two is heard
        let over = self.node.over.notified();
        if !self.is_cancelled() {
            over.await;
        }
    }

    /// The same, for a task of its own.
    pub async fn cancelled_owned(self) {
        self.cancelled().await;
    }

    /// Runs `future` until it is said; `None` if that came first.
    pub async fn run_until_cancelled<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        let mut cancelled = pin!(self.cancelled());
        std::future::poll_fn(|context| {
            if cancelled.as_mut().poll(context).is_ready() {
                return Poll::Ready(None);
            }
            future.as_mut().poll(context).map(Some)
        })
        .await
    }

    /// Says it when the guard is dropped.
    pub fn drop_guard(self) -> DropGuard {
        DropGuard { token: Some(self) }
    }
}

/// Cancels its token when it is dropped. Made by [`CancellationToken::drop_guard`].
#[derive(Debug)]
#[must_use = "dropping the guard cancels the token"]
pub struct DropGuard {
    token: Option<CancellationToken>,
}

impl DropGuard {
    /// Gives the token back, not cancelled.
    ///
    /// # Panics
    ///
    /// Never.
    pub fn disarm(mut self) -> CancellationToken {
        self.token.take().expect("a guard has a token until it is dropped")
    }
}

impl Drop for DropGuard {
    fn drop(&mut self) {
        if let Some(token) = &self.token {
            token.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Waker};

    fn is_ready(future: impl Future) -> bool {
        pin!(future).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn all_below_hear_it_and_nobody_above() {
        let (root, other) = (CancellationToken::new(), CancellationToken::new());
        let child = root.child_token();
        let grandchild = child.clone().child_token();
        child.cancel();
        let said = [&root, &child, &grandchild, &other].map(CancellationToken::is_cancelled);
        assert_eq!(said, [false, true, true, false]);
        assert!(child.child_token().is_cancelled(), "who comes late is told");
        root.cancel();
        assert!(root.is_cancelled());
    }

    #[test]
    fn who_waits_is_woken_also_by_what_came_before_the_first_poll() {
        let token = CancellationToken::new();
        let mut early = pin!(token.cancelled());
        let mut context = Context::from_waker(Waker::noop());
        assert!(early.as_mut().poll(&mut context).is_pending());
        let unpolled = token.clone().cancelled_owned();
        token.cancel();
        assert!(early.as_mut().poll(&mut context).is_ready());
        assert!(is_ready(unpolled) && is_ready(token.cancelled()));
    }

    #[test]
    fn a_future_is_given_up() {
        let token = CancellationToken::new();
        assert!(!is_ready(token.run_until_cancelled(std::future::pending::<()>())));
        assert!(is_ready(token.run_until_cancelled(async {})));
        drop(token.clone().drop_guard());
        assert!(is_ready(token.run_until_cancelled(std::future::pending::<()>())));
        assert!(!CancellationToken::new().drop_guard().disarm().is_cancelled());
    }

    #[test]
    fn children_that_are_gone_take_no_room() {
        let token = CancellationToken::new();
        (0..10_000).for_each(|_| drop(token.child_token()));
        assert!(token.node.state().children.len() < 100);
    }
}
