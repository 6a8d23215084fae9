//! Injectors: made for the run, at work in the storm, gone with it.

use super::Driver;
use crate::sim::{Faults, Found, contained, end_rules, with};
use crate::topology::HostId;
use std::future::poll_fn;
use std::task::Poll;

impl Driver<'_> {
    /// Sets the injectors to work.
    pub(super) fn send_injectors_out(&mut self) {
        for (number, mut injector) in std::mem::take(&mut self.injectors).into_iter().enumerate() {
            let host = HostId::outside(number);
            let faults = Faults::new(host, &self.topology);
            let task = Box::pin(async move {
                with(|world| world.deeds[number].ran = true);
                let mut work = injector.inject(&faults);
                let result = poll_fn(|context| match contained(|| work.as_mut().poll(context)) {
                    Ok(Poll::Pending) => Poll::Pending,
                    Ok(Poll::Ready(result)) => Poll::Ready(result.map_err(|error| format!("returned: {error}"))),
                    Err(panic) => Poll::Ready(Err(format!("panicked at {}: {}", panic.place, panic.message))),
                });
                let result = result.await;
                with(|world| world.ended.push((host, 0, result)));
            });
            // never held back: it is no part of the system
            self.at_work.push(with(|world| world.tasks.spawn(host, 0, None, task)));
        }
    }

    /// An injector is done.
    pub(super) fn injector_ended(&mut self, host: HostId, result: Result<(), String>) {
        let Err(error) = result else { return };
        let host = self.topology.host(host);
        let name = &host.kind;
        // the place of a panic is no identity
        let what = error.split_once(": ").map_or(error.as_str(), |(_, what)| what);
        let found = Found {
            kind: "injector",
            name: format!("{name}: {what}"),
            reason: format!("the injector {name} {error}"),
            host: host.name.clone(),
        };
        with(|world| world.find(found));
    }

    /// The storm is over, and so is the injectors' work.
    pub(super) fn call_injectors_back(&mut self) {
        self.drop_at_end(end_rules());
        for task in std::mem::take(&mut self.at_work) {
            let future = with(|world| world.tasks.remove(task));
            // here, when the world is free: what it holds may use it
            self.drop_at_end(future);
        }
    }
}
