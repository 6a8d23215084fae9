//! What becomes of a regression: fixed, reproduced, drifted, stale, another finding.
#![cfg(feature = "sim")]

use simfuzz::choice::TextTape;
use simfuzz::prelude::*;
use simfuzz::regress::{self, Expectation, RegressionError, Verdict};

/// A walk whose third door, opened twice, is a bug; what is left of the bug is up to `Version`.
#[derive(Clone, Copy, PartialEq)]
enum Version {
    Buggy,
    /// The bug is mended.
    Mended,
    /// The door is walled up: nothing leads there any more.
    WalledUp,
    /// It fails in another way.
    Worse,
    /// Mended, and the walk draws under other names.
    Renamed,
    /// Not mended, and the walk draws under other names.
    BuggyRenamed,
}

struct Walk(Version);

#[async_trait(?Send)]
impl Workload for Walk {
    fn name(&self) -> &str {
        "walk"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let mut opened = 0;
        for step in 0..10 {
            ctx.time().sleep(Duration::from_millis(1)).await;
            let random = ctx.random().scope("step", step);
            let door = random.label("door").random_range(0..50);
            let pace = if [Version::Renamed, Version::BuggyRenamed].contains(&self.0) { "speed" } else { "pace" };
            let fast = random.label(pace).random_bool(0.5);
            if door == 3 && fast && self.0 != Version::WalledUp || door == 3 && self.0 == Version::Renamed {
                opened += 1;
            }
            assert_sometimes!(opened == 1, "the third door is open");
            if opened == 2 {
                assert_always!(![Version::Buggy, Version::BuggyRenamed].contains(&self.0), "the third door opens once");
                assert_always!(self.0 != Version::Worse, "nobody falls");
            }
        }
        Ok(())
    }
}

fn simulation(version: Version) -> Simulation {
    SimulationBuilder::new().workload(move || Box::new(Walk(version))).build()
}

fn promoted(expect: Expectation) -> TextTape {
    let buggy = simulation(Version::Buggy);
    let tape = (0..).map(Tape::seeded).find(|tape| buggy.run(tape).finding().is_some()).unwrap();
    regress::promote(&buggy, &tape, "walk", expect).text
}

fn verdict(version: Version, text: &TextTape) -> (Verdict, bool) {
    let checked = regress::check(&simulation(version), "walk", text).unwrap();
    (checked.verdict.clone(), checked.is_expected())
}

#[test]
fn a_promoted_tape_is_the_shortest_story_of_its_finding() {
    let text = promoted(Expectation::Fixed);
    // two doors, each with the pace it needs
    assert_eq!(text.tape.rows().len(), 4, "{}", text.print(None));
    assert_eq!(text.noted("finding").collect::<Vec<_>>(), ["always: the third door opens once"]);
    assert_eq!(text.noted("witness").collect::<Vec<_>>(), ["the third door is open"]);
    let again = TextTape::parse(&text.print(None)).unwrap();
    assert_eq!(again, text);
}

#[test]
fn each_future_of_the_program_has_its_verdict() {
    let text = promoted(Expectation::Fixed);
    assert_eq!(verdict(Version::Buggy, &text), (Verdict::Reproduced, false));
    assert_eq!(verdict(Version::Mended, &text), (Verdict::Fixed, true));
    let missing = "the third door is open".to_owned();
    assert_eq!(verdict(Version::WalledUp, &text), (Verdict::Stale { missing }, false));
    let identity = "always: nobody falls".to_owned();
    assert_eq!(verdict(Version::Worse, &text), (Verdict::Other { identity }, false));
    assert_eq!(verdict(Version::Renamed, &text), (Verdict::Drifted { unused: 2, moved: 0 }, true));
}

#[test]
fn a_renamed_label_keeps_its_regressions_by_an_alias() {
    let text = promoted(Expectation::Fixed);
    let renamed = |version: Version| {
        SimulationBuilder::new().workload(move || Box::new(Walk(version))).alias("pace", "speed").build()
    };
    let verdict_of = |simulation: &Simulation| regress::check(simulation, "walk", &text).unwrap().verdict;
    assert_eq!(verdict_of(&simulation(Version::Renamed)), Verdict::Drifted { unused: 2, moved: 0 });
    assert_eq!(verdict_of(&renamed(Version::Renamed)), Verdict::Fixed);
    // needless where nothing was renamed
    assert_eq!(verdict_of(&renamed(Version::Buggy)), Verdict::Reproduced);
    // the new name opens the door only where the rows are found under it
    assert_ne!(verdict_of(&simulation(Version::BuggyRenamed)), Verdict::Reproduced);
    assert_eq!(verdict_of(&renamed(Version::BuggyRenamed)), Verdict::Reproduced);
}

#[test]
fn a_tape_that_meets_none_of_its_choices_is_stale_and_no_fix() {
    // a finding before all goals: nothing is missing on the way there
    let mut text = promoted(Expectation::Fixed);
    text.notes.retain(|note| note.key != "witness");
    let mut elsewhere = Tape::calm();
    elsewhere.set(Label::parse("stroll/door"), 0, 3);
    text.tape = elsewhere;
    let missing = "any choice that it lists".to_owned();
    assert_eq!(verdict(Version::Buggy, &text), (Verdict::Stale { missing }, false));
}

#[test]
fn an_open_bug_that_is_gone_is_noticed() {
    let text = promoted(Expectation::Open);
    assert_eq!(verdict(Version::Buggy, &text), (Verdict::Reproduced, true));
    assert_eq!(verdict(Version::Mended, &text), (Verdict::Fixed, false));
}

#[test]
fn what_is_no_regression_of_the_target_is_refused() {
    let text = promoted(Expectation::Fixed);
    let error = regress::check(&simulation(Version::Buggy), "run", &text).unwrap_err();
    assert!(error.to_string().starts_with("is a regression of the target `walk`, not of `run`"), "{error}");
    let bare = TextTape { tape: text.tape.clone(), ..TextTape::default() };
    let error = regress::check(&simulation(Version::Buggy), "walk", &bare).unwrap_err();
    assert_eq!(error, RegressionError::Note { key: "target" });
}

#[test]
fn a_folder_of_regressions_is_a_test() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("one.tape", &promoted(Expectation::Fixed).print(None));
    assert_eq!(regress::assert_all("walk", folder.path(), &simulation(Version::Mended)), 1);

    let failure = |simulation: &Simulation| {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            regress::assert_all("walk", folder.path(), simulation)
        }));
        *panic.unwrap_err().downcast::<String>().unwrap()
    };
    let message = failure(&simulation(Version::Buggy));
    assert!(message.contains("FAIL  REPRODUCED: always: the third door opens once"), "{message}");
    assert!(message.contains("replay: cargo simfuzz replay walk "), "{message}");

    write("torn.tape", "tape 1  seed 0x0  base calm\nclient/op #");
    let message = failure(&simulation(Version::Mended));
    assert!(message.contains("torn.tape\n  line 2: neither a note"), "{message}");
}
