//! What a program may rely upon when it draws, whatever the tape says.
#![cfg(feature = "sim")]

use simfuzz::choice::Label;
use simfuzz::prelude::*;

/// Draws what the function says, each under the label `it`.
struct Draws(fn(&SimRandomProvider) -> Vec<usize>);

#[async_trait(?Send)]
impl Workload for Draws {
    fn name(&self) -> &str {
        "draws"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let drawn = self.0(&ctx.random().label("it"));
        ctx.state().publish("drawn", drawn.clone());
        ctx.note(|| format!("{drawn:?}"));
        Ok(())
    }

    async fn check(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let drawn: Vec<usize> = ctx.state().get("drawn").unwrap_or_default();
        let impossible = drawn.iter().filter(|&&index| index != 1).count();
        ctx.state().guide("impossible", &[impossible as i64]);
        assert_always!(impossible == 0, "only what can be is drawn", { "drawn" => format!("{drawn:?}") });
        Ok(())
    }
}

/// Tapes that want every value of the first draws under `draws/it`, and of any seed.
fn tapes() -> impl Iterator<Item = Tape> {
    let wanted = (0..8).map(|value| {
        let mut tape = Tape::calm();
        (0..4).for_each(|ordinal| _ = tape.set(Label::parse("draws/it"), ordinal, value));
        tape
    });
    wanted.chain([Tape::calm()]).chain((0..200).map(Tape::swarm))
}

fn hold(draws: fn(&SimRandomProvider) -> Vec<usize>) {
    let simulation = SimulationBuilder::new().workload(move || Box::new(Draws(draws))).build();
    for tape in tapes() {
        let outcome = simulation.run(&tape);
        assert!(outcome.finding().is_none(), "{tape:?}: {outcome}");
    }
}

#[test]
fn what_has_no_weight_is_never_drawn() {
    hold(|random| (0..4).map(|_| random.weighted(&[0, 7, 0, 0])).collect());
}

#[test]
fn the_impossible_never_comes_and_the_certain_always_does() {
    hold(|random| vec![1 - usize::from(random.random_bool(0.0)), usize::from(random.random_bool(1.0))]);
    hold(|random| vec![1 - usize::from(random.random_ratio(0, 9)), usize::from(random.random_ratio(9, 9))]);
}

#[test]
fn an_unlikely_event_is_one_override_away() {
    let rare = |random: &SimRandomProvider| vec![1 - usize::from(random.random_bool(1e-9))];
    let simulation = SimulationBuilder::new().workload(move || Box::new(Draws(rare))).build();
    let mut tape = Tape::calm();
    assert!(simulation.run(&tape).finding().is_none());
    tape.set(Label::parse("draws/it"), 0, 1);
    assert!(simulation.run(&tape).finding().is_some());
}
