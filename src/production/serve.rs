//! From `main` into a process: where it listens, who its peers are, where its files lie, how it ends.
//!
//! Owns the runtime and the signals. What the answers mean for handles is theirs.

use super::context::SimContext;
use super::machine::{self, Machine};
use super::process::Process;
use super::topology::{address, seat};
use crate::cancel::CancellationToken;
use crate::error::{SimulationError, SimulationResult};
use crate::topology::DEFAULT_PORT;
use std::fmt;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep};

/// How long a process may take to stop, unless [`Server::grace`] says otherwise. Docker gives ten
/// seconds before it kills, systemd ninety.
const GRACE: Duration = Duration::from_secs(10);

/// Runs `process` on this machine: sockets, files, clock and randomness are real, through tokio.
///
/// ```no_run
/// # #[cfg(not(feature = "sim"))]
/// # mod example {
/// use simfuzz::prelude::*;
///
/// struct Greeter;
///
/// #[async_trait(?Send)]
/// impl Process for Greeter {
///     fn name(&self) -> &str {
///         "greeter"
///     }
///     async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
///         let listener = ctx.network().bind(ctx.my_ip()).await?;
///         loop {
///             let (mut stream, _) = listener.accept().await?;
///             ctx.task().spawn(async move { stream.write_all(b"hello").await });
///         }
///     }
/// }
///
/// fn main() -> SimulationResult<()> {
///     simfuzz::serve(Greeter).on("127.0.0.1:4500").run()
/// }
/// # }
/// ```
#[must_use = "nothing is served before `run`"]
pub fn serve(process: impl Process) -> Server {
    Server::new(|settings| settings.run(process))
}

/// What `main` says of a server. Made by [`serve`].
#[must_use = "nothing is served before `run`"]
pub struct Server {
    settings: Settings,
    main: Box<dyn FnOnce(Settings) -> SimulationResult<()>>,
}

/// What was said.
#[derive(Debug)]
struct Settings {
    listen: String,
    peers: Vec<String>,
    others: Vec<(String, Vec<String>)>,
    folder: PathBuf,
    grace: Duration,
    threads: usize,
    stop: CancellationToken,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Server {
    fn new(main: impl FnOnce(Settings) -> SimulationResult<()> + 'static) -> Self {
        let settings = Settings {
            listen: format!("127.0.0.1:{DEFAULT_PORT}"),
            peers: Vec::new(),
            others: Vec::new(),
            folder: "data".into(),
            grace: GRACE,
            threads: 1,
            stop: CancellationToken::new(),
        };
        Self { settings, main: Box::new(main) }
    }

    /// A server that won't start, and says why.
    #[cfg(feature = "sim")]
    pub(crate) fn refused(reason: &'static str) -> Self {
        Self::new(move |_| Err(io::Error::new(io::ErrorKind::Unsupported, reason).into()))
    }

    /// Where it listens, as `address:port`: what [`SimContext::my_ip`] and a bind to it mean. Without it,
    /// `127.0.0.1:4500`.
    ///
    /// At `0.0.0.0` it listens at all addresses of the machine, and knows itself by the one that is in
    /// the list of peers.
    pub fn on(mut self, address: impl Into<String>) -> Self {
        self.settings.listen = address.into();
        self
    }

    /// All servers of its kind, this one too, as `host:port` and in the same order everywhere: the order
    /// gives them their names (`store-0`, `store-1`). Each needs an address of its own, since a process
    /// tells peers by that. Host names are looked up once, at the start.
    pub fn peers<A: Into<String>>(mut self, addresses: impl IntoIterator<Item = A>) -> Self {
        self.settings.peers = addresses.into_iter().map(Into::into).collect();
        self
    }

    /// Servers of another kind, that `ctx.peers(kind)` gives and `ctx.network().connect(kind)` finds.
    pub fn others<A: Into<String>>(mut self, kind: &str, addresses: impl IntoIterator<Item = A>) -> Self {
        self.settings.others.push((kind.to_owned(), addresses.into_iter().map(Into::into).collect()));
        self
    }

    /// The folder that `ctx.storage()` is, `data` without it. It is made if it isn't there, and locked:
    /// two servers in one folder would ruin it.
    pub fn data_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.settings.folder = folder.into();
        self
    }

    /// How long the process may take from `ctx.shutdown()` to its return; ten seconds without it.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.settings.grace = grace;
        self
    }

    /// So many threads for what [`SimTasks::spawn`](super::SimTasks::spawn) spawns; one without it.
    ///
    /// With one, tasks take turns at their awaits, as in a simulation. With more they run at the same
    /// time, which no simulation shows.
    pub fn threads(mut self, threads: usize) -> Self {
        self.settings.threads = threads.max(1);
        self
    }

    /// Stops when `token` is cancelled, as by Ctrl-C.
    pub fn stop_on(mut self, token: CancellationToken) -> Self {
        self.settings.stop = token;
        self
    }

    /// Serves until the process returns, and gives what it returned. Ctrl-C and SIGTERM ask it to stop;
    /// a second one, or the end of the grace, ends it.
    ///
    /// # Errors
    ///
    /// The process's own; [`SimulationError::Io`] when an address or the folder can't be used;
    /// [`SimulationError::InvalidState`] when one of its tasks panicked, which ends it as in a simulation;
    /// [`SimulationError::Timeout`] when it didn't stop.
    ///
    /// # Panics
    ///
    /// When the process does, and in a task of a tokio runtime.
    pub fn run(self) -> SimulationResult<()> {
        (self.main)(self.settings)
    }
}

impl Settings {
    fn run(self, mut process: impl Process) -> SimulationResult<()> {
        let name = process.name().to_owned();
        let listen = address(&self.listen)?;
        let seat = seat(&name, listen, &self.peers, &self.others)?;
        let _locked = lock(&self.folder)?;
        let machine: &'static Machine = Box::leak(Box::new(Machine {
            name: seat.topology.name_of(seat.ip).unwrap_or(&name).to_owned(),
            ip: seat.ip,
            listen: listen.ip(),
            number: seat.number,
            count: seat.topology.peers(&name).len(),
            topology: seat.topology,
            folder: self.folder.clone(),
            start: Instant::now(),
            shutdown: CancellationToken::new(),
            crashed: CancellationToken::new(),
        }));
        let runtime = self.runtime(machine)?;
        let before = machine::enter(Some(machine));
        let result = {
            let tasks = LocalSet::new();
            let context = SimContext::new(machine);
            let _entered = runtime.enter();
            runtime.block_on(tasks.run_until(self.attend(&mut process, &context, machine)))
        };
        // its tasks end with it
        drop(runtime);
        machine::enter(before);
        result
    }

    fn runtime(&self, machine: &'static Machine) -> io::Result<Runtime> {
        let mut builder = if self.threads == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
        let enter = move || {
            machine::enter(Some(machine));
        };
        builder.worker_threads(self.threads).enable_all().on_thread_start(enter).build()
    }

    /// Runs the process, and watches over it.
    async fn attend(
        &self,
        process: &mut impl Process,
        context: &SimContext,
        machine: &Machine,
    ) -> SimulationResult<()> {
        let mut signals = Signals::new()?;
        let mut running = pin!(process.run(context));
        tokio::select! {
            biased;
            result = &mut running => return result,
            () = machine.crashed.cancelled() => return Err(crash()),
            () = self.stop.cancelled() => {}
            () = signals.next() => {}
        }
        machine.shutdown.cancel();
        tokio::select! {
            biased;
            result = running => result,
            () = machine.crashed.cancelled() => Err(crash()),
            () = signals.next() => Err(SimulationError::Timeout("the process was to stop at once".to_owned())),
            () = sleep(self.grace) => {
                Err(SimulationError::Timeout(format!("the process did not stop within {:?}", self.grace)))
            }
        }
    }
}

fn crash() -> SimulationError {
    SimulationError::InvalidState("a task panicked, and with it ends the process".to_owned())
}

/// Makes the folder and locks it for as long as the handle lives.
fn lock(folder: &Path) -> io::Result<File> {
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("the data folder {}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(named)?;
    let handle = File::open(folder).map_err(named)?;
    match handle.try_lock() {
        Err(TryLockError::WouldBlock) => {
            Err(named(io::Error::new(io::ErrorKind::ResourceBusy, "another server runs in it")))
        }
        // some file systems have no locks
        Ok(()) | Err(TryLockError::Error(_)) => Ok(handle),
    }
}

/// Ctrl-C and SIGTERM.
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
