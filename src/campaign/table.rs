//! The table at the end of a campaign, as people read it.

use super::summary::{Fault, First, Goal, SavedTape, Summary};
use crate::choice::escaped;
use std::fmt;

impl fmt::Display for Summary {
    /// Goals, unreached ones first; then faults and findings.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timed = self.seconds > 0.0;
        write!(f, "{} executions", grouped(self.executions))?;
        if timed {
            let speed = self.executions as f64 / self.seconds;
            write!(f, " in {:.1} s ({} a second)", self.seconds, grouped(speed as u64))?;
        }
        writeln!(f, ", {} features, {} tapes kept", grouped(self.features), grouped(self.corpus))?;
        if self.truncated > 0 {
            writeln!(f, "{} runs were truncated: neither a pass nor a finding", grouped(self.truncated))?;
        }
        if !self.split.is_empty() {
            let shares: Vec<_> =
                self.split.iter().map(|(name, percent)| format!("{percent:.0} % {}", escaped(name))).collect();
            writeln!(f, "split of the runs: {}", shares.join(", "))?;
        }
        self.write_goals(f, timed)?;
        self.write_faults(f)?;
        self.write_findings(f, timed)
    }
}

impl Summary {
    fn write_goals(&self, f: &mut fmt::Formatter<'_>, timed: bool) -> fmt::Result {
        let (reached, all) = self.reached();
        write!(f, "\ngoals: {reached} of {all} reached")?;
        match self.outside {
            0 => writeln!(f)?,
            more => writeln!(f, " ({more} more in modules that no run entered)")?,
        }
        let (found, missing): (Vec<_>, Vec<_>) = self.goals.iter().partition(|goal| goal.runs > 0);
        for goal in missing {
            let remark = match goal.evaluated {
                0 => "never even evaluated".to_owned(),
                runs => format!("evaluated in {} runs", grouped(runs)),
            };
            writeln!(f, "  NOT REACHED  {} ({remark}; {})", escaped(&goal.name), escaped(&goal.place))?;
        }
        if !found.is_empty() {
            writeln!(f, "{}", head(timed, "goal"))?;
        }
        for Goal { name, runs, first, smallest, .. } in found {
            let (first, smallest) = (first.unwrap_or_default(), smallest.clone().unwrap_or_default());
            writeln!(f, "{}", row(timed, *runs, first, &smallest, name))?;
        }
        Ok(())
    }

    fn write_faults(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let came = self.faults.iter().filter(|fault| fault.injected > 0);
        let line = |fault: &Fault| {
            format!("{} {} in {} runs", grouped(fault.injected), escaped(&fault.name), grouped(fault.runs))
        };
        let came: Vec<_> = came.map(line).collect();
        writeln!(f, "\nfaults: {}", if came.is_empty() { "none".to_owned() } else { came.join(", ") })?;
        let silent: Vec<_> = self.silent_faults().map(escaped).collect();
        match silent.is_empty() {
            true => Ok(()),
            false => writeln!(f, "  on, but never injected: {}", silent.join(", ")),
        }
    }

    fn write_findings(&self, f: &mut fmt::Formatter<'_>, timed: bool) -> fmt::Result {
        if self.findings.is_empty() {
            return writeln!(f, "\nno finding");
        }
        writeln!(f, "\nFINDINGS: {} by identity", self.findings.len())?;
        writeln!(f, "{}", head(timed, "identity"))?;
        for found in &self.findings {
            writeln!(f, "{}", row(timed, found.runs, found.first, &found.smallest, &found.identity))?;
        }
        Ok(())
    }
}

fn head(timed: bool, what: &str) -> String {
    let after = if timed { format!("  {:>9}", "after") } else { String::new() };
    format!("  {:>9}  {:>15}{after}  {:>13}  {what}", "runs", "first execution", "smallest tape")
}

fn row(timed: bool, runs: u64, first: First, smallest: &SavedTape, what: &str) -> String {
    let after = if timed { format!("  {:>9}", format!("{:.2} s", first.seconds)) } else { String::new() };
    let place = smallest.file.as_ref().map(|file| format!("\n{:>13}{}", "in ", escaped(file))).unwrap_or_default();
    let what = escaped(what);
    let (runs, execution) = (grouped(runs), grouped(first.execution));
    format!("  {runs:>9}  {execution:>15}{after}  {:>7} bytes  {what}{place}", smallest.bytes)
}

/// `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
