//! What the system under test says, and what stands in files, is printed: a terminal must obey
//! none of it, and no shell may see it.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::Client;
use simfuzz::prelude::*;
use simfuzz::regress::{Expectation, Saved, promote};
use simfuzz::{Outcome, Recording};
use std::fs;
use std::path::{Path, PathBuf};

/// Clears the screen, sets the title, and goes on in red.
const SAID: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m";

fn assert_plain(what: &str, text: &str) {
    let wrong = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
    assert_eq!(wrong, None, "{what}: {text:?}");
}

/// All that is printed of a run.
fn printed(outcome: &Outcome, tape: &Tape) -> [(&'static str, String); 4] {
    let text = outcome.text(tape).unwrap().print(outcome.trace());
    [
        ("outcome", outcome.to_string()),
        ("finding", outcome.finding().unwrap().to_string()),
        ("story", outcome.tell(true)),
        ("tape", text),
    ]
}

/// Each way of saying something, and each ends in a finding.
fn sayings() -> [Simulation; 4] {
    let build = |builder: SimulationBuilder| builder.build();
    [
        build(SimulationBuilder::new().workload(client!(async |ctx: &SimContext| {
            ctx.note(|| SAID.to_owned());
            ctx.random().label("\u{1b}[31mlabel").random_range(0..9u32);
            panic!("{SAID}\n{SAID}");
        }))),
        build(SimulationBuilder::new().workload(client!(async |ctx: &SimContext| {
            ctx.random().label("two\nlines").random_range(0..9u32);
            Err(std::io::Error::other(SAID).into())
        }))),
        build(SimulationBuilder::new().workload(client!(async |ctx: &SimContext| {
            let drawn = ctx.random().label("a  #7 = 3").random_range(0..9u32);
            assert_always!(drawn > 9, format!("{} was said", SAID));
            Ok(())
        }))),
        build(SimulationBuilder::new().workload(|| Box::new(Named))),
    ]
}

struct Named;

#[async_trait(?Send)]
impl Workload for Named {
    fn name(&self) -> &str {
        "\u{1b}[31mnamed"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        ctx.random().random_range(0..9u32);
        panic!("said by one with a strange name");
    }
}

#[test]
fn nothing_that_is_said_is_obeyed() {
    for (number, simulation) in sayings().iter().enumerate() {
        for tape in [Tape::calm(), Tape::seeded(3)] {
            let outcome = simulation.run_with(&tape, Recording::Story);
            for (what, text) in printed(&outcome, &tape) {
                assert_plain(&format!("{what} of {number}"), &text);
            }
        }
    }
}

/// Names that a line can't carry are printed as numbers, so that a regression is read as it was.
#[test]
fn a_regression_of_strange_names_is_read_as_it_was() {
    for simulation in sayings() {
        let promoted = promote(&simulation, &Tape::seeded(3), "target", Expectation::Fixed);
        let text = promoted.text.print(Some(&promoted.trace));
        assert_plain("regression", &text);
        let read = Saved::read(text.as_bytes()).unwrap();
        assert_eq!(read.text.tape, promoted.text.tape, "{text}");
        let outcome = simulation.run(&read.text.tape);
        let identity = &promoted.finding.unwrap().identity;
        assert_eq!(outcome.finding().map(|finding| &finding.identity), Some(identity), "{text}");
        assert_eq!(read.text.noted("finding").next(), Some(identity.as_str()));
    }
}

#[test]
fn a_file_with_control_characters_is_refused_in_plain_words() {
    for text in [
        format!("tape 1  seed 0x0  base calm\nfinding: {SAID}\n"),
        format!("tape 1  seed 0x0  base calm\n{SAID}/op  #0 = 1\n"),
        format!("tape 1  seed {SAID}  base calm\n"),
        format!("tape {SAID}"),
    ] {
        assert_plain("error", &Saved::read(text.as_bytes()).unwrap_err().to_string());
    }
}

/// Programs are started by name, with a list of arguments: nothing of a file reaches a shell.
#[test]
fn no_shell_is_called() {
    let mut calls = 0;
    for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = fs::read_to_string(&file).unwrap();
        for call in text.split("Command::new(").skip(1) {
            calls += 1;
            let program = call.split(')').next().unwrap_or_default();
            let known = [
                "\"cargo\"",
                "\"rustc\"",
                "\"kill\"",
                "binary",
                "&self.binary",
                "program",
                "&program",
                "\"true\"",
                "std::env::current_exe(",
            ];
            assert!(known.contains(&program), "{}: Command::new({program})", file.display());
        }
    }
    assert!(calls > 5, "only {calls} calls were looked at");
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let below = |path: PathBuf| match path.is_dir() {
        true => sources(&path),
        false => vec![path],
    };
    paths.flat_map(below).filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}
