//! The end of a campaign: its table, its record, and where its tapes are.
//!
//! The same for both engines. What a finding is shown with is the engine's business.

use crate::corpora::Corpora;
use crate::curve::{Curve, Sample};
use crate::handover::Handovers;
use crate::list::files;
use crate::project::{Target, shown};
use crate::record;
use crate::screen::Screen;
use crate::stop::Stop;
use simfuzz::campaign::{SavedTape, Summary};
use std::fs;
use std::path::{Path, PathBuf};

/// What an engine knows that the target does not.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    pub(crate) executions: u64,
    pub(crate) seconds: f64,
    pub(crate) edges: Option<u64>,
    pub(crate) features: Option<u64>,
}

/// Shows the table, keeps the record and the smallest tapes of the goals; what it all came to.
pub(crate) fn conclude(
    target: Target<'_>,
    engine: &str,
    corpora: &Corpora,
    handovers: &mut Handovers,
    known: Known,
    curve: Curve,
    screen: &Screen,
) -> (Summary, Result<(), Stop>) {
    let mut summary = handovers.read().clone();
    // one tape of an identity is enough, and these are of this campaign
    handovers.superfluous().iter().for_each(|file| _ = fs::remove_file(file));
    let told = summary.executions > 0;
    summary.executions = summary.executions.max(known.executions);
    summary.seconds = known.seconds;
    summary.edges = known.edges.or(summary.edges);
    summary.features = known.features.unwrap_or(summary.features);
    if !corpora.is_fresh() {
        for smallest in summary.goals.iter_mut().filter_map(|goal| goal.smallest.as_mut()) {
            place(smallest, corpora.working(), "", true);
        }
    }
    for found in &mut summary.findings {
        if found.smallest.file.is_none() {
            place(&mut found.smallest, &target.artifacts(), "crash-", false);
        }
        found.smallest.file = found.smallest.file.take().map(|file| shown(Path::new(&file)));
    }
    // on the curve the tapes of this campaign are counted, in the table those of the folder
    // libFuzzer's target doesn't know them: libFuzzer's own lines said so, while it ran
    let kept_tapes = summary.corpus.max(curve.corpus());
    summary.corpus = files(corpora.working()) as u64;
    match told {
        true => println!("\n{summary}"),
        // not said of campaigns that ended before they began
        false if summary.executions > 0 => {
            screen.line("the target told nothing of its goals: is its simfuzz older than this command?");
        }
        false => {}
    }
    let curve = curve.ended(Sample {
        seconds: summary.seconds,
        executions: summary.executions,
        goals: summary.reached().0 as u64,
        corpus: kept_tapes,
        features: summary.features,
        edges: summary.edges,
        findings: summary.findings.len() as u64,
    });
    // a finding is worth more than its record: who has one says so first
    let kept = record::keep(target, engine, handovers.began(), &summary, &curve);
    let kept = kept.map(|kept| screen.line(&format!("record: {}", shown(&kept))));
    (summary, kept)
}

/// Names the file of a tape in `folder`; writes it there first, if it may.
fn place(tape: &mut SavedTape, folder: &Path, prefix: &str, write: bool) {
    let Some(bytes) = tape.tape() else { return };
    let path: PathBuf = folder.join(format!("{prefix}{}", simfuzz::fuzz::file_name(&bytes)));
    // a tape that can't be written stands in the record all the same
    if path.exists() || (write && simfuzz::regress::write_whole(&path, &bytes).is_ok()) {
        tape.file = Some(shown(&path));
    }
}

/// The state of a campaign in a few words, for the live line.
pub(crate) fn words(summary: &Summary) -> String {
    let mut text = String::new();
    let (reached, all) = summary.reached();
    if all > 0 {
        text += &format!("  goals {reached} of {all}");
    }
    if let Some((goal, first)) = summary.newest() {
        let ago = (summary.seconds - first.seconds).max(0.0) as u64;
        let ago = crate::screen::clock(std::time::Duration::from_secs(ago));
        text += &format!("  newest \"{}\" {ago} ago", goal.name);
    }
    if !summary.findings.is_empty() {
        let runs: u64 = summary.findings.iter().map(|found| found.runs).sum();
        text += &format!("  findings {} ({} runs)", summary.findings.len(), crate::screen::grouped(runs));
    }
    if !summary.split.is_empty() {
        let shares: Vec<_> = summary.split.iter().map(|(name, percent)| format!("{name} {percent:.0} %")).collect();
        text += &format!("  {}", shares.join(" "));
    }
    text
}
