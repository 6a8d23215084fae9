//! The two packages that are made of what is there: tokio under another name, and simfuzz on it.
//!
//! Owns the changes, which are few: names, and the one place where tokio draws at random.

use super::write;
use crate::stop::Stop;
use std::fs;
use std::path::Path;

/// What tokio's random numbers are for, apart from its own schedulers: the order in which the receivers of a `watch`
/// channel are woken. Their seeds come from a counter of the process, so that it would differ from run to run.
const RANDOM: &str = "pub(crate) fn thread_rng_n(n: u32) -> u32 {\n";
const FIRST: &str = "pub(crate) fn thread_rng_n(n: u32) -> u32 {
    // in a simulation nothing is left to chance
    if n < u32::MAX {
        return 0;
    }
";

/// Copies tokio from `from`, as `real-tokio`.
pub(super) fn real_tokio(from: &Path, to: &Path) -> Result<(), Stop> {
    let manifest = read(&from.join("Cargo.toml"))?;
    write(
        &to.join("Cargo.toml"),
        &replaced(&manifest, "name = \"tokio\"\nversion", "name = \"real-tokio\"\nversion")?,
    )?;
    write(&to.join("LICENSE"), &read(&from.join("LICENSE"))?)?;
    copy(&from.join("src"), &to.join("src"))?;
    let context = to.join("src/runtime/context.rs");
    write(&context, &replaced(&read(&context)?, RANDOM, FIRST)?)
}

/// Writes a manifest for simfuzz's source in `from` that depends on `real-tokio`.
pub(super) fn simfuzz(from: &Path, to: &Path) -> Result<(), Stop> {
    let manifest = read(&from.join("Cargo.toml"))?;
    let sections = ["[features]", "[dependencies]", "[target.'cfg(unix)'.dependencies]"];
    let kept: String = sections.iter().map(|name| section(&manifest, name)).collect();
    let real = "tokio = { package = \"real-tokio\", path = \"../real-tokio\", ";
    let kept = replaced(&kept, "tokio = { version = \"1.40\", ", real)?;
    let kept =
        replaced(&kept, "path = \"derive\"", &format!("path = {:?}", from.join("derive").display().to_string()))?;
    let library = from.join("src/lib.rs").display().to_string();
    let text = format!(
        "[package]
name = \"simfuzz\"
version = {version:?}
edition = \"2024\"
rust-version = {rust:?}
license = \"MIT OR Apache-2.0\"
publish = false

[workspace]

[lib]
path = {library:?}
doctest = false

[lints.rust]
unexpected_cfgs = {{ level = \"warn\", check-cfg = [\"cfg(fuzzing)\"] }}

{kept}",
        version = env!("CARGO_PKG_VERSION"),
        rust = env!("CARGO_PKG_RUST_VERSION"),
    );
    write(&to.join("Cargo.toml"), &text)
}

/// The lines from the one that is `name` up to the next section.
fn section(manifest: &str, name: &str) -> String {
    let mut lines = manifest.lines().skip_while(|line| *line != name);
    let first = lines.next().into_iter();
    first.chain(lines.take_while(|line| !line.starts_with('['))).flat_map(|line| [line, "\n"]).collect()
}

fn replaced(text: &str, from: &str, to: &str) -> Result<String, Stop> {
    match text.matches(from).count() {
        1 => Ok(text.replacen(from, to, 1)),
        count => Err(Stop::bad(format!(
            "{:?} is there {count} times and not once, in a source that this command doesn't know: `--tokio 1.54.1` takes \
             a tokio that it does",
            from.trim()
        ))),
    }
}

fn read(path: &Path) -> Result<String, Stop> {
    fs::read_to_string(path).map_err(|error| Stop::bad(format!("cannot read {}: {error}", path.display())))
}

fn copy(from: &Path, to: &Path) -> Result<(), Stop> {
    let failed = |error| Stop::bad(format!("cannot copy {}: {error}", from.display()));
    fs::create_dir_all(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let target = to.join(entry.file_name());
        match entry.file_type().map_err(failed)?.is_dir() {
            true => copy(&entry.path(), &target)?,
            // written anew: what lies in cargo's folder may be for reading only
            false => write(&target, &read(&entry.path())?)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_ends_where_the_next_begins() {
        let manifest = "[a]\nx = 1\n\n[b]\ny = [\n  2,\n]\n[c]\n";
        assert_eq!(section(manifest, "[a]"), "[a]\nx = 1\n\n");
        assert_eq!(section(manifest, "[b]"), "[b]\ny = [\n  2,\n]\n");
        assert_eq!(section(manifest, "[d]"), "");
    }
}
