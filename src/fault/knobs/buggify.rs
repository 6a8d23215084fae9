//! Places in the code that misbehave on purpose.

/// How often places marked by [`buggify!`](crate::buggify!) misbehave, during the storm.
///
/// For each run a place is active or not, drawn when it is first come by; an active one fires now
/// and then. Off unless given to the builder.
///
/// ```
/// use simfuzz::Buggify;
///
/// let buggify = Buggify::default().active(0.5).chance(0.1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Buggify {
    pub(crate) active: f64,
    pub(crate) chance: f64,
}

impl Default for Buggify {
    /// A quarter of the places are active in a run, and fire one time of four: the odds that
    /// FoundationDB has.
    fn default() -> Self {
        Self { active: 0.25, chance: 0.25 }
    }
}

impl Buggify {
    /// The probability, in `0.0..=1.0`, that a place is active in a run.
    #[must_use]
    pub fn active(mut self, active: f64) -> Self {
        self.active = active;
        self
    }

    /// The probability, in `0.0..=1.0`, that an active place fires when it has none of its own.
    #[must_use]
    pub fn chance(mut self, chance: f64) -> Self {
        self.chance = chance;
        self
    }
}
