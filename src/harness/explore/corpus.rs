//! A folder of tapes, as libFuzzer has them: each file is named by the SHA-1 of its bytes.
//!
//! What either engine writes, the other reads. Files that are no tapes are left alone.

use crate::choice::Tape;
use crate::regress::write_whole;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// A folder that is there.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        match path.is_dir() {
            true => Ok(Self(path.to_owned())),
            false => Err(format!("no folder {}: make it, or correct the path", path.display())),
        }
    }

    /// The tapes, by the names of their files. Says in one sentence that some files are none.
    pub(super) fn tapes(&self) -> Result<Vec<Vec<u8>>, String> {
        let unreadable = |error| format!("{} can't be read: {error}", self.0.display());
        let mut paths = Vec::new();
        for entry in fs::read_dir(&self.0).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            // what is being written beside its place is nobody's tape yet
            if path.is_file() && !hidden && path.extension().is_none_or(|extension| extension != "part") {
                paths.push(path);
            }
        }
        // a folder's order is not ours, and the search is a function of what it starts from
        paths.sort();
        let (mut tapes, mut foreign) = (Vec::new(), Vec::new());
        for path in paths {
            let read = fs::read(&path).map_err(|error| error.to_string());
            match read.and_then(|bytes| Tape::read(&bytes).map(|_| bytes).map_err(|error| error.to_string())) {
                Ok(bytes) => tapes.push(bytes),
                Err(reason) => foreign.push(format!("{}: {reason}", path.display())),
            }
        }
        if let Some(first) = foreign.first() {
            let more = match foreign.len() - 1 {
                0 => String::new(),
                more => format!(" (and {more} more)"),
            };
            eprintln!("simfuzz: no tape, and left alone: {first}{more}");
        }
        Ok(tapes)
    }

    /// Writes a tape under its name, with `prefix` before it, unless it is there.
    pub(super) fn keep(&self, prefix: &str, bytes: &[u8]) -> Result<PathBuf, String> {
        let path = self.0.join(format!("{prefix}{}", sha1_smol::Sha1::from(bytes).digest()));
        if !path.exists() {
            write_whole(&path, bytes).map_err(|error| {
                format!("cannot write {}: {error}; what was kept before is still there", path.display())
            })?;
        }
        Ok(path)
    }
}
