//! `cargo simfuzz check`: is a run a function of its tape?
//!
//! Owns which tapes are checked. The runs, and what they say, are in the target's binary.

use crate::cli::{CheckArgs, Explained};
use crate::list::files;
use crate::plain::{self, is_file};
use crate::project::Project;
use crate::screen::Screen;
use crate::stop::Stop;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn check(args: &CheckArgs) -> Result<u8, Stop> {
    let project = Project::find(args.package.fuzz_dir.as_deref())?;
    let target = project.target(&args.target)?;
    args.files.iter().try_for_each(|file| is_file(file))?;
    let mut command = plain::command(target, &args.package, &mut Screen::new())?;
    command.arg("check").args(&args.files).args(["--runs", &args.runs.to_string()]);
    command.args(args.seeds.iter().flat_map(|seeds| ["--seeds", seeds]));
    command.args((args.format == Explained::Json).then_some("--format=json"));
    command.args(args.lenient.then_some("--lenient")).args(args.limits.arguments());
    if args.files.is_empty() && args.seeds.is_none() {
        let folders = [target.working_corpus(), target.seeds()];
        let full = folders.iter().filter(|folder| folder.is_dir() && files(folder) > 0);
        command.args(full.flat_map(|folder| [Path::new("--corpus"), folder]));
        command.args(regressions(&target.regressions()));
    }
    plain::call(&mut command)
}

/// The regressions of the target, by name.
fn regressions(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut tapes: Vec<_> = entries.filter(|path| path.extension().is_some_and(|name| name == "tape")).collect();
    tapes.sort();
    tapes
}
