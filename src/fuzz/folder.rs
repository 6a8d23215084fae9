//! A folder of tapes, as libFuzzer has them: each file is named by the SHA-1 of its bytes.
//!
//! What either engine writes, the other reads. Files that are no tapes are left alone.

use crate::choice::Tape;
use crate::regress::write_whole;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// A folder that is there.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        match path.is_dir() {
            true => Ok(Self(path.to_owned())),
            false => Err(format!("no folder {}: make it, or correct the path", path.display())),
        }
    }

    /// The tapes, in the order of their files' names.
    pub(crate) fn tapes(&self) -> Result<Vec<Vec<u8>>, String> {
        Ok(self.files()?.into_iter().map(|(_, bytes)| bytes).collect())
    }

    /// The files that hold a tape, by name. Says in one sentence that some hold none.
    pub(crate) fn files(&self) -> Result<Vec<(PathBuf, Vec<u8>)>, String> {
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
                Ok(bytes) => tapes.push((path, bytes)),
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

    /// Writes a tape under its name, with `prefix` before it, unless it is there. The path, and
    /// whether the file is new.
    ///
    /// # Errors
    ///
    /// A sentence, if the disk doesn't take it.
    pub(crate) fn keep(&self, prefix: &str, bytes: &[u8]) -> Result<(PathBuf, bool), String> {
        let path = self.0.join(format!("{prefix}{}", name(bytes)));
        let new = !path.exists();
        if new {
            write_whole(&path, bytes).map_err(|error| {
                format!("cannot write {}: {error}; what was kept before is still there", path.display())
            })?;
        }
        Ok((path, new))
    }
}

/// The name of a file with these bytes.
pub fn name(bytes: &[u8]) -> String {
    sha1_smol::Sha1::from(bytes).digest().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_no_tapes_are_left_alone() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        let tape = Tape::seeded(1).encode();
        let (path, new) = folder.keep("", &tape).unwrap();
        assert!(new && !folder.keep("", &tape).unwrap().1);
        assert_eq!(path.file_name().unwrap().to_str(), Some(name(&tape).as_str()));
        for (name, bytes) in [("torn", &tape[..7]), ("empty", b"".as_slice()), ("text", b"tape 1"), (".hidden", &tape)]
        {
            fs::write(place.path().join(name), bytes).unwrap();
        }
        assert_eq!(folder.tapes().unwrap(), [tape]);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 5);
    }

    /// As `sha1sum` says.
    #[test]
    fn the_names_are_those_of_libfuzzer() {
        assert_eq!(name(b""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    }
}
