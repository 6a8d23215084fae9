//! `explain`: why a tape shows what it shows, for people or as JSON.
//!
//! Owns the printing. The questions and answers are `explain`'s.

use super::minimize::EffortArgs;
use super::progress::Progress;
use super::{say, tape};
use crate::explain::{ExplainedChoice, Explainer, Explanation, Likelihood, Line, Meaning};
use crate::run::Simulation;
use clap::{Args, ValueEnum};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// What `explain` takes.
#[derive(Args, Debug)]
pub(super) struct ExplainArgs {
    /// A crash file, best a minimised one, or a regression; it is minimised first.
    file: PathBuf,
    #[command(flatten)]
    effort: EffortArgs,
    /// Runs for each moment of the likelihood.
    #[arg(long, default_value_t = Explainer::SEEDS, value_parser = clap::value_parser!(u32).range(1..))]
    seeds: u32,
    /// For people, or for `cargo simfuzz report --explanation`.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Reads empty and torn files as the fuzzer does.
    #[arg(long)]
    lenient: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub(super) fn explain(simulation: &Simulation, args: &ExplainArgs) -> Result<ExitCode, String> {
    let tape = tape(simulation, &args.file, args.lenient)?;
    let sentence = |error: crate::MinimizeError| format!("{}: {error}", args.file.display());
    let minimized = args.effort.minimizer(simulation).minimize(&tape).map_err(sentence)?;
    let mut progress = Progress::new();
    let told = |runs: u64| progress.tell(|| format!("explaining: {runs} runs"));
    let explainer = Explainer::new(simulation).seeds(args.seeds).jobs(args.effort.threads()).progress(told);
    let explanation = explainer.explain(&minimized.tape).map_err(sentence)?;
    match args.format {
        Format::Json => say(&serde_json::to_string_pretty(&explanation).expect("plain data is JSON")),
        Format::Text => say(&text(&explanation, minimized.original)),
    }
    Ok(ExitCode::SUCCESS)
}

fn seconds(nanos: u64) -> String {
    crate::trace::seconds(nanos)
}

fn text(explanation: &Explanation, original: usize) -> String {
    let Explanation { finding, at, choices, likelihood, step, twin, runs, .. } = explanation;
    let mut text = format!("{finding}\nat {}, by {} of {original} choices:\n\n", seconds(*at), choices.len());
    let width = choices.iter().map(|choice| choice.label.chars().count()).max().unwrap_or(0);
    for choice in choices {
        let ExplainedChoice { label, ordinal, value, .. } = choice;
        let _ = writeln!(text, "  {label:width$}  #{ordinal:<6} = {value:<10} {}", meaning(choice));
    }
    text +=
        "\nif the run is kept until then, and other weather comes after it, the finding comes in (95 % interval)\n\n";
    for point in likelihood {
        let _ = writeln!(text, "  {:>12}  {}", seconds(point.at), bar(point));
    }
    if let Some(step) = step {
        let (before, after) = (step.before.share() * 100.0, step.after.share() * 100.0);
        let _ = match step.events.is_empty() {
            true => writeln!(
                text,
                "\nit rises from {before:.0} % to {after:.0} % at a choice that the story doesn't tell of"
            ),
            false => writeln!(text, "\nit rises from {before:.0} % to {after:.0} % by what happens there:\n"),
        };
        step.events.iter().for_each(|line| _ = writeln!(text, "  {}", shown(line)));
    }
    match twin {
        Some(twin) => {
            let _ = writeln!(
                text,
                "\nthe nearest run that passes has {} #{} = {} instead of {}; they part at\n",
                twin.label, twin.ordinal, twin.to, twin.from
            );
            let line = |line: &Option<Line>| line.as_ref().map_or("(the run is over)".to_owned(), shown);
            let _ = writeln!(text, "  here:   {}\n  there:  {}", line(&twin.here), line(&twin.there));
        }
        None => text += "\nno change of one choice that was tried gives a run that passes\n",
    }
    let _ = write!(text, "\n{runs} runs");
    text
}

fn meaning(choice: &ExplainedChoice) -> String {
    let few = |values: &[u64]| {
        let mut told: Vec<_> = values.iter().take(6).map(u64::to_string).collect();
        if values.len() > 6 {
            told.push("...".to_owned());
        }
        told.join(", ")
    };
    match choice.meaning {
        Meaning::Essential => "essential: no other value that was tried shows it".to_owned(),
        Meaning::AnyValue if choice.misses.is_empty() => "any value does".to_owned(),
        Meaning::AnyValue => "any value does but 0".to_owned(),
        Meaning::Some => format!("also {}; not {}", few(&choice.shows), few(&choice.misses)),
    }
}

/// The share with its interval, and a bar of at most 40 characters.
fn bar(point: &Likelihood) -> String {
    let Likelihood { low, high, .. } = point;
    let share = point.share();
    let interval = format!("({:.0} to {:.0})", low * 100.0, high * 100.0);
    format!("{:>4.0} % {interval:>11}  {}", share * 100.0, "#".repeat((share * 40.0).round() as usize))
}

fn shown(line: &Line) -> String {
    crate::choice::escaped(&format!("{}  {}  {}", seconds(line.at), line.host, line.text))
}
