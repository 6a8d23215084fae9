//! `ctx.state()`: what a process tells the simulation, in production nothing.

/// Takes what a simulation's invariants and fuzzer would be told, and keeps none of it: the values
/// need not be `Send`, and nobody is there to read them.
#[derive(Clone, Copy, Debug)]
pub struct SharedState(pub(super) ());

impl SharedState {
    /// Drops `value`.
    pub fn publish<T: 'static>(&self, name: &str, value: T) {
        let _ = (name, value);
    }

    /// Always `None`: nothing is kept.
    pub fn get<T: Clone + 'static>(&self, name: &str) -> Option<T> {
        let _ = name;
        None
    }

    /// Changes a default value, which is then dropped.
    pub fn update<T: Default + 'static, R>(&self, name: &str, change: impl FnOnce(&mut T) -> R) -> R {
        let _ = name;
        change(&mut T::default())
    }

    /// Nothing.
    pub fn guide(&self, name: &str, numbers: &[i64]) {
        let _ = (name, numbers);
    }
}
