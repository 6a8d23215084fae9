//! Which parts of the guidance are on: all, but in a benchmark that takes one away.

/// The variable that names what is off, with commas between.
const VARIABLE: &str = "SIMFUZZ_WITHOUT";

/// The parts, each on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    /// Keeping a run up to a moment and dealing anew after it.
    pub(crate) reseeds: bool,
    /// Starting from the tapes that reached a rare goal earliest.
    pub(crate) elites: bool,
    /// Some reseeds at once wherever a feature is new; there are none without reseeds and elites.
    pub(crate) bursts: bool,
    /// Goals and published state as features. Without them there are no elites either.
    pub(crate) goals: bool,
    /// Faults as features, by what their host was doing.
    pub(crate) contexts: bool,
    /// Reseeds that turn swarm as well.
    pub(crate) turns: bool,
    /// One elite of a lineage for each feature.
    pub(crate) niches: bool,
}

impl Default for Parts {
    fn default() -> Self {
        Self { reseeds: true, elites: true, bursts: true, goals: true, contexts: true, turns: true, niches: true }
    }
}

impl Parts {
    /// All but those in `SIMFUZZ_WITHOUT`.
    ///
    /// # Panics
    ///
    /// When it names something else: a benchmark of nothing would look like a result.
    pub(crate) fn from_environment() -> Self {
        let named = std::env::var(VARIABLE).unwrap_or_default();
        Self::without(&named).unwrap_or_else(|sentence| panic!("{VARIABLE}: {sentence}"))
    }

    fn without(named: &str) -> Result<Self, String> {
        let mut parts = Self::default();
        for name in named.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match name {
                "reseeds" => parts.reseeds = false,
                "elites" => parts.elites = false,
                "bursts" => parts.bursts = false,
                "goals" => (parts.goals, parts.elites) = (false, false),
                "contexts" => parts.contexts = false,
                "turns" => parts.turns = false,
                "niches" => parts.niches = false,
                _ => {
                    return Err(format!(
                        "there is no part `{name}`; they are reseeds, elites, bursts, goals, contexts, turns, niches"
                    ));
                }
            }
        }
        Ok(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_takes_parts_away() {
        assert_eq!(Parts::without(""), Ok(Parts::default()));
        let parts = Parts::without("reseeds, niches").unwrap();
        assert_eq!(parts, Parts { reseeds: false, niches: false, ..Parts::default() });
        assert!(!Parts::without("goals").unwrap().elites);
        assert!(Parts::without("reseed").is_err());
    }
}
