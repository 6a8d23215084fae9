//! Tasks, on the host whose task is polled.

pub use real::task::{LocalKey, Unconstrained, consume_budget, coop, futures, unconstrained};
pub use simfuzz::task::{AbortHandle, JoinError, JoinHandle, JoinSet, LocalSet, spawn, spawn_local, yield_now};

/// Calls `f` in a task of its own: no time passes while it computes, and nobody else runs. What it does to the machine
/// is real: files, and the resolver that `std::net::ToSocketAddrs` asks.
#[track_caller]
pub fn spawn_blocking<F, R>(f: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    spawn(async move { f() })
}

/// Calls `f`: see [`spawn_blocking`].
pub fn block_in_place<F, R>(f: F) -> R
where
    F: FnOnce() -> R,
{
    f()
}
