//! What a workload or process can reach.

use crate::cancel::CancellationToken;
use crate::executor::current_run;
use crate::sim::{
    Membership, SharedHistory, SharedState, SimNetwork, SimRandomProvider, SimStorage, SimTasks, SimTime, with,
};
use crate::topology::{HostId, ToPeer, Topology};
use crate::trace::{Mark, What};
use std::fmt::Debug;
use std::net::IpAddr;
use std::sync::Arc;

/// Everything that a workload or process needs: network, clock, random values, disk, peers.
///
/// Cheap to clone, and `Send`: it can move into spawned tasks. It works only inside of its run.
#[derive(Clone, Debug)]
pub struct SimContext {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    run: u64,
    host: HostId,
    name: Arc<str>,
    ip: IpAddr,
    boot: u32,
    client_id: usize,
    client_count: usize,
    topology: Arc<Topology>,
    network: SimNetwork,
    time: SimTime,
    random: SimRandomProvider,
    storage: SimStorage,
    tasks: SimTasks,
    state: SharedState,
    shutdown: CancellationToken,
}

/// Where a context's owner stands among its like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat {
    pub(crate) host: HostId,
    pub(crate) boot: u32,
    pub(crate) client_id: usize,
    pub(crate) client_count: usize,
}

impl SimContext {
    pub(crate) fn new(seat: Seat, topology: &Arc<Topology>, shutdown: CancellationToken) -> Self {
        let Seat { host, boot, client_id, client_count } = seat;
        let place = topology.host(host);
        let inner = Inner {
            run: current_run(),
            host,
            name: place.name.as_str().into(),
            ip: place.ip,
            boot,
            client_id,
            client_count,
            topology: topology.clone(),
            network: SimNetwork { host },
            time: SimTime(host),
            random: SimRandomProvider::new(host, &place.name),
            storage: SimStorage { user: host, disk: host },
            tasks: SimTasks { host },
            state: SharedState(()),
            shutdown,
        };
        Self { inner: Arc::new(inner) }
    }

    /// The address of this host.
    pub fn my_ip(&self) -> IpAddr {
        self.inner.ip
    }

    /// The name of this host: `server-1`, or the workload's name when there is one of it.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// How often this process was booted before: 0 at first. A factory or process can play an
    /// older version with it, for rolling upgrades.
    pub fn boot(&self) -> u32 {
        self.inner.boot
    }

    /// The number of this workload among those made by one call of `workloads`, or of this
    /// process among its kind; from 0.
    pub fn client_id(&self) -> usize {
        self.inner.client_id
    }

    /// How many there are of it.
    pub fn client_count(&self) -> usize {
        self.inner.client_count
    }

    /// Who else takes part.
    pub fn topology(&self) -> &Topology {
        &self.inner.topology
    }

    /// The address of the first host called `name`; see [`Topology::peer`].
    pub fn peer(&self, name: &str) -> Option<IpAddr> {
        self.inner.topology.peer(name)
    }

    /// The addresses of all hosts called `name`; see [`Topology::peers`].
    pub fn peers(&self, name: &str) -> &[IpAddr] {
        self.inner.topology.peers(name)
    }

    /// TCP connections to the others.
    pub fn network(&self) -> &SimNetwork {
        &self.now().network
    }

    /// The virtual clock.
    pub fn time(&self) -> &SimTime {
        &self.now().time
    }

    /// Random values: choices of the tape.
    pub fn random(&self) -> &SimRandomProvider {
        &self.now().random
    }

    /// The disk of this host.
    pub fn storage(&self) -> &SimStorage {
        &self.now().storage
    }

    /// The disk of another host, found by name or address, also while that host is down: so that
    /// `check` can look at what it left. It takes its time and fails as this host's own does.
    ///
    /// ```
    /// # use simfuzz::prelude::*;
    /// # async fn check(ctx: &SimContext) -> SimulationResult<()> {
    /// let log = ctx.storage_of("server-1")?.open("log").await?.read_all().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// `NotFound` when there is no such host.
    pub fn storage_of(&self, host: impl ToPeer) -> std::io::Result<SimStorage> {
        let ip = host.to_peer(self.topology())?.ip();
        let disk = self.topology().id_of(ip).ok_or(std::io::ErrorKind::NotFound)?;
        Ok(SimStorage { disk, ..*self.storage() })
    }

    /// More tasks on this host.
    pub fn task(&self) -> &SimTasks {
        &self.now().tasks
    }

    /// Values shared with other workloads, processes and invariants.
    pub fn state(&self) -> &SharedState {
        &self.now().state
    }

    /// The history of the run: what clients asked and what they were told, to be judged as a whole.
    ///
    /// All workloads of a run write the same one; there is one for each pair of what is asked, `I`, and
    /// what is answered, `O`, which a [`Model`](crate::history::Model) has. An operation is invoked
    /// before the request is sent and answered when the answer is there; one whose
    /// [`Invocation`](crate::Invocation) is dropped stays open: it may have happened.
    ///
    /// ```
    /// use simfuzz::history::{KeyValue, KeyValueOp, KeyValueOp::*, KeyValueReply, KeyValueReply::*};
    /// use simfuzz::prelude::*;
    ///
    /// struct Client;
    ///
    /// #[async_trait(?Send)]
    /// impl Workload for Client {
    ///     fn name(&self) -> &str {
    ///         "client"
    ///     }
    ///     async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
    ///         let history = ctx.history::<KeyValueOp<&str, usize>, KeyValueReply<usize>>();
    ///         let put = history.invoke(Put { key: "x", value: ctx.client_id() });
    ///         ctx.time().sleep(Duration::from_millis(3)).await; // the request
    ///         put.ok(Done);
    ///         ctx.time().sleep(Duration::from_millis(3)).await;
    ///         let get = history.invoke(Get { key: "x" });
    ///         get.ok(Value(Some(ctx.client_id()))); // a cache that asks nobody
    ///         Ok(())
    ///     }
    ///     async fn check(&mut self, ctx: &SimContext) -> SimulationResult<()> {
    ///         assert_history!(ctx.history().linearizable(&KeyValue::<&str, usize>::new()), "the store is linearizable");
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let builder = SimulationBuilder::new().workloads(WorkloadCount::Fixed(2), |_| Box::new(Client));
    /// let outcome = builder.build().run(&Tape::calm());
    /// let finding = outcome.finding().unwrap();
    /// assert_eq!(finding.identity, "always: the store is linearizable");
    /// println!("{}", finding.reason);
    /// ```
    pub fn history<I: Debug + 'static, O: Debug + 'static>(&self) -> SharedHistory<I, O> {
        let now = self.now();
        SharedHistory::new(now.host, now.name.clone())
    }

    /// Fires when *this* process is asked to stop, or, for a workload, when the simulation ends
    /// the run phase early; never because somebody else finished.
    pub fn shutdown(&self) -> &CancellationToken {
        &self.inner.shutdown
    }

    /// Was this process asked to leave for good, rather than to stop and boot again? True from the
    /// moment that [`shutdown`](SimContext::shutdown) fires.
    pub fn is_leaving(&self) -> bool {
        let host = self.now().host;
        with(|world| world.hosts[host.index()].membership == Membership::Leaving)
    }

    /// Adds a line to the story of the run; the closure is called only when somebody reads it.
    ///
    /// ```
    /// # use simfuzz::prelude::*;
    /// # fn with(ctx: &SimContext, amount: u64) {
    /// ctx.note(|| format!("deposit {amount}"));
    /// # }
    /// ```
    pub fn note(&self, line: impl FnOnce() -> String) {
        let told = with(|world| {
            world.record(What::Note, self.now().host, 0);
            world.events.told()
        });
        if told {
            // the line is made when the world is free: it may use the context
            let line = line();
            with(|world| world.tell_as(Mark::Note, true, self.inner.host, || line));
        }
    }

    /// What is of use only while the run lasts.
    #[inline]
    #[track_caller]
    fn now(&self) -> &Inner {
        let run = current_run();
        assert!(run == self.inner.run || run == 0, "a SimContext of an earlier run was used: its simulation is over");
        &self.inner
    }

    pub(crate) fn host(&self) -> HostId {
        self.inner.host
    }
}
