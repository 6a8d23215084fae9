//! Places in the code that misbehave: which are active in a run, and when they fire.
//!
//! Owns what a run knows of its places. That a place asks at all is set up for the storm, by
//! [`World::begin_buggify`].

use super::world::{World, try_with};
use crate::buggify::{Place, decided_by};
use crate::choice::{Choices, Kind, Label, Slot, fires, scale, site_name};
use crate::fault::FaultKind;
use std::collections::BTreeMap;

/// The places that a run has come by.
#[derive(Debug, Default)]
pub(crate) struct Places(BTreeMap<Label, Known>);

/// What a run knows of a place.
#[derive(Clone, Debug)]
struct Known {
    name: String,
    active: bool,
    /// How often it fired.
    fired: u32,
}

impl Places {
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// What each place is called, and how often it fired.
    pub(crate) fn fired(&self) -> Vec<(String, u32)> {
        self.0.values().map(|known| (known.name.clone(), known.fired)).collect()
    }
}

/// The place's label below `actor`, a path; for one without a name, by where it stands and `what`.
fn label(actor: &str, place: &Place, what: &'static str, leaf: Option<&str>) -> (Label, String) {
    let name = match (place.name, leaf) {
        (Some(name), Some(leaf)) => format!("{actor}/{name}/{leaf}"),
        (Some(name), None) => format!("{actor}/{name}"),
        (None, _) => site_name(actor, place.at, what),
    };
    (Label::parse(&name), name)
}

fn slot(choices: &mut Choices, (label, name): (Label, String)) -> Slot {
    choices.slot(label, || name)
}

impl World {
    /// From here on places ask this world, if they may fire at all.
    pub(crate) fn begin_buggify(&mut self) {
        if self.weather.gap(FaultKind::Buggify).is_some() {
            decided_by(Some(|place, max| try_with(|world| world.buggify(place, max)).flatten()));
        }
    }

    /// Does the place fire? Then the index of its value.
    fn buggify(&mut self, place: &Place, max: u64) -> Option<u64> {
        if !self.storm {
            return None;
        }
        let gap = self.swarm.apply(FaultKind::Buggify, self.weather.gap(FaultKind::Buggify)?)?;
        let (active, name) = label("fault/buggify", place, "active", Some("active"));
        if !self.places.0.contains_key(&active) {
            let slot = slot(&mut self.choices, (active, name));
            let drawn = self.choices.draw(slot, Kind::Knob, 1, |word| u64::from(fires(word, gap.chance)));
            let name = place.name.map_or_else(|| site_name("", place.at, "buggify"), str::to_owned);
            let name = name.trim_start_matches("/@").trim_end_matches(":buggify").to_owned();
            self.places.0.insert(active, Known { name, active: drawn == 1, fired: 0 });
        }
        let known = self.places.0.get_mut(&active).filter(|known| known.active)?;
        let host = self.current;
        let actor = format!("fault/{}/buggify", self.topology.host(host).ip);
        let chance = place.probability.unwrap_or(self.weather.buggify.chance);
        let slot_of = slot(&mut self.choices, label(&actor, place, "buggify", None));
        if self.choices.draw(slot_of, Kind::Flag, 1, |word| u64::from(fires(word, chance))) == 0 {
            return None;
        }
        known.fired += 1;
        let name = known.name.clone();
        let value = slot(&mut self.choices, label(&actor, place, "value", Some("value")));
        let value = self.choices.draw(value, Kind::Range, max, |word| scale(word, max));
        self.inject(FaultKind::Buggify, host, active.hash() ^ value, || format!("BUGGIFY: {name}"));
        Some(value)
    }
}
