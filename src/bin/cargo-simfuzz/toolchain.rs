//! The tools that a fuzz build needs: cargo-fuzz, a C++ compiler, nightly for a sanitizer.
//!
//! Owns the versions, and the sentences that say how to get what is missing. Installs cargo-fuzz
//! and nothing else.

use crate::build::Cargo;
use crate::cli::Sanitizer;
use crate::project::cargo;
use crate::screen::Screen;
use crate::stop::Stop;
use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

/// The cargo-fuzz that is installed when there is none, and the oldest that will do.
///
/// The flags that it gives to rustc are read by `instrument`, so this is the version with which
/// they were checked.
const CARGO_FUZZ: &str = "0.13.2";

/// How cargo and the C++ compiler are called.
#[derive(Debug)]
pub(crate) struct Toolchain {
    /// `+nightly`, if the active toolchain can't do what was asked.
    pub(crate) channel: Option<&'static str>,
    /// The host, as rustc names it.
    pub(crate) host: String,
    /// A value for `CXX`, if only an uncommon name of the compiler exists.
    pub(crate) cxx: Option<&'static str>,
}

impl Toolchain {
    /// Looks for all of them; the cheap questions first, so that nobody waits for an installation
    /// to hear that the compiler is missing.
    pub(crate) fn find(sanitizer: Sanitizer, screen: &mut Screen) -> Result<Self, Stop> {
        let rustc = answer(Command::new("rustc").arg("-vV"))
            .ok_or_else(|| Stop::bad("rustc can't be started: is it in the PATH? (https://rustup.rs installs it)"))?;
        let host = rustc.lines().find_map(|line| line.strip_prefix("host: "));
        let host = host.ok_or_else(|| Stop::bad("`rustc -vV` doesn't name its host"))?.to_owned();
        let channel = channel(sanitizer, &rustc)?;
        let cxx = cxx()?;
        cargo_fuzz(screen)?;
        Ok(Self { channel, host, cxx })
    }
}

/// What `doctor` says of one of them.
#[derive(Debug)]
pub(crate) enum Tool {
    /// It is there, and this is it.
    There(String),
    /// It isn't, and a fuzz build needs it; how to get it.
    Missing(String),
    /// It isn't, and few need it; for what, and how to get it.
    Optional(String),
}

/// Looks for each of the tools and installs none.
pub(crate) fn examine() -> Vec<(&'static str, Tool)> {
    let rust = match answer(Command::new("rustc").arg("--version")) {
        None => Tool::Missing("rustc can't be started: is it in the PATH? (https://rustup.rs installs it)".into()),
        Some(found) => {
            let needed = env!("CARGO_PKG_RUST_VERSION");
            let number = found.split_whitespace().nth(1).unwrap_or_default();
            match version(number) >= version(needed) {
                true => Tool::There(found.trim().into()),
                false => {
                    Tool::Missing(format!("rustc {number} is too old, {needed} is needed: `rustup update stable`"))
                }
            }
        }
    };
    let compiler = match cxx() {
        Ok(Some(name)) => Tool::There(name.into()),
        Ok(None) => Tool::There(env::var("CXX").unwrap_or_else(|_| "c++".into())),
        Err(stop) => Tool::Missing(stop.to_string()),
    };
    let fuzz = match cargo_fuzz_version() {
        Some(found) if version(&found) >= version(CARGO_FUZZ) => Tool::There(found),
        Some(found) => Tool::Missing(format!("{found} is too old, {CARGO_FUZZ} is needed: `{}`", install())),
        None => Tool::Optional(format!("not yet; `cargo simfuzz run` installs it, or `{}`", install())),
    };
    let nightly = match answer(cargo().args(["+nightly", "--version"])) {
        Some(found) => Tool::There(found.trim().into()),
        None => Tool::Optional("none; only `--sanitizer address` needs it: `rustup toolchain install nightly`".into()),
    };
    vec![("Rust", rust), ("C++ compiler", compiler), ("cargo-fuzz", fuzz), ("nightly Rust", nightly)]
}

fn channel(sanitizer: Sanitizer, rustc: &str) -> Result<Option<&'static str>, Stop> {
    let unstable = rustc.contains("nightly") || rustc.contains("-dev") || env::var_os("RUSTC_BOOTSTRAP").is_some();
    if sanitizer == Sanitizer::None || unstable {
        return Ok(None);
    }
    match answer(cargo().args(["+nightly", "--version"])) {
        Some(_) => Ok(Some("+nightly")),
        None => Err(Stop::bad(
            "`--sanitizer address` needs a nightly toolchain: get one with `rustup toolchain install nightly`, or \
             leave the option out",
        )),
    }
}

/// Looks for the compiler of libFuzzer's C++, which libfuzzer-sys calls `c++` or `$CXX`.
fn cxx() -> Result<Option<&'static str>, Stop> {
    if env::var_os("CUSTOM_LIBFUZZER_PATH").is_some() {
        return Ok(None);
    }
    if let Some(named) = env::var_os("CXX").filter(|named| !named.is_empty()) {
        // the variable may hold arguments too, or a launcher before the compiler
        let named = named.to_string_lossy().into_owned();
        let program = named.split_whitespace().next().unwrap_or_default();
        return match in_path(program) {
            true => Ok(None),
            false => Err(Stop::bad(format!(
                "the C++ compiler that $CXX names, `{named}`, doesn't exist: correct it or unset it"
            ))),
        };
    }
    match ["c++", "g++", "clang++"].into_iter().find(|name| in_path(name)) {
        Some("c++") => Ok(None),
        Some(name) => Ok(Some(name)),
        None => Err(Stop::bad(
            "no C++ compiler found, and libFuzzer is C++: install one (`apt install g++`, `dnf install gcc-c++`, \
             `xcode-select --install`), or name yours in $CXX",
        )),
    }
}

fn in_path(program: &str) -> bool {
    if Path::new(program).components().count() > 1 {
        return Path::new(program).is_file();
    }
    let name = format!("{program}{}", env::consts::EXE_SUFFIX);
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(&name).is_file()))
}

/// The command that installs cargo-fuzz.
fn install() -> String {
    format!("cargo install cargo-fuzz --version {CARGO_FUZZ} --locked")
}

/// The version of the cargo-fuzz that is there.
fn cargo_fuzz_version() -> Option<String> {
    let answer = answer(cargo().args(["fuzz", "--version"]))?;
    Some(answer.split_whitespace().last().unwrap_or_default().to_owned())
}

fn cargo_fuzz(screen: &mut Screen) -> Result<(), Stop> {
    let install = install();
    if let Some(found) = cargo_fuzz_version() {
        return match version(&found) >= version(CARGO_FUZZ) {
            true => Ok(()),
            false => Err(Stop::bad(format!("cargo-fuzz {found} is too old, {CARGO_FUZZ} is needed: `{install}`"))),
        };
    }
    screen.line(&format!("cargo-fuzz is missing: `{install}` (about a minute)"));
    let mut command = cargo();
    command.args(install.split(' ').skip(1));
    Cargo::new(command, "installing cargo-fuzz").run(screen)?;
    match cargo_fuzz_version() {
        Some(_) => Ok(()),
        None => Err(Stop::bad("cargo-fuzz is installed but cargo doesn't find it: add ~/.cargo/bin to the PATH")),
    }
}

/// The numbers of `1.2.3-rest`.
fn version(text: &str) -> Vec<u64> {
    let text = text.trim_start_matches('v').split(['-', '+']).next().unwrap_or_default();
    text.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

/// What a command prints, if it exists and succeeds.
fn answer(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(version("0.13.10") > version("0.13.2"));
        assert!(version("0.13.2") >= version("0.13.2"));
        assert!(version("0.14.0-beta.1") > version("0.13.2"));
        assert!(version("0.9.9") < version("0.13.2"));
        assert!(version("garbage") < version("0.13.2"));
    }
}
