//! Swarm: before a run, each family of faults is left natural, switched off, or made many times
//! as frequent, each by its own choice under `swarm/`. The operations of workloads take part as
//! well, see `sim/alphabet.rs`.
//!
//! From Groce and others, Swarm Testing (2012): runs that lack something, or are full of it,
//! reach states that the average run doesn't. In the lab it was the cheapest single win.

use super::kind::Family;
use super::{FaultKind, Weather};
use crate::choice::{Choices, Gap, Label};

/// By the value of the choice: natural, off, 8 and 64 times as frequent.
const FACTORS: [u32; 4] = [1, 0, 8, 64];

/// How frequent each family is in this run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Swarm {
    factors: [u32; Family::ALL.len()],
    on: bool,
}

impl Default for Swarm {
    fn default() -> Self {
        Self { factors: [1; Family::ALL.len()], on: false }
    }
}

/// The label whose choice says whether a run has swarm at all.
pub(crate) fn on() -> Label {
    Label::new("swarm").child("on")
}

impl Swarm {
    /// Draws the factors of the families that `weather` has. Half of the seeds have swarm; in the
    /// others all is natural.
    pub(crate) fn draw(choices: &mut Choices, weather: &Weather) -> Self {
        let slot = choices.slot(on(), || "swarm/on".to_owned());
        let on = choices.knob(slot, &[1, 1]) == 1;
        let mut swarm = Self { on, ..Self::default() };
        if swarm.on {
            for family in Family::ALL {
                if !weather.kinds().any(|kind| kind.family() == family) {
                    continue;
                }
                let name = family.site();
                let slot = choices.slot(Label::new("swarm").child(name), || format!("swarm/{name}"));
                swarm.factors[family as usize] = FACTORS[choices.knob(slot, &[1; FACTORS.len()])];
            }
        }
        swarm
    }

    /// Has this run swarm?
    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        self.on
    }

    /// The gap of faults of `kind`, `None` when this run has none of them.
    pub(crate) fn apply(&self, kind: FaultKind, gap: Gap) -> Option<Gap> {
        match self.factors[kind.family() as usize] {
            0 => None,
            1 => Some(gap),
            factor => Some(Gap { chance: (gap.chance * f64::from(factor)).min(0.95), ..gap.times(factor.min(8)) }),
        }
    }
}
