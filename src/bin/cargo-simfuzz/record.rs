//! The record of a campaign: a file of JSON that outlives it.
//!
//! Owns its place, `simfuzz/campaigns/TARGET-START.json` in the build folder of the fuzz package:
//! it is a measurement of this machine and this build, which no repository should hold, and the
//! build folder is the one that every project's `.gitignore` names already.

use crate::curve::Sample;
use crate::project::{Target, shown};
use crate::stop::Stop;
use serde::Serialize;
use simfuzz::campaign::Summary;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// What the file holds.
#[derive(Debug, Serialize)]
struct Record<'a> {
    /// The version of this form.
    format: u32,
    simfuzz: &'a str,
    target: &'a str,
    engine: &'a str,
    /// UTC, such as `20261231-235959`.
    began: String,
    #[serde(flatten)]
    summary: &'a Summary,
    /// What it had come to, moment by moment.
    curve: &'a [Sample],
}

/// Writes the record under a name that nothing has; returns its path.
pub(crate) fn keep(
    target: Target<'_>,
    engine: &str,
    began: SystemTime,
    summary: &Summary,
    curve: &[Sample],
) -> Result<PathBuf, Stop> {
    let folder = target.project.target_directory().join("simfuzz/campaigns");
    let began = stamp(began);
    let record =
        Record { format: 1, simfuzz: env!("CARGO_PKG_VERSION"), target: target.name, engine, began, summary, curve };
    let unwritten =
        |error| Stop::bad(format!("the record of the campaign can't be written to {}: {error}", shown(&folder)));
    fs::create_dir_all(&folder).map_err(unwritten)?;
    let text = serde_json::to_string_pretty(&record).map_err(|error| unwritten(error.into()))?;
    for number in 1.. {
        let more = if number == 1 { String::new() } else { format!("-{number}") };
        let path = folder.join(format!("{}-{}{more}.json", target.name, record.began));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
                if let Err(error) = written {
                    // half a record is none
                    let _ = fs::remove_file(&path);
                    return Err(unwritten(error));
                }
                return Ok(path);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(unwritten(error)),
        }
    }
    unreachable!("a folder holds less than 2^31 files of one second")
}

/// `20261231-235959`, UTC.
fn stamp(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (mut days, second) = (seconds / 86_400, seconds % 86_400);
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!("{year}{:02}{:02}-{hour:02}{minute:02}{:02}", month + 1, days + 1, second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// As `date -u -d @N +%Y%m%d-%H%M%S` says.
    #[test]
    fn a_stamp_is_the_date() {
        let at = |seconds| stamp(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "19700101-000000");
        assert_eq!(at(951_782_399), "20000228-235959");
        assert_eq!(at(951_782_400), "20000229-000000");
        assert_eq!(at(1_798_761_599), "20261231-235959");
    }
}
