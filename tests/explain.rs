//! Explanations of a small simulation whose truth is known.
#![cfg(feature = "fuzz")]

use simfuzz::explain::{Explainer, Explanation, Meaning};
use simfuzz::prelude::*;
use simfuzz::{MinimizeError, Minimizer};

/// Ten steps, a second each. In the fourth a door may be left open; from then on each step that is
/// windy, which is every other one, ends it. What is loud doesn't matter.
struct House;

#[async_trait(?Send)]
impl Workload for House {
    fn name(&self) -> &str {
        "house"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let mut open = false;
        for step in 0..10 {
            ctx.time().sleep(Duration::from_secs(1)).await;
            let random = ctx.random().scope("step", step);
            let door = random.label("door").random_range(0..1_000_u32);
            if step == 3 && (700..710).contains(&door) {
                open = true;
                ctx.note(|| "the door stays open".to_owned());
            }
            let wind = random.label("wind").weighted(&[2, 1, 1]);
            let _loud = random.label("loud").random_bool(0.5);
            assert_always!(!open || wind == 0, "the house stays warm");
        }
        Ok(())
    }
}

fn simulation() -> Simulation {
    SimulationBuilder::new().workload(|| Box::new(House)).build()
}

fn explained() -> Explanation {
    explained_by(1)
}

fn explained_by(jobs: usize) -> Explanation {
    let simulation = simulation();
    let start = (0..).map(Tape::seeded).find(|tape| simulation.run(tape).finding().is_some()).unwrap();
    let minimized = Minimizer::new(&simulation).minimize(&start).unwrap();
    Explainer::new(&simulation).seeds(200).jobs(jobs).explain(&minimized.tape).unwrap()
}

#[test]
fn each_choice_is_worth_what_the_program_makes_of_it() {
    let explanation = explained();
    assert_eq!(explanation.finding, "always: the house stays warm");
    let choice = |label: &str| explanation.choices.iter().find(|choice| choice.label == label).unwrap();
    assert_eq!(explanation.choices.len(), 2, "{explanation:?}");
    let door = choice("house/step/door");
    assert_eq!((door.ordinal.as_str(), door.value, door.meaning), ("3.0", 700, Meaning::Some));
    assert!(door.shows.contains(&701) && door.misses.contains(&699) && door.misses.contains(&0), "{door:?}");
    let wind = choice("house/step/wind");
    assert_eq!((wind.value, wind.meaning), (1, Meaning::AnyValue));
    assert_eq!((&*wind.shows, &*wind.misses), (&[2][..], &[0][..]));
}

#[test]
fn the_finding_is_unlikely_before_the_door_and_likely_after_it() {
    let explanation = explained();
    let shares: Vec<_> = explanation.likelihood.iter().map(|point| (point.at / 1_000_000, point.share())).collect();
    // the door is drawn at four seconds
    assert!(shares.iter().filter(|(at, _)| *at < 4_000).all(|(_, share)| *share < 0.05), "{shares:?}");
    assert!(shares.windows(2).all(|pair| pair[0].0 <= pair[1].0));
    assert_eq!(shares.last().unwrap().1, 1.0, "with all of it kept it is certain");
    let step = explanation.step.unwrap();
    // six windy steps in a row are missed once in a hundred times
    assert!(step.before.share() < 0.05 && step.after.share() > 0.9, "{step:?}");
    assert_eq!(step.after.kept - step.before.kept, 1, "{step:?}");
    assert!(step.events.iter().any(|line| line.text.contains("the door stays open")), "{step:?}");
}

#[test]
fn the_twin_passes_by_the_smallest_change_and_says_where_it_parts() {
    let twin = explained().twin.unwrap();
    assert_eq!((twin.label.as_str(), twin.ordinal.as_str()), ("house/step/wind", "3.0"));
    assert_eq!((twin.from, twin.to), (1, 0));
    assert!(twin.here.unwrap().text.contains("the house stays warm"));
    assert!(!twin.there.unwrap().text.contains("the house stays warm"));
}

#[test]
fn the_same_tape_is_explained_in_the_same_way() {
    let json = |jobs| serde_json::to_string(&explained_by(jobs)).unwrap();
    assert_eq!(json(1), json(1));
    assert_eq!(json(1), json(3), "on more threads");
}

#[test]
fn what_shows_nothing_is_not_explained() {
    let refused = Explainer::new(&simulation()).explain(&Tape::calm()).unwrap_err();
    assert_eq!(refused, MinimizeError::NoFinding);
}
