//! A folder of tapes, as libFuzzer has them: each file is named by the SHA-1 of its bytes.
//!
//! What either engine writes, the other reads. Files that are no tapes are left alone.

#![expect(clippy::disallowed_methods, reason = "the age of files, outside of every run")]

use crate::choice::{Tape, escaped};
use crate::regress::write_whole;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

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

    /// A folder that is to be written to: refused before hours of work are lost.
    pub(crate) fn open_to_write(path: &Path) -> Result<Self, String> {
        let folder = Self::open(path)?;
        writable(path).map_err(|error| {
            format!(
                "nothing can be written to {}: {error}; make room or make it writable, or name another folder",
                path.display()
            )
        })?;
        Ok(folder)
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
            if path.is_file() && !hidden && !is_part(&path) {
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
                Err(reason) => foreign.push(escaped(&format!("{}: {reason}", path.display()))),
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

/// How old leftovers must be: what is younger may be another campaign's, at this moment.
const LEFT_OVER: Duration = Duration::from_secs(60);

/// Removes what a campaign that was killed has left in a corpus: files that are not written to their
/// end. The number of them.
pub fn tidy(corpus: &Path) -> usize {
    let is_old = |path: &PathBuf| {
        let written = fs::metadata(path).and_then(|file| file.modified()).ok();
        written.and_then(|written| written.elapsed().ok()).is_some_and(|age| age >= LEFT_OVER)
    };
    let old = paths(corpus).into_iter().filter(|path| is_part(path) || is_torn(path)).filter(is_old);
    old.filter(|path| fs::remove_file(path).is_ok()).count()
}

/// The files of a corpus whose name is that of other bytes: they were not written to their end.
pub fn torn(corpus: &Path) -> usize {
    paths(corpus).iter().filter(|path| is_torn(path)).count()
}

/// Can files be made in `folder`?
///
/// # Errors
///
/// As the file system's.
pub fn writable(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!(".simfuzz-{}.part", std::process::id()));
    let written = fs::write(&path, "x");
    // nothing is there where nothing could be made
    let _ = fs::remove_file(&path);
    written
}

fn paths(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

fn is_part(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "part")
}

fn is_torn(path: &Path) -> bool {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let is_sha = file.len() == 40 && file.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_sha && fs::read(path).is_ok_and(|bytes| name(&bytes) != file)
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

    #[test]
    fn what_a_killed_campaign_left_goes_and_what_is_being_written_stays() {
        let place = tempfile::tempdir().unwrap();
        let tape = Tape::seeded(1).encode();
        let old = std::time::SystemTime::UNIX_EPOCH;
        let write = |name: &str, bytes: &[u8], is_old: bool| {
            let path = place.path().join(name);
            fs::write(&path, bytes).unwrap();
            if is_old {
                fs::File::options().append(true).open(&path).unwrap().set_modified(old).unwrap();
            }
        };
        let whole = name(&tape);
        write(&whole, &tape, true);
        write(&name(b"old"), &tape[..3], true);
        write(&name(b"new"), &tape[..3], false);
        write("a.1-0.part", &tape[..3], true);
        write("b.1-0.part", &tape[..3], false);
        write("mine", b"", true);
        assert_eq!((torn(place.path()), tidy(place.path()), tidy(place.path())), (2, 2, 0));
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 4);
        assert!(place.path().join(whole).exists() && place.path().join("mine").exists());
        assert!(writable(place.path()).is_ok() && writable(&place.path().join("no")).is_err());
    }

    /// As `sha1sum` says.
    #[test]
    fn the_names_are_those_of_libfuzzer() {
        assert_eq!(name(b""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    }
}
