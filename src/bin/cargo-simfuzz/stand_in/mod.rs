//! `cargo simfuzz stand-in`: a package with tokio's name that simulates, for dependencies which call tokio themselves.
//!
//! Owns the folder that it writes, with three packages: `tokio`, which stands in and whose source is in `tokio/` beside this
//! file; `real-tokio`, the real one under another name; and `simfuzz`, the same source as ever on `real-tokio`. Three,
//! since cargo takes no two tokio 1 from one registry, and no circle: a stand-in that uses the simulator must not be used by
//! it.

mod copy;

use crate::cli::StandInArgs;
use crate::project::{array, metadata, shown};
use crate::stop::{CLEAN, Stop};
use std::fs;
use std::path::{Path, PathBuf};

/// The stand-in itself.
const TOKIO: [(&str, &str); 4] = [
    // cargo leaves a folder with a `Cargo.toml` out of what it publishes
    ("Cargo.toml", include_str!("tokio/manifest.toml")),
    ("src/lib.rs", include_str!("tokio/lib.rs")),
    ("src/net.rs", include_str!("tokio/net.rs")),
    ("src/task.rs", include_str!("tokio/task.rs")),
];

/// Tells a folder of ours, which may be replaced, from one of the user's.
const MARK: &str = "Written by `cargo simfuzz stand-in`, which replaces it. Not for version control.\n";

/// `cargo simfuzz stand-in`.
pub(crate) fn stand_in(args: &StandInArgs) -> Result<u8, Stop> {
    let simfuzz = args.simfuzz.clone().unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    let simfuzz =
        simfuzz.canonicalize().ok().filter(|folder| folder.join("src/lib.rs").is_file()).ok_or_else(|| {
            Stop::bad(format!("simfuzz's source is not in {}: `--simfuzz FOLDER` says where it is", simfuzz.display()))
        })?;
    let folder = &args.folder;
    let is_ours = fs::read_to_string(folder.join("README")).is_ok_and(|text| text == MARK);
    if folder.exists() && !is_ours {
        return Err(Stop::bad(format!(
            "{} is there already, and not written by this command: name another folder",
            folder.display()
        )));
    }
    if is_ours {
        fs::remove_dir_all(folder).map_err(|error| Stop::bad(format!("{}: {error}", folder.display())))?;
    }
    write(&folder.join("README"), MARK)?;
    write(&folder.join(".gitignore"), "*\n")?;
    let (version, tokio) = look_up(folder, args.tokio.as_deref())?;
    copy::real_tokio(&tokio, &folder.join("real-tokio"))?;
    copy::simfuzz(&simfuzz, &folder.join("simfuzz"))?;
    for (path, text) in TOKIO {
        write(&folder.join("tokio").join(path), text)?;
    }
    println!(
        "wrote a stand-in for tokio {version} into {folder}
next, in the Cargo.toml of the package that simulates (its own workspace, with nothing in it that is to serve):

  [dependencies]
  simfuzz = {simfuzz:?}

  [patch.crates-io]
  simfuzz = {{ path = {path_simfuzz:?} }}
  tokio = {{ path = {path_tokio:?} }}",
        folder = shown(folder),
        simfuzz = env!("CARGO_PKG_VERSION"),
        path_simfuzz = folder.join("simfuzz").display().to_string(),
        path_tokio = folder.join("tokio").display().to_string(),
    );
    Ok(CLEAN)
}

/// The source of tokio, as cargo has it: its version and its folder.
fn look_up(folder: &Path, version: Option<&str>) -> Result<(String, PathBuf), Stop> {
    let asking = folder.join("asking");
    let wanted = version.map_or_else(|| "1".to_owned(), |version| format!("={version}"));
    let manifest = asking.join("Cargo.toml");
    write(&asking.join("lib.rs"), "")?;
    write(
        &manifest,
        &format!(
            "[package]\nname = \"asking\"\nedition = \"2024\"\nversion = \"0.0.0\"\n[lib]\npath = \"lib.rs\"\n[workspace]\n\
             [dependencies]\ntokio = {wanted:?}\n"
        ),
    )?;
    let manifest = manifest.canonicalize().map_err(|error| Stop::bad(format!("{}: {error}", asking.display())))?;
    let metadata = metadata(&manifest, &[])?;
    let tokio = array(&metadata["packages"]).iter().find(|package| package["name"] == "tokio");
    let text = |key: &str| tokio.and_then(|tokio| tokio[key].as_str());
    let (Some(version), Some(manifest)) = (text("version"), text("manifest_path")) else {
        return Err(Stop::bad("cargo doesn't say where tokio's source is: is there a network?"));
    };
    let found = (version.to_owned(), Path::new(manifest).parent().unwrap_or(Path::new(".")).to_owned());
    fs::remove_dir_all(&asking).map_err(|error| Stop::bad(format!("{}: {error}", asking.display())))?;
    Ok(found)
}

fn write(path: &Path, text: &str) -> Result<(), Stop> {
    let failed = |error| Stop::bad(format!("cannot write {}: {error}", path.display()));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, text).map_err(failed)
}
