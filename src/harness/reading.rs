//! How much of a story is read: which hosts, from when, until when, how fine.
//!
//! Owns the choosing and printing of lines. The run is always whole: what is not shown happened.

use crate::choice::escaped;
use crate::run::{Outcome, shown_line};
use crate::trace::{StoryLine, seconds};
use clap::Args;

/// Which part of the story is shown.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Reading {
    /// Tells of arrivals, choices, disk operations and `tracing` events too, with their numbers.
    #[arg(short, long)]
    verbose: bool,
    /// Shows what happened on this host only (`server-1`; or `server`: all of that kind).
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    /// Shows what happened from this virtual time on: `1.5s`, `20ms`, `300us`.
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<u64>,
    /// Shows what happened until then.
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<u64>,
}

impl Reading {
    /// The chosen lines of the story as text.
    ///
    /// # Errors
    ///
    /// When no host has the name.
    pub(super) fn read(&self, outcome: &Outcome) -> Result<String, String> {
        let hosts = self.hosts(outcome)?;
        let chosen = |line: &StoryLine| {
            (self.verbose || line.main)
                && self.from.is_none_or(|from| line.at >= from)
                // a time as it is printed ends in whole microseconds
                && self.until.is_none_or(|until| line.at / 1_000 <= until / 1_000)
                && hosts.as_ref().is_none_or(|hosts| hosts.contains(&line.host.as_str()))
        };
        let lines: Vec<_> = outcome.story().iter().enumerate().filter(|(_, line)| chosen(line)).collect();
        let host = |line: &StoryLine| match line.boot {
            0 => escaped(&line.host),
            boot => format!("{} (boot {boot})", escaped(&line.host)),
        };
        let number = lines.last().map_or(0, |(number, _)| number.to_string().len() + 1);
        let time = lines.iter().map(|(_, line)| seconds(line.at).len()).max().unwrap_or(0);
        let hosts = lines.iter().map(|(_, line)| host(line).chars().count()).max().unwrap_or(0);
        let line = |(index, line): (usize, &StoryLine)| {
            let (host, text) = (host(line), shown_line(line, number + time + hosts + 6));
            let text = format!("{:>number$}  {:>time$}  {host:hosts$}  {text}", format!("#{index}"), seconds(line.at));
            text.trim_end().to_owned() + "\n"
        };
        Ok(lines.into_iter().map(line).collect())
    }

    /// The names of the chosen hosts; `None` is all, and the simulation itself.
    fn hosts<'a>(&self, outcome: &'a Outcome) -> Result<Option<Vec<&'a str>>, String> {
        let Some(topology) = outcome.topology().filter(|_| !self.host.is_empty()) else { return Ok(None) };
        let mut chosen = Vec::new();
        for name in &self.host {
            let before = chosen.len();
            let hosts = topology.hosts().iter().map(|host| (host.name.as_str(), host.kind.as_str()));
            chosen.extend(hosts.filter(|(host, kind)| host == name || kind == name).map(|(host, _)| host));
            if chosen.len() == before {
                let names: Vec<_> = topology.hosts().iter().map(|host| host.name.as_str()).collect();
                return Err(format!("no host `{name}` in this run; there is {}", names.join(", ")));
            }
        }
        Ok(Some(chosen))
    }
}

/// Reads `1.5s`, `20ms`, `300us` or `7ns` as nanoseconds.
fn time(text: &str) -> Result<u64, String> {
    let units = [("ns", 1.0), ("us", 1e3), ("ms", 1e6), ("s", 1e9)];
    let read = units.into_iter().find_map(|(unit, nanos)| {
        let number: f64 = text.strip_suffix(unit)?.trim().parse().ok()?;
        (number.is_finite() && number >= 0.0).then(|| (number * nanos).round() as u64)
    });
    read.ok_or_else(|| format!("`{text}` is no virtual time: write `1.5s`, `20ms` or `300us`"))
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn times_have_units() {
        assert_eq!(time("1.204350s"), Ok(1_204_350_000));
        assert_eq!((time("20ms"), time("300us"), time("7ns")), (Ok(20_000_000), Ok(300_000), Ok(7)));
        for bad in ["", "5", "-1s", "NaNs", "s", "1 hour"] {
            assert!(time(bad).is_err(), "{bad}");
        }
    }
}
