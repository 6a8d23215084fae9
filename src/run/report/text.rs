//! The report as people read it.

use super::{RUNS_TO_WARN, SimulationReport};
use crate::assert;
use crate::run::outcome::overflow;
use std::fmt;

impl fmt::Display for SimulationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = self.runs - self.passed - self.truncated;
        write!(f, "{} runs: {} passed, {failed} failed", self.runs, self.passed)?;
        if self.truncated > 0 {
            write!(f, ", {} truncated (neither)", self.truncated)?;
        }
        writeln!(f, "; {:.1} virtual seconds, {} events", self.virtual_time.as_secs_f64(), self.events)?;
        self.write_faults(f)?;
        for found in self.findings.values() {
            writeln!(f, "\nFINDING in {} of {} runs, first in seed {}", found.count, self.runs, found.seed)?;
            writeln!(f, "  {}", found.first.to_string().replace('\n', "\n  "))?;
            writeln!(f, "  again: .seeds([{}])", found.seed)?;
        }
        if let Some(canary) = &self.canary {
            writeln!(f, "\nNOT DETERMINISTIC: {canary}")?;
        }
        for warning in &self.warnings {
            writeln!(f, "\nwarning: {warning}")?;
        }
        let missing: Vec<_> = self.faults_that_never_came().iter().map(ToString::to_string).collect();
        if !missing.is_empty() && self.runs >= RUNS_TO_WARN {
            writeln!(f, "\nwarning: on, but never injected in {} runs: {}", self.runs, missing.join(", "))?;
        }
        if self.disks_crashed > 0 && self.with_writes == 0 && self.runs >= RUNS_TO_WARN {
            writeln!(
                f,
                "\nwarning: {} crashes hit disks with files, and none found a write that was not synced: nothing was lost, so no sync was tested",
                self.disks_crashed
            )?;
        }
        for (name, &(runs, faults)) in &self.injectors {
            match (runs, faults) {
                (0, _) => writeln!(f, "\nwarning: the injector {name} never ran: no run came to its storm")?,
                (_, 0) => {
                    writeln!(f, "\nwarning: the injector {name} was at work in {runs} runs and injected nothing")?
                }
                _ => {}
            }
        }
        let silent = self.places_that_never_fired();
        if !silent.is_empty() && self.runs >= RUNS_TO_WARN {
            writeln!(f, "\nwarning: buggified places that never fired in {} runs: {}", self.runs, silent.join(", "))?;
        }
        if self.gave_up_runs * 2 > self.runs {
            writeln!(
                f,
                "\nwarning: workloads gave up in {} of {} runs: they test little; let them retry and reconnect",
                self.gave_up_runs, self.runs
            )?;
        }
        if self.buckets_dropped > 0 {
            writeln!(f, "\nwarning: {}", overflow(self.buckets_dropped))?;
        }
        if self.restless * 2 > self.runs {
            writeln!(
                f,
                "\nwarning: in {} of {} runs the system did not come to rest before check",
                self.restless, self.runs
            )?;
        }
        for name in self.never_evaluated() {
            writeln!(f, "never evaluated: {name}")?;
        }
        self.write_goals(f)
    }
}

impl SimulationReport {
    fn write_faults(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        for (kind, fault) in &self.faults {
            let of_runs = match fault.runs {
                0 => String::new(),
                1 => " in 1 run".to_owned(),
                runs => format!(" in {runs} runs"),
            };
            parts.push(format!("{} {kind}{of_runs}", fault.injected));
        }
        for (count, what) in [(self.exits, "exits"), (self.fail_stops, "fail-stops")] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        writeln!(f, "faults: {}", if parts.is_empty() { "none".to_owned() } else { parts.join(", ") })
    }

    fn write_goals(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let modules = self.modules();
        let catalogue = assert::catalogue();
        let (inside, outside): (Vec<_>, Vec<_>) = catalogue
            .iter()
            .filter(|entry| entry.kind.is_goal())
            .partition(|entry| entry.places.iter().any(|place| modules.contains(&place.module)));
        if inside.is_empty() && outside.is_empty() {
            return Ok(());
        }
        let reached = |id: u32| self.goals.get(&id).map_or(0, |goal| goal.reached);
        let hit = inside.iter().filter(|entry| reached(entry.id) > 0).count();
        writeln!(f, "\ngoals: {hit} of {} reached", inside.len())?;
        let (missing, found): (Vec<_>, Vec<_>) = inside.into_iter().partition(|entry| reached(entry.id) == 0);
        for entry in missing {
            let seen = self.goals.get(&entry.id).map_or(0, |goal| goal.evaluated);
            let remark =
                if seen == 0 { "never even evaluated".to_owned() } else { format!("evaluated in {seen} runs") };
            writeln!(f, "  NOT REACHED  {} ({remark})", entry.name)?;
        }
        for entry in found {
            writeln!(f, "  {:>7} runs  {}", reached(entry.id), entry.name)?;
        }
        if !outside.is_empty() {
            writeln!(f, "  ({} more goals in modules that no run entered)", outside.len())?;
        }
        Ok(())
    }
}
