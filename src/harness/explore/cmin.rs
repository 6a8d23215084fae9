//! `cmin`: the corpus without the tapes that show nothing of their own.

use crate::campaign::Campaign;
use crate::choice::escaped;
use crate::fuzz::Folder;
use crate::harness::progress::Progress;
use crate::harness::say;
use crate::run::Simulation;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

/// Runs the tapes of `corpus`, the smallest first, and removes each whose features the ones before
/// it have shown. Tapes with a finding are left alone.
pub(in crate::harness) fn cmin(simulation: &Simulation, corpus: &Path) -> Result<ExitCode, String> {
    let mut tapes = Folder::open(corpus)?.files()?;
    tapes.sort_by(|(_, one), (_, other)| (one.len(), one).cmp(&(other.len(), other)));
    let mut campaign = Campaign::new(simulation, 0, false);
    let mut progress = Progress::new();
    let (mut doomed, mut findings) = (Vec::new(), 0);
    for (index, (path, bytes)) in tapes.iter().enumerate() {
        progress.tell(|| format!("{index} of {} tapes", tapes.len()));
        let executed = campaign.execute(bytes);
        if executed.finding.is_some() {
            findings += 1;
            eprintln!("simfuzz: left alone, for it has a finding: {}", escaped(&path.display().to_string()));
        } else if executed.kept.is_none() {
            doomed.push(path);
        }
    }
    // only now, when all runs are done: an interrupt before leaves the corpus as it was
    for path in &doomed {
        fs::remove_file(path).map_err(|error| format!("cannot remove {}: {error}", path.display()))?;
    }
    say(&format_args!("{} of {} tapes are left in {}", tapes.len() - doomed.len(), tapes.len(), corpus.display()));
    Ok(ExitCode::from(u8::from(findings > 0)))
}
