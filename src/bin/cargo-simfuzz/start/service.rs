//! `cargo simfuzz init --clusterfuzzlite`: what ClusterFuzzLite needs to build the fuzz targets.
//!
//! Owns the files; the fuzz package is there already.

use super::{existing, write};
use crate::project::{Project, shown};
use crate::stop::{CLEAN, Stop};
use minijinja::{Environment, context};
use std::path::Path;

/// What is written where, beside the fuzz package.
const FILES: [(&str, &str); 4] = [
    (".clusterfuzzlite/project.yaml", include_str!("template/clusterfuzzlite/project.yaml")),
    (".clusterfuzzlite/Dockerfile", include_str!("template/clusterfuzzlite/Dockerfile")),
    (".clusterfuzzlite/build.sh", include_str!("template/clusterfuzzlite/build.sh")),
    (".github/workflows/clusterfuzzlite.yml", include_str!("template/clusterfuzzlite/workflow.yml")),
];

/// Writes them into `folder`, which holds a package with a `fuzz/`.
pub(super) fn clusterfuzzlite(folder: &Path) -> Result<u8, Stop> {
    let fuzz = folder.join("fuzz");
    if !fuzz.join("Cargo.toml").is_file() {
        return Err(Stop::bad(format!(
            "no fuzz package in {}: `cargo simfuzz init` makes one, then call this again",
            shown(folder)
        )));
    }
    Project::find(Some(&fuzz))?;
    existing(folder, FILES.iter().map(|(path, _)| *path))?;
    let name = folder.file_name().map(|name| name.to_string_lossy().replace(|c: char| !c.is_ascii_alphanumeric(), "-"));
    let package = name.unwrap_or_else(|| "project".to_owned());
    for (path, template) in FILES {
        let context = context! { package, build => "build fuzz" };
        let text = Environment::new().render_str(template, context).expect("the templates are ours");
        write(&folder.join(path), &(text + "\n"))?;
        println!("     wrote {path}");
    }
    println!("next:");
    println!("  git add .clusterfuzzlite .github    # a pull request is fuzzed from now on");
    Ok(CLEAN)
}
