//! Swarm: before a run, each family of faults is left natural, switched off, or made many times
//! as frequent, each by its own choice under `swarm/`.
//!
//! From Groce and others, Swarm Testing (2012): runs that lack something, or are full of it,
//! reach states that the average run doesn't. In the lab it was the cheapest single win.

use crate::choice::{Choices, Gap, Label};

/// A family of faults that swarm turns as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Crash,
    Partition,
    Schedule,
}

const FAMILIES: [(Family, &str); 3] =
    [(Family::Crash, "crash"), (Family::Partition, "partition"), (Family::Schedule, "schedule")];

/// By the value of the choice: natural, off, 8 and 64 times as frequent.
const FACTORS: [u32; 4] = [1, 0, 8, 64];

/// How frequent each family is in this run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Swarm {
    factors: [u32; FAMILIES.len()],
}

impl Default for Swarm {
    fn default() -> Self {
        Self { factors: [1; FAMILIES.len()] }
    }
}

/// The label whose choice says whether a run has swarm at all.
pub(crate) fn on() -> Label {
    Label::new("swarm").child("on")
}

impl Swarm {
    /// Draws the factors. Half of the seeds have swarm; in the others all is natural.
    pub(crate) fn draw(choices: &mut Choices) -> Self {
        let slot = choices.slot(on(), || "swarm/on".to_owned());
        let mut swarm = Self::default();
        if choices.knob(slot, &[1, 1]) == 1 {
            for (index, (_, name)) in FAMILIES.into_iter().enumerate() {
                let slot = choices.slot(Label::new("swarm").child(name), || format!("swarm/{name}"));
                swarm.factors[index] = FACTORS[choices.knob(slot, &[1; FACTORS.len()])];
            }
        }
        swarm
    }

    /// The gap of an event of `family`, `None` when this run has none of them.
    pub(crate) fn apply(&self, family: Family, gap: Gap) -> Option<Gap> {
        let index = FAMILIES.iter().position(|&(known, _)| known == family)?;
        match self.factors[index] {
            0 => None,
            1 => Some(gap),
            factor => Some(Gap { chance: (gap.chance * f64::from(factor)).min(0.95), ..gap.times(factor.min(8)) }),
        }
    }
}
