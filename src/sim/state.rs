//! `ctx.state()`: values that workloads, processes and invariants share by name.

use super::world::{try_with, with};
use crate::choice::{hash_bytes, mix};
use crate::goal::Guide;
use crate::trace::What;
use std::any::Any;
use std::rc::Rc;

/// Different guiding states that one run reports; later ones are dropped.
pub(crate) const GUIDES_MAX: usize = 256;

/// Shared values of a run, by name. They survive every crash, and vanish with the run.
#[derive(Clone, Copy, Debug)]
pub struct SharedState(pub(crate) ());

/// A value that was taken out to be changed. It goes back also when the change panics: a process
/// that crashes in the middle must not take with it what others have published.
struct Out<'a> {
    name: &'a str,
    value: Option<Rc<dyn Any>>,
}

impl Drop for Out<'_> {
    fn drop(&mut self) {
        let Some(value) = self.value.take() else { return };
        let old = try_with(|world| {
            world.events.record(world.now, What::Publish, hash_bytes(1, self.name.as_bytes()), 0);
            world.state.insert(self.name.to_owned(), value)
        });
        drop(old);
    }
}

impl SharedState {
    /// Publishes `value` under `name`, in place of what was there.
    pub fn publish<T: 'static>(&self, name: &str, value: T) {
        let value: Rc<dyn Any> = Rc::new(value);
        let old = with(|world| {
            world.events.record(world.now, What::Publish, hash_bytes(0, name.as_bytes()), 0);
            match world.state.get_mut(name) {
                Some(known) => Some(std::mem::replace(known, value)),
                None => world.state.insert(name.to_owned(), value),
            }
        });
        // a user's drop may use the world
        drop(old);
    }

    /// A copy of what was last published under `name`; `None` if nothing of type `T` was.
    pub fn get<T: Clone + 'static>(&self, name: &str) -> Option<T> {
        // cloned when the world is free, which a user's `Clone` may use
        let value = with(|world| world.state.get(name).cloned())?;
        value.downcast_ref::<T>().cloned()
    }

    /// Changes the value under `name` in place, beginning with the default.
    ///
    /// # Panics
    ///
    /// When `name` holds a value of another type, or is being updated by `change` itself.
    pub fn update<T: Default + 'static, R>(&self, name: &str, change: impl FnOnce(&mut T) -> R) -> R {
        /// Stands in for a value that is out.
        struct Updating;
        let known = with(|world| world.state.insert(name.to_owned(), Rc::new(Updating)));
        let nested = known.as_ref().is_some_and(|known| known.is::<Updating>());
        assert!(!nested, "`{name}` is being updated: an update can't be nested in itself");
        let mut out = Out { name, value: Some(known.unwrap_or_else(|| Rc::new(T::default()))) };
        let value = out.value.as_mut().and_then(Rc::get_mut).expect("what is out of the state is held once");
        let value = value.downcast_mut::<T>().unwrap_or_else(|| panic!("`{name}` was published with another type"));
        change(value)
    }

    /// Tells the fuzzer what state the system is in: a few small numbers, under a name.
    ///
    /// This is the cheapest way to help the search: each combination that a run reaches for the
    /// first time is kept and built upon. Choose numbers that say how far things have come (the
    /// count of leaders, a spread between replicas, whether a write is open), capped so that
    /// there are some dozens of combinations, not thousands.
    ///
    /// ```
    /// # use simfuzz::prelude::*;
    /// # struct Work;
    /// # #[async_trait(?Send)]
    /// # impl Workload for Work {
    /// # fn name(&self) -> &str { "work" }
    /// async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
    ///     let (behind, leaders) = (17, 2);
    ///     ctx.state().guide("replicas", &[behind.min(3), leaders]);
    ///     Ok(())
    /// }
    /// # }
    /// # let simulation = SimulationBuilder::new().workload(|| Box::new(Work)).build();
    /// # assert_eq!(simulation.run(&Tape::calm()).guides().len(), 1);
    /// ```
    pub fn guide(&self, name: &str, numbers: &[i64]) {
        let mut state = hash_bytes(0x6775_6964_6500, name.as_bytes());
        for &number in numbers {
            state = mix(state ^ number as u64);
        }
        with(|world| {
            world.events.record(world.now, What::Publish, state, 1);
            if world.guides.len() < GUIDES_MAX {
                let first = Guide { state, at: world.now, choice: world.choices.made() };
                world.guides.entry(state).or_insert(first);
            }
        });
    }
}
