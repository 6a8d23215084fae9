//! The records of campaigns: which one is the newest of a target.

use crate::project::{Target, shown};
use crate::stop::Stop;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

/// The newest record of `target`: its name without the extension, and what it holds.
pub(super) fn newest(target: Target<'_>) -> Result<(String, Value), Stop> {
    let folder = target.project.target_directory().join("simfuzz/campaigns");
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(target.name)))
        .collect();
    // the names end in the time of the start
    paths.sort();
    for path in paths.iter().rev() {
        let unread = |error: &dyn std::fmt::Display| {
            Stop::bad(format!("{} can't be read as the record of a campaign: {error}", shown(path)))
        };
        let text = fs::read(path).map_err(|error| unread(&error))?;
        let record: Value = serde_json::from_slice(&text).map_err(|error| unread(&error))?;
        // the name of another target may begin with this one's
        if record["target"] == target.name {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            return Ok((name, record));
        }
    }
    Err(Stop::bad(format!(
        "no campaign of {} has ended in this build folder: `cargo simfuzz explore {}` makes one, and a FILE after the \
         target is reported by itself",
        target.name, target.name
    )))
}
