//! `cargo simfuzz list`: the targets and what there is of each.

use crate::cli::ListArgs;
use crate::project::{Project, shown};
use crate::regressions::tapes;
use crate::stop::{CLEAN, Stop};
use std::fs;
use std::path::Path;

/// `cargo simfuzz list`.
pub(crate) fn list(args: &ListArgs) -> Result<u8, Stop> {
    let project = Project::find(args.fuzz_dir.as_deref())?;
    let width = project.targets().map(|target| target.name.len()).max().unwrap_or(0).max("target".len());
    println!("{:width$}  seeds  corpus  regressions  findings", "target");
    for target in project.targets() {
        println!(
            "{:width$}  {:>5}  {:>6}  {:>11}  {:>8}",
            target.name,
            files(&target.seeds()),
            files(&target.working_corpus()),
            tapes(target)?.len(),
            files(&target.artifacts()),
        );
    }
    if project.targets().next().is_none() {
        println!("(none: `cargo fuzz add NAME` adds one to {})", shown(&project.manifest()));
    }
    Ok(CLEAN)
}

/// The number of files in `folder`; none if it isn't there.
pub(crate) fn files(folder: &Path) -> usize {
    let visible =
        |entry: &fs::DirEntry| !entry.file_name().to_string_lossy().starts_with('.') && entry.path().is_file();
    fs::read_dir(folder).map_or(0, |entries| entries.flatten().filter(visible).count())
}
